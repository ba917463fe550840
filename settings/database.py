"""The database that all rooms keep their tables in: SQLite beside the index."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from settings.errors import StorageError
from settings.home import Home

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


def open_database(path: Path) -> "AsyncEngine":
    """An engine on the file `path`, made where missing; dispose it when done.

    Raises sqlite3.Error where it cannot be opened; `storage_errors` has the words for it.

    Write-ahead log, so that readers never wait for a writer, and a sync at every commit: what was
    committed is there after a crash or a power cut.
    """
    from sqlalchemy.ext.asyncio import create_async_engine

    _Connection(path).close()  # fails here rather than in aiosqlite's thread, which then outlives the loop
    return create_async_engine(f"sqlite+aiosqlite:///{path}", connect_args={"timeout": 10, "factory": _Connection})


class _Connection(sqlite3.Connection):
    """A connection that is configured as it is made: a task cancelled in between leaves none half open."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            self.execute(f"PRAGMA {pragma}")


@asynccontextmanager
async def opened_database(home: Home) -> AsyncIterator["AsyncEngine"]:
    """The database of a home while the block runs; `data/` is made where it is missing. Raises StorageError."""
    with storage_errors(home.data):
        home.data.mkdir(parents=True, exist_ok=True)
        engine = open_database(home.database)
    try:
        yield engine
    finally:
        await engine.dispose()


@contextmanager
def storage_errors(folder: Path) -> Iterator[None]:
    """Turn a full, read-only or damaged disk into one clear line."""
    from sqlalchemy.exc import DatabaseError

    try:
        yield
    except (DatabaseError, sqlite3.Error) as error:
        reason = str(error.orig if isinstance(error, DatabaseError) else error)
        if "readonly" in reason or "unable to open" in reason:
            raise StorageError(
                f"{folder} cannot be written: check its permissions and whether the disk is read-only"
            ) from None
        if "full" in reason:
            raise StorageError(_full(folder)) from None
        if "malformed" in reason or "not a database" in reason:
            raise StorageError(f"the database in {folder} is damaged: remove it and run `deskhand index`") from None
        if "locked" in reason:
            raise StorageError(f"the database in {folder} is held by another process: try again") from None
        if "disk i/o" in reason.lower():
            raise StorageError(
                f"the disk that holds {folder} cannot be written or read: it is full, over a quota, or failing"
            ) from None
        raise
    except OSError as error:
        raise storage_error(error, folder) from None


def storage_error(error: OSError, folder: Path) -> StorageError:
    """An error of the operating system, as one line."""
    import errno

    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return StorageError(_full(folder))
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return StorageError(f"{folder} cannot be written: check its permissions and whether the disk is read-only")
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return StorageError(f"{error.filename or folder} is in the way, it should be a folder: move it elsewhere")
    return StorageError(f"{error.filename or folder}: {error.strerror or error}")


def _full(folder: Path) -> str:
    return f"the disk that holds {folder} is full: make room and run the command again; nothing that was saved is lost"
