"""Keys and tokens as they look, so that one in the wrong place is refused and never shown."""

import re
from collections.abc import Iterator

MASK = "**********"

_KNOWN = (
    r"sk-(?:ant-|proj-)?[A-Za-z0-9_-]{16,}"  # OpenAI, Anthropic and look-alikes
    r"|xox[abeprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}"  # Slack
    r"|[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}"  # Discord
    r"|gh[pousr]_[A-Za-z0-9]{20,}|AKIA[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{35}|hf_[A-Za-z0-9]{20,}"
    r"|gsk_[A-Za-z0-9]{20,}|xai-[A-Za-z0-9]{20,}|pplx-[A-Za-z0-9]{20,}|r8_[A-Za-z0-9]{20,}"
)
_MIXED = r"(?=[A-Za-z0-9]*[0-9][A-Za-z])[A-Za-z0-9]{20,}"
"""Letters and digits mixed as nobody writes them: the keys that bear no provider's mark."""

_LOOKS_SECRET = re.compile(f"(?<![A-Za-z0-9])(?:{_KNOWN})")
_MAYBE_SECRET = re.compile(f"(?<![A-Za-z0-9])(?:{_KNOWN}|{_MIXED})", re.IGNORECASE)  # variables lose their case


def looks_secret(text: str) -> bool:
    """Whether a text contains what is certainly a key or a token."""
    return _LOOKS_SECRET.search(text) is not None


def maybe_secret(text: str) -> bool:
    """Whether a text contains what could be one; a checksum could as well."""
    return _MAYBE_SECRET.search(text) is not None


def secrets_in(text: str) -> Iterator[re.Match[str]]:
    """Where in a text what is certainly a key or a token stands."""
    return _LOOKS_SECRET.finditer(text)


def mask(text: str) -> str:
    """The text without anything that could be a key or a token."""
    return _MAYBE_SECRET.sub(MASK, text)
