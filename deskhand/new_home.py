"""`deskhand init`: a new home, ready to drop documents into."""

import shutil
from pathlib import Path

from settings.errors import UsageError
from settings.home import CHECKOUT, Home

_IGNORED = "data/\n.env\nsettings/secrets/\n"
_FOLDERS = ("help", "policies", "faq")


def make_home(folder: Path, sample: bool) -> str:
    """Make the home and return what to do next.

    Raises UsageError where the folder already holds one, or cannot be written.
    """
    home = Home(folder.expanduser().resolve())
    if home.settings.exists() or home.documents.exists():
        raise UsageError(f"{home.root} is a home already: nothing was changed")
    shipped = Home(CHECKOUT)
    try:
        home.documents.mkdir(parents=True)
        shutil.copytree(shipped.settings, home.settings, ignore=_only_settings)
        for name in _FOLDERS:
            (home.documents / name).mkdir()
        if sample:
            shutil.copytree(shipped.documents, home.documents, dirs_exist_ok=True)
        else:
            _ask_for_contact(home.settings / "assistant.yaml")
        (home.root / ".gitignore").write_text(_IGNORED, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{home.root}: {error.strerror or error}") from None
    documents = "" if sample else f"drop documents into {home.documents}, then "
    return f"made {home.root}: {documents}`deskhand chat --home {home.root}`"


def _ask_for_contact(file: Path) -> None:
    """A real company's people must not be sent to the fictional company's address."""
    lines = [
        "contact: your manager    # put your own help desk here" if line.startswith("contact:") else line
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _only_settings(folder: str, names: list[str]) -> set[str]:
    """Leave the code of the settings room behind."""
    return {
        name
        for name in names
        if not (Path(folder) / name).is_dir() and not name.endswith((".yaml", ".schema.json", ".md"))
    } | {name for name in names if name.startswith(("__", ".")) or name == "secrets"}
