"""Settings given one by one: environment variables, lines of `.env`, files of a secrets folder."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from settings.environment import PREFIX, deskhand_variables, variable
from settings.errors import Problem, SettingsError
from settings.home import Home

if TYPE_CHECKING:
    from dotenv.parser import Binding


@dataclass(frozen=True, slots=True)
class Given:
    """One value, and where it stands as messages show it. The value itself is never shown."""

    place: str
    value: str = field(repr=False)


Variables = Mapping[str, Given]
"""By name. An empty value counts as not set."""


def from_environment() -> Variables:
    """What the process environment sets of Deskhand's own."""
    values = ((name, variable(name)) for name in deskhand_variables())
    return {name: Given(f"environment {name}", value) for name, value in values if value}


def from_dotenv(home: Home) -> Variables:
    """All of the home's `.env`; raises SettingsError with the lines that are not `NAME=value`."""
    from dotenv import dotenv_values
    from dotenv.parser import parse_stream

    path = home.root / ".env"
    if not path.is_file():
        return {}
    text = read_text(path, ".env")
    lines = list(parse_stream(io.StringIO(text)))
    if wrong := [line for line in lines if line.error]:
        raise SettingsError([Problem(_dotenv_place(line), "write `NAME=value`") for line in wrong])
    places = {line.key: _dotenv_place(line) for line in lines if line.key}
    values = dotenv_values(stream=io.StringIO(text))
    return {name: Given(places[name], value) for name, value in values.items() if value}


def _dotenv_place(line: "Binding") -> str:
    """The parser counts the empty lines above a name as part of it."""
    text = line.original.string
    return f".env:{line.original.line + text[: len(text) - len(text.lstrip())].count(chr(10))}"


def from_secret_folder(folder: Path, home: Home) -> Variables:
    """Deskhand's own settings among the files of a secrets folder."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.name.upper().startswith(PREFIX) and path.is_file())
    except OSError as error:
        raise SettingsError([Problem(home.shown(folder), f"cannot be listed: {error.strerror}")]) from None
    values = ((path, home.shown(path)) for path in paths)
    return {path.name: Given(place, value) for path, place in values if (value := read_text(path, place).strip())}


def secret_folders(home: Home) -> list[Path]:
    """Folders with one file a secret, those that exist."""
    named = variable("DESKHAND_SECRETS_DIR")
    folders = [Path(named)] if named else [home.settings / "secrets", Path("/run/secrets")]
    return [folder for folder in folders if folder.is_dir()]


def read_text(path: Path, shown: str) -> str:
    """A small text file; raises SettingsError where it cannot be read or is not UTF-8."""
    try:
        content = path.read_bytes()
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SettingsError([Problem(f"{shown}:{line}", "not UTF-8: save the file as UTF-8")]) from None
    except OSError as error:
        raise SettingsError([Problem(shown, f"cannot be read: {error.strerror}")]) from None
