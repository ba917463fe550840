"""What can be changed without touching code: settings, secrets, the home's paths, the database.

The lowest room: it imports no other, and it alone reads the environment. Names are loaded at their
first use: a command that `deskhand run` serves needs the home's paths, and not the checks of pydantic.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from settings.errors import DeskhandError, Problem, SettingsError, UsageError
    from settings.home import Home, find_home
    from settings.load import Settings, load_settings
    from settings.sections import EXTRACTIVE

__all__ = [
    "EXTRACTIVE",
    "DeskhandError",
    "Home",
    "Problem",
    "Settings",
    "SettingsError",
    "UsageError",
    "find_home",
    "load_settings",
]

_MODULES = {
    "EXTRACTIVE": "settings.sections",
    "DeskhandError": "settings.errors",
    "Home": "settings.home",
    "Problem": "settings.errors",
    "Settings": "settings.load",
    "SettingsError": "settings.errors",
    "UsageError": "settings.errors",
    "find_home": "settings.home",
    "load_settings": "settings.load",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
