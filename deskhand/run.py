"""`deskhand run`: the assistant at work, until it is told to stop."""

import asyncio
import logging
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from deskhand.chat_platforms import any_platform, work_on_platforms
from deskhand.logs import set_up_logging
from deskhand.protocol import socket_file
from deskhand.server import serving
from deskhand.session import Session
from deskhand.settings_check import check_chain
from deskhand.webhook import webhook_of
from knowledge import Upkeep
from settings import Home, Settings
from settings.errors import IndexLocked
from settings.tasks import run_to_its_end, running

_log = logging.getLogger("deskhand.run")

GRACE_SECONDS = 8.0
"""For what is under way when it is to stop; containers are killed after ten seconds."""
_AGAIN_SECONDS = 1.0


def run(home: Home, level: str) -> int:
    """Work until SIGTERM or Ctrl-C; returns the exit status. Raises DeskhandError where it cannot start."""
    while True:
        try:
            return run_to_its_end(_run(home, level))
        except asyncio.CancelledError:  # a signal ends it otherwise: some code has cancelled all tasks that there are
            _log.error("all tasks were cancelled, by a plugin or a library: everything is opened anew")
            time.sleep(_AGAIN_SECONDS)


async def _run(home: Home, level: str) -> int:
    stop = asyncio.Event()
    stop_by_signal(asyncio.get_running_loop(), stop)
    async with Session(home, "run") as session:
        settings = session.settings
        check_chain(settings)
        webhook_of(settings)  # what is wrong with it stops the start
        set_up_logging(level, settings.secrets.redact)
        try:
            await session.index()
        except IndexLocked as taken:
            raise _already(home, taken) from None
        async with AsyncExitStack() as stack:
            stack.enter_context(session.notices.target(partial(_post, session)))
            await stack.enter_async_context(running(session.notices.deliver()))
            await stack.enter_async_context(_socket(session))
            upkeep = await session.upkeep()
            tasks = await stack.enter_async_context(upkeep.kept())
            opened = await stack.enter_async_context(running(_open(session, upkeep)))
            await _until(stop, {opened, *tasks})
        _log.info("stopping")
    return 0


def stop_by_signal(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Set the event at SIGTERM or Ctrl-C, also on Windows, whose event loop takes no handlers."""
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))


async def _post(session: Session, notice: str) -> None:
    """Pass a notice on to the webhook that the settings name now."""
    webhook = webhook_of(session.settings)
    if webhook is not None:
        await webhook(notice)


async def _open(session: Session, upkeep: Upkeep) -> None:
    """Open what answers need time for, while the socket already serves and the folders are watched."""
    (await session.assistant()).warm_up()
    if await (await session.index()).is_empty():  # nobody is to be told that nothing has been indexed yet
        await upkeep.run("start")
    else:
        upkeep.request("start")

    async def ready() -> None:
        _log.info("ready: %s", await _summary(session, upkeep))

    if any_platform(session.settings.bots):
        await work_on_platforms(session, upkeep, ready)
    else:
        await ready()
        await asyncio.get_running_loop().create_future()


async def _summary(session: Session, upkeep: Upkeep) -> str:
    documents = sum(row.version is not None for row in (await (await session.index()).files()).values())
    due = upkeep.next_run
    so_far = " so far, a run is under way" if upkeep.under_way else ""
    return (
        f"{session.home.root}, {documents} documents{so_far}, next scheduled run "
        f"{due.strftime('%a %d %b %H:%M %Z') if due else 'never'}, "
        f"watching {session.settings.knowledge.sync.watch}, {_platforms(session.settings)}"
        "commands in other shells are served"
    )


def _platforms(settings: Settings) -> str:
    names = [entry.name for entry in settings.bots.slack] + [entry.name for entry in settings.bots.discord]
    return f"answering on {', '.join(names)}, " if names else ""


@asynccontextmanager
async def _socket(session: Session) -> AsyncIterator[None]:
    """Serve other shells; where a file system knows no sockets, only they go without."""
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(serving(session, GRACE_SECONDS))
        except OSError as error:
            file = socket_file(session.home.data)
            _log.error("no socket can be made at %s (%s): commands in other shells are not served", file, error)
        yield


async def _until(stop: asyncio.Event, tasks: set[asyncio.Task[None]]) -> None:
    """Wait for the signal; a task that ends by itself ends it all, with its error."""
    async with running(stop.wait()) as stopped:
        done, _ = await asyncio.wait({stopped, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stopped}:
            task.result()


def _already(home: Home, taken: IndexLocked) -> IndexLocked:
    if taken.holder == "run":
        return IndexLocked(f"`deskhand run` is at work on {home.root} already: use it, or stop it first", "run")
    return taken
