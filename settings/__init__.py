"""What can be changed without touching code: settings, secrets, the home's paths, the database.

The lowest room: it imports no other, and it alone reads the environment.
"""

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
