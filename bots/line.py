"""The line: how many questions are answered at a time, in all, for a person and in a channel.

Fair: of the questions that may start, the one goes first whose asker has the fewest under way; of
equal ones the oldest. So somebody who pastes twenty questions does not keep the others waiting.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bots.platform import Question
from settings.sections.bots import LimitSettings


class LineFull(Exception):
    """More questions are waiting than the settings allow."""


@dataclass(slots=True, eq=False)
class _Waiting:
    person: Hashable
    channel: Hashable
    starts: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Line:
    """Lets questions start when it is their turn."""

    def __init__(self, limits: LimitSettings) -> None:
        self._limits = limits
        self._waiting: list[_Waiting] = []
        self._persons: Counter[Hashable] = Counter()
        self._channels: Counter[Hashable] = Counter()
        self._running = 0

    @asynccontextmanager
    async def turn(self, question: Question, wait: Callable[[int], None] = lambda place: None) -> AsyncIterator[None]:
        """Hold a turn for the block; `wait` is told the place in line (1 is next) where it has to wait.

        Raises LineFull.
        """
        place = question.message.place
        channel = (place.platform, place.workspace, place.channel)
        me = _Waiting((*channel[:2], question.message.person.id), channel)
        if len(self._waiting) >= self._limits.waiting:
            raise LineFull
        self._waiting.append(me)
        self._advance()
        if not me.starts.done():
            wait(len(self._waiting))
        try:
            await me.starts
        except asyncio.CancelledError:
            if me.starts.done() and not me.starts.cancelled():
                self._end(me)
            else:
                self._waiting.remove(me)
            raise
        try:
            yield
        finally:
            self._end(me)

    def _end(self, me: _Waiting) -> None:
        self._running -= 1
        for counter, key in ((self._persons, me.person), (self._channels, me.channel)):
            counter[key] -= 1
            if not counter[key]:
                del counter[key]
        self._advance()

    def _advance(self) -> None:
        while self._running < self._limits.at_a_time:
            free = [member for member in self._waiting if self._may_start(member)]
            if not free:
                return
            first = min(free, key=lambda member: self._persons[member.person])  # the oldest of equal ones
            self._waiting.remove(first)
            self._running += 1
            self._persons[first.person] += 1
            self._channels[first.channel] += 1
            first.starts.set_result(None)

    def _may_start(self, member: _Waiting) -> bool:
        return (
            self._persons[member.person] < self._limits.per_person
            and self._channels[member.channel] < self._limits.per_channel
        )
