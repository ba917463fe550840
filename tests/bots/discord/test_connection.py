"""The connection, over the gateway and the REST API on loopback."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from bots.administration import Administration, AdministrationCommand
from bots.desk import Desk
from bots.discord import DiscordBot
from bots.inbox import Inbox
from plugins import Outcome, Reply
from plugins.feedback import Feedback
from settings import Home
from settings.errors import BotError
from settings.secrets import Secrets
from settings.sections.bots import DiscordSettings, LimitSettings
from tests.bots.conftest import Brain
from tests.bots.discord.conftest import reindex, status
from tests.bots.test_desk import slowly
from tests.fakes.discord import FakeDiscord, fake_discord
from tests.fakes.discord.server import ALEX, BOT, GENERAL, SAM, TOKEN

Start = Callable[..., AbstractAsyncContextManager[DiscordBot]]
MENTION = f"<@{BOT}>"


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with fake_discord() as server:
        yield server


@pytest.fixture
def start(discord: FakeDiscord, inbox: Inbox, brain: Brain, home: Home, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Start a bot: `async with start(message_content=False)`."""
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)

    @asynccontextmanager
    async def started(limits: LimitSettings | None = None, **settings: Any) -> AsyncIterator[DiscordBot]:
        chosen = limits or LimitSettings(grace_seconds=2)
        desk = Desk(brain, inbox, chosen, "the People team")
        feedback = Feedback(inbox.engine)
        await feedback.prepare()
        command = AdministrationCommand(Administration(status, reindex), desk, inbox)
        options = DiscordSettings(api_url=discord.api_url, **settings)
        bot = DiscordBot(options, chosen, Secrets(home), desk, inbox, feedback, command)
        async with desk.open(), bot.running():
            yield bot

    return started


async def test_a_mention_is_answered_once_over_the_wire(discord: FakeDiscord, start: Start, brain: Brain) -> None:
    brain.replies = [slowly("Five days may be ", "carried over [1].")]
    async with start():
        asked = discord.say(SAM, GENERAL, f"{MENTION} how many days?")
        [answer] = await discord.answers()
    assert answer.channel == asked.id
    assert answer.content.startswith("Five days may be carried over [1].")
    assert answer.allowed_mentions == {"parse": [], "replied_user": False} or answer.allowed_mentions == {"parse": []}
    assert len(discord.posts()) == 1
