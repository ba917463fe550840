"""One plugin of the chain at work: its time limit, its isolation and its trace."""

import logging
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from plugins.breaker import Breaker
from plugins.clock import Clock, timed
from plugins.contract import (
    UNSAID,
    CallNext,
    Message,
    Outcome,
    Pieces,
    Plugin,
    PluginTrace,
    Replace,
    Reply,
    StopChain,
    Turn,
)
from plugins.holding import Expired, hold
from plugins.origins import defined_at, place_in
from plugins.reply_check import Endless, check_outcome, check_reply, in_words

_log = logging.getLogger("deskhand.chain")

_MOST_CALLS = 16
"""So often a plugin may call on in one turn."""


@dataclass(frozen=True, slots=True)
class Step:
    """A plugin in its place. `seconds` is the time that it may take for itself; `origin` is where it is from."""

    name: str
    plugin: Plugin[Any]
    seconds: float = 60.0
    origin: str = "shipped"


@dataclass(frozen=True, slots=True)
class Layer:
    """A plugin, what is inside it, and what happens where it fails."""

    step: Step
    inner: CallNext
    contact: str
    innermost: bool
    breaker: Breaker

    async def handle(self, turn: Turn) -> Reply:
        """The plugin's reply; where it has failed, the reply without it."""
        if self.breaker.off:
            return await self._switched_off(turn)
        call = _Call(self, turn)
        clock = call.clock
        try:
            try:
                reply = await hold(self.step.name, self.step.plugin(turn, call.call_next), clock)
            finally:
                clock.change(-1, 0)
            reply = call.taken(reply)
        except StopChain as stop:
            reply = await call.stopped(stop.reply)
        except (Exception, SystemExit) as failure:
            reply = await call.without(failure)
        turn.trace.plugins.append(clock.record)
        return reply

    async def _switched_off(self, turn: Turn) -> Reply:
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

    def __init__(self, layer: Layer, turn: Turn) -> None:
        self.kept: Reply | None = None
        self._calls = 0
        self.clock = Clock(PluginTrace(layer.step.name), layer.step.seconds)
        self._layer = layer
        self._turn = turn

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
            check_reply(reply)
            if not reply.ended:
                return Reply(pieces=self._mended(timed(reply, self.clock, False, Endless())))
            if reply.outcome is UNSAID:
                reply = Reply(reply.text, self._outcome(reply))
        self._layer.breaker.succeeded()
        return reply

    async def stopped(self, reply: object) -> Reply:
        """The reply that the chain was stopped with, here or further inside."""
        if not isinstance(reply, Reply):
            return await self.without(TypeError("stopped the chain without a Reply"))
        return timed(reply, self.clock, inside=False)

    async def without(self, failure: Exception | SystemExit) -> Reply:
        """The reply when the plugin has failed."""
        step, record = self._layer.step, self.clock.record
        late = isinstance(failure, Expired)
        record.error = f"took over {step.seconds:g} s" if late else in_words(failure)
        at = place_in(failure, step.plugin) or defined_at(step.plugin)
        _log.warning(
            "plugin %s failed: %s (%s)", step.name, record.error, at, exc_info=None if late else _traceback(failure)
        )
        self._layer.breaker.failed(record.error)
        if step.plugin.required:
            return self._layer.refused(f"the required plugin {step.name} failed")
        return self.kept if self.kept is not None else await self._layer.inner(self._turn)

    async def _mended(self, reply: Reply) -> Pieces:
        """The plugin's own stream; where that breaks, the reply from inside it takes its place."""
        try:
            async for piece in reply:
                yield piece
            check_outcome(reply.outcome)
            self._layer.breaker.succeeded()
            yield self._outcome(reply)
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

    def _outcome(self, reply: Reply) -> Outcome:
        """What the plugin says of its reply; where it says nothing, what the reply says that it was made from."""
        made_from = self.kept if self.kept is not None and self.kept.ended else reply
        return made_from.outcome if reply.outcome is UNSAID else reply.outcome


_OURS = {hold.__code__.co_filename, Clock.__init__.__code__.co_filename, Reply.read.__code__.co_filename, __file__}
"""Files whose frames stand before the plugin's own in a traceback."""


def _traceback(failure: BaseException) -> tuple[type[BaseException], BaseException, TracebackType | None]:
    """What went wrong, from the plugin's own code on."""
    part = failure.__traceback__
    while part is not None and part.tb_frame.f_code.co_filename in _OURS:
        part = part.tb_next
    return type(failure), failure, part
