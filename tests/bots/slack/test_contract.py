"""Slack passes the contract of all adapters."""

import asyncio
from contextlib import AbstractAsyncContextManager

import pytest

from bots.inbox import Inbox
from bots.slack.posts import CHARACTERS
from deskhand.testing.slack import FakeSlack
from deskhand.testing.slack.state import BOT_USER
from settings.sections.bots import LimitSettings
from tests.bots.conftest import Brain
from tests.bots.contract import BotContract, ChatStage, Said
from tests.bots.slack.conftest import Running, Start


class SlackStage(ChatStage):
    most_characters = CHARACTERS
    direct_audience = ("members", "staff")
    channel_audience = ("members",)

    def __init__(self, slack: FakeSlack, start: Start, brain: Brain, inbox: Inbox) -> None:
        self.slack, self.start, self.brain, self.inbox = slack, start, brain, inbox
        slack.add_group("staff", ["U1"])

    def running(self, limits: LimitSettings | None = None) -> AbstractAsyncContextManager[Running]:
        return self.start(limits)

    async def ask(self, text: str) -> Said:
        return await self.slack.say("U1", "C1", f"<@{BOT_USER}> {text}")

    async def follow_up(self, said: Said, text: str) -> Said:
        return await self.slack.say("U1", "C1", text, thread=said.ts)

    async def ask_directly(self, text: str) -> Said:
        return await self.slack.say("U1", "DU1", text)

    async def edit(self, said: Said, text: str) -> None:
        await self.slack.edit(said, f"<@{BOT_USER}> {text}")

    async def delete(self, said: Said) -> None:
        await self.slack.remove(said)

    async def ask_privately(self, text: str) -> bool:
        await self.slack.command("U1", "/ask", text, channel="C1")
        return True

    def posts(self) -> list[str]:
        return [post.shown.strip() for post in self.slack.posts()]

    def private_posts(self) -> list[str]:
        return [response["blocks"][0]["text"] for response in self.slack.responses]

    def versions(self) -> list[str]:
        return self.slack.posts()[0].versions

    def repeat_events(self) -> None:
        self.slack.duplicates = 1.0

    def fail(self, times: int, refused: bool = False) -> None:
        for method in ("chat.postMessage", "chat.startStream"):
            if refused:
                self.slack.fail(method, error="is_archived", times=times)
            else:
                self.slack.fail(method, status=503, times=times)

    def lose_receipt(self) -> None:
        for method in ("chat.postMessage", "chat.startStream"):
            self.slack.fail(method, drop=True)


class TestSlack(BotContract):
    @pytest.fixture
    async def stage(self, slack: FakeSlack, start: Start, brain: Brain, inbox: Inbox) -> SlackStage:
        await asyncio.sleep(0)
        return SlackStage(slack, start, brain, inbox)
