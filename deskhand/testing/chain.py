"""A chain around one plugin: the plugin, and behind it an answer."""

import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, cast

from deskhand.testing.parts import ListedKnowledge, ScriptedModels
from plugins.chain import Chain, Step
from plugins.contract import (
    CallNext,
    Citation,
    Context,
    Exchange,
    Message,
    OptionError,
    Options,
    Outcome,
    Person,
    Place,
    Plugin,
    PluginFunction,
    Reply,
    Turn,
    no_secret,
    plugin_of,
)
from plugins.declarations import CommandCall, checks_of, commands_of, jobs_of
from plugins.declaring import call_command, check_health, make_tables, run_job
from plugins.loading import why_no_options
from plugins.models import Models
from plugins.origins import NotFound, load_file
from settings import Home
from settings.database import opened_database

CONTACT = "the People team"
PERSON = Person("u1", "Sam")

TERMINAL = Place("terminal", direct=True)


@dataclass
class Asked:
    """The chain: call it with a question, and it gives the answer's text.

    Afterwards `reply` is the whole reply and `turn` what the plugin let through to the answer, None
    where it answered itself. `told` is what it told the administrators, `posted` what it posted.
    """

    plugin: Plugin[Any]
    steps: tuple[Step, ...]
    _chain: Chain
    _inside: list[Turn]
    told: list[str] = field(default_factory=list)
    posted: list[tuple[Place, str]] = field(default_factory=list)
    reply: Reply = field(default_factory=Reply)
    _number: int = 0

    async def __call__(
        self,
        question: str,
        groups: Sequence[str] = (),
        place: Place = TERMINAL,
        history: Sequence[Exchange] = (),
        person: Person = PERSON,
        sent_at: datetime | None = None,
    ) -> str:
        """Ask, and read the whole answer. Raises AssertionError where the plugin has failed.

        `person` is Sam where nobody is given, in the `groups` if some are; `sent_at` is now.
        """
        self._inside.clear()
        self._number += 1
        asker = replace(person, groups=tuple(groups)) if groups else person
        message = Message(f"m{self._number}", question, asker, place, sent_at or datetime.now(UTC))
        turn = Turn(message, history=tuple(history))
        self.reply = await self._chain(turn)
        text = await self.reply.read()
        failed = [f"{record.plugin}: {record.error}" for record in turn.trace.plugins if record.error]
        assert not failed, "; ".join(failed)
        return text

    @property
    def turn(self) -> Turn | None:
        """What the plugin passed on last."""
        return self._inside[-1] if self._inside else None

    async def command(self, name: str, text: str = "", groups: Sequence[str] = (), person: Person = PERSON) -> str:
        """What a command of the plugin says."""
        known = ", ".join(command.name for command in commands_of(self.plugin)) or "none"
        caller = replace(person, groups=tuple(groups)) if groups else person
        try:
            return await call_command(self.steps, name, CommandCall(text, caller, TERMINAL))
        except LookupError:
            raise AssertionError(f"the plugin has no command {name!r} (known: {known})") from None

    async def job(self, name: str) -> None:
        """Run a job of the plugin now; `told` has what went wrong."""
        [found] = [job for job in jobs_of(self.plugin) if job.name == name]
        await run_job(self.steps[0], found, self.told.append)

    async def health(self) -> list[str]:
        """What the plugin's checks say is wrong."""
        assert checks_of(self.plugin), "the plugin has no health check"
        return [problem for problem in (await check_health(self.steps)).values() if problem]


class ChainMaker(Protocol):
    """`async with chain(Shout, answer="Five weeks.") as asked: await asked("how long?")`."""

    def __call__(
        self,
        plugin: Path | type[Plugin[Any]] | PluginFunction,
        *,
        answer: str | Reply = "The answer.",
        options: Mapping[str, Any] | None = None,
        models: ScriptedModels | None = None,
        knowledge: ListedKnowledge | None = None,
        files: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
        seconds: float = 10.0,
    ) -> AbstractAsyncContextManager[Asked]: ...


def chain_maker(folder: Path) -> ChainMaker:
    """Makes chains whose database is in `folder`."""

    @asynccontextmanager
    async def chain(
        plugin: Path | type[Plugin[Any]] | PluginFunction,
        *,
        answer: str | Reply = "The answer.",
        options: Mapping[str, Any] | None = None,
        models: ScriptedModels | None = None,
        knowledge: ListedKnowledge | None = None,
        files: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
        seconds: float = 10.0,
    ) -> AsyncIterator[Asked]:
        made, name = _plugin_class(plugin)
        found, told, posted = knowledge or ListedKnowledge(), list[str](), list[tuple[Place, str]]()

        async def post(place: Place, text: str) -> None:
            posted.append((place, text))

        async with AsyncExitStack() as stack:
            database = await stack.enter_async_context(opened_database(Home(folder)))
            context = Context(
                "Deskhand",
                CONTACT,
                found,
                cast(Models, models or ScriptedModels()),
                _reader(files or {}),
                logging.getLogger(f"deskhand.plugins.{name}"),
                database,
                told.append,
                post,
                lambda name: (secrets or {}).get(name) or no_secret(name),
            )
            assert not options or made.Options.model_fields, why_no_options(made)
            step = Step(name, made(made.Options.model_validate(dict(options or {})), context), seconds)
            inside: list[Turn] = []
            steps = (step, Step("answer", _answering(answer, found, inside)(Options(), context)))
            await make_tables(steps, database)
            await stack.enter_async_context(step.plugin.running())
            yield Asked(step.plugin, steps, Chain(steps, CONTACT, tell=told.append), inside, told, posted)

    return chain


def _plugin_class(plugin: Path | type[Plugin[Any]] | PluginFunction) -> tuple[type[Plugin[Any]], str]:
    if isinstance(plugin, Path):
        try:
            return load_file(plugin, plugin.name), plugin.stem
        except NotFound as error:
            raise AssertionError(str(error.problem or error)) from error
    if isinstance(plugin, type):
        return plugin, plugin.__name__.lower()
    return plugin_of(plugin), getattr(plugin, "__name__", "plugin")


def _answering(answer: str | Reply, knowledge: ListedKnowledge, inside: list[Turn]) -> type[Plugin[Options]]:
    """The innermost plugin: it gives the answer, with the knowledge's passages as its sources."""

    class Answering(Plugin[Options]):
        async def __call__(self, turn: Turn, call_next: CallNext) -> Reply:
            inside.append(turn)
            if isinstance(answer, Reply):
                return answer
            cited = tuple(Citation(number, passage) for number, passage in enumerate(knowledge.passages, 1))
            return Reply(answer, Outcome(citations=cited))

    return Answering


def _reader(files: Mapping[str, str]) -> Callable[[str], str]:
    def read_file(name: str) -> str:
        if name not in files:
            raise OptionError("", f"there is no file {name} below settings/")
        return files[name]

    return read_file
