"""The terminal bot: a conversation at the keyboard, streamed, with sources as footnotes."""

import asyncio
import itertools
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from typing import TextIO

from bots.text import clean_question, footnotes, printable
from plugins import Exchange, Message, Person, Place, Replace, Reply
from settings import UsageError

Ask = Callable[[Message, Sequence[Exchange]], Awaitable[Reply]]

_AGAIN = "\n\n--- the answer broke off; here it is from the start ---\n\n"
_FAREWELLS = ("exit", "quit", ":q")


def terminal_message(number: int, text: str, groups: Sequence[str]) -> Message:
    """A question typed on this machine. Nobody else reads the answer."""
    person = Person(id="terminal", groups=tuple(groups))
    return Message(str(number), text, person, Place("terminal", thread="terminal", direct=True))


async def print_reply(reply: Reply, out: TextIO) -> str:
    """Write a reply as it comes, then its sources; returns the text.

    What is written cannot be taken back: an answer that begins again does so below a line.
    """
    async for piece in reply:
        out.write(printable(f"{_AGAIN}{piece.text}" if isinstance(piece, Replace) else piece))
        out.flush()
    out.write("\n")
    if reply.outcome.citations:
        out.write(f"\n{printable(footnotes(reply.outcome.citations))}\n")
    out.flush()
    return reply.text


class TerminalBot:
    """One session. Its questions and answers are the thread that a follow-up refers to."""

    def __init__(self, ask: Ask, name: str, groups: Sequence[str], most_characters: int) -> None:
        self._ask = ask
        self._name = name
        self._groups = groups
        self._most_characters = most_characters
        self._history: list[Exchange] = []
        self._typed = False

    async def run(self, source: TextIO = sys.stdin, out: TextIO = sys.stdout) -> None:
        """Talk until the end of input, `exit`, or Ctrl-C."""
        typed = self._typed = source.isatty()
        if typed:
            out.write(f"{self._name}. Ask about the documents; `exit` or Ctrl-D ends.\n")
        for number in itertools.count(1):
            if typed:
                out.write("\n> ")
                out.flush()
            line = await _read_line(source)
            if not line or line.strip().lower() in _FAREWELLS:
                return
            if line.strip():
                await self._answer(number, line, out)

    async def _answer(self, number: int, line: str, out: TextIO) -> None:
        try:
            question = clean_question(line, self._most_characters)
        except UsageError as error:
            out.write(f"{error}\n")
            return
        if self._history and not self._typed:
            out.write("\n")
        reply = await self._ask(terminal_message(number, question, self._groups), tuple(self._history))
        text = await print_reply(reply, out)
        self._history += [Exchange("user", question), Exchange("assistant", text)]


async def _read_line(source: TextIO) -> str:
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
