"""A command in this process, because no other holds the home."""

import asyncio
from collections.abc import Mapping
from typing import Any

from deskhand.commands import perform
from deskhand.console import LocalConsole
from deskhand.session import Session
from settings.home import Home


def run_here(home: Home, command: str, options: Mapping[str, Any]) -> int:
    """Open what the command needs, run it, close everything; returns the exit status."""
    return asyncio.run(_run(home, command, options))


async def _run(home: Home, command: str, options: Mapping[str, Any]) -> int:
    with LocalConsole() as console:
        async with Session(home) as session:
            return await perform(session, command, options, console)
