"""A command in this process, because no other holds the home; or once that one has let go of it."""

import asyncio
import sys
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

from deskhand.client import run_there
from deskhand.commands import perform
from deskhand.console import LocalConsole
from deskhand.server import serving
from deskhand.session import Session
from settings.errors import IndexLocked
from settings.home import Home

PATIENCE_SECONDS = 60.0
"""How long another one-shot command, such as an `index`, is waited for."""
_PAUSE_SECONDS = 0.2


def run_here(home: Home, command: str, options: Mapping[str, Any]) -> int:
    """Open what the command needs, run it, close everything; returns the exit status.

    Where another process holds the home it is waited for, or asked to serve once it does. Raises
    IndexLocked where that takes too long.
    """
    until = time.monotonic() + PATIENCE_SECONDS
    told = False
    while True:
        try:
            return asyncio.run(_run(home, command, options))
        except IndexLocked as taken:
            if time.monotonic() > until:
                raise
            if not told:
                print(f"deskhand: waiting: {taken}", file=sys.stderr, flush=True)
                told = True
        time.sleep(_PAUSE_SECONDS)
        if (status := run_there(home.data, command, options)) is not None:
            return status


async def _run(home: Home, command: str, options: Mapping[str, Any]) -> int:
    with LocalConsole() as console:
        async with Session(home, command) as session, AsyncExitStack() as stack:
            if command == "chat":  # it stays open, so it serves the others and follows changed settings
                await stack.enter_async_context((await session.upkeep()).obeyed())
                try:
                    await stack.enter_async_context(serving(session))
                except OSError as error:
                    console.err(f"deskhand: other commands have to wait until this chat ends: {error}")
            return await perform(session, command, options, console)
