"""The real discord.py without a network: simcord's servers, channels and people."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import discord
import pytest
import simcord

from bots.administration import Administration, AdministrationCommand
from bots.desk import Desk
from bots.discord import DiscordBot
from bots.discord.client import DeskhandClient
from bots.inbox import Inbox
from deskhand.testing.discord import FakeDiscord, fake_discord
from deskhand.testing.discord.server import TOKEN
from plugins.feedback import Feedback
from settings import Home
from settings.secrets import Secrets
from settings.sections.bots import DiscordSettings, LimitSettings
from tests.bots.conftest import Brain
from tests.fakes.chat_platform import Told


@dataclass(frozen=True, slots=True)
class World:
    """A server with a public and a staff channel, two people, and the bot."""

    env: simcord.Env
    fresh: Callable[[], DeskhandClient]
    """Makes a client that knows nothing of the one before, as a new process does."""
    desk: Desk
    feedback: Feedback
    guild: simcord.GuildHandle
    general: simcord.ChannelHandle
    staff_only: simcord.ChannelHandle
    sam: simcord.MemberActor
    alex: simcord.MemberActor

    @property
    def mention(self) -> str:
        assert self.env.bot.user is not None
        return self.env.bot.user.mention

    def own(self, channel: simcord.ChannelHandle) -> list[discord.Message]:
        """What the bot has posted in a channel."""
        return [message for message in channel.history() if message.author == self.env.bot.user]

    def answers(self) -> list[discord.Message]:
        """What the bot has posted in threads of the public channel."""
        return [message for thread in self.general.threads for message in self.own(thread)]


Enter = Callable[..., AbstractAsyncContextManager[World]]


async def status() -> str:
    return "44 documents, indexed at 03:30"


async def reindex(by: str) -> str:
    return f"A run was started for {by}."


async def knowledge(groups: Sequence[str]) -> str:
    return f"what {', '.join(groups)} can ask about"


@pytest.fixture
def enter(inbox: Inbox, brain: Brain) -> Enter:
    """Start a bot in a small server: `async with enter(channels=["general"]) as world`."""

    @asynccontextmanager
    async def entered(
        limits: LimitSettings | None = None, channels: list[str] | None = None, **settings: Any
    ) -> AsyncIterator[World]:
        chosen = limits or LimitSettings(grace_seconds=2)
        desk = Desk(brain, inbox, chosen, Told())
        feedback = Feedback(inbox.engine)
        await feedback.prepare()
        command = AdministrationCommand(Administration(status, reindex, knowledge), desk, inbox)
        options = DiscordSettings(**settings)

        def client() -> DeskhandClient:
            return DeskhandClient(options, chosen, desk, inbox, feedback, command)

        async with desk.open(), simcord.run(client()) as env:
            guild = env.create_guild("Larkfield")
            staff = guild.create_role("staff")
            hidden = discord.PermissionOverwrite(view_channel=False)
            shown = discord.PermissionOverwrite(view_channel=True)
            general = guild.create_text_channel("general")
            assert env.bot.user is not None
            staff_only = guild.create_text_channel(
                "staff-only", overwrites={guild.default_role: hidden, staff: shown, env.bot.user: shown}
            )
            sam = guild.add_member(env.create_user("sam"), roles=[staff])
            alex = guild.add_member(env.create_user("alex"))
            places = {"general": general, "staff-only": staff_only}
            options.channels[:] = [str(places[name].id) for name in channels or []]
            yield World(env, client, desk, feedback, guild, general, staff_only, sam, alex)

    return entered


Start = Callable[..., AbstractAsyncContextManager[DiscordBot]]


@pytest.fixture(name="discord")
async def fake_discord_server() -> AsyncIterator[FakeDiscord]:
    async with fake_discord() as server:
        yield server


@pytest.fixture
def start(
    request: pytest.FixtureRequest, inbox: Inbox, brain: Brain, home: Home, monkeypatch: pytest.MonkeyPatch
) -> Start:
    """Start a bot on loopback: `async with start(message_content=False) as bot`.

    Pauses of discord.py that spare Discord's servers are short here.
    """
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    monkeypatch.setattr(discord.Client, "before_identify_hook", _at_once)
    monkeypatch.setattr(discord.backoff.ExponentialBackoff, "delay", lambda _: 0.05)
    server: FakeDiscord = request.getfixturevalue("discord")

    @asynccontextmanager
    async def started(
        limits: LimitSettings | None = None, heartbeat_timeout: float = 60.0, **settings: Any
    ) -> AsyncIterator[DiscordBot]:
        chosen = limits or LimitSettings(grace_seconds=2)
        desk = Desk(brain, inbox, chosen, Told())
        feedback = Feedback(inbox.engine)
        await feedback.prepare()
        command = AdministrationCommand(Administration(status, reindex, knowledge), desk, inbox)
        options = DiscordSettings(api_url=server.api_url, **settings)
        bot = DiscordBot(
            options,
            chosen,
            Secrets(home),
            desk,
            inbox,
            feedback,
            command,
            guild_ready_timeout=0.1,
            heartbeat_timeout=heartbeat_timeout,
        )
        async with desk.open(), bot.running():
            yield bot

    return started


async def _at_once(client: discord.Client, shard_id: int | None, *, initial: bool = False) -> None:
    """Discord wants five seconds between two sessions."""
