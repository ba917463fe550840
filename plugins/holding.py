"""Waiting for somebody else's code without being at its mercy.

`hold` drives an awaitable step by step in the task that is there, as `await` does, and costs no task
of its own. It sees what `await` does not: whether the code goes on although it was cancelled. Then it
is given a moment to clean up, and is left behind. Code that ends without ever waiting costs next to
nothing.

Whether a cancellation was swallowed is told by `Task.cancelling()`: code that handles its own, as
`asyncio.timeout` does, takes it back with `uncancel`.
"""

import asyncio
import logging
import types
from collections.abc import Callable, Generator
from typing import Any, Protocol

_log = logging.getLogger("deskhand.chain")

GRACE_SECONDS = 1.0
"""For cleaning up, after a cancellation."""


class Expired(TimeoutError):
    """The time of code that was held is over."""


class Time(Protocol):
    """How much time code has."""

    limit: "Limit | None"
    """What holds the code to it; None as long as that has not waited for anything."""

    def left(self) -> float | None:
        """Seconds that remain, or None while the time stands still; `limit.arm()` is called when it goes on."""


class Until:
    """The time up to a moment on the event loop's clock."""

    __slots__ = ("_ends", "_now", "limit")

    def __init__(self, ends: float) -> None:
        self.limit: Limit | None = None
        self._ends = ends
        self._now = asyncio.get_running_loop().time

    def left(self) -> float:
        """Seconds that remain."""
        return self._ends - self._now()


class Limit:
    """Cancels a task when the time is over: one timer while the code waits, nothing while it does not."""

    __slots__ = ("_left", "_task", "_timer", "expired", "final", "waiting")

    def __init__(self, task: asyncio.Task[Any], left: Callable[[], float | None]) -> None:
        self.waiting = False
        """Whether the code waits for something now."""
        self.expired = False
        self.final = False
        """Whether the time for cleaning up is over as well."""
        self._task = task
        self._left = left
        self._timer: asyncio.TimerHandle | None = None

    def arm(self) -> None:
        """Look again when the time that remains is over; nothing where that is waited for already."""
        if self._timer is None and self.waiting and not self.expired and (left := self._left()) is not None:
            self._timer = self._task.get_loop().call_later(max(left, 0), self._look)

    def disarm(self) -> None:
        """The limit counts no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def again_in(self, seconds: float) -> None:
        """Cancel the task once more, unless disarmed before."""
        self.disarm()
        self._timer = self._task.get_loop().call_later(seconds, self._finally)

    def _finally(self) -> None:
        self._timer, self.final = None, True
        self._task.cancel()

    def _look(self) -> None:
        self._timer = None
        left = self._left()
        if left is None:
            return  # `arm` is called when the time goes on
        if left > 0.001:
            self.arm()
            return
        self.expired = True
        self._task.cancel()


@types.coroutine
def hold(plugin_name: str, awaitable: Any, time: Time, outermost: bool = False) -> Generator[Any, Any, Any]:
    """What the awaitable gives; raises Expired once the time is over, whatever the code does.

    A cancellation from outside passes through, though the code swallows it; the `outermost` hold leaves code
    behind that goes on nevertheless.
    """
    try:
        inner = awaitable.__await__()
    except AttributeError:
        raise TypeError(f"gave {type(awaitable).__name__}, which cannot be awaited: write `async def`") from None
    thrown: BaseException | None = None
    limit: Limit | None = None
    ending = False
    result: Any = None
    failure: BaseException | None = None
    try:
        while True:
            waited = inner.send(None) if thrown is None else inner.throw(thrown)
            if limit is None:
                task = _current_task()
                before = task.cancelling()
                limit = time.limit = Limit(task, time.left)
            if limit.final:
                _leave(plugin_name, inner)
                raise asyncio.CancelledError
            if not ending and (limit.expired or (outermost and task.cancelling() > before)):
                ending = True
                limit.again_in(GRACE_SECONDS if limit.expired else 3 * GRACE_SECONDS)
            elif ending and not limit.expired and task.cancelling() == before:
                ending = False  # a step inside was held to its limit, and has ended
                limit.disarm()
            limit.waiting = True
            limit.arm()
            try:
                yield waited
            except GeneratorExit:
                inner.close()
                raise
            except BaseException as error:
                thrown = error
            else:
                thrown = None
            limit.waiting = False
    except StopIteration as ended:
        if limit is None:
            return ended.value  # it never waited: there was nothing to hold it to
        result = ended.value
    except GeneratorExit:
        if limit is not None:
            limit.disarm()
        raise
    except (asyncio.CancelledError, KeyboardInterrupt, SystemExit) as raised:
        # if nobody has cancelled this task, it awaited something that was cancelled, or wants the process to end
        failure = RuntimeError(f"raised {type(raised).__name__}")
        failure.__cause__ = raised
    except BaseException as raised:
        failure = raised
    if limit is not None:
        limit.disarm()
        for _ in range(limit.expired + limit.final):
            task.uncancel()
        if task.cancelling() > before:
            raise asyncio.CancelledError from failure  # from outside; perhaps the code has swallowed it
        if limit.expired or limit.final:
            raise Expired from failure
    if failure is not None:
        raise failure
    return result


def _current_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None
    return task


def _leave(plugin_name: str, inner: Any) -> None:
    """Close what goes on although it was told twice to end."""
    _log.warning("plugin %s does not end when it is cancelled: it is left behind", plugin_name)
    try:
        inner.close()
    except BaseException as error:
        _log.warning("plugin %s cannot be closed: %s", plugin_name, error)
