"""Notices code that blocks the event loop, and names the plugin whose code it is.

The loop sets a time stamp every 0.1 s. A thread looks at the stamp; where it is too old it reads the
loop's stack, which is at the blocking call then. Questions pay nothing for it.
"""

import asyncio
import logging
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import FrameType

from plugins.clock import timed_pieces
from plugins.contract import Reply
from plugins.holding import hold
from settings.tasks import running

_log = logging.getLogger("deskhand.plugins")

_BEAT_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Stall:
    """A blocked loop: the plugin, empty where it is none, and the line of its code that blocks."""

    plugin: str
    place: str


@asynccontextmanager
async def watched(tell: Callable[[str], None], seconds: float = 0.5) -> AsyncIterator[None]:
    """While the block runs, `tell` of plugins that block the running loop for longer than `seconds`."""
    loop = asyncio.get_running_loop()
    beat = [time.monotonic()]
    ended = threading.Event()

    async def heart() -> None:
        while True:
            beat[0] = time.monotonic()
            await asyncio.sleep(_BEAT_SECONDS)

    def look(thread: int) -> None:
        reported = 0.0
        while not ended.wait(_BEAT_SECONDS):
            seen = beat[0]
            if seen != reported and time.monotonic() - seen > seconds + _BEAT_SECONDS:
                stall = stall_of(sys._current_frames().get(thread))
                if beat[0] != seen or stall is None:
                    continue  # it runs again, and the stack is another one
                reported = seen
                if not stall.plugin:
                    _log.debug("the event loop is blocked at %s", stall.place)
                    continue
                # at once: a loop that never comes back tells nobody
                _log.warning("plugin %s blocks the event loop at %s", stall.plugin, stall.place)
                notice = (
                    f"Plugin {stall.plugin} blocks everybody: {stall.place} keeps the event loop from running for "
                    f"over {seconds:g} s. It should await, or use asyncio.to_thread."
                )
                loop.call_soon_threadsafe(tell, notice)

    watcher = threading.Thread(target=look, args=(threading.get_ident(),), name="watchdog", daemon=True)
    try:
        async with running(heart()):
            watcher.start()
            yield
    finally:
        ended.set()
        watcher.join()


def stall_of(frame: FrameType | None) -> Stall | None:
    """Whose code a stack is in: that of the innermost plugin whose own code is being run."""
    if frame is None:
        return None
    frames: list[FrameType] = []
    inside: FrameType | None = frame
    while inside is not None:
        if frames and (name := _plugin_at(inside)):
            return Stall(name, _line_of(frames))
        if inside.f_code is not Reply.__aiter__.__code__:  # between the chain and a plugin's stream
            frames.append(inside)
        inside = inside.f_back
    return Stall("", f"{frame.f_code.co_filename}:{frame.f_lineno}")


def _line_of(frames: list[FrameType]) -> str:
    """The innermost line of the file that the plugin was called in; what that calls may be anybody's."""
    file = frames[-1].f_code.co_filename
    line = next(frame.f_lineno for frame in frames if frame.f_code.co_filename == file)
    return f"{file}:{line}"


def _plugin_at(frame: FrameType) -> str:
    """The plugin whose code was called from this frame."""
    name = ""
    if frame.f_code is hold.__code__:
        name = frame.f_locals["plugin_name"]
    elif frame.f_code is timed_pieces.__code__ and not frame.f_locals["inside"]:
        name = frame.f_locals["clock"].record.plugin
    return name if name != "chain" else ""
