"""The wiring: settings, index and chain make an assistant."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from knowledge import Index, Progress, open_index
from plugins import Chain, Exchange, Message, Reply, Turn, open_chain
from plugins.contract import Trace
from settings import Settings


@dataclass(frozen=True, slots=True)
class Assistant:
    """An open index and a running chain over it."""

    settings: Settings
    index: Index
    chain: Chain

    async def ask(self, message: Message, history: Sequence[Exchange] = ()) -> Reply:
        """Answer a message; the reply streams."""
        reply, _ = await self.ask_traced(message, history)
        return reply

    async def ask_traced(self, message: Message, history: Sequence[Exchange] = ()) -> tuple[Reply, Trace]:
        """Answer a message, and record how."""
        turn = Turn(message, history=tuple(history))
        return await self.chain(turn), turn.trace


@asynccontextmanager
async def open_assistant(settings: Settings, progress: Progress | None = None) -> AsyncIterator[Assistant]:
    """Open everything that answering needs; the documents are indexed first where they never were."""
    async with open_index(settings) as index:
        index.warm_up()
        async with open_chain(settings, index) as chain:
            if await index.is_empty():
                await index.sync(progress)
            yield Assistant(settings, index, chain)
