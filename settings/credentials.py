"""Keys, tokens and passwords as they stand in a text, a document or a question: found, and never shown."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from settings.masking import MASK, mask, secrets_in

_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:\s|\\n)+"
    r"(?:[A-Za-z-]{1,40}: (?:[^\n\\]{0,200}(?:\n|\\n)|[^\s\\]{1,200} )\s*){0,4}"  # headers, also all on one line
    r"(?:[A-Za-z0-9+/=]|\s|\\n){40,}(?:-----END [A-Z ]+-----)?"
)
_SERVICE = re.compile(
    r"(?<![A-Za-z0-9])(?:[sr]k_live_[0-9a-zA-Z]{20,}|glpat-[\w-]{20,}|github_pat_\w{50,}|npm_[A-Za-z0-9]{36}"
    r"|SG\.[\w-]{22}\.[\w-]{43}|ASIA[0-9A-Z]{16}|dop_v1_[a-f0-9]{64}|pypi-[\w-]{50,})"
    r"|https://hooks\.slack\.com/services/T\w{8,}/B\w{8,}/\w{20,}"
    r"|https://(?:ptb\.|canary\.)?discord(?:app)?\.com/api/webhooks/\d{16,}/[\w-]{50,}"
    r"|AccountKey=[A-Za-z0-9+/]{80,}={0,2}"
)
_ADDRESS = re.compile(r"\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s:/@<>]{1,80}:(?P<value>[^\s@/<>]{3,80})@(?P<host>[\w.-]+)")
_ASSIGNED = re.compile(
    r"(?:\b|(?<=[A-Za-z0-9]_))(?:pass(?:word|wd|phrase|code)?|pwd|secret"
    r"|(?:api|access|secret|client)[_ -]?(?:key|secret)|(?<!_)(?:auth[_ -]?)?token"
    r"|passwort|kennwort|mot de passe|contrase[nñ]a|senha|wachtwoord|has[lł]o|lösenord|adgangskode|пароль|parola)"
    r"\b[\"'`*]{0,4}\s{0,3}(?::=|[:=：]|\bis\b)\s{0,3}[\"'`*]{0,4}(?P<value>[^\s\"'`<>|]{6,80})",
    re.I,
)
_JWT = re.compile(r"(?<![\w/=.-])eyJ[\w-]{15,}\.eyJ[\w-]{15,}\.[\w-]{20,}")

_LONG = re.compile(r"\S{15}")
"""The shortest token of a service has so many characters, and prose hardly ever."""
_NAMED = (
    "pass", "pwd", "secret", "key", "token", "kennwort", "mot de", "contrase", "senha", "wacht", "hasl", "hasł",
    "lösen", "adgang", "парол", "parola",
)  # fmt: skip
"""One of these stands in every name of a password that `_ASSIGNED` knows."""
_DIGIT = re.compile(r"\d")
_EXAMPLE = re.compile(r"example|your|xxxx|placeholder|redacted|1234567|abcdefg|changeme|dummy|fake", re.I)
_NO_PASSWORD = re.compile(
    r"example|your|change.?me|placeholder|dummy|sample|redacted|xxx|\*\*|\.\.\.|…"
    r"|[${}()\[\]\\]|123456|abcdef|fake|hidden"
    r"|passw|passwd|secret|insert|replace|^(?:foo|test)"
    r"|^\d+[-.,]?[a-z]*[-.]?[a-z]*$|^(?:sha|md|aes|rsa|base|oauth|utf|http|tls|ed|saml|mfa|2fa|bcrypt|pbkdf)[-_]?\d+"
    r"|^[a-z_]+(?:\.[a-z_0-9]+)+$|^[a-z]+://|^/|^[\d/.:-]+$|^[A-Z0-9_]+_[A-Z0-9_]+$",
    re.I,
)
_SHARED = re.compile(r"wi-?fi|guest|visitor|wlan|ssid|zoom|meeting|webinar|gast", re.I)
_NO_HOST = re.compile(r"^(?:localhost|host(?:name)?|db|127\..*|.*\bexample\b.*|.*\.(?:test|invalid|local))$", re.I)


@dataclass(frozen=True, slots=True)
class Secret:
    """Something secret between two characters of a text; `certain` where nothing else looks like it."""

    kind: str
    start: int
    end: int
    certain: bool


def secrets_of(text: str) -> list[Secret]:
    """What in a text is a key, a token or a password, in order. Examples and placeholders are not."""
    kept: list[Secret] = []
    for secret in _secrets(text):  # the most certain kinds come first
        if all(secret.end <= other.start or other.end <= secret.start for other in kept):
            kept.append(secret)
    return sorted(kept, key=lambda secret: secret.start)


def _secrets(text: str) -> Iterator[Secret]:
    if not (_DIGIT.search(text) or "://" in text or "-----BEGIN" in text):  # most paragraphs
        return
    for match in _PRIVATE_KEY.finditer(text):
        yield Secret("a private key", match.start(), match.end(), True)
    if _LONG.search(text):
        for match in [*secrets_in(text), *_SERVICE.finditer(text)]:
            if not _EXAMPLE.search(value := match.group()) and _is_random(value):
                yield Secret("a key or token of a service", match.start(), match.end(), True)
        for match in _JWT.finditer(text):
            yield Secret("a signed token (JWT)", match.start(), match.end(), False)
    for match in _ADDRESS.finditer(text) if "://" in text else ():
        if not _NO_PASSWORD.search(match["value"]):
            certain = not _NO_HOST.match(match["host"])
            yield Secret("an address with a password in it", match.start("value"), match.end("value"), certain)
    lower = text.lower()
    for match in _ASSIGNED.finditer(text) if any(word in lower for word in _NAMED) else ():
        value = match["value"].rstrip(".,;:!?")
        if is_chosen(value):
            line = text[text.rfind("\n", 0, match.start()) + 1 : match.end()]
            certain = len(value) >= 12 and _classes(value) >= 3 and not _SHARED.search(line)
            yield Secret("what looks like a password", match.start("value"), match.end("value"), certain)


def veil(text: str) -> str:
    """The text without anything secret, whether it is certain or not."""
    for secret in reversed(secrets_of(text)):
        text = text[: secret.start] + MASK + text[secret.end :]
    return mask(text)


def _is_random(value: str) -> bool:
    return any(char.isdigit() for char in value) and len(set(value)) >= 10


def is_chosen(value: str) -> bool:
    """Whether somebody chose this as a password: letters and digits, and none of the words that stand for one."""
    mixed = any(char.isdigit() for char in value) and any(char.isalpha() for char in value)
    return mixed and len(value) >= 6 and not _NO_PASSWORD.search(value)


def _classes(value: str) -> int:
    tests = (str.islower, str.isupper, str.isdigit, lambda char: not char.isalnum())
    return sum(any(test(char) for char in value) for test in tests)
