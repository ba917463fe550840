"""What passes through the chain, and what a plugin is.

A bot makes a `Message`, the chain works on a `Turn`, and a `Reply` comes back. All of them are
frozen: a plugin passes on a changed copy (`turn.with_(...)`), never a changed original, so that a
plugin that fails leaves nothing behind.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, Protocol, Self, TypeVar

from pydantic import BaseModel, ConfigDict

from knowledge import Found, Passage, Quote

if TYPE_CHECKING:
    from plugins.models import Models

Status = Literal["answered", "abstained", "degraded", "refused"]


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks. `groups` decide which documents may be read for them."""

    id: str
    name: str = ""
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where it was asked.

    `direct` is true where nobody else reads the answer; elsewhere `groups` are those that everyone who
    can read there belongs to, empty where that is not known.
    """

    platform: str
    workspace: str = ""
    channel: str = ""
    thread: str = ""
    direct: bool = False
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """One question as it arrived. `id` is the platform's own and unique there."""

    id: str
    text: str
    person: Person
    place: Place
    sent_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def audience(self) -> tuple[str, ...]:
        """Groups of everyone who will read the answer: what it is made from must be readable for them."""
        if self.place.direct:
            return self.person.groups
        return tuple(group for group in self.person.groups if group in self.place.groups)


@dataclass(frozen=True, slots=True)
class Exchange:
    """An earlier message of the same thread."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Example:
    """One of the persona's few-shot examples."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model is told besides the question; `plugins/prompt.py` makes messages of it."""

    system: tuple[str, ...] = ()
    step_by_step: str = ""
    examples: tuple[Example, ...] = ()


@dataclass(slots=True)
class PluginTrace:
    """What one plugin did in one turn.

    `seconds` is its own time, without the plugins inside it; it grows until the reply has ended.
    """

    plugin: str
    seconds: float = 0.0
    error: str = ""


@dataclass(slots=True)
class Trace:
    """Grows while a turn is worked on; the one thing that plugins share and add to."""

    plugins: list[PluginTrace] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Record a decision for whoever asks why."""
        self.notes.append(text)


@dataclass(frozen=True, slots=True)
class Turn:
    """What the chain works on: the message and what the plugins have gathered for it so far."""

    message: Message
    history: tuple[Exchange, ...] = ()
    prompt: Prompt = Prompt()
    passages: tuple[Passage, ...] = ()
    evidence: float | None = None
    """How good the passages are (`Found.evidence`); None where nothing was searched."""
    route: str = "answer"
    trace: Trace = field(default_factory=Trace)

    def with_(self, **changes: Any) -> Self:
        """A copy with some fields changed."""
        return replace(self, **changes)


@dataclass(frozen=True, slots=True)
class Citation:
    """A passage that the answer refers to as `[number]`."""

    number: int
    passage: Passage


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer."""

    prompt_tokens: int = 0
    answer_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that is said of an answer besides its text."""

    status: Status = "answered"
    reason: str = ""
    citations: tuple[Citation, ...] = ()
    model: str = ""
    route: str = ""
    usage: Usage = Usage()
    cost_usd: float | None = 0.0
    """None where the price of the model is not known."""


Pieces = AsyncIterator["str | Outcome"]


class Reply:
    """An answer that may still be on its way.

    `async for piece in reply` gives the text as it comes, `await reply.read()` all of it. The
    outcome (status, citations, cost) is certain only when the text has ended; reading it earlier
    raises RuntimeError. A reply can be read any number of times, each time from its beginning, but
    by one reader after the other.
    """

    def __init__(self, text: str = "", outcome: Outcome = Outcome(), *, pieces: Pieces | None = None) -> None:
        self._text = text
        self._outcome: Outcome | None = None if pieces is not None else outcome
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[str]:
        if self._text:
            yield self._text
        if self._pieces is None:
            return
        try:
            async for piece in self._pieces:
                if isinstance(piece, Outcome):
                    self._outcome = piece
                else:
                    self._text += piece
                    yield piece
        except GeneratorExit:
            raise  # this reader has had enough; the next one goes on from here
        except BaseException:
            self._pieces = None  # broken: there is no more, and no outcome either
            raise
        self._pieces = None
        if self._outcome is None:
            self._outcome = Outcome()

    async def read(self) -> str:
        """The whole text."""
        async for _ in self:
            pass
        return self._text

    @property
    def ended(self) -> bool:
        """Whether the text is complete."""
        return self._outcome is not None

    @property
    def text(self) -> str:
        """The text received so far."""
        return self._text

    @property
    def outcome(self) -> Outcome:
        """Status, citations and cost, once the text has ended."""
        if self._outcome is None:
            raise RuntimeError("the reply is still on its way: `await reply.read()` first")
        return self._outcome


class StopChain(Exception):
    """Raised by a plugin, from however deep, to answer at once; outer plugins see it as the reply."""

    def __init__(self, reply: Reply) -> None:
        super().__init__("the chain was stopped with a reply")
        self.reply = reply


CallNext = Callable[[Turn], Awaitable[Reply]]


class Options(BaseModel):
    """Base of every plugin's options: unknown names are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True)


class Search(Protocol):
    """The knowledge, as plugins see it; `knowledge.Index` is one."""

    async def search(
        self,
        question: str,
        groups: Sequence[str] = (),
        limit: int | None = None,
        per_document: int | None = None,
        thread: Sequence[str] = (),
        answer: str = "",
    ) -> Found:
        """Passages for a question, see `knowledge.Index.search`."""

    async def quote(self, question: str, passages: Sequence[Passage]) -> tuple[Quote, ...]:
        """The sentences of the passages that answer best, see `knowledge.Index.quote`."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a plugin is given besides its options: no plugin needs a global."""

    assistant: str
    contact: str
    search: Search
    models: "Models"
    read_file: Callable[[str], str]
    """Text of a file named in the options, from the home's `settings/`; raises OptionError."""
    log: logging.Logger


class OptionError(Exception):
    """An option that only the plugin itself can find wrong; the loader adds file and line."""

    def __init__(self, option: str, message: str) -> None:
        super().__init__(message)
        self.option = option


OptionsT = TypeVar("OptionsT", bound=Options)


class Plugin(Generic[OptionsT]):
    """One step of the chain.

    Subclass it, name your `Options`, and override `__call__`: do something before, `await
    call_next(turn)` for the reply of everything inside, do something after. Return a Reply of your
    own without calling on, and the chain ends with you.
    """

    Options: ClassVar[type[Options]] = Options
    required: ClassVar[bool] = False
    """Fail closed: if this plugin fails, there is no answer rather than an unguarded one."""

    def __init__(self, options: OptionsT, context: Context) -> None:
        self.options = options
        self.context = context

    async def __call__(self, turn: Turn, call_next: CallNext) -> Reply:
        """Handle one turn. The default does nothing."""
        return await call_next(turn)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Override to open what the plugin needs for as long as the bot runs, and close it after."""
        yield
