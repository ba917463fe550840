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
