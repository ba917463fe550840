"""Background tasks with an owner: none outlives the block that started it."""

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

_log = logging.getLogger("deskhand.tasks")

T = TypeVar("T")


def run_to_its_end(main: Coroutine[None, None, T]) -> T:
    """As `asyncio.run`, for a coroutine that takes Ctrl-C as a signal: no other task ends the process.

    A SystemExit or KeyboardInterrupt in any task ends the event loop, as its `stop` does. Nothing is lost with it: it
    is begun again.
    """
    with asyncio.Runner() as runner:
        task = runner.get_loop().create_task(main)
        while True:
            try:
                return runner.get_loop().run_until_complete(task)
            except (SystemExit, KeyboardInterrupt) as error:
                if task.done():
                    raise
                at = traceback.extract_tb(error.__traceback__)[-1]
                _log.error("%s:%s raised %r in a task of its own: the process goes on", at.filename, at.lineno, error)
            except RuntimeError:
                if task.done():
                    raise
                _log.error("some code has stopped the event loop: the process goes on")


@asynccontextmanager
async def running(coroutine: Coroutine[None, None, T]) -> AsyncIterator["asyncio.Task[T]"]:
    """Run a coroutine beside the block; what is left of it at the end is cancelled and awaited."""
    task = asyncio.create_task(coroutine)  # noqa: TID251  # the owner is this block
    try:
        yield task
    finally:
        await ended(task)


async def ended(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel tasks, and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def completed(coroutine: Coroutine[None, None, T]) -> T:
    """Run a short coroutine to its end, even where the caller is cancelled meanwhile; the caller waits for it.

    For what must not stop half way, such as a statement in the database.
    """
    task = asyncio.create_task(coroutine)  # noqa: TID251  # the owner is this call
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
