"""`deskhand health`: whether a process is at work on the home, and ready. For containers and monitoring."""

import os

from deskhand.commands import CommandOptions
from deskhand.console import Console
from deskhand.report import as_json
from deskhand.session import Session


class Options(CommandOptions):
    """How to print."""

    json_output: bool = False


async def work(session: Session, options: Options, console: Console) -> int:
    """Say who serves. It needs neither models nor the index, so it is answered from the first second."""
    state = "ready" if session.ready else "starting"
    if options.json_output:
        console.out(as_json({"state": state, "holder": session.holder, "pid": os.getpid()}))
    else:
        console.out(f"`deskhand {session.holder}` (pid {os.getpid()}) is {state}")
    return 0
