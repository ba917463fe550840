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
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, Protocol, Self, TypeVar

from pydantic import BaseModel, ConfigDict

from knowledge import Found, Passage, Quote
from plugins.trace import PluginTrace, Trace, Usage

if TYPE_CHECKING:
    from sqlalchemy import MetaData
    from sqlalchemy.ext.asyncio import AsyncEngine

    from plugins.models import Models

__all__ = [
    "CallNext", "Citation", "Context", "Example", "Exchange", "Message", "OptionError", "Options", "Outcome", "Person",
    "Piece", "Pieces", "Place", "Plugin", "PluginFunction", "PluginTrace", "PostError",
    "Prompt", "Replace", "Reply", "Search", "Status", "StopChain", "Trace", "Turn", "Usage",
]  # fmt: skip

Status = Literal["answered", "abstained", "degraded", "refused"]
"""`abstained`: the documents do not say; `degraded`: a lesser answer; `refused`: none. The reason says why."""


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
    """In UTC: `.astimezone()` is the time of the machine, `.astimezone(ZoneInfo("Europe/Berlin"))` that of a place."""

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


@dataclass(frozen=True, slots=True)
class Turn:
    """What the chain works on: the message and what the plugins have gathered for it so far."""

    message: Message
    history: tuple[Exchange, ...] = ()
    """The thread so far, oldest first, without the message."""
    prompt: Prompt = Prompt()
    passages: tuple[Passage, ...] = ()
    """What the answer is to be made from, best first."""
    evidence: float | None = None
    """How good the passages are (`Found.evidence`); None where nothing was searched."""
    question: str = ""
    """A follow-up as it would be asked alone; empty where the message stands for itself."""
    route: str = "answer"
    """The route of `models.yaml` that the answer is asked by."""
    deadline: float = inf
    """When the reader must have an answer or a reason, on the event loop's clock."""
    trace: Trace = field(default_factory=Trace)
    """How the answer comes about, to add to: `turn.trace.note("...")`."""

    def with_(self, **changes: Any) -> Self:
        """A copy with some fields changed: `turn.with_(message=replace(turn.message, text="..."))` asks otherwise."""
        return replace(self, **changes)


@dataclass(frozen=True, slots=True)
class Citation:
    """A passage that the answer refers to as `[number]`."""

    number: int
    passage: Passage


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that is said of an answer besides its text."""

    status: Status = "answered"
    reason: str = ""
    """In words, where it is not answered."""
    citations: tuple[Citation, ...] = ()
    model: str = ""
    """Its name in `models.yaml`, `extractive` for quotes; empty where a plugin answered by itself."""
    route: str = ""
    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = 0.0
    """None where the price of the model is not known."""


UNSAID = Outcome()
"""The outcome of a reply whose plugin gave none: where it called on, the chain puts that of the inner reply there."""


@dataclass(frozen=True, slots=True)
class Replace:
    """Begin again: this text stands in the place of everything that was shown so far.

    A model that breaks off in mid-answer cannot be continued by another one without a seam. A chat
    edits what it has posted; a terminal draws a line and goes on with the whole answer.
    """

    text: str


Piece = str | Replace
"""What a reader gets of a reply that is on its way."""

Pieces = AsyncIterator[str | Replace | Outcome]
"""A reply of one's own as it comes: its pieces, and last the outcome."""


class Reply:
    """An answer that may still be on its way.

    `async for piece in reply` gives the text as it comes, `await reply.read()` all of it. A piece is
    text to add, or a `Replace`: what was shown before it no longer counts. The outcome (status,
    citations, cost) is certain only when the text has ended; reading it earlier raises RuntimeError.
    A reply can be read any number of times, each time from its beginning, but by one reader after
    the other.

    Where you give no outcome, neither here nor as the last of the `pieces`, it is that of the reply of
    `call_next`, once you have read that to its end; where you never called on, it is `Outcome("answered")`.
    """

    def __init__(self, text: str = "", outcome: Outcome = UNSAID, *, pieces: Pieces | None = None) -> None:
        self._text = text
        self._outcome: Outcome | None = None if pieces is not None else outcome
        self._pieces = pieces
        self._broken = False

    async def __aiter__(self) -> AsyncIterator[Piece]:
        if self._text:
            yield self._text
        if self._pieces is None:
            return
        try:
            async for piece in self._pieces:
                if isinstance(piece, Outcome):
                    self._outcome = piece
                else:
                    self._text = piece.text if isinstance(piece, Replace) else self._text + piece
                    yield piece
        except GeneratorExit:
            raise  # this reader has had enough; the next one goes on from here
        except BaseException:
            self._pieces = None  # there is no more, and no outcome either
            self._broken = True
            raise
        self._pieces = None
        if self._outcome is None:
            self._outcome = UNSAID

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
    def broken(self) -> bool:
        """Whether the text ended in an error; it has no outcome then."""
        return self._broken

    @property
    def text(self) -> str:
        """The text received so far, as it would be read now."""
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
"""`await call_next(turn)` runs everything inside the plugin; more than once asks it more than once."""

PluginFunction = Callable[[Any, Any], Awaitable[Any]]
"""The simplest plugin: `async def shout(turn, call_next)`, which returns a Reply."""


class Options(BaseModel):
    """Base of every plugin's options: unknown names are mistakes.

    Fields have types that YAML can write: `str`, `int`, `float`, `bool`, `date`, `Literal[...]`, `list[...]`,
    `dict[str, ...]`, `... | None`, and further classes of `Options` for what is nested.
    """

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
        """Passages that someone in `groups` may read, best first.

        `thread` is what the person wrote before in the thread, `answer` how the last of it was answered. Without
        `limit` (passages) and `per_document`, those of `knowledge.yaml` count.
        """

    async def quote(self, question: str, passages: Sequence[Passage]) -> tuple[Quote, ...]:
        """The sentences of the passages that answer best."""


class PostError(Exception):
    """A text could not be posted; its text says why."""


def nobody(_text: str) -> None:
    """Notices where nobody is there to be told."""


async def nowhere(place: Place, _text: str) -> None:
    """Posts where no chat is there."""
    raise PostError(f"no bot at work reaches {place.platform}")


class _NoDatabase:
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise RuntimeError("there is no database while options are only being checked: use it in `running` and later")


NO_DATABASE: Any = _NoDatabase()
"""The database where options are only being checked."""


class OptionError(Exception):
    """An option that only the plugin itself can find wrong; the loader adds file and line.

    Raise it in the plugin's `__init__`. `option` is its path, as in `menus` or `topics[0].words`.
    """

    def __init__(self, option: str, message: str) -> None:
        super().__init__(message)
        self.option = option


def no_secret(name: str) -> str:
    """Secrets where none are."""
    raise OptionError("", f"there is no {name}: set it in the environment, in settings/secrets/ or in .env")


@dataclass(frozen=True, slots=True)
class Context:
    """What a plugin is given besides its options: no plugin needs a global."""

    assistant: str
    """Its name, `name` in `assistant.yaml`."""
    contact: str
    """Whom people are sent to where there is no answer."""
    search: Search
    """The documents. Give it `turn.message.audience` as the groups: everyone who will read the answer."""
    models: "Models"
    """The language models by route: see [below](#models)."""
    read_file: Callable[[str], str]
    """Text of a file named in the options, from the home's `settings/`; raises OptionError."""
    log: logging.Logger
    """The plugin's own logger, `deskhand.plugins.NAME`."""
    database: "AsyncEngine" = NO_DATABASE
    """The assistant's database, for the plugin's own tables: for `running` and later. Where options are only being
    checked there is none, and its use raises RuntimeError."""
    notify: Callable[[str], None] = nobody
    """Tell the administrators something. Returns at once; the same text is passed on once an hour."""
    post: Callable[[Place, str], Awaitable[None]] = nowhere
    """Post a text in a chat, as a job does; raises PostError where no bot at work reaches that place."""
    secret: Callable[[str], str] = no_secret
    """A key or token by its name, from the environment, a secret file or `.env`; raises OptionError without one."""


OptionsT = TypeVar("OptionsT", bound=Options)


class Plugin(Generic[OptionsT]):
    """One step of the chain.

    Subclass it, name your `Options`, and override `__call__`: do something before, `await
    call_next(turn)` for the reply of everything inside, do something after. Return a Reply of your
    own without calling on, and the chain ends with you.

    Methods marked with `command`, `job` and `health_check` are what it offers besides; `routes` and `tables`
    name what it needs.
    """

    Options: ClassVar[type[Options]] = Options
    required: ClassVar[bool] = False
    """Fail closed: if this plugin fails, there is no answer rather than an unguarded one."""
    routes: ClassVar[tuple[str, ...]] = ()
    """Routes of `models.yaml` that it asks models by; a missing one is a mistake in the settings."""
    tables: "ClassVar[MetaData | None]" = None
    """Its own tables, made before `running`; each name begins with the plugin's name and `_`."""

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


def plugin_of(function: PluginFunction) -> type[Plugin[Options]]:
    """The class of a plugin that is only a function."""
    name = getattr(function, "__name__", "plugin")
    parts = {"__call__": staticmethod(function), "__doc__": function.__doc__, "__module__": function.__module__}
    return type(name, (Plugin,), parts)
