"""What the tests of plugins are made of: turns, passages, a small knowledge, models behind a server."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from deskhand.testing.parts import ListedKnowledge, make_passage
from plugins import clock
from plugins.chain import Chain, Step
from plugins.contract import (
    CallNext,
    Context,
    Message,
    OptionError,
    Options,
    Outcome,
    Person,
    Place,
    Plugin,
    Replace,
    Reply,
    Turn,
    plugin_of,
)
from plugins.models import Models
from settings import Settings
from settings.sections import ModelEntry, ModelSettings

__all__ = ["ListedKnowledge", "make_passage"]

CONTACT = "the People team"


def make_context(
    settings: Settings, knowledge: ListedKnowledge | None = None, files: Mapping[str, str] | None = None
) -> Context:
    """What a plugin is given; `files` stand for those of the home's settings folder."""

    def read_file(name: str) -> str:
        if files is None or name not in files:
            raise OptionError("", f"there is no file {name} below settings/")
        return files[name]

    found = knowledge or ListedKnowledge()
    return Context("Deskhand", CONTACT, found, Models(settings), read_file, logging.getLogger("deskhand.plugins.test"))


def with_models(settings: Settings, route: Sequence[str], **models: ModelEntry) -> Settings:
    """The same settings with these models and this route to an answer."""
    return replace(settings, models=ModelSettings(models=models, routes={"answer": list(route)}))


KEY = "a-key-that-nobody-may-see"
"""Under the name MAIN_KEY, see the fixture `key`."""


def model_at(url: str, model: str = "main", /, **fields: Any) -> ModelEntry:
    """A model behind a loopback server."""
    return ModelEntry(model=f"openai/{model}", api_base=url, **{"api_key_env": "MAIN_KEY", "retries": 0, **fields})


def patience(fault: str | None) -> dict[str, Any]:
    """Time limits of a model: short where the fault is a stall, so that the test is."""
    return {"stall_seconds": 0.5} if fault in ("stall_first", "stall_midway") else {}


def ask(
    text: str = "how much leave do I have?", *, groups: Sequence[str] = (), place: Place | None = None, **fields: Any
) -> Turn:
    """A turn as a bot begins it."""
    message = Message("m1", text, Person("u1", "Sam", tuple(groups)), place or Place("terminal", direct=True))
    return Turn(message, **fields)


class Inside:
    """A `call_next` that remembers the turns it was called with."""

    def __init__(self, reply: Reply | None = None) -> None:
        self.turns: list[Turn] = []
        self._reply = reply or Reply("from inside")

    async def __call__(self, turn: Turn) -> Reply:
        self.turns.append(turn)
        return self._reply


async def in_chain(plugin: Plugin[Any], turn: Turn, inside: Inside) -> Reply:
    """The reply of a chain of the plugin and what is inside it."""
    innermost = make_plugin(lambda inner, _: inside(inner), plugin.context)
    return await Chain([Step("plugin", plugin), Step("inside", innermost)], CONTACT)(turn)


Handler = Callable[[Turn, CallNext], Awaitable[Any]]


def make_plugin(handler: Handler, context: Context, *, required: bool = False) -> Plugin[Options]:
    """A plugin that does what the function does."""

    made = plugin_of(handler)
    made.required = required
    return made(Options(), context)


def streamed(*pieces: str | Replace | Outcome | Exception) -> Reply:
    """A reply that comes in pieces; an exception among them is raised."""

    async def generate() -> AsyncIterator[str | Replace | Outcome]:
        for piece in pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    return Reply(pieces=generate())


class Time:
    """The time of the running event loop and of the plugins' clocks, moved by the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: self.now)
        monkeypatch.setattr(clock, "monotonic", lambda: self.now)
