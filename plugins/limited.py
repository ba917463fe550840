"""Code of a plugin that runs before the event loop can hold it to a time: its import, and its making.

It runs in a thread of its own. A thread cannot be killed: one that does not end is told to, which it
hears when it runs Python code the next time, and is left behind. It does not keep the process from ending.
"""

import ctypes
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import FrameType
from typing import ParamSpec, TypeVar

from settings.home import CHECKOUT

SECONDS = 30.0
"""For one plugin. Large libraries take seconds to import."""

P = ParamSpec("P")
T = TypeVar("T")

_BETWEEN = (f"{CHECKOUT}/plugins/", f"{CHECKOUT}/deskhand/", f"{Path(threading.__file__).parent}/", "<frozen ")
"""How the names of files begin that are between the beginning of the thread and a plugin's code."""

_PACKAGES = "/site-packages/"


class NotReady(Exception):
    """The code did not end in its time; `file` and `line` are where it stands."""

    def __init__(self, file: str, line: int) -> None:
        super().__init__(f"is not ready after {SECONDS:g} s: this line does not end")
        self.file = Path(file)
        self.line = line


def limited(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `work` gives, or raises; raises NotReady where it does not end in its time."""
    given: Future[T] = Future()

    def run() -> None:
        try:
            given.set_result(work(*args, **kwargs))
        except BaseException as error:
            given.set_exception(error)

    thread = threading.Thread(target=run, name="making plugins", daemon=True)
    thread.start()
    thread.join(SECONDS)
    if given.done():
        return given.result()
    assert thread.ident is not None
    file, line = _place(sys._current_frames().get(thread.ident))
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))
    raise NotReady(file, line)


def _place(frame: FrameType | None) -> tuple[str, int]:
    """The innermost line of the file in which the plugin's code was entered; what that calls may be anybody's."""
    lines: list[tuple[str, int]] = []
    while frame is not None:
        lines.append((frame.f_code.co_filename, frame.f_lineno))
        frame = frame.f_back
    entered = next((file for file, _ in reversed(lines) if not file.startswith(_BETWEEN) or _PACKAGES in file), "")
    return next((place for place in lines if place[0] == entered), ("an unknown file", 0))
