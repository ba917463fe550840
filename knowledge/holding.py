"""One process holds a home: the lock, and who has it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from settings.errors import IndexLocked


@contextmanager
def holding(data: Path, holder: str) -> Iterator[None]:
    """Hold the home's state; the system lets go of it when this process ends, however it ends.

    `holder` is the command that does, for those who find the home taken. Raises IndexLocked where
    another process holds it.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(data / "index.lock", thread_local=False)  # taken and let go of in different threads
    owner = data / "index.owner"
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise _locked(data, owner) from None
    try:
        owner.write_text(f"{os.getpid()} {holder}\n", encoding="utf-8")
        yield
    finally:
        lock.release()


def _locked(data: Path, owner: Path) -> IndexLocked:
    try:
        pid, _, holder = owner.read_text(encoding="utf-8").strip().partition(" ")
    except OSError:
        pid, holder = "?", ""
    named = f"`deskhand {holder}`" if holder else "another deskhand process"
    return IndexLocked(
        f"the index of {data.parent} is in use by {named} (pid {pid}): wait until it has finished, or stop it",
        holder=holder,
    )
