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
from functools import partial
from typing import Any

_log = logging.getLogger("deskhand.chain")

GRACE_SECONDS = 1.0
"""For cleaning up, after a cancellation."""


class Limit:
    """A time limit on code that is held: one timer while that waits, nothing while it does not."""

    task: asyncio.Task[Any] | None = None
    """Where it runs, once it has waited for something."""
    waiting = False
    """Whether it waits for something now."""
    expired = False
    final = False
    """Whether the time for cleaning up is over as well."""
    _timer: asyncio.TimerHandle | None = None

    def left(self) -> float | None:
        """Seconds that remain, or None while the time stands still."""
        raise NotImplementedError

    def arm(self) -> None:
        """Look again when the time that remains is over; nothing where that is waited for already."""
        if self._timer is None and self.waiting and not self.expired and (left := self.left()) is not None:
            self._timer = asyncio.get_running_loop().call_later(max(left, 0), self._look)

    def disarm(self) -> None:
        """The limit counts no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def again_in(self, seconds: float) -> None:
        """Cancel the task once more, unless disarmed before."""
        self.disarm()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._finally)

    def _finally(self) -> None:
        self._timer, self.final = None, True
        self._cancel()

    def _look(self) -> None:
        self._timer = None
        left = self.left()
        if left is None:
            return  # `arm` is called when the time goes on
        if left > 0.001:
            self.arm()
            return
        self.expired = True
        self._cancel()

    def _cancel(self) -> None:
        assert self.task is not None
        self.task.cancel()


class Until(Limit):
    """A limit at a time on the event loop's clock."""

    def __init__(self, ends: float) -> None:
        self.ends = ends
        self._now = asyncio.get_running_loop().time

    def left(self) -> float:
        """Seconds that remain."""
        return self.ends - self._now()


@types.coroutine
def hold(plugin_name: str, awaitable: Any, limit: Limit, outermost: bool = False) -> Generator[Any, Any, Any]:
    """What the awaitable gives; raises TimeoutError once the limit has expired, whatever the code does.

    A cancellation from outside passes through, though the code swallows it; the `outermost` hold leaves code
    behind that goes on nevertheless.
    """
    inner = awaitable.__await__()
    step: Callable[[], Any] = inner.__next__
    task: asyncio.Task[Any] | None = None
    before = 0
    ending = False
    result: Any = None
    failure: BaseException | None = None
    try:
        while True:
            waited = step()
            if task is None:
                task = limit.task = asyncio.current_task()
                assert task is not None
                before = task.cancelling()
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
            except BaseException as thrown:
                step = partial(inner.throw, thrown)
            else:
                step = inner.__next__
            limit.waiting = False
    except StopIteration as ended:
        if task is None:
            return ended.value  # it never waited: there was nothing to hold it to
        result = ended.value
    except GeneratorExit:
        limit.disarm()
        raise
    except (asyncio.CancelledError, KeyboardInterrupt, SystemExit) as raised:
        # if nobody has cancelled this task, it awaited something that was cancelled, or wants the process to end
        failure = RuntimeError(f"raised {type(raised).__name__}")
        failure.__cause__ = raised
    except BaseException as raised:
        failure = raised
    if task is not None:
        limit.disarm()
        for _ in range(limit.expired + limit.final):
            task.uncancel()
        if task.cancelling() > before:
            raise asyncio.CancelledError from failure  # from outside; perhaps the code has swallowed it
        if limit.expired or limit.final:
            raise TimeoutError from failure
    if failure is not None:
        raise failure
    return result


def _leave(plugin_name: str, inner: Any) -> None:
    """Close what goes on although it was told twice to end."""
    _log.warning("plugin %s does not end when it is cancelled: it is left behind", plugin_name)
    try:
        inner.close()
    except BaseException as error:
        _log.warning("plugin %s cannot be closed: %s", plugin_name, error)
