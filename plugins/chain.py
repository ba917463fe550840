"""The chain: an onion of plugins around an innermost handler.

The first plugin of the list is the outermost. Each is called with the turn and a `call_next` that
runs everything inside it. What always holds:

- a plugin that fails or takes too long before it called on is skipped; afterwards, also in the
  middle of its own stream, the reply from inside it is kept; one that declares itself `required` ends
  the turn with a refusal instead
- the turn has a deadline, and every turn ends in a Reply
- cancellation passes through
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from plugins.clock import Clock, timed
from plugins.contract import CallNext, Outcome, Pieces, Plugin, PluginTrace, Replace, Reply, StopChain, Turn

if TYPE_CHECKING:
    from plugins.models import Models

_log = logging.getLogger("deskhand.chain")


@dataclass(frozen=True, slots=True)
class Step:
    """A plugin in its place. `seconds` is the time that it may take for itself."""

    name: str
    plugin: Plugin[Any]
    seconds: float = 60.0


class Chain:
    """An ordered list of steps; `contact` is whom a reader is sent to when all else fails."""

    def __init__(
        self, steps: Sequence[Step], contact: str, deadline_seconds: float = 90.0, models: "Models | None" = None
    ) -> None:
        self.steps = tuple(steps)
        self.models = models
        self._contact = contact
        self._deadline = deadline_seconds
        handler: CallNext = self._nothing_answered
        for step in reversed(self.steps):
            handler = _layer(step, handler, contact, innermost=step is self.steps[-1])
        self._handler = handler

    async def __call__(self, turn: Turn) -> Reply:
        """Answer a turn. The reply streams; it always ends in an outcome, whatever fails."""
        return Reply(pieces=self._run(turn))

    async def _run(self, turn: Turn) -> Pieces:
        ends = asyncio.get_running_loop().time() + self._deadline
        text = ""
        try:
            async with asyncio.timeout_at(ends) as limit:
                reply = await self._handler(turn.with_(deadline=min(ends, turn.deadline)))
            pieces = aiter(reply)
            while True:
                # not around the loop: a time limit must not be open while the reader has the piece
                async with asyncio.timeout_at(ends) as limit:
                    piece = await anext(pieces, None)
                if piece is None:
                    break
                text = piece.text if isinstance(piece, Replace) else text + piece
                yield piece
            yield reply.outcome
        except Exception as error:
            if isinstance(error, TimeoutError) and limit.expired():
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


def _layer(step: Step, inner: CallNext, contact: str, innermost: bool) -> CallNext:
    """One plugin with its time limit, its isolation and its trace."""

    async def handle(turn: Turn) -> Reply:
        record = PluginTrace(step.name)
        clock = Clock(record, step.seconds)
        kept: Reply | None = None

        async def call_next(inner_turn: Turn) -> Reply:
            nonlocal kept
            with clock.paused():
                kept = timed(await inner(inner_turn), clock.paused)
            return kept

        async def without(failure: Exception, what: str = "") -> Reply:
            """The reply when the plugin has failed."""
            record.error = what or f"{type(failure).__name__}: {failure}"
            _log.warning("plugin %s failed: %s", step.name, record.error, exc_info=None if what else failure)
            if step.plugin.required:
                reason = f"the required plugin {step.name} failed"
                return Reply(
                    f"I cannot answer at the moment: {reason}. Please ask {contact}.", Outcome("refused", reason)
                )
            return kept if kept is not None else await inner(turn)

        async def mended(reply: Reply) -> Pieces:
            """The plugin's own stream; where that breaks, the reply from inside it takes its place."""
            try:
                async for piece in reply:
                    yield piece
                yield reply.outcome
            except Exception as failure:
                if kept.broken if kept is not None else innermost:
                    raise  # there is nothing to keep
                instead = await without(failure)
                pieces = aiter(instead)
                if reply.text and (first := await anext(pieces, None)) is not None:
                    yield first if isinstance(first, Replace) else Replace(first)
                async for piece in pieces:
                    yield piece
                yield instead.outcome

        try:
            async with asyncio.timeout(None) as limit:
                with clock.running(limit):
                    reply = await step.plugin(turn, call_next)
            if not isinstance(reply, Reply):
                raise TypeError(f"returned {type(reply).__name__}, not a Reply")
        except StopChain as stop:
            reply = timed(stop.reply, clock.running)
        except Exception as failure:
            timed_out = isinstance(failure, TimeoutError) and limit.expired()
            reply = await without(failure, f"took over {step.seconds:g} s" if timed_out else "")
        else:
            if reply is not kept and not reply.ended:
                reply = Reply(pieces=mended(timed(reply, clock.running)))
        turn.trace.plugins.append(record)
        return reply

    return handle
