"""What files there are: a walk over the documents' folder that opens none of them."""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from knowledge.loaders import loader_for
from settings.errors import FolderError
from settings.home import Home

_TEMPORARY = ("~$*", "*~", "*.swp", "*.swx", "*.tmp", "*.part", "*.crdownload", "#*#", "thumbs.db", "desktop.ini")


@dataclass(frozen=True, slots=True)
class FoundFile:
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
    _walk(str(home.documents), "", ignore, walk, seen=frozenset())
    for stray in stray_documents(home):
        _add(walk, f"../{stray.name}", str(stray))
    walk.files.sort(key=lambda file: file.source)
    return walk


def stray_documents(home: Home) -> list[Path]:
    """Documents dropped straight into `knowledge/`, beside the folder meant for them."""
    return sorted(
        path
        for path in home.knowledge.iterdir()
        if not path.name.startswith((".", "__")) and loader_for(path.name) is not None and path.is_file()
    )


def _walk(folder: str, prefix: str, ignore: Sequence[str], walk: Walk, seen: frozenset[tuple[int, int]]) -> None:
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
        if name.startswith(".") or _matches(name.lower(), _TEMPORARY) or _matches(source, ignore):
            continue
        if entry.is_dir():
            _walk(entry.path, f"{source}/", ignore, walk, seen | {key})
        else:
            _add(walk, source, entry.path, entry)


def _add(walk: Walk, source: str, path: str, entry: "os.DirEntry[str] | None" = None) -> None:
    try:
        found = entry.stat() if entry is not None else os.stat(path)
    except OSError as error:
        walk.unreadable[source] = f"cannot be looked at: {error.strerror}"
        return
    if stat.S_ISREG(found.st_mode):  # a pipe or device would never end
        walk.files.append(FoundFile(source, path, found.st_size, found.st_mtime_ns))


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


def _printable(name: str) -> str:
    """A file name that is not UTF-8 is shown with marks where it is not."""
    return os.fsencode(name).decode("utf-8", "replace")
