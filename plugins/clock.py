"""A plugin's own time: its clock stands still while the plugins inside it work.

A reply may be streamed long after the plugin has returned it, so the clock runs on with every piece
that is waited for, and stands still with every piece that comes from inside.
"""

import asyncio
from collections.abc import Callable
from time import monotonic

from plugins.contract import Pieces, PluginTrace, Reply
from plugins.holding import Limit


class Clock:
    """Adds one plugin's own time up in `record`, and holds it to `seconds`. It runs from the beginning."""

    __slots__ = ("_inside", "_running", "_since", "limit", "record", "seconds")

    def __init__(self, record: PluginTrace, seconds: float) -> None:
        self.limit: Limit | None = None
        self.record = record
        self.seconds = seconds
        self._running = 1
        self._inside = 0
        self._since = monotonic()

    def left(self) -> float | None:
        """Seconds of its time that remain; None while the clock stands still."""
        if self._running <= 0 or self._inside:
            return None
        return self.seconds - self.record.seconds - (monotonic() - self._since)

    def change(self, running: int, inside: int) -> None:
        """So many more, or fewer, waits for its own code and for the plugins inside it.

        The clock runs while there are any of the first, and none of the second.
        """
        now = monotonic()
        if self._running > 0 and self._inside == 0:
            self.record.seconds += now - self._since
        self._since = now
        self._running += running
        self._inside += inside
        if self.limit is not None:
            self.limit.arm()


def timed(reply: Reply, clock: Clock, inside: bool, check: Callable[[object], None] = lambda _: None) -> Reply:
    """The same reply, each wait for a piece on the clock, and `check` of each piece.

    The reply comes from the plugin's own code, or from the plugins `inside` it.
    """
    return reply if reply.ended else Reply(pieces=timed_pieces(reply, clock, inside, check))


async def timed_pieces(reply: Reply, clock: Clock, inside: bool, check: Callable[[object], None]) -> Pieces:
    """The pieces of a reply, and its outcome."""
    pieces = aiter(reply)
    running = not inside
    while True:
        clock.change(running, inside)
        try:
            piece = await anext(pieces, None)
        except (asyncio.CancelledError, KeyboardInterrupt, SystemExit) as raised:
            task = asyncio.current_task()
            if isinstance(raised, asyncio.CancelledError) and (task is None or task.cancelling()):
                raise
            raise RuntimeError(f"raised {type(raised).__name__}") from raised  # as in `hold`
        finally:
            clock.change(-running, -inside)
        if piece is None:
            break
        check(piece)
        yield piece
    yield reply.outcome
