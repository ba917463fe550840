"""A plugin's own time: its clock stands still while the plugins inside it work.

A reply may be streamed long after the plugin has returned it, so the clock runs on with every piece
that is waited for, and stands still with every piece that comes from inside.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from plugins.contract import Pieces, PluginTrace, Reply


class Clock:
    """Adds one plugin's own time up in `record`; while it runs under a limit, holds it to `seconds`."""

    def __init__(self, record: PluginTrace, seconds: float) -> None:
        self._record = record
        self._seconds = seconds
        self._limit: asyncio.Timeout | None = None
        self._running = 0
        self._inside = 0
        self._since = 0.0

    @contextmanager
    def running(self, limit: asyncio.Timeout | None = None) -> Iterator[None]:
        """While the plugin's own code works; `limit` goes off when its time is used up."""
        self._limit = limit
        self._change(running=1)
        try:
            yield
        finally:
            self._change(running=-1)
            self._limit = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """While the plugins inside it work, for however many calls at once."""
        self._change(inside=1)
        try:
            yield
        finally:
            self._change(inside=-1)

    def _change(self, running: int = 0, inside: int = 0) -> None:
        now = asyncio.get_running_loop().time()
        if self._ticks:
            self._record.seconds += now - self._since
        self._since = now
        self._running += running
        self._inside += inside
        if self._limit is not None and not self._limit.expired():
            self._limit.reschedule(now + self._seconds - self._record.seconds if self._ticks else None)

    @property
    def _ticks(self) -> bool:
        return self._running > 0 and self._inside == 0


def timed(reply: Reply, waiting: Callable[[], AbstractContextManager[None]]) -> Reply:
    """The same reply, with `waiting` around each wait for a piece."""
    return reply if reply.ended else Reply(pieces=_pieces(reply, waiting))


async def _pieces(reply: Reply, waiting: Callable[[], AbstractContextManager[None]]) -> Pieces:
    pieces = aiter(reply)
    while True:
        with waiting():
            piece = await anext(pieces, None)
        if piece is None:
            break
        yield piece
    yield reply.outcome
