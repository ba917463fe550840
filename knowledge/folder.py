"""What files there are: a walk over the folders of all sources that opens none of them."""

import errno
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from knowledge.loaders import loader_for
from knowledge.sources import Source, Sources, any_of
from settings.errors import FolderError
from settings.home import Home

_TEMPORARY = ("~$*", "*~", "*.swp", "*.swx", "*.tmp", "*.part", "*.crdownload", "#*#", "thumbs.db", "desktop.ini")
_is_temporary = any_of(_TEMPORARY, re.IGNORECASE).match


class FoundFile(NamedTuple):
    """A file on disk, and what the settings say about it.

    `source` is the name it is shown by, `audience` who may read it where it does not say so itself,
    `rule` the digest of all that the settings say.
    """

    source: str
    path: str
    size: int
    mtime_ns: int
    audience: tuple[str, ...] = ()
    rule: str = ""


@dataclass(slots=True)
class Walk:
    """The files found, and what could not be looked at (shown name of a folder or file, with the reason).

    The folder of a source itself is named by what its documents' names begin with, `wiki:`; that of
    `knowledge/docs` is empty. `skipped` are files that are there but not read, with the reason.
    """

    sources: Sources
    files: list[FoundFile] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def named(self, folder: str) -> str:
        """What a key of `unreadable` is shown as."""
        return folder.removesuffix(":") or self.sources.home.shown(self.sources.home.documents)

    def covers(self, source: str) -> bool:
        """Whether the walk would have seen this document: a missing one is then really gone."""
        root = self.sources.split(source)[0].root
        return root not in self.unreadable and not any(
            source == folder or source.startswith(f"{folder}/") for folder in self.unreadable
        )


def walk_documents(sources: Sources) -> Walk:
    """Find every document of every source, and strays that lie beside `knowledge/docs/`.

    Links are followed (in `knowledge/docs` anywhere, elsewhere within the source), folders that contain
    themselves are not entered twice; hidden files (a checkout's `.git`), editors' temporary files and what
    the patterns leave out are not there. A folder that is missing is said in `unreadable`; raises FolderError
    where `knowledge/docs` is missing and there is no other source.
    """
    home = sources.home
    others = [source for source in sources if source.name]
    if not home.documents.is_dir() and not others:
        raise FolderError(
            f"there is no folder {home.documents}: make it and drop documents there, or run `deskhand init {home.root}`"
        )
    walk = Walk(sources)
    for source in sources:
        if source.folder.is_dir():
            _Walker(walk, source, others).folder(str(source.folder), "", frozenset())
        else:
            walk.unreadable[source.root] = f"there is no folder {source.folder}: is its disk or share mounted?"
    docs = next(iter(sources))
    for stray in stray_documents(home):
        if docs.takes(path := f"../{_printable(stray.name)}"):
            _Walker(walk, docs, others).file(path, str(stray))
    walk.files.sort(key=lambda file: file.source)
    return walk


def stray_documents(home: Home) -> list[Path]:
    """Documents dropped straight into `knowledge/`, beside the folder meant for them."""
    if not home.knowledge.is_dir():
        return []
    return sorted(
        path
        for path in home.knowledge.iterdir()
        if not (path.name.startswith((".", "__")) or _is_temporary(path.name))
        and loader_for(path.name) is not None
        and path.is_file()
    )


class _Walker:
    """The walk over one source."""

    def __init__(self, walk: Walk, source: Source, others: list[Source]) -> None:
        self._walk = walk
        self._source = source
        self._root = source.root
        self._real = os.path.realpath(source.folder)
        self._taken = tuple(other.root for other in others) if not source.name else ()

    def folder(self, folder: str, prefix: str, seen: frozenset[tuple[int, int]]) -> None:
        try:
            identity = os.stat(folder)
            key = (identity.st_dev, identity.st_ino)
            if key in seen:
                return
            with os.scandir(folder) as entries:
                listed = list(entries)
        except OSError as error:
            self._walk.unreadable[self._root + prefix.rstrip("/")] = f"cannot be listed: {error.strerror}"
            return
        for entry in listed:
            name = _printable(entry.name)
            path = prefix + name
            if name[0] == "." or _is_temporary(name) or self._source.excluded.match(path):
                continue
            if self._source.name and entry.is_symlink() and not self._inside(entry.path):
                self._walk.skipped[self._root + path] = "a link that leads out of its source is not followed"
            elif _is_folder(entry):
                self.folder(entry.path, f"{path}/", seen | {key})
            elif self._source.included.match(path):
                self.file(path, entry.path, entry)

    def file(self, path: str, real: str, entry: "os.DirEntry[str] | None" = None) -> None:
        shown = self._root + path
        if self._taken and path.startswith(self._taken):
            self._walk.skipped[path] = "its name would make it a document of another source: rename it"
            return
        try:
            found = entry.stat() if entry is not None else os.stat(real)
        except OSError as error:
            self._walk.unreadable[shown] = _unseen(real, error)
            return
        if not stat.S_ISREG(found.st_mode) and loader_for(path) is not None:
            self._walk.skipped[shown] = "a pipe, socket or device, not a file: remove it"
        if stat.S_ISREG(found.st_mode):  # a pipe or device would never end
            sources = self._walk.sources
            audience, rule = sources.audience(shown), sources.rule(shown)
            self._walk.files.append(FoundFile(shown, real, found.st_size, found.st_mtime_ns, audience, rule))

    def _inside(self, link: str) -> bool:
        real = os.path.realpath(link)
        return real == self._real or real.startswith(self._real.rstrip(os.sep) + os.sep)


def _unseen(path: str, error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "a link that leads back to itself: remove it"
    if os.path.islink(path):
        return "a link that leads nowhere: put the file where it points, or remove the link"
    return f"cannot be looked at: {error.strerror}"


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself; why it cannot be looked at is told with the files
        return False


def _printable(name: str) -> str:
    """A file name that is not UTF-8 is shown with its bytes where it is not, so that it stays one of its own."""
    return name if name.isascii() else os.fsencode(name).decode("utf-8", "backslashreplace")
