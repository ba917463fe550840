"""The wiring: settings, index and chain make an assistant."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
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
async def open_assistant(
    settings: Settings, progress: Progress | None = None, index: Index | None = None
) -> AsyncIterator[Assistant]:
    """Open everything that answering needs; the documents are indexed first where they never were.

    An `index` that is given is used as it is, and left open.
    """
    async with AsyncExitStack() as stack:
        opened = index if index is not None else await stack.enter_async_context(open_index(settings))
        opened.warm_up()
        chain = await stack.enter_async_context(open_chain(settings, opened))
        if index is None and await opened.is_empty():
            await opened.sync(progress)
        yield Assistant(settings, opened, chain)
