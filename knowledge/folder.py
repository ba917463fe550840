"""What files there are: a walk over the documents' folder that opens none of them."""

import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import translate
from pathlib import Path
from typing import NamedTuple

from knowledge.loaders import loader_for
from settings.errors import FolderError
from settings.home import Home

_TEMPORARY = ("~$*", "*~", "*.swp", "*.swx", "*.tmp", "*.part", "*.crdownload", "#*#", "thumbs.db", "desktop.ini")


def _any_of(patterns: Sequence[str], flags: int = 0) -> re.Pattern[str]:
    """One expression for many shell patterns: the walk looks at every name of a large tree."""
    return re.compile("|".join(map(translate, patterns)) or r"(?!)", flags)


_is_temporary = _any_of(_TEMPORARY, re.IGNORECASE).match


class FoundFile(NamedTuple):
    """A file on disk. `source` is its path below the documents' folder, with `/`."""

    source: str
    path: str
    size: int
    mtime_ns: int


@dataclass(slots=True)
class Walk:
    """The files found, and what could not be looked at (source of a folder or file, with the reason)."""

    files: list[FoundFile] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)

    def covers(self, source: str) -> bool:
        """Whether the walk would have seen this source: a missing one is then really gone."""
        return not any(
            folder == "" or source == folder or source.startswith(f"{folder}/") for folder in self.unreadable
        )


def walk_documents(home: Home, ignore: Sequence[str] = ()) -> Walk:
    """Find every document below `knowledge/docs/`, and strays that lie beside it.

    Links are followed, folders that contain themselves are not entered twice; hidden files, editors'
    temporary files and what `ignore` matches are left out. Raises FolderError where there is no folder.
    """
    if not home.documents.is_dir():
        raise FolderError(
            f"there is no folder {home.documents}: make it and drop documents there, or run `deskhand init {home.root}`"
        )
    walk = Walk()
    ignored = _any_of(ignore)
    _walk(str(home.documents), "", ignored, walk, seen=frozenset())
    for stray in stray_documents(home):
        if not ignored.match(source := f"../{_printable(stray.name)}"):
            _add(walk, source, str(stray))
    walk.files.sort(key=lambda file: file.source)
    return walk


def stray_documents(home: Home) -> list[Path]:
    """Documents dropped straight into `knowledge/`, beside the folder meant for them."""
    return sorted(
        path
        for path in home.knowledge.iterdir()
        if not (path.name.startswith((".", "__")) or _is_temporary(path.name))
        and loader_for(path.name) is not None
        and path.is_file()
    )


def _walk(folder: str, prefix: str, ignored: re.Pattern[str], walk: Walk, seen: frozenset[tuple[int, int]]) -> None:
    try:
        identity = os.stat(folder)
        key = (identity.st_dev, identity.st_ino)
        if key in seen:
            return
        with os.scandir(folder) as entries:
            listed = list(entries)
    except OSError as error:
        walk.unreadable[prefix.rstrip("/")] = f"cannot be listed: {error.strerror}"
        return
    for entry in listed:
        name = _printable(entry.name)
        source = prefix + name
        if name[0] == "." or _is_temporary(name) or ignored.match(source):
            continue
        if _is_folder(entry):
            _walk(entry.path, f"{source}/", ignored, walk, seen | {key})
        else:
            _add(walk, source, entry.path, entry)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself; why it cannot be looked at is told with the files
        return False


def _add(walk: Walk, source: str, path: str, entry: "os.DirEntry[str] | None" = None) -> None:
    try:
        found = entry.stat() if entry is not None else os.stat(path)
    except OSError as error:
        walk.unreadable[source] = f"cannot be looked at: {error.strerror}"
        return
    if stat.S_ISREG(found.st_mode):  # a pipe or device would never end
        walk.files.append(FoundFile(source, path, found.st_size, found.st_mtime_ns))


def _printable(name: str) -> str:
    """A file name that is not UTF-8 is shown with its bytes where it is not, so that it stays one of its own."""
    return name if name.isascii() else os.fsencode(name).decode("utf-8", "backslashreplace")
