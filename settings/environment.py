"""The process environment: the one place that reads or writes it."""

import os
from collections.abc import Iterator

PREFIX = "DESKHAND_"


def variable(name: str) -> str | None:
    """The value of an environment variable; an empty one counts as not set."""
    return os.environ.get(name) or None


def set_default(name: str, value: str) -> None:
    """Set a variable that a library reads at import, unless the operator has set it."""
    os.environ.setdefault(name, value)


def deskhand_variables() -> Iterator[str]:
    """Names of all variables that are meant for Deskhand."""
    return (name for name in os.environ if name.upper().startswith(PREFIX))


_HARMLESS = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "TZ",
    "LD_LIBRARY_PATH",
    "PYTHONHOME",
    "PYTHONPATH",
    "SYSTEMROOT",
)


def without_secrets() -> dict[str, str]:
    """What a process needs that must not know any key: one that reads files of strangers."""
    return {name: os.environ[name] for name in _HARMLESS if name in os.environ}
