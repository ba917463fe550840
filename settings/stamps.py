"""Noticing that the settings or plugins of a home have changed, without reading them."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from settings.home import Home
from settings.variables import secret_folders

Stamp = tuple[tuple[str, int, int, int], ...]
"""Path, size, time of change and inode of every file that the settings are made of."""

_SETTLE_NS = 20_000_000
"""A file changed so short a time ago may be in the middle of being written."""
_EMPTY_NS = 400_000_000
"""An empty file is seldom meant: it is given longer to be filled."""
_SETTLE_STEPS = 20


def stamp_of(home: Home) -> Stamp:
    """How the files look now; some 0.1 ms. Equal stamps mean that nothing was saved in between."""
    found = []
    for path in _files(home):
        try:
            status = path.stat()
        except OSError:
            continue  # gone since it was listed
        found.append((str(path), status.st_size, status.st_mtime_ns, status.st_ino))
    return tuple(sorted(found))


def digest_of(home: Home) -> str:
    """A hash of all contents: a file that was only touched changes nothing."""
    digest = blake2b(digest_size=16)
    for path in sorted(_files(home)):
        try:
            content = path.read_bytes()
        except OSError:
            content = b"?"
        digest.update(b"%s %d " % (str(path).encode(), len(content)) + content)
    return digest.hexdigest()


async def settled_stamp(home: Home) -> Stamp:
    """The stamp once no file is being written: an editor may empty a file before it fills it again."""
    stamp = stamp_of(home)
    for _ in range(_SETTLE_STEPS):
        now = time.time_ns()
        unsettled = [0 <= now - changed < (_SETTLE_NS if size else _EMPTY_NS) for _, size, changed, _ in stamp]
        if not any(unsettled):
            break
        await asyncio.sleep(_SETTLE_NS / 1e9)
        stamp = stamp_of(home)
    return stamp


def _files(home: Home) -> Iterator[Path]:
    """Settings, personas, keys, the home's plugins; not the schemas, which nobody is configured by."""
    yield home.root / ".env"
    with suppress(OSError):
        yield from (path for path in home.plugins.iterdir() if path.suffix == ".py" and path.name[0] not in "._")
    for folder in {home.settings, *secret_folders(home)}:
        yield from _below(folder)


def _below(folder: Path) -> Iterator[Path]:
    try:
        entries = list(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith((".", "__")) or entry.suffix in (".py", ".pyc") or entry.name.endswith(".schema.json"):
            continue
        if entry.is_dir():
            yield from _below(entry)
        else:
            yield entry
