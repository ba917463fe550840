"""A home: the folder that holds one assistant's settings, documents and state."""

from dataclasses import dataclass
from pathlib import Path

from settings.environment import variable
from settings.errors import UsageError

CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Home:
    """Paths of one assistant; nothing outside `root` is ever written."""

    root: Path

    @property
    def settings(self) -> Path:
        """YAML files, personas, and optionally a folder `secrets`."""
        return self.root / "settings"

    @property
    def knowledge(self) -> Path:
        """Parent of the documents' folder; documents dropped here by mistake are read too."""
        return self.root / "knowledge"

    @property
    def documents(self) -> Path:
        """The company's documents."""
        return self.knowledge / "docs"

    @property
    def plugins(self) -> Path:
        """Plugins of this home's own, a file each."""
        return self.root / "plugins"

    @property
    def data(self) -> Path:
        """State: the index, the database. Never in version control."""
        return self.root / "data"

    @property
    def database(self) -> Path:
        """The SQLite file, one for all rooms."""
        return self.data / "deskhand.db"

    def shown(self, path: Path) -> str:
        """A path as messages show it: relative to the home where it lies inside."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)


def find_home(chosen: str | Path | None = None) -> Home:
    """The home named by `chosen`, else by `DESKHAND_HOME`, else the checkout itself.

    Raises UsageError where that folder does not exist.
    """
    origin = "DESKHAND_HOME" if chosen is None else "--home"
    named = variable("DESKHAND_HOME") if chosen is None else chosen
    if named is None:
        return Home(CHECKOUT)
    if not str(named).strip():
        raise UsageError(f"{origin}: is empty: name a folder")
    try:
        root = Path(named).expanduser().resolve()
        found = root.is_dir()
    except (OSError, RuntimeError, ValueError) as error:  # too long a name, no such user, a zero byte
        raise UsageError(f"{origin}: {named} cannot be a folder: {error}") from None
    if not found:
        raise UsageError(f"{origin}: there is no folder {root}: `deskhand init {root}` makes a new home there")
    return Home(root)
