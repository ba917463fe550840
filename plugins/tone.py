"""tone: answers in the house's voice, by a tuned model or by a few examples. The facts stay.

`rewrite`: the draft from inside is rewritten by the route `tone` and sent only if it says the same.
`answer`: the route `tone` answers from the passages, and is believed only in what they say. In either
way the plain answer is sent where the model fails, takes too long or changes a fact; that is counted
and noted. Quotes, apologies and "the documents don't say" keep their own words.

Stands inside `output`. The whole draft is needed before anything is shown, so nothing streams here.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field

from plugins.contract import (
    CallNext,
    Context,
    Message,
    OptionError,
    Options,
    Outcome,
    Pieces,
    Plugin,
    Reply,
    Turn,
    Usage,
)
from plugins.extractive import EXTRACTIVE
from plugins.facts import Change, compare, unsupported
from plugins.models import Spent
from plugins.prompt import ChatMessage
from settings.errors import ModelError

ROUTE = "tone"

_RULES = """\
Rewrite the text you are given in this voice.
- Keep every number, date, time, name, link, address, quotation, code and mark such as [1] exactly.
- Keep what is forbidden, required, recommended and optional as it is, and every condition.
- Add nothing that the text does not say. Keep its language.
- Reply with the rewritten text alone."""


class Somewhere(Options):
    """Where a message comes from. All that are given must fit; of a list one is enough."""

    platforms: list[str] = Field(default_factory=list)
    """`slack`, `discord`, `terminal`."""
    channels: list[str] = Field(default_factory=list)
    """Ids of channels."""
    groups: list[str] = Field(default_factory=list)
    """Groups of the person who asks."""

    def fits(self, message: Message) -> bool:
        """Whether the message comes from there."""
        return (
            (not self.platforms or message.place.platform in self.platforms)
            and (not self.channels or message.place.channel in self.channels)
            and (not self.groups or not set(self.groups).isdisjoint(message.person.groups))
        )


class ToneExample(Options):
    """A plain text, and how it sounds in the voice."""

    plain: str = Field(min_length=1)
    voiced: str = Field(min_length=1)


class ToneOptions(Options):
    """The voice, where it is used, and its limits."""

    mode: Literal["rewrite", "answer"] = "rewrite"
    """`rewrite` the draft, or let the route `tone` `answer` from the passages."""
    when: Somewhere = Somewhere()
    """Only there; everywhere where nothing is given."""
    unless: Somewhere | None = None
    """But not there."""
    voice: str | None = None
    """How the house speaks, in a few sentences; a tuned model may need none."""
    voice_file: str | None = None
    """The same in a Markdown file below settings/."""
    examples: list[ToneExample] = Field(default_factory=list)
    """Few-shot examples: enough to begin with, before any model is tuned."""
    longest: float = Field(2.0, gt=0, le=10)
    """A rewrite that is so many times as long as the draft (and 200 characters more) is not sent."""
    seconds: float = Field(20, gt=0, le=120)
    """Longest wait for the rewrite."""


class Tone(Plugin[ToneOptions]):
    """Speaks in the house's voice, where the facts stay the same."""

    Options = ToneOptions

    def __init__(self, options: ToneOptions, context: Context) -> None:
        super().__init__(options, context)
        if options.voice is not None and options.voice_file is not None:
            raise OptionError("voice_file", "give either voice or voice_file")
        try:
            self._voice = context.read_file(options.voice_file) if options.voice_file else options.voice or ""
        except OptionError as error:
            raise OptionError("voice_file", str(error)) from None
        self.events: Counter[str] = Counter()
        """How often a text was `voiced`, and why it stayed plain: `facts`, `model`, `length`, `kept`."""

    async def __call__(self, turn: Turn, call_next: CallNext) -> Reply:
        options = self.options
        if not options.when.fits(turn.message) or (options.unless is not None and options.unless.fits(turn.message)):
            return await call_next(turn)
        if options.mode == "answer":
            return await self._answer(turn, call_next)
        return Reply(pieces=self._rewritten(turn, await call_next(turn)))

    async def _rewritten(self, turn: Turn, reply: Reply) -> Pieces:
        draft = await reply.read()
        outcome = reply.outcome
        if not _is_phrased(outcome):
            self._count(turn, "kept")
            yield draft
            yield outcome
            return
        text, spent = "", Spent(Usage(), 0.0)
        try:
            done = await self.context.models.complete(ROUTE, self._messages(draft), turn, seconds=self.options.seconds)
            text, spent = done.text.strip(), done.spent
        except ModelError as error:
            self._plain(turn, "model", str(error))
        if text and len(text) > self.options.longest * len(draft) + 200:
            self._plain(turn, "length", f"the rewrite has {len(text)} characters, the draft {len(draft)}")
            text = ""
        if text and (changes := await asyncio.to_thread(compare, draft, text)):
            self._plain(turn, "facts", _in_words(changes))
            text = ""
        if text:
            self._count(turn, "voiced")
            turn.trace.note("tone: rewritten, the facts are the same")
        yield text or draft
        yield _with_cost(outcome, spent)

    async def _answer(self, turn: Turn, call_next: CallNext) -> Reply:
        system = (*turn.prompt.system, *([self._style()] if self._style() else []))
        reply = await call_next(turn.with_(route=ROUTE, prompt=replace(turn.prompt, system=system)))
        text = await reply.read()
        if not _is_phrased(reply.outcome):
            self._plain(turn, "model", reply.outcome.reason or "the route tone gave no answer of its own")
        elif changes := await asyncio.to_thread(unsupported, text, _sources(turn)):
            self._plain(turn, "facts", f"the passages do not say: {_in_words(changes)}")
        else:
            self._count(turn, "voiced")
            turn.trace.note("tone: answered, the passages have every fact of it")
            return reply
        return _costing(await call_next(turn), reply.outcome)

    def _count(self, turn: Turn, event: str) -> None:
        self.events[event] += 1
        turn.trace.count(f"tone: {event}")

    def _plain(self, turn: Turn, why: str, reason: str) -> None:
        self._count(turn, why)
        turn.trace.note(f"tone: the plain answer is sent ({reason})")

    def _style(self) -> str:
        shown = [f"Plain: {example.plain}\nIn this voice: {example.voiced}" for example in self.options.examples]
        return "\n\n".join(part for part in (self._voice.strip(), *shown) if part)

    def _messages(self, draft: str) -> list[ChatMessage]:
        system = "\n\n".join(part for part in (self._voice.strip(), _RULES) if part)
        messages: list[ChatMessage] = [{"role": "system", "content": system}]
        for example in self.options.examples:
            messages.append({"role": "user", "content": example.plain})
            messages.append({"role": "assistant", "content": example.voiced})
        messages.append({"role": "user", "content": draft})
        return messages


def _is_phrased(outcome: Outcome) -> bool:
    """Whether a model has phrased the answer from passages; quotes and apologies keep their words."""
    return outcome.status == "answered" and outcome.model not in ("", EXTRACTIVE)


def _sources(turn: Turn) -> list[str]:
    return [f"{p.title}\n{p.heading}\n{p.text}\n{p.link}" for p in turn.passages] + [turn.message.text]


def _in_words(changes: Sequence[Change]) -> str:
    return "; ".join(map(str, changes[:4])) + (f"; {len(changes) - 4} more" if len(changes) > 4 else "")


def _with_cost(outcome: Outcome, spent: Spent) -> Outcome:
    """What the answer took together with what the voice took."""
    usage = Usage(
        outcome.usage.prompt_tokens + spent.usage.prompt_tokens, outcome.usage.answer_tokens + spent.usage.answer_tokens
    )
    unknown = outcome.cost_usd is None or spent.cost_usd is None
    return replace(outcome, usage=usage, cost_usd=None if unknown else (outcome.cost_usd or 0) + (spent.cost_usd or 0))


def _costing(reply: Reply, before: Outcome) -> Reply:
    async def pieces() -> Pieces:
        async for piece in reply:
            yield piece
        yield _with_cost(reply.outcome, Spent(before.usage, before.cost_usd))

    return Reply(pieces=pieces())
