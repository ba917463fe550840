"""The command `deskhand`, and `python -m deskhand`."""

import gc
import os
import sys
from typing import NoReturn

from deskhand.cli import main

_NEW_OBJECTS = 50_000
"""Before the collector comes; Python's own 700 are few for a program that begins by loading libraries."""


def run() -> NoReturn:
    """Run a command and leave at once.

    By then everything is closed; letting the interpreter take hundreds of megabytes of libraries
    apart would cost a question at the command line another quarter of a second. For the same reason the
    collector of cyclic garbage comes more seldom: libraries that are being loaded are no garbage.
    """
    gc.set_threshold(_NEW_OBJECTS)
    try:
        main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # the reader has gone, or the stream is closed
            status = status or 1
    os._exit(status)


if __name__ == "__main__":
    run()
