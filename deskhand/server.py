"""The process that holds a home serves the others' commands: same work, same output, same exit status."""

import asyncio
import logging
import os
import socket
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from deskhand.commands import perform
from deskhand.failing import failure
from deskhand.protocol import LARGEST_FRAME, PROTOCOL, address_of, decode, encode, socket_file
from deskhand.session import Session
from knowledge import Receipt
from settings.errors import NotServed
from settings.tasks import running

_log = logging.getLogger(__name__)

_REQUEST_SECONDS = 10.0
_FAREWELL_SECONDS = 2.0
_MOST_UNREAD = 16_000_000
"""Bytes that a client may leave unread before its command is given up."""


@asynccontextmanager
async def serving(session: Session, grace_seconds: float = 5.0) -> AsyncIterator[None]:
    """Serve commands on the home that the session holds, while the block runs.

    At its end commands have `grace_seconds` to finish. Raises OSError where no socket can be made.
    """
    if not hasattr(socket, "AF_UNIX"):
        raise OSError("Python knows no local sockets on this system")
    server = _Server(session)
    file = socket_file(session.home.data)
    listener = await asyncio.start_unix_server(server.serve, sock=_listen(file), limit=LARGEST_FRAME)
    try:
        yield
    finally:
        listener.close()
        file.unlink(missing_ok=True)
        await server.end(grace_seconds)


def _listen(file: Path) -> socket.socket:
    """A socket for this user alone. One that is there is of a process that was killed: the home's lock says so."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        file.unlink(missing_ok=True)
        with address_of(file) as address:
            before = os.umask(0o177)
            try:
                listener.bind(address)
            finally:
                os.umask(before)
        listener.listen(64)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


class _Server:
    """One session's clients."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._clients: set[asyncio.Task[Any]] = set()

    async def end(self, grace_seconds: float) -> None:
        """Wait for commands under way, then cancel what is left."""
        if not self._clients:
            return
        _, late = await asyncio.wait(self._clients, timeout=grace_seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from greeting to farewell."""
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        try:
            if _permitted(writer.get_extra_info("socket")):
                writer.write(encode("hello", protocol=PROTOCOL, pid=os.getpid(), holder=self._session.holder))
                status, error = await self._answer(reader, writer)
            else:
                status, error = 1, "the process that holds this home belongs to another user: become that one"
            writer.write(encode("end", status=status, error=error))
            await asyncio.wait_for(writer.drain(), _FAREWELL_SECONDS)
        except (ConnectionError, TimeoutError):
            pass  # the client has gone, or reads no more
        except asyncio.CancelledError:
            writer.write(encode("end", status=1, error=f"`deskhand {self._session.holder}` has ended: try again"))
        finally:
            self._clients.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[int, str | None]:
        try:
            request = decode(await asyncio.wait_for(reader.readline(), _REQUEST_SECONDS))
            if request.get("protocol") != PROTOCOL:
                raise NotServed(
                    f"`deskhand {self._session.holder}` (pid {os.getpid()}) is of another version than this command: "
                    "start it again"
                )
            command, options, typed = request["command"], request["options"], request["typed"] is True
        except (ValueError, KeyError):
            return 1, "this is no request that is understood here"
        except NotServed as error:
            return failure(error)
        console = ServedConsole(writer, typed)
        work = perform(self._session, command, options, console)
        async with running(work) as working, running(console.listen(reader)) as listening:
            await asyncio.wait({working, listening}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                _log.debug("a client has gone: %s is cancelled", command)
                raise ConnectionResetError
            try:
                return await working, None
            except Exception as error:
                return failure(error)


class ServedConsole:
    """The console of a client, seen from here."""

    def __init__(self, writer: asyncio.StreamWriter, typed: bool) -> None:
        self._writer = writer
        self._typed = typed
        self._lines: asyncio.Queue[str] = asyncio.Queue()
        self._progress = _ServedProgress(self.send)

    @property
    def typed(self) -> bool:
        return self._typed

    @property
    def progress(self) -> "_ServedProgress":
        return self._progress

    def out(self, text: str) -> None:
        self.send("out", text=text)

    def err(self, text: str) -> None:
        self.send("err", text=text)

    def write(self, text: str, /) -> None:
        self.send("write", text=text)

    async def read_line(self) -> str:
        self.send("read")
        return await self._lines.get()

    async def listen(self, reader: asyncio.StreamReader) -> None:
        """Take the client's lines, until it goes."""
        try:
            while line := await reader.readline():
                frame = decode(line)
                if frame["type"] == "line":
                    self._lines.put_nowait(str(frame["text"]))
        except (ConnectionError, ValueError, KeyError):
            return

    def send(self, kind: str, **fields: Any) -> None:
        """Send a frame. Raises ConnectionError where the client has stopped reading."""
        if self._writer.transport.get_write_buffer_size() > _MOST_UNREAD:
            raise ConnectionError
        self._writer.write(encode(kind, **fields))


class _ServedProgress:
    """Progress that is shown by the client."""

    def __init__(self, send: Any) -> None:
        self._send = send

    def start(self, files: int) -> None:
        self._send("progress", call="start", values=[files])

    def chunks(self, done: int, expected: int) -> None:
        self._send("progress", call="chunks", values=[done, expected])

    def file(self, receipt: Receipt) -> None:
        self._send("progress", call="file", values=[])


def _permitted(connection: socket.socket) -> bool:
    """Whether the other end runs as this user, or as root. The socket's mode says the same where a system obeys it."""
    if sys.platform != "linux":
        return True
    _, user, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return user in (0, os.geteuid())
