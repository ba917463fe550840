"""What has changed in the folders since the last run, at a glance: no file is opened."""

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeVar

from knowledge.catalogue import FileRow
from knowledge.folder import Walk

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pending:
    """Numbers of documents that the next run will add, look at again, and remove."""

    new: int = 0
    changed: int = 0
    gone: int = 0

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.gone)

    def __str__(self) -> str:
        counts = ((self.new, "not indexed yet"), (self.changed, "changed since"), (self.gone, "gone"))
        parts = [(number, what) for number, what in counts if number]
        nouns = ["document " if parts[:1] and parts[0][0] == 1 else "documents ", "", ""]
        return ", ".join(f"{number} {noun}{what}" for (number, what), noun in zip(parts, nouns, strict=False))


def pending_of(walk: Walk, known: Mapping[str, FileRow]) -> Pending:
    """Compare a walk with what the last run knew. What that run left waiting on purpose is not told again."""
    there = {file.source for file in walk.files}
    found = [(file, known.get(file.source)) for file in walk.files]
    missing = [row for source, row in known.items() if source not in there and not row.missing_ns]
    return Pending(
        new=sum(row is None for _, row in found),
        changed=sum(row is not None and (row.size, row.mtime_ns) != (file.size, file.mtime_ns) for file, row in found),
        gone=sum(walk.covers(row.source) for row in missing),
    )


async def within(seconds: float, work: Callable[[], T]) -> T:
    """What `work` gives, from a thread that nobody waits for when it takes longer, as on a share that has gone.

    Raises TimeoutError then, and what `work` raises.
    """
    outcome: Future[T] = Future()
    outcome.set_running_or_notify_cancel()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:
            outcome.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    async with asyncio.timeout(seconds):
        return await asyncio.wrap_future(outcome)
