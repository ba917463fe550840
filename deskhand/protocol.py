"""What a client and the process that holds the home say to each other, over the socket in `data/`.

A frame is one JSON object on a line; `type` says what it is.

    server  hello   protocol, pid, holder
    client  request protocol, command, options, typed      one a connection
    server  out, err, write  text                          what the command prints
    server  progress call, values                          how far an indexing run is
    server  read                                           a line is wanted from the client's input
    client  line    text                                   here it is; empty at the end
    server  end     status, error                          exit status; a line for standard error, or null

A client that closes the connection has its command cancelled. Nothing is encrypted and there is no
password: only processes of the same user (or root) are let in.
"""

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from settings.errors import NotServed

PROTOCOL = 1
LARGEST_FRAME = 4_000_000
"""Bytes of one line."""
_LONGEST_ADDRESS = 100
"""Bytes that a socket's path may have on all systems (sun_path, unix(7))."""


def encode(kind: str, **fields: Any) -> bytes:
    """A frame as it is sent."""
    return json.dumps({"type": kind, **fields}, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """A frame as it was received; raises ValueError where it is none."""
    frame = json.loads(line)
    if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
        raise ValueError("not a frame")
    return frame


def socket_file(data: Path) -> Path:
    """Where the process that holds a home listens."""
    return data / "deskhand.sock"


@contextmanager
def address_of(file: Path) -> Iterator[str]:
    """A name of the socket that is short enough for the system, valid inside the block.

    A long path is reached through its opened folder. Raises OSError where that is not possible.
    """
    if len(os.fsencode(file)) <= _LONGEST_ADDRESS:
        yield str(file)
        return
    if sys.platform != "linux":
        raise OSError(f"the path {file} is too long for a socket")
    folder = os.open(file.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{file.name}"
    finally:
        os.close(folder)


def connect(data: Path, seconds: float) -> socket.socket | None:
    """A connection to whoever serves a home; None where nobody does. Raises NotServed where it is another user's."""
    file = socket_file(data)
    if not hasattr(socket, "AF_UNIX"):
        return None
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(seconds)
    try:
        with address_of(file) as address:
            connection.connect(address)
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
        connection.close()  # never served, or left behind by one that was killed
        return None
    except PermissionError:
        connection.close()
        raise NotServed(_of_another(file)) from None
    except OSError:
        connection.close()
        return None
    return connection


def _of_another(file: Path) -> str:
    """What to do where the socket lets somebody else in."""
    try:
        user = file.owner()
    except (OSError, KeyError, NotImplementedError):  # the folder hides it, or the user has no name
        return f"{file.parent} belongs to another user: type the command as that user"
    home = file.parent.parent
    return f"{home} is served for the user {user} alone: type the command as that user (`sudo -u {user} ...`)"
