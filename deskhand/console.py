"""Where a command prints: this terminal, or that of a client which it is served to.

A command's work never prints by itself. It is given a `Console`; the command line gives it the
`LocalConsole`, `deskhand run` one that sends everything to the client.
"""

import sys
from types import TracebackType
from typing import Protocol, Self

from bots.terminal import read_line
from deskhand.progress import IndexingBar
from knowledge import Progress


class Console(Protocol):
    """What a command sees of the person in front of it."""

    @property
    def typed(self) -> bool:
        """Whether a person types, who wants a prompt."""

    @property
    def progress(self) -> Progress:
        """Is told how far an indexing run is."""

    def out(self, text: str) -> None:
        """A line, or several, on standard output."""

    def err(self, text: str) -> None:
        """A line, or several, on standard error."""

    def write(self, text: str, /) -> object:
        """A piece of standard output as it comes; no line end is added."""

    async def read_line(self) -> str:
        """The next line of standard input with its end; empty at the end of input."""


class LocalConsole:
    """Standard input, output and error of this process."""

    def __init__(self) -> None:
        self._bar = IndexingBar()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    @property
    def typed(self) -> bool:
        return sys.stdin.isatty()

    @property
    def progress(self) -> Progress:
        return self._bar

    def out(self, text: str) -> None:
        print(text, flush=True)

    def err(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def write(self, text: str, /) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    async def read_line(self) -> str:
        return await read_line(sys.stdin)
