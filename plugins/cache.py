"""cache: the same question is answered again without a model, for as long as its passages are the same.

Stands inside `rag`, so every question is still searched for its own audience, which takes milliseconds. What was
found decides, with the version of each file: an answer is used again only where the best passages are the same
and every passage that it cites is found again. A document that is changed, removed or closed to somebody, or a
new one that fits better, ends it by itself.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import Field

from knowledge import Passage
from plugins.contract import CallNext, Context, Options, Outcome, Pieces, Plugin, Reply, Turn, Usage
from plugins.wording import bare_question

Key = tuple[object, ...]
Versions = frozenset[tuple[str, str]]
"""Ids of passages with the versions of their files."""

_BEST = 3
"""Passages that the evidence is taken from. Those after them change with a greeting."""
_LONGEST = 20_000
"""Characters of an answer that is worth keeping."""


class CacheOptions(Options):
    """How much is kept, and for how long."""

    entries: int = Field(1000, ge=1, le=100_000)
    """Answers; the one that was not asked for longest goes first."""
    minutes: float = Field(240, gt=0, le=10_080)
    """Longest time that an answer is used again."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, until when it is used (on the event loop's clock), and the question that it was given to."""

    text: str
    outcome: Outcome
    cited: Versions
    until: float
    question: str


class Cache(Plugin[CacheOptions]):
    """Keeps answers while the bot runs. Changed settings begin with an empty one, because the chain is built anew."""

    Options = CacheOptions

    def __init__(self, options: CacheOptions, context: Context) -> None:
        super().__init__(options, context)
        self._kept: OrderedDict[Key, Kept] = OrderedDict()

    async def __call__(self, turn: Turn, call_next: CallNext) -> Reply:
        key = _key(turn)
        if key is None:
            return await call_next(turn)
        kept = self._kept.get(key)
        fresh = kept is not None and kept.until > asyncio.get_running_loop().time()
        if kept is not None and fresh and kept.cited <= _versions(turn.passages):
            self._kept.move_to_end(key)
            turn.trace.count("cache: hit")
            turn.trace.note(f"cache: answered as “{kept.question}” was, its sources are the same")
            return Reply(kept.text, replace(kept.outcome, usage=Usage(), cost_usd=0.0))
        turn.trace.count("cache: miss")
        return Reply(pieces=self._keeping(key, turn, await call_next(turn)))

    async def _keeping(self, key: Key, turn: Turn, reply: Reply) -> Pieces:
        """The reply as it comes; kept once it has come whole."""
        async for piece in reply:
            yield piece
        outcome = reply.outcome
        if outcome.status == "answered" and outcome.citations and len(reply.text) <= _LONGEST:
            until = asyncio.get_running_loop().time() + self.options.minutes * 60
            cited = _versions([citation.passage for citation in outcome.citations])
            self._kept[key] = Kept(reply.text, outcome, cited, until, turn.message.text)
            self._kept.move_to_end(key)
            while len(self._kept) > self.options.entries:
                self._kept.popitem(last=False)


def _versions(passages: Sequence[Passage]) -> Versions:
    return frozenset((passage.id, passage.version) for passage in passages)


def _key(turn: Turn) -> Key | None:
    """What an answer depends on; None where it depends on what was said before, or on nothing that was found."""
    question = bare_question(turn.message.text)
    if turn.history or turn.question or not turn.passages or not question:
        return None
    person, place = turn.message.person, turn.message.place
    return (
        question,
        _versions(turn.passages[:_BEST]),
        frozenset(turn.message.audience),
        frozenset(person.groups),  # routes and the house's voice may differ by group,
        place.platform,  # by platform
        place.workspace,
        place.direct or place.channel,  # and by channel
        turn.prompt,
        turn.route,
    )
