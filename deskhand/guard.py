"""The rooms' names are generic: make sure that the imported ones are ours.

A distribution on the package index may install a top-level package `bots` or `knowledge`, and would
then be imported instead of the folder of this checkout, with puzzling errors.
"""

from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

from settings.errors import DeskhandError

ROOMS = ("deskhand", "bots", "plugins", "knowledge", "settings")
_DISTRIBUTION = "deskhand"


def check_rooms() -> None:
    """Raise DeskhandError where another package would be imported for one of the rooms. Cheap."""
    root = Path(__file__).resolve().parent.parent
    for room in ROOMS:
        spec = find_spec(room)
        found = Path(spec.origin).resolve() if spec and spec.origin else None
        if found is None or found.parent.parent != root:
            raise DeskhandError(
                f"the package `{room}` is imported from {found.parent if found else 'nowhere'}, not from {root}: "
                "another distribution hides it. Use a virtual environment that holds Deskhand alone"
            )


def foreign_rooms() -> dict[str, list[str]]:
    """Rooms that other installed distributions claim. Reads all metadata: for tests and doctor."""
    claims = packages_distributions()
    return {
        room: others
        for room in ROOMS
        if (others := [name for name in claims.get(room, []) if name.lower() != _DISTRIBUTION])
    }
