"""The terminal bot: a conversation at the keyboard, streamed, with sources as footnotes."""

import asyncio
import itertools
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Protocol, TextIO

from bots.administration import PluginCommand
from bots.text import clean_question, footnotes, printable
from plugins import Exchange, Message, Person, Place, Replace, Reply
from plugins.declarations import Command, CommandCall
from settings import DeskhandError, UsageError
from settings.sections import AssistantSettings

Ask = Callable[[Message, Sequence[Exchange]], Awaitable[Reply]]
Told = Callable[[], Awaitable[AssistantSettings]]

_AGAIN = "\n\n--- the answer broke off; here it is from the start ---\n\n"
_FAREWELLS = ("exit", "quit", ":q")


async def _nothing() -> None:
    pass


class Terminal(Protocol):
    """What a person types into and reads from: this process's own, or that of a client it serves."""

    @property
    def typed(self) -> bool:
        """Whether a person types, who wants a prompt."""

    def write(self, text: str, /) -> object:
        """Show a piece of text at once."""

    async def read_line(self) -> str:
        """The next line with its end; empty at the end of input."""


def terminal_message(number: int, text: str, groups: Sequence[str]) -> Message:
    """A question typed on this machine. Nobody else reads the answer."""
    person = Person(id="terminal", groups=tuple(groups))
    return Message(str(number), text, person, Place("terminal", thread="terminal", direct=True))


async def print_reply(reply: Reply, write: Callable[[str], object]) -> str:
    """Write a reply as it comes, then its sources; returns the text.

    What is written cannot be taken back: an answer that begins again does so below a line. Where nobody
    reads on (`| head`) the reply is read to its end all the same, so that every step of it ends in order.
    """
    failure: OSError | None = None
    async for piece in reply:
        try:
            if failure is None:
                write(printable(f"{_AGAIN}{piece.text}" if isinstance(piece, Replace) else piece))
        except OSError as error:
            failure = error
    if failure is not None:
        raise failure
    write("\n")
    if reply.outcome.citations:
        write(f"\n{printable(footnotes(reply.outcome.citations))}\n")
    return reply.text


class TerminalBot:
    """One session. Its questions and answers are the thread that a follow-up refers to.

    `told` gives the settings of the assistant in force. `commands` are lines such as `/reindex`; those of
    plugins are called by `plugin_command`. `between` is called after each answer.
    """

    def __init__(
        self,
        ask: Ask,
        name: str,
        groups: Sequence[str],
        told: Told,
        commands: Sequence[Command] = (),
        plugin_command: PluginCommand | None = None,
        plugin_commands: Callable[[], Mapping[str, Command]] = dict,
        between: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:
        self._ask = ask
        self._name = name
        self._groups = groups
        self._told = told
        self._commands = {command.name: command for command in commands}
        self._plugin_command = plugin_command
        self._plugin_commands = plugin_commands
        self._between = between
        self._history: list[Exchange] = []

    async def run(self, terminal: Terminal) -> None:
        """Talk until the end of input, `exit`, or Ctrl-C."""
        if terminal.typed:
            terminal.write(
                f"{self._name}. Ask about the documents; `/help` lists the commands, `exit` or Ctrl-D ends.\n"
            )
        for number in itertools.count(1):
            if terminal.typed:
                terminal.write("\n> ")
            line = await terminal.read_line()
            if not line or line.strip().lower() in _FAREWELLS:
                return
            if line.strip():
                await self._answer(number, line, terminal)
                await self._between()

    async def _answer(self, number: int, line: str, terminal: Terminal) -> None:
        try:
            if line.startswith("/"):
                terminal.write(f"{printable(await self._obey(line.strip()))}\n")
                return
            question = clean_question(line, (await self._told()).question_characters)
        except DeskhandError as error:
            terminal.write(f"{error}\n")
            return
        if self._history and not terminal.typed:
            terminal.write("\n")
        reply = await self._ask(terminal_message(number, question, self._groups), tuple(self._history))
        text = await print_reply(reply, terminal.write)
        self._history += [Exchange("user", question), Exchange("assistant", text)]

    async def _obey(self, command: str) -> str:
        """What a line such as `/reindex` gives; those that are not known here may be a plugin's."""
        typed, _, rest = command.partition(" ")
        name = typed[1:]
        if name == "help":
            return self._help()
        asked = terminal_message(0, rest, self._groups)
        call = CommandCall(rest.strip(), asked.person, asked.place)
        if name in self._commands:
            return await self._commands[name].handler(call)
        if self._plugin_command is not None:
            with suppress(LookupError):
                return await self._plugin_command(name, call)
        known = ", ".join(f"/{known}" for known in ("help", *self._commands, *self._plugin_commands()))
        raise UsageError(f"there is no {typed} (known: {known})")

    def _help(self) -> str:
        """A line for each command."""
        commands = {**self._commands, **self._plugin_commands()}
        width = max(map(len, ("help", *commands)))
        lines = [f"/{name:<{width}}  {command.description}" for name, command in commands.items()]
        return "\n".join([f"/{'help':<{width}}  list the commands", *lines])


async def read_line(source: TextIO) -> str:
    """The next line. Its thread is a daemon: after Ctrl-C nobody has to press Enter for it to end."""
    line: Future[str] = Future()
    line.set_running_or_notify_cancel()

    def read() -> None:
        try:
            line.set_result(source.readline())
        except Exception as error:
            line.set_exception(error)

    threading.Thread(target=read, daemon=True).start()
    return await asyncio.wrap_future(line)
