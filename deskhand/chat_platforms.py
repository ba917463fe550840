"""The chat platforms at work: one inbox and one desk for all of them, over the session's assistant."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, ClassVar, Protocol
from weakref import WeakKeyDictionary

from bots.administration import Administration, AdministrationCommand
from bots.desk import Desk
from bots.inbox import Inbox
from deskhand.assistant import Assistant
from deskhand.session import Session
from deskhand.why import why_as_text
from knowledge import Index, Upkeep
from plugins import Exchange, Message, Place, Reply
from plugins.contract import Trace
from plugins.declaring import all_commands
from plugins.feedback import Feedback
from settings.sections.bots import BotSettings
from settings.tasks import running

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager


class Bot(Protocol):
    """What takes part in one platform."""

    kind: ClassVar[str]
    """The platform, as places name it."""

    def running(self) -> "AbstractAsyncContextManager[None]":
        """Connected while the block runs."""

    async def until_lost(self) -> None:
        """Return never, or raise BotError when the platform has ended the connection for good."""

    async def notify(self, text: str) -> None:
        """Tell the administrators' channel."""

    async def post(self, place: Place, text: str) -> None:
        """Post what a plugin has to say."""


def any_platform(settings: BotSettings) -> bool:
    """Whether there is anything to connect to."""
    return bool(settings.slack or settings.discord)


async def work_on_platforms(session: Session, upkeep: Upkeep, ready: Callable[[], Awaitable[None]]) -> None:
    """Answer on every platform of `settings/bots.yaml` until cancelled; `ready` is called once all are connected.

    Raises BotError where one of them does not let the assistant in.
    """
    settings = session.settings
    assistant, database = await session.assistant(), session.database
    inbox, feedback = Inbox(database), Feedback(database)
    await inbox.prepare()
    await feedback.prepare()
    asked = _Asked(assistant)
    desk = Desk(asked.ask, inbox, settings.bots.limits, assistant.told, asked.why, asked.reading)
    command = AdministrationCommand(_administration(session, upkeep, assistant), desk, inbox)
    parts = (settings.secrets, desk, inbox, feedback, command)
    async with desk.open(), AsyncExitStack() as stack:
        bots = await asyncio.to_thread(_bots, settings.bots, parts)
        connected = [asyncio.Event() for _ in bots]
        tasks = [
            await stack.enter_async_context(running(_at_work(session, bot, event)))
            for bot, event in zip(bots, connected, strict=True)
        ]
        tasks.append(await stack.enter_async_context(running(_tell_when_ready(connected, ready))))
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()


async def _tell_when_ready(connected: Sequence[asyncio.Event], ready: Callable[[], Awaitable[None]]) -> None:
    for event in connected:
        await event.wait()
    await ready()
    await asyncio.get_running_loop().create_future()


async def _at_work(session: Session, bot: Bot, connected: asyncio.Event) -> None:
    async with bot.running():
        connected.set()
        with session.notices.target(bot.notify), session.posts.through(bot.kind, bot.post):
            await bot.until_lost()


def _bots(settings: BotSettings, parts: Any) -> list[Bot]:
    """The SDKs are imported here, in a thread, and only those that are needed."""
    bots: list[Bot] = []
    if settings.slack:
        from bots.slack import SlackBot

        bots += [SlackBot(entry, settings.limits, *parts) for entry in settings.slack]
    if settings.discord:
        from bots.discord import DiscordBot

        bots += [DiscordBot(entry, settings.limits, *parts) for entry in settings.discord]
    return bots


class _Asked:
    """Asks the assistant, and remembers how each answer came about for as long as it is being delivered."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self._traces: WeakKeyDictionary[Reply, Trace] = WeakKeyDictionary()

    async def ask(self, message: Message, history: Sequence[Exchange]) -> Reply:
        reply, trace = await self._assistant.ask_traced(message, history)
        self._traces[reply] = trace
        return reply

    def reading(self, reply: Reply) -> str:
        """The best document that was found for an answer on its way."""
        trace = self._traces.get(reply)
        found = [search.passages[0].source for search in trace.searches if search.passages] if trace else []
        return found[-1] if found else ""

    def why(self, reply: Reply) -> str:
        """How an answer came about, for administrators."""
        trace = self._traces.get(reply)
        return why_as_text(trace) if trace is not None else ""


def _administration(session: Session, upkeep: Upkeep, assistant: Assistant) -> Administration:
    async def status() -> str:
        index = await session.index()
        rows = (await index.files()).values()
        documents = sum(row.version is not None for row in rows)
        broken = sum(row.state in ("failed", "quarantined") for row in rows)
        last = await _last_looked_at(index)
        return f"{_documents(documents)}{last}" + (f"; {broken} cannot be read" if broken else "")

    async def knowledge(groups: Sequence[str]) -> str:
        index = await session.index()
        return f"{_documents(await index.readable(groups))} that you can ask about{await _last_looked_at(index)}"

    async def reindex(by: str) -> str:
        upkeep.request("chat")
        return f"The documents are being looked at, as {by} asked."

    return Administration(
        status,
        reindex,
        knowledge,
        assistant.command,
        lambda: all_commands(assistant.chain.steps),
    )


def _documents(number: int) -> str:
    return f"{number} document{'s' if number != 1 else ''}"


async def _last_looked_at(index: Index) -> str:
    runs = (await index.status()).runs
    return f"; last looked at {runs[0].started.astimezone():%d %B, %H:%M}" if runs else ""
