"""From the list in settings/assistant.yaml to a chain of live plugins."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from plugins.answer import Answer
from plugins.cache import Cache
from plugins.canned import Canned
from plugins.chain import Chain, Step, log_only
from plugins.contract import NO_DATABASE, Context, OptionError, Place, Plugin, Search, no_secret, nobody, nowhere
from plugins.declaring import declaration_problems, make_tables, opened
from plugins.escalate import Escalate
from plugins.glossary import Glossary
from plugins.guard import Guard
from plugins.history import History
from plugins.language import Language
from plugins.limited import NotReady, limited
from plugins.models import Models
from plugins.origins import NotFound, find_plugin, place_in
from plugins.output import Output
from plugins.persona import Persona
from plugins.rag import Rag
from plugins.remind import Remind
from plugins.smalltalk import Smalltalk
from plugins.tone import Tone
from plugins.usage import UsageLog
from settings import Problem, Settings, SettingsError
from settings.misspelt import instead, names_at
from settings.yaml_file import show_location

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

_log = logging.getLogger("deskhand.plugins")

SHIPPED: dict[str, type[Plugin[Any]]] = {
    "answer": Answer,
    "cache": Cache,
    "canned": Canned,
    "escalate": Escalate,
    "glossary": Glossary,
    "guard": Guard,
    "history": History,
    "language": Language,
    "output": Output,
    "persona": Persona,
    "rag": Rag,
    "remind": Remind,
    "smalltalk": Smalltalk,
    "tone": Tone,
}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What plugins are handed besides settings, search and models."""

    database: "AsyncEngine | None" = None
    notify: Callable[[str], None] = nobody
    post: Callable[[Place, str], Awaitable[None]] = nowhere


ALONE = Surroundings()
"""Neither database nor chats nor administrators: for checks."""


@asynccontextmanager
async def open_chain(
    settings: Settings, search: Search, usage: UsageLog | None = None, around: Surroundings = ALONE
) -> AsyncIterator[Chain]:
    """Build the chain and open its plugins, the first one first; close them in reverse order.

    `usage` is where calls of models are counted; whoever gives one closes the connections of all chains.

    Raises SettingsError with file and line for an unknown or repeated name and for wrong options.
    """
    models = Models(settings, usage)
    # in a thread: a plugin's file may import what takes long, and questions are being answered meanwhile
    steps = await asyncio.to_thread(build_steps, settings, search, models, around)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(models.close, connections=usage is None)
        await make_tables(steps, around.database)
        for place, step in enumerate(steps):
            await stack.enter_async_context(opened(step, settings, place))
        tell = around.notify if around.notify is not nobody else log_only
        yield Chain(steps, settings.assistant.contact, settings.assistant.deadline_seconds, models, tell)


def build_steps(settings: Settings, search: Search, models: Models, around: Surroundings = ALONE) -> list[Step]:
    """Check every entry of the list; all mistakes are reported together."""
    steps: list[Step] = []
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    for index, entry in enumerate(settings.assistant.plugins):
        at = ("assistant", "plugins", index)
        if entry.name in seen:
            problems.append(
                settings.problem(at, f"{entry.name!r} is already number {seen[entry.name] + 1} of the chain")
            )
            continue
        seen[entry.name] = index
        try:
            steps.append(limited(_step, settings, index, search, models, around))
        except NotReady as late:
            place = f"{settings.home.shown(late.file)}:{late.line}"
            problems.append(Problem(place, f"{entry.name!r} {late}"))
        except SettingsError as error:
            problems += error.problems
    problems += _misplaced(settings, seen)
    problems += declaration_problems(settings, steps, seen)
    if problems:
        raise SettingsError(problems)
    if "output" not in seen and not {"answer", "tone"}.isdisjoint(seen):
        _log.warning("the chain has no step `output`: links and mentions in answers are not checked")
    return steps


def _step(settings: Settings, index: int, search: Search, models: Models, around: Surroundings) -> Step:
    """The plugin of one entry of the list. Raises SettingsError with all that is wrong with it."""
    at, entry = ("assistant", "plugins", index), settings.assistant.plugins[index]
    try:
        found = find_plugin(entry.name, SHIPPED, settings.home)
    except NotFound as error:
        raise SettingsError([error.problem or settings.problem(at, str(error))]) from None
    plugin = found.plugin
    try:
        options = plugin.Options.model_validate(entry.options)
        built = plugin(options, _context(settings, search, models, entry.name, around))
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False)
        raise SettingsError(
            [
                settings.problem((*at, entry.name, *option_location(detail)), option_message(detail, plugin))
                for detail in details
            ]
        ) from None
    except OptionError as error:
        place = settings.problem((*at, entry.name, *_location(error.option)), "").place
        shown = [show_location((*at[1:], entry.name)), *([error.option] if error.option else [])]
        raise SettingsError([Problem(place, f"{'.'.join(shown)}: {error}")]) from None
    except (Exception, SystemExit) as error:  # a plugin may fail to be made in any way
        _log.debug("plugin %s", entry.name, exc_info=error)
        made = f" ({where})" if (where := place_in(error, plugin)) else ""
        message = f"{entry.name!r} cannot be made: {type(error).__name__}: {error}{made}"
        raise SettingsError([settings.problem(at, message)]) from None
    return Step(entry.name, built, settings.assistant.plugin_seconds, found.origin)


_PLACES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "output": (("persona", "rag"), ("tone", "answer")),  # knows what may be said, checks what is
    "language": (("persona",), ("rag",)),  # adds to the prompt that persona writes, translates what rag says
    "guard": ((), ("rag", "answer")),  # what it takes out, no search and no model sees
    "glossary": ((), ("rag",)),
    "canned": ((), ("rag",)),
    "escalate": ((), ("rag",)),
    "cache": (("rag",), ("output", "tone", "answer")),  # what was found decides whether an answer fits
}
"""Shipped steps that are of no use, or unsafe, elsewhere: what each has to come after, and before."""


def _misplaced(settings: Settings, seen: dict[str, int]) -> list[Problem]:
    """A mistake for each step that stands where it cannot do its work."""
    return [
        settings.problem(("assistant", "plugins", seen[name]), f"{name!r} must come {side} {other!r}")
        for name, (after, before) in _PLACES.items()
        for side, others in (("after", after), ("before", before))
        for other in others
        if name in seen and other in seen and (seen[other] > seen[name]) == (side == "after")
    ]


def option_message(detail: ErrorDetails, plugin: type[Plugin[Any]]) -> str:
    """What is wrong with one option, with its value where that is short and no secret."""
    if detail["type"] == "extra_forbidden":
        if not plugin.Options.model_fields:
            return f"no such option: {why_no_options(plugin)}"
        *path, name = detail["loc"]
        return f"no such option{instead(str(name), names_at(plugin.Options, path))}"
    if detail["type"] == "missing":
        return "is required"
    text = detail["msg"].removeprefix("Value error, ")
    text = text[:1].lower() + text[1:]
    if detail["loc"][-1:] == ("[key]",):
        text = f"as a name, {text.removeprefix('input ')}"
    value, name = detail["input"], str(detail["loc"][-1]) if detail["loc"] else ""
    shown = isinstance(value, str | int | float) and len(str(value)) <= 40
    return f"{value!r}: {text}" if shown and not name.endswith(("key", "token", "secret", "password")) else text


def option_location(detail: ErrorDetails) -> list[int | str]:
    """Where an option is wrong; pydantic says `[key]` where it is the name in a mapping, which is there already."""
    return [step for step in detail["loc"] if step != "[key]"]


def why_no_options(plugin: type[Plugin[Any]]) -> str:
    """Of a plugin that is given options and has none: what its author may have forgotten."""
    if isinstance(vars(plugin).get("__call__"), staticmethod):
        return "a plugin that is a function has none, write a class"
    return f"the class {plugin.__name__} declares none (is `Options = ...` missing in it?)"


def _context(settings: Settings, search: Search, models: Models, name: str, around: Surroundings) -> Context:
    return Context(
        assistant=settings.assistant.name,
        contact=settings.assistant.contact,
        search=search,
        models=models,
        read_file=_reader(settings),
        log=logging.getLogger(f"deskhand.plugins.{name}"),
        database=around.database or NO_DATABASE,
        notify=around.notify,
        post=around.post,
        secret=secret_reader(settings),
    )


def secret_reader(settings: Settings) -> Callable[[str], str]:
    """What gives a plugin its keys; they are masked in every message from then on."""

    def secret(name: str) -> str:
        found = settings.secrets.get(name)
        return found.get_secret_value() if found is not None else no_secret(name)

    return secret


def _reader(settings: Settings) -> Callable[[str], str]:
    def read(name: str) -> str:
        path = settings.file(name)
        if path is None:
            raise OptionError("", f"there is no file {name} below settings/")
        try:
            return path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            raise OptionError("", f"{name}:{line}: is not UTF-8: save it as that") from None
        except OSError as error:
            raise OptionError("", f"{name} cannot be read: {error.strerror}") from None

    return read


def _location(option: str) -> list[int | str]:
    """`places[0].prompt` as steps."""
    steps: list[int | str] = []
    for part in option.replace("]", "").split("."):
        name, *indices = part.split("[")
        steps += [name, *map(int, indices)]
    return steps
