"""A chain that is open for as long as anybody uses it."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from knowledge import Index
from plugins import Chain, open_chain
from plugins.loading import ALONE, Surroundings
from plugins.usage import UsageLog
from settings import Settings

_log = logging.getLogger("deskhand.settings")


class LiveChain:
    """One chain with its settings, open for as long as anybody uses it."""

    def __init__(self, settings: Settings, index: Index, usage: UsageLog, around: Surroundings = ALONE) -> None:
        self.settings = settings
        self._around = around
        self._index = index
        self._usage = usage
        self._opened: asyncio.Future[Chain] = asyncio.get_running_loop().create_future()
        self._users = 0
        self._retired = False
        self._unused = asyncio.Event()
        # plugins may insist on being closed by the task that opened them
        self._task = asyncio.create_task(self._keep_open())  # noqa: TID251  # owned: `close` awaits it

    async def opened(self) -> Chain:
        """The chain; raises what went wrong in opening it."""
        return await asyncio.shield(self._opened)

    @property
    def chain(self) -> Chain:
        """The chain, once opened."""
        return self._opened.result()

    @asynccontextmanager
    async def used(self) -> AsyncIterator[Chain]:
        """Holds the chain open for as long as the block lasts."""
        self._users += 1
        try:
            yield self.chain
        finally:
            self._users -= 1
            self._end_if_unused()

    def retire(self) -> None:
        """Close as soon as nobody uses it any more."""
        self._retired = True
        self._end_if_unused()

    async def close(self) -> None:
        """Close at once."""
        self._unused.set()
        if not self._opened.done():
            self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    @property
    def closed(self) -> bool:
        """Whether everything of it is closed."""
        return self._task.done()

    def _end_if_unused(self) -> None:
        if self._retired and not self._users:
            self._unused.set()

    async def _keep_open(self) -> None:
        try:
            async with open_chain(self.settings, self._index, self._usage, self._around) as chain:
                self._opened.set_result(chain)
                await self._unused.wait()
        except Exception as error:
            if self._opened.done():
                _log.exception("a chain could not be closed in order")
            else:
                self._opened.set_exception(error)
