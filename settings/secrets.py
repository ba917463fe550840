"""API keys and tokens: found by name, never shown.

Settings files name a secret (`api_key_env: OPENAI_API_KEY`) and never hold one. Its value comes from
the environment, from a file of that name in a secrets folder (as Docker and Kubernetes mount them),
or from `.env` in the home, in this order.
"""

import re
from functools import cached_property
from pathlib import Path

from pydantic import SecretStr

from settings.environment import variable
from settings.home import Home

MASK = "**********"

_LOOKS_SECRET = re.compile(
    r"\b(?:sk-(?:ant-|proj-)?[A-Za-z0-9_-]{16,}"  # OpenAI, Anthropic and look-alikes
    r"|xox[abeprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}"  # Slack
    r"|[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}"  # Discord
    r"|gh[pousr]_[A-Za-z0-9]{20,}|AKIA[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{35}|hf_[A-Za-z0-9]{20,})"
)


def looks_secret(text: str) -> bool:
    """Whether a text contains what is probably a key or a token."""
    return _LOOKS_SECRET.search(text) is not None


class Secrets:
    """Look-up of secrets by name for one home. Every value handed out is masked by `redact`."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._known: set[str] = set()

    def get(self, name: str) -> SecretStr | None:
        """The secret of that name, None where it is set nowhere."""
        value = variable(name) or self._from_file(name) or self._dotenv.get(name)
        if not value:
            return None
        if len(value) >= 4:
            self._known.add(value)
        return SecretStr(value)

    def redact(self, text: str) -> str:
        """The text without any secret handed out so far and anything that looks like one."""
        for value in sorted(self._known, key=len, reverse=True):
            text = text.replace(value, MASK)
        return _LOOKS_SECRET.sub(MASK, text)

    def _from_file(self, name: str) -> str | None:
        for folder in secret_folders(self._home):
            path = folder / name
            if path.is_file():
                return path.read_text(encoding="utf-8").strip() or None
        return None

    @cached_property
    def _dotenv(self) -> dict[str, str | None]:
        path = self._home.root / ".env"
        if not path.is_file():
            return {}
        from dotenv import dotenv_values

        return dict(dotenv_values(path))


def secret_folders(home: Home) -> list[Path]:
    """Folders with one file a secret, those that exist."""
    named = variable("DESKHAND_SECRETS_DIR")
    folders = [Path(named)] if named else [home.settings / "secrets", Path("/run/secrets")]
    return [folder for folder in folders if folder.is_dir()]
