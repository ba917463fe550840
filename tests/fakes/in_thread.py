"""Run a fake server on an event loop of its own, for tests that block theirs or talk from another process."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager

Call = Callable[[Callable[[], None]], None]
"""Runs a function on the server's loop and waits for it."""


@contextmanager
def in_thread(server: AbstractAsyncContextManager[object]) -> Iterator[Call]:
    """Start the server, and stop it at the end."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="fake server")
    thread.start()

    def call(function: Callable[[], None]) -> None:
        async def on_loop() -> None:
            function()

        asyncio.run_coroutine_threadsafe(on_loop(), loop).result(30)

    async def start() -> None:
        await server.__aenter__()

    async def stop() -> None:
        await server.__aexit__(None, None, None)

    try:
        asyncio.run_coroutine_threadsafe(start(), loop).result(30)
        yield call
        asyncio.run_coroutine_threadsafe(stop(), loop).result(30)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()
