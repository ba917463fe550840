"""Discord passes the contract of all adapters, over the gateway and the REST API on loopback."""

from contextlib import AbstractAsyncContextManager

import pytest

from bots.discord import DiscordBot
from bots.inbox import Inbox
from deskhand.testing.discord import FakeDiscord
from deskhand.testing.discord.server import BOT, GENERAL, SAM
from settings.sections.bots import LimitSettings
from tests.bots.conftest import Brain
from tests.bots.contract import BotContract, ChatStage, Said
from tests.bots.discord.conftest import Start


class DiscordStage(ChatStage):
    most_characters = 2000
    direct_audience = ("staff",)
    channel_audience = ()

    def __init__(self, discord: FakeDiscord, start: Start, brain: Brain, inbox: Inbox) -> None:
        self.discord, self.start, self.brain, self.inbox = discord, start, brain, inbox

    def running(self, limits: LimitSettings | None = None) -> AbstractAsyncContextManager[DiscordBot]:
        return self.start(limits, direct_messages="mutual")

    async def ask(self, text: str) -> Said:
        return self.discord.say(SAM, GENERAL, f"<@{BOT}> {text}")

    async def follow_up(self, said: Said, text: str) -> Said:
        return self.discord.say(SAM, said.id, text)

    async def ask_directly(self, text: str) -> Said:
        return self.discord.say(SAM, self.discord.direct(SAM), text)

    async def edit(self, said: Said, text: str) -> None:
        self.discord.edit(said, f"<@{BOT}> {text}")

    async def delete(self, said: Said) -> None:
        self.discord.remove(said)

    async def ask_privately(self, text: str) -> bool:
        self.discord.command(SAM, GENERAL, "ask", question=text)
        return True

    def posts(self) -> list[str]:
        return [post.content for post in self.discord.posts()]

    def private_posts(self) -> list[str]:
        return [message.content for message in self.discord.world.messages if message.seen_by == SAM]

    def versions(self) -> list[str]:
        return self.discord.posts()[0].versions

    def repeat_events(self) -> None:
        self.discord.duplicates = 1.0

    def fail(self, times: int, refused: bool = False) -> None:
        status, code = (403, 50001) if refused else (503, 0)
        self.discord.fail("POST .*/messages$", status=status, code=code, times=times)

    def lose_receipt(self) -> None:
        self.discord.fail("POST .*/messages$", drop=True)


class TestDiscord(BotContract):
    @pytest.fixture
    def stage(self, discord: FakeDiscord, start: Start, brain: Brain, inbox: Inbox) -> DiscordStage:
        return DiscordStage(discord, start, brain, inbox)
