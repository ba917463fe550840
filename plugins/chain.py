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
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from plugins.breaker import Breaker
from plugins.clock import Clock, timed
from plugins.contract import (
    CallNext,
    Citation,
    Message,
    Outcome,
    Pieces,
    Plugin,
    PluginTrace,
    Replace,
    Reply,
    Status,
    StopChain,
    Turn,
)
from plugins.holding import Until, hold

if TYPE_CHECKING:
    from plugins.models import Models

_log = logging.getLogger("deskhand.chain")

_LONGEST_REPLY = 200_000
"""Characters, and pieces, of one plugin's reply; what goes on longer is taken for endless."""
_MOST_CALLS = 16
"""So often a plugin may call on in one turn."""
_STATUSES = frozenset(get_args(Status))


@dataclass(frozen=True, slots=True)
class Step:
    """A plugin in its place. `seconds` is the time that it may take for itself; `origin` is where it is from."""

    name: str
    plugin: Plugin[Any]
    seconds: float = 60.0
    origin: str = "shipped"


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
            handler = _layer(step, handler, contact, innermost, self.breakers[step.name])
        self._handler = handler

    async def __call__(self, turn: Turn) -> Reply:
        """Answer a turn. The reply streams; it always ends in an outcome, whatever fails."""
        return Reply(pieces=self._run(turn))

    async def _run(self, turn: Turn) -> Pieces:
        ends = asyncio.get_running_loop().time() + self._deadline
        limit = Until(ends)
        text, number = "", 0
        try:
            reply = await hold("chain", self._handler(turn.with_(deadline=min(ends, turn.deadline))), limit, True)
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
                    if limit.left() <= 0:
                        raise TimeoutError
            yield reply.outcome
        except Exception as error:
            if isinstance(error, TimeoutError) and limit.left() <= 0.001:
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


def _layer(step: Step, inner: CallNext, contact: str, innermost: bool, breaker: Breaker) -> CallNext:
    """One plugin with its time limit, its isolation and its trace."""
    layer = _Layer(step, inner, contact, innermost, breaker)
    plugin = step.plugin

    async def handle(turn: Turn) -> Reply:
        if breaker.off:
            return await layer.switched_off(turn)
        call = _Call(layer, turn)
        clock = call.clock
        clock.change(1, 0)
        try:
            try:
                reply = await hold(step.name, plugin(turn, call.call_next), clock)
            finally:
                clock.change(-1, 0)
            reply = call.taken(reply)
        except StopChain as stop:
            reply = await call.stopped(stop.reply)
        except Exception as failure:
            timed_out = isinstance(failure, TimeoutError) and clock.expired
            reply = await call.without(failure, f"took over {step.seconds:g} s" if timed_out else "")
        turn.trace.plugins.append(clock.record)
        return reply

    return handle


@dataclass(frozen=True, slots=True)
class _Layer:
    """A plugin, what is inside it, and what happens where it fails."""

    step: Step
    inner: CallNext
    contact: str
    innermost: bool
    breaker: Breaker

    async def switched_off(self, turn: Turn) -> Reply:
        """The reply while the plugin is off."""
        turn.trace.plugins.append(PluginTrace(self.step.name, error="switched off: it failed often"))
        if self.step.plugin.required:
            return self.refused(f"the required plugin {self.step.name} fails")
        return await self.inner(turn)

    def refused(self, reason: str) -> Reply:
        """No answer rather than an unguarded one."""
        return Reply(f"I cannot answer at the moment: {reason}. Please ask {self.contact}.", Outcome("refused", reason))


class _Call:
    """One plugin at work on one turn; `kept` is the reply from inside it, once there is one."""

    __slots__ = ("_calls", "_layer", "_turn", "clock", "kept")

    def __init__(self, layer: _Layer, turn: Turn) -> None:
        self.clock = Clock(PluginTrace(layer.step.name), layer.step.seconds)
        self.kept: Reply | None = None
        self._layer = layer
        self._turn = turn
        self._calls = 0

    async def call_next(self, turn: Turn) -> Reply:
        """What the plugin is given to call on with."""
        self._calls += 1
        if self._calls > _MOST_CALLS:
            raise RuntimeError(f"calls on more than {_MOST_CALLS} times")
        if not isinstance(turn, Turn) or not isinstance(turn.message, Message):
            raise TypeError(f"call_next takes a Turn with its message, not {type(turn).__name__}")
        self.clock.change(0, 1)
        try:
            reply = await self._layer.inner(turn)
        finally:
            self.clock.change(0, -1)
        self.kept = reply if reply.ended else timed(reply, self.clock, inside=True)
        return self.kept

    def taken(self, reply: Reply) -> Reply:
        """The plugin's reply. Raises TypeError for what only looks like one."""
        if self.kept is None or reply is not self.kept:
            _check_reply(reply)
            if not reply.ended:
                return Reply(pieces=self._mended(timed(reply, self.clock, False, _Endless())))
        self._layer.breaker.succeeded()
        return reply

    async def stopped(self, reply: object) -> Reply:
        """The reply that the chain was stopped with, here or further inside."""
        if not isinstance(reply, Reply):
            return await self.without(TypeError("stopped the chain without a Reply"))
        return timed(reply, self.clock, inside=False)

    async def without(self, failure: Exception, what: str = "") -> Reply:
        """The reply when the plugin has failed."""
        step, record = self._layer.step, self.clock.record
        record.error = what or f"{type(failure).__name__}: {failure}"
        _log.warning("plugin %s failed: %s", step.name, record.error, exc_info=None if what else failure)
        self._layer.breaker.failed(record.error)
        if step.plugin.required:
            return self._layer.refused(f"the required plugin {step.name} failed")
        return self.kept if self.kept is not None else await self._layer.inner(self._turn)

    async def _mended(self, reply: Reply) -> Pieces:
        """The plugin's own stream; where that breaks, the reply from inside it takes its place."""
        try:
            async for piece in reply:
                yield piece
            _check_outcome(reply.outcome)
            self._layer.breaker.succeeded()
            yield reply.outcome
        except Exception as failure:
            if self.kept.broken if self.kept is not None else self._layer.innermost:
                raise  # there is nothing to keep
            instead = await self.without(failure)
            pieces = aiter(instead)
            if reply.text and (first := await anext(pieces, None)) is not None:
                yield first if isinstance(first, Replace) else Replace(first)
            async for piece in pieces:
                yield piece
            yield instead.outcome


class _Endless:
    """Counts what a stream gives."""

    def __init__(self) -> None:
        self._left = _LONGEST_REPLY

    def __call__(self, piece: object) -> None:
        """Raises ValueError when it is too much, TypeError for what is no piece."""
        if not isinstance(piece, str | Replace):
            raise TypeError(f"yielded {type(piece).__name__}, not text")
        self._left -= 1 + (len(piece) if isinstance(piece, str) else 0)
        if self._left < 0:
            raise ValueError(f"yielded more than {_LONGEST_REPLY} characters")


def _check_reply(reply: Any) -> None:
    """Raises TypeError for what only looks like a reply."""
    if not isinstance(reply, Reply):
        raise TypeError(f"returned {type(reply).__name__}, not a Reply")
    if not isinstance(reply.text, str):
        raise TypeError(f"replied with {type(reply.text).__name__}, not text")
    if reply.ended:
        _check_outcome(reply.outcome)


def _check_outcome(outcome: Any) -> None:
    if not isinstance(outcome, Outcome):
        raise TypeError(f"gave {type(outcome).__name__} as the outcome")
    if outcome.status not in _STATUSES:
        raise TypeError(f"gave the status {outcome.status!r} (known: {', '.join(sorted(_STATUSES))})")
    fine = isinstance(outcome.reason, str) and isinstance(outcome.model, str) and isinstance(outcome.citations, tuple)
    if not fine or not all(isinstance(citation, Citation) for citation in outcome.citations):
        raise TypeError("gave an outcome whose fields are of other types than `Outcome` says")
    if outcome.cost_usd is not None and not isinstance(outcome.cost_usd, int | float):
        raise TypeError("gave an outcome whose cost is no number")
