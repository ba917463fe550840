"""From the list in settings/assistant.yaml to a chain of live plugins."""

import importlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from pydantic import ValidationError

from plugins.answer import Answer
from plugins.chain import Chain, Step
from plugins.contract import Context, OptionError, Plugin, Search
from plugins.history import History
from plugins.models import Models
from plugins.persona import Persona
from plugins.rag import Rag
from settings import Problem, Settings, SettingsError
from settings.yaml_file import show_location

SHIPPED: dict[str, type[Plugin[Any]]] = {
    "answer": Answer,
    "history": History,
    "persona": Persona,
    "rag": Rag,
}


@asynccontextmanager
async def open_chain(settings: Settings, search: Search) -> AsyncIterator[Chain]:
    """Build the chain and open its plugins, the first one first; close them in reverse order.

    Raises SettingsError with file and line for an unknown or repeated name and for wrong options.
    """
    models = Models(settings)
    steps = build_steps(settings, search, models)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(models.close)
        for step in steps:
            await stack.enter_async_context(step.plugin.running())
        yield Chain(steps, settings.assistant.contact, settings.assistant.deadline_seconds)


def build_steps(settings: Settings, search: Search, models: Models) -> list[Step]:
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
        plugin = _class(entry.name)
        if plugin is None:
            known = ", ".join(SHIPPED)
            problems.append(settings.problem(at, f"no plugin named {entry.name!r} (known: {known}, or module:Class)"))
            continue
        try:
            options = plugin.Options.model_validate(entry.options)
            built = plugin(options, _context(settings, search, models, entry.name))
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_context=False, include_input=False):
                message = "no such option" if detail["type"] == "extra_forbidden" else detail["msg"]
                if detail["type"] == "extra_forbidden":
                    message += f" (known: {', '.join(plugin.Options.model_fields) or 'none'})"
                problems.append(settings.problem((*at, entry.name, *detail["loc"]), message))
        except OptionError as error:
            place = settings.problem((*at, entry.name, *_location(error.option)), "").place
            shown = show_location((*at[1:], entry.name))
            problems.append(Problem(place, f"{shown}.{error.option}: {error}"))
        else:
            steps.append(Step(entry.name, built, settings.assistant.plugin_seconds))
    if problems:
        raise SettingsError(problems)
    return steps


def _class(name: str) -> type[Plugin[Any]] | None:
    """A shipped plugin by its name, or any other by `module:Class`."""
    if ":" not in name:
        return SHIPPED.get(name)
    module, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute, None)
    except ImportError:
        return None
    return found if isinstance(found, type) and issubclass(found, Plugin) else None


def _context(settings: Settings, search: Search, models: Models, name: str) -> Context:
    return Context(
        assistant=settings.assistant.name,
        contact=settings.assistant.contact,
        search=search,
        models=models,
        read_file=_reader(settings),
        log=logging.getLogger(f"deskhand.plugins.{name}"),
    )


def _reader(settings: Settings) -> Callable[[str], str]:
    def read(name: str) -> str:
        path = settings.file(name)
        if path is None:
            raise OptionError("", f"there is no file {name} below settings/")
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise OptionError("", f"{name} cannot be read: {error}") from None

    return read


def _location(option: str) -> list[int | str]:
    """`places[0].prompt` as steps."""
    steps: list[int | str] = []
    for part in option.replace("]", "").split("."):
        name, *indices = part.split("[")
        steps += [name, *map(int, indices)]
    return steps
