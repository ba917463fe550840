"""What a plugin can declare besides its step: a command, a scheduled job, a health check.

Each is a decorator on a method of the plugin's class. Routes and tables are class variables, see `Plugin`.
"""

import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from plugins.contract import Person, Place

RESERVED = ("help", "status", "reindex", "why", "pause", "resume")
"""Commands of Deskhand itself."""

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class CommandCall:
    """A chat command as it was typed: `text` is what stood behind its name."""

    text: str
    person: "Person"
    place: "Place"


@dataclass(frozen=True, slots=True)
class Command:
    """A declared command, bound to its plugin."""

    name: str
    description: str
    administrators: bool
    handler: Callable[[CommandCall], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Job:
    """A declared job, bound to its plugin; `cron` has been worked out from the options."""

    name: str
    cron: str
    handler: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A declared check, bound to its plugin; it gives what is wrong, empty where nothing is."""

    name: str
    handler: Callable[[], Awaitable[str]]


def command(name: str, description: str, *, administrators: bool = False) -> Callable[[F], F]:
    """`/deskhand NAME ...` in the chats, `/NAME ...` in the terminal.

    The method takes a `CommandCall` and returns the text to show, to the caller alone. With
    `administrators`, only they may call it. Raises ValueError for a name that cannot be typed, or is
    one of Deskhand's own.
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,31}", name):
        raise ValueError(f"command {name!r}: a name is small letters, digits and hyphens, at most 32")
    if name in RESERVED:
        raise ValueError(f"command {name!r} is Deskhand's own: choose another name")
    return _marked("command", (name, description, administrators))


def job(cron: str | Callable[[Any], str]) -> Callable[[F], F]:
    """Call the method at these times: `"30 3 * * *"`, or a function of the options that gives such a text.

    Jobs run in `deskhand run` alone, one call of a job at a time, each under the plugin's time limit.
    """
    return _marked("job", cron)


def health_check(method: F) -> F:
    """The method says what is wrong in a sentence, or returns an empty text; raising counts as wrong."""
    return _marked("health", True)(method)


def _marked(kind: str, value: object) -> Callable[[F], F]:
    def mark(method: F) -> F:
        setattr(method, f"_deskhand_{kind}", value)
        return method

    return mark


def _declared(plugin: object, kind: str) -> Iterator[tuple[str, Any, Any]]:
    """Name, declaration and bound method, in the order of the class."""
    names = dict.fromkeys(name for base in reversed(type(plugin).__mro__) for name in vars(base))
    for name in names:
        value = getattr(getattr(type(plugin), name, None), f"_deskhand_{kind}", None)
        if value is not None:
            yield name, value, getattr(plugin, name)


def commands_of(plugin: object) -> list[Command]:
    """The commands that a plugin declares."""
    return [
        Command(name, description, administrators, handler)
        for _, (name, description, administrators), handler in _declared(plugin, "command")
    ]


def jobs_of(plugin: Any) -> list[Job]:
    """The jobs that a plugin declares."""
    return [
        Job(name, cron(plugin.options) if callable(cron) else cron, handler)
        for name, cron, handler in _declared(plugin, "job")
    ]


def checks_of(plugin: object) -> list[HealthCheck]:
    """The health checks that a plugin declares."""
    return [HealthCheck(name, handler) for name, _, handler in _declared(plugin, "health")]
