"""A command served by the process that holds the home. Kept light: it has to start at once."""

import sys
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from socket import socket
from typing import Any

from deskhand.progress import IndexingBar
from deskhand.protocol import PROTOCOL, connect, decode, encode
from settings.errors import DeskhandError, NotServed

_ANSWER_SECONDS = 10.0
"""A process that holds the home and does not even greet is stopped or stuck."""
_PROGRESS = {"start", "file", "chunks"}


def run_there(data: Path, command: str, options: Mapping[str, Any]) -> int | None:
    """Have a command served; returns its exit status, None where nobody serves the home.

    Raises DeskhandError with the served command's own error, where the server goes away, or where it is another
    user's; BrokenPipeError where nobody reads what is printed.
    """
    connection = connect(data, _ANSWER_SECONDS)
    if connection is None:
        return None
    with connection:
        try:
            return _Conversation(connection).run(command, options)
        except TimeoutError:
            raise NotServed(
                f"the process that holds {data.parent} does not answer: is it stopped? `fg` wakes it, or end it"
            ) from None
        except _NobodyReads:
            raise BrokenPipeError from None
        except (ConnectionError, ValueError):
            raise NotServed(f"the process that holds {data.parent} has gone in the middle of this: try again") from None


class _NobodyReads(Exception):
    """Whoever read the output has gone, such as `head`: no fault of the server."""


class _Conversation:
    """One request, and the frames that answer it."""

    def __init__(self, connection: socket) -> None:
        self._connection = connection
        self._bar = IndexingBar()

    def run(self, command: str, options: Mapping[str, Any]) -> int | None:
        with closing(self._frames()) as frames:
            return self._talk(frames, command, options)

    def _talk(self, frames: Iterator[dict[str, Any]], command: str, options: Mapping[str, Any]) -> int | None:
        try:
            next(frames)
        except ConnectionError:  # it is just ending: nobody serves
            return None
        self._connection.settimeout(None)  # a command takes as long as it takes; a server that dies hangs up
        self._send("request", protocol=PROTOCOL, command=command, options=options, typed=sys.stdin.isatty())
        try:
            for frame in frames:
                if frame["type"] == "end":
                    return self._end(frame)
                self._show(frame)
        finally:
            self._bar.stop()
        raise ConnectionError

    def _frames(self) -> Generator[dict[str, Any], None, None]:
        with self._connection.makefile("rb") as lines:
            for line in lines:
                yield decode(line)
        raise ConnectionError

    def _send(self, kind: str, **fields: Any) -> None:
        self._connection.sendall(encode(kind, **fields))

    def _show(self, frame: Mapping[str, Any]) -> None:
        try:
            self._act(frame)
        except BrokenPipeError:
            raise _NobodyReads from None

    def _act(self, frame: Mapping[str, Any]) -> None:
        match frame["type"]:
            case "out":
                print(frame["text"], flush=True)
            case "err":
                print(frame["text"], file=sys.stderr, flush=True)
            case "write":
                sys.stdout.write(frame["text"])
                sys.stdout.flush()
            case "progress" if frame["call"] in _PROGRESS:
                getattr(self._bar, frame["call"])(*frame["values"])
            case "read":  # beside the frames: there may be a notice to show while a person types
                threading.Thread(target=self._pass_line_on, daemon=True).start()

    def _pass_line_on(self) -> None:
        line = sys.stdin.readline()
        with suppress(OSError):  # the command has ended meanwhile
            self._send("line", text=line)

    def _end(self, frame: Mapping[str, Any]) -> int:
        status = int(frame["status"])
        if frame.get("error"):
            error = DeskhandError(frame["error"])
            error.exit_status = status
            raise error
        return status
