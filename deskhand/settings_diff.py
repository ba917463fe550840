"""`deskhand settings diff`: what the files would change of the settings in force."""

from typing import Any

from bots import printable
from deskhand.console import Console
from deskhand.report import as_json
from deskhand.settings_check import check_chain
from settings import Home, Settings, load_settings
from settings.applied import Change, applied_at, changes


def diff(home: Home, as_object: bool, console: Console) -> None:
    """Print the changes; raises SettingsError where the files cannot be used."""
    settings = load_settings(home)
    check_chain(settings)
    console.out(as_json(diff_as_dict(settings)) if as_object else diff_as_text(settings))


def diff_as_dict(settings: Settings) -> dict[str, Any]:
    """The output of `deskhand settings diff --json`."""
    return {"applied_at": applied_at(settings.home), "changes": [_change(change) for change in changes(settings)]}


def diff_as_text(settings: Settings) -> str:
    """A line for each value that differs."""
    since = applied_at(settings.home)
    head = f"in force since {since}" if since else "nothing has been in force yet; compared with the defaults"
    found = changes(settings)
    if not found:
        return f"{head}: no change"
    return printable("\n".join([f"{head}:", *map(str, found)]))


def _change(change: Change) -> dict[str, Any]:
    return {
        "place": change.place,
        "setting": change.setting,
        "old": change.old,
        "new": change.new,
        "takes_effect": "after a restart" if change.restart else "with the next question",
    }
