"""The commands that work on an index: each is a module `deskhand/NAME.py`.

Such a module has `Options`, which checks what was typed, and

    async def work(session: Session, options: Options, console: Console) -> int

which prints to the console and returns the exit status. The command line runs it in its own process
or, while `deskhand run` or an open chat holds the home, has it served by that one: the same code
either way. A module is loaded when its command is first used.
"""

from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from settings.errors import UsageError

if TYPE_CHECKING:
    from deskhand.console import Console
    from deskhand.session import Session

COMMANDS = ("ask", "chat", "doctor", "health", "index", "lint", "models", "plugins_report", "search")


class CommandOptions(BaseModel):
    """Base of every command's options: what is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


async def perform(session: "Session", name: str, options: Mapping[str, Any], console: "Console") -> int:
    """Run a command by its name; returns its exit status. Raises DeskhandError."""
    if name not in COMMANDS:
        raise UsageError(f"no command {name!r} is known here (known: {', '.join(COMMANDS)})")
    module = import_module(f"deskhand.{name}")
    work: Callable[[Session, CommandOptions, Console], Awaitable[int]] = module.work
    try:
        checked = module.Options.model_validate(dict(options))
    except ValidationError as error:
        detail = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, detail["loc"]))
        raise UsageError(f"{name}: {place}: {detail['msg']}") from None
    if name != "health":  # that one is answered at once, whatever goes on
        await session.follow()
    return await work(session, checked, console)
