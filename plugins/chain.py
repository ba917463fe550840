"""The chain: an onion of plugins around an innermost handler.

The first plugin of the list is the outermost. Each is called with the turn and a `call_next` that
runs everything inside it. What always holds:

- a plugin that fails or takes too long before it called on is skipped; afterwards, also in the
  middle of its own stream, the reply from inside it is kept; one that declares itself `required` ends
  the turn with a refusal instead
- one that fails often is switched off for a while, and the administrators are told
- the turn has a deadline, and every turn ends in a Reply, whatever a plugin returns, yields or ignores
- cancellation passes through
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from plugins.breaker import Breaker
from plugins.contract import CallNext, Outcome, Pieces, Replace, Reply, Turn
from plugins.holding import Expired, Until, hold
from plugins.layer import Layer, Step

if TYPE_CHECKING:
    from plugins.models import Models

__all__ = ["Chain", "Step", "log_only"]

_log = logging.getLogger("deskhand.chain")


def log_only(text: str) -> None:
    """Administrators where nobody is there to be told."""
    _log.warning("%s", text)


class Chain:
    """An ordered list of steps; `contact` is whom a reader is sent to when all else fails.

    `tell` gets what administrators should know.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        contact: str,
        deadline_seconds: float = 90.0,
        models: "Models | None" = None,
        tell: Callable[[str], None] = log_only,
    ) -> None:
        self.steps = tuple(steps)
        self.models = models
        self._contact = contact
        self._deadline = deadline_seconds
        self.breakers = {step.name: Breaker(step.name, step.plugin.required, tell) for step in self.steps}
        handler: CallNext = self._nothing_answered
        for step in reversed(self.steps):
            innermost = step is self.steps[-1]
            handler = Layer(step, handler, contact, innermost, self.breakers[step.name]).handle
        self._handler = handler

    async def __call__(self, turn: Turn) -> Reply:
        """Answer a turn. The reply streams; it always ends in an outcome, whatever fails."""
        return Reply(pieces=self._run(turn))

    async def _run(self, turn: Turn) -> Pieces:
        ends = asyncio.get_running_loop().time() + self._deadline
        time = Until(ends)
        text, number = "", 0
        try:
            reply = await hold("chain", self._handler(turn.with_(deadline=min(ends, turn.deadline))), time, True)
            if reply.ended:
                if reply.text:
                    yield reply.text
                yield reply.outcome
                return
            pieces = aiter(reply)
            while True:
                # a limit for each piece: it must not be open while the reader has the piece
                piece = await hold("chain", anext(pieces, None), Until(ends), True)
                if piece is None:
                    break
                text = piece.text if isinstance(piece, Replace) else text + piece
                yield piece
                number += 1
                if number % 64 == 0:  # pieces that are there without a wait would keep everybody else waiting
                    await asyncio.sleep(0)
                    if time.left() <= 0:
                        raise Expired
            yield reply.outcome
        except Exception as error:
            if isinstance(error, Expired):
                reason = f"no answer within {self._deadline:g} seconds"
            else:
                _log.exception("the chain failed")
                reason = f"an internal error ({type(error).__name__})"
            yield self._apology(text, reason)
            yield Outcome("refused", reason)

    async def _nothing_answered(self, turn: Turn) -> Reply:
        reason = "no plugin of the chain answers questions"
        return Reply(self._apology("", reason), Outcome("refused", reason))

    def _apology(self, text: str, reason: str) -> str:
        start = "\n\n(The answer breaks off here" if text else "I could not answer this"
        return f"{start}: {reason}. Please ask {self._contact}.{')' if text else ''}"
