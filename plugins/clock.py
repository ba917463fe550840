"""A plugin's own time: its clock stands still while the plugins inside it work.

A reply may be streamed long after the plugin has returned it, so the clock runs on with every piece
that is waited for, and stands still with every piece that comes from inside.
"""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Protocol

from plugins.contract import Pieces, PluginTrace, Reply
from plugins.holding import Limit


class Clock:
    """Adds one plugin's own time up in `record`; `seconds` is what it has, `limit` holds it to that."""

    __slots__ = ("_inside", "_now", "_running", "_since", "limit", "record", "seconds")

    def __init__(self, record: PluginTrace, seconds: float) -> None:
        self.record = record
        self.seconds = seconds
        self.limit = Limit(self.left)
        self._running = 0
        self._inside = 0
        self._since = 0.0
        self._now = asyncio.get_running_loop().time

    @property
    def running(self) -> "Waiting":
        """`with clock.running`: the plugin's own code works."""
        return _Running(self)

    @property
    def paused(self) -> "Waiting":
        """`with clock.paused`: the plugins inside it work, for however many calls at once."""
        return _Paused(self)

    def left(self) -> float | None:
        """Seconds of its time that remain; None while the clock stands still."""
        if self._running <= 0 or self._inside:
            return None
        return self.seconds - self.record.seconds - (self._now() - self._since)

    def change(self, running: int, inside: int) -> None:
        """So many more, or fewer, calls of its own and of the plugins inside it."""
        now = self._now()
        if self._running > 0 and self._inside == 0:
            self.record.seconds += now - self._since
        self._since = now
        self._running += running
        self._inside += inside
        if self.limit.waiting:
            self.limit.arm()


class Waiting(Protocol):
    """What stands around a wait."""

    def __enter__(self) -> None: ...

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None, /
    ) -> None: ...


class _Running:
    __slots__ = ("clock",)

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def __enter__(self) -> None:
        self.clock.change(1, 0)

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None, /
    ) -> None:
        self.clock.change(-1, 0)


class _Paused:
    __slots__ = ("clock",)

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def __enter__(self) -> None:
        self.clock.change(0, 1)

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None, /
    ) -> None:
        self.clock.change(0, -1)


def timed(reply: Reply, waiting: Waiting, check: Callable[[object], None] = lambda _: None) -> Reply:
    """The same reply, with `waiting` around each wait for a piece, and `check` of each piece."""
    return reply if reply.ended else Reply(pieces=timed_pieces(reply, waiting, check))


async def timed_pieces(reply: Reply, waiting: Waiting, check: Callable[[object], None]) -> Pieces:
    """The pieces of a reply, and its outcome."""
    pieces = aiter(reply)
    while True:
        with waiting:
            try:
                piece = await anext(pieces, None)
            except (SystemExit, asyncio.CancelledError) as raised:
                task = asyncio.current_task()
                if isinstance(raised, asyncio.CancelledError) and (task is None or task.cancelling()):
                    raise
                raise RuntimeError(f"raised {type(raised).__name__}") from raised  # as in `hold`
        if piece is None:
            break
        check(piece)
        yield piece
    yield reply.outcome
