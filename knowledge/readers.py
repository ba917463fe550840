"""Searches under way, so that a run deletes nothing that one of them may still be looking at."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

_LONGEST_WAIT = 30.0


class Readers:
    """Who is reading. A search that began before a new version appeared still sees the old one, whole."""

    def __init__(self) -> None:
        self._active: set[asyncio.Future[None]] = set()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Around a search: from asking what is hidden to having the last payload."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._active.add(done)
        try:
            yield
        finally:
            self._active.discard(done)
            done.set_result(None)

    async def gone(self) -> None:
        """Wait until those who read now have finished, not for those who come after; 30 seconds at most."""
        if self._active:
            await asyncio.wait(set(self._active), timeout=_LONGEST_WAIT)
