"""The wiring: settings, index and chain make an assistant."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deskhand.live import LiveSettings, Notify, watch_settings
from knowledge import Index, Progress, open_index
from plugins import Chain, Exchange, Message, Outcome, Place, Reply, Turn
from plugins.chain import log_only
from plugins.contract import Pieces, Trace, nowhere
from plugins.declarations import CommandCall
from plugins.declaring import call_command
from plugins.loading import Surroundings
from plugins.router import close_connections
from plugins.usage import UsageLog, open_usage
from plugins.watchdog import watched
from settings import Settings
from settings.database import opened_database, storage_errors
from settings.sections import AssistantSettings
from settings.tasks import running

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


@dataclass(frozen=True, slots=True)
class Assistant:
    """An open index and a running chain over it, which follows the settings as they are saved."""

    index: Index
    usage: UsageLog
    live: LiveSettings

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.live.settings

    @property
    def chain(self) -> Chain:
        """The chain in force."""
        return self.live.live.chain

    async def told(self) -> AssistantSettings:
        """What it is told of itself: as in force for the next question."""
        return (await self.live.current()).settings.assistant

    async def ask(self, message: Message, history: Sequence[Exchange] = ()) -> Reply:
        """Answer a message; the reply streams."""
        reply, _ = await self.ask_traced(message, history)
        return reply

    async def ask_traced(self, message: Message, history: Sequence[Exchange] = ()) -> tuple[Reply, Trace]:
        """Answer a message, and record how."""
        turn = Turn(message, history=tuple(history))
        return Reply(pieces=self._answered(turn)), turn.trace

    async def command(self, name: str, call: CommandCall) -> str:
        """What a plugin's command says. Raises LookupError where no plugin has one of that name."""
        async with (await self.live.current()).used() as chain:
            return await call_command(chain.steps, name, call)

    def warm_up(self) -> None:
        """Begin to load what the first question with a language model would wait for seconds for."""
        models = self.chain.models
        if models is not None and models.used:
            models.warm_up()

    async def _answered(self, turn: Turn) -> Pieces:
        """The whole reply from one chain: the one in force when it is begun to be read."""
        live = await self.live.current()
        async with live.used() as chain:
            async for piece in (reply := await chain(turn)):
                yield piece
        self._count(turn, reply.outcome)
        self.live.count(turn.trace)
        yield reply.outcome

    def _count(self, turn: Turn, outcome: Outcome) -> None:
        self.usage.record_reply(turn.message, outcome)
        self.usage.record_events(turn.trace.events)


@asynccontextmanager
async def open_assistant(
    settings: Settings,
    progress: Progress | None = None,
    *,
    index: Index | None = None,
    database: "AsyncEngine | None" = None,
    watch: bool = False,
    notify: Notify | None = None,
    tell: Callable[[str], None] | None = None,
    post: Callable[[Place, str], Awaitable[None]] = nowhere,
    jobs: bool = False,
    changed: Callable[[Settings], None] | None = None,
) -> AsyncIterator[Assistant]:
    """Open everything that answering needs; the documents are indexed first where they never were.

    An `index` that is given, with its `database`, is used as it is, and left open. With `watch`, changed
    settings are taken up as they are saved, without it with the next question. `notify` is told of those
    that are refused, `tell` of plugins that fail or block; `post` is how plugins post in a chat, and with
    `jobs` their jobs are run; `changed` is called when other settings of knowledge.yaml are in force. Raises
    SettingsError where the settings cannot be used.
    """
    async with AsyncExitStack() as stack:
        given = index is not None
        if database is None:
            database = await stack.enter_async_context(opened_database(settings.home))
        if index is None:
            index = await stack.enter_async_context(open_index(settings, database=database))
        index.warm_up()
        with storage_errors(settings.home.data):
            usage = await stack.enter_async_context(open_usage(database))
        stack.push_async_callback(close_connections)
        around = Surroundings(database, tell or log_only, post)
        live = LiveSettings(settings, index, usage, notify, around, jobs, changed)
        stack.push_async_callback(live.close)
        await live.start()
        if not given and await index.is_empty():
            await index.sync(progress)
        if watch:
            await stack.enter_async_context(watched(around.notify))
            await stack.enter_async_context(running(watch_settings(live)))
        yield Assistant(index, usage, live)
