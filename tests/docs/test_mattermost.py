"""The example of docs/new-platform.md passes the contract of all adapters."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bots.desk import Desk
from bots.inbox import Inbox
from docs.examples.mattermost import MattermostBot
from settings.database import open_database
from settings.sections.bots import LimitSettings
from tests.bots.conftest import Brain
from tests.bots.contract import BotContract, ChatStage, Said
from tests.fakes.chat_platform import Told
from tests.fakes.mattermost import DIRECT, TOKEN, TOWN, FakeMattermost, fake_mattermost


class MattermostStage(ChatStage):
    most_characters = 16_383
    direct_audience = ("staff",)
    channel_audience = ()

    def __init__(self, server: FakeMattermost, brain: Brain, inbox: Inbox) -> None:
        self.server, self.brain, self.inbox = server, brain, inbox

    @asynccontextmanager
    async def running(self, limits: LimitSettings | None = None) -> AsyncIterator[None]:
        desk = Desk(self.brain, self.inbox, limits or LimitSettings(grace_seconds=2), Told())
        async with desk.open(), MattermostBot(self.server.url, TOKEN, desk, self.inbox).running():
            yield

    async def ask(self, text: str) -> Said:
        return await self.server.say(TOWN, f"@deskhand {text}")

    async def follow_up(self, said: Said, text: str) -> Said:
        return await self.server.say(TOWN, text, root=said["id"])

    async def ask_directly(self, text: str) -> Said:
        return await self.server.say(DIRECT, text)

    async def edit(self, said: Said, text: str) -> None:
        await self.server.edit(said, f"@deskhand {text}")

    async def delete(self, said: Said) -> None:
        await self.server.delete(said)

    def posts(self) -> list[str]:
        return [post["message"].strip() for post in self.server.own()]

    def versions(self) -> list[str]:
        return self.server.versions[self.server.own()[0]["id"]]

    def repeat_events(self) -> None:
        self.server.copies = 2

    def fail(self, times: int, refused: bool = False) -> None:
        self.server.faults += [(403 if refused else 503, False)] * times

    def lose_receipt(self) -> None:
        self.server.faults.append((200, True))


class TestMattermost(BotContract):
    @pytest.fixture
    async def stage(self, tmp_path: Path) -> AsyncIterator[MattermostStage]:
        engine = open_database(tmp_path / "test.db")
        inbox = Inbox(engine)
        await inbox.prepare()
        async with fake_mattermost() as server:
            yield MattermostStage(server, Brain(), inbox)
        await engine.dispose()


def test_the_example_is_about_200_lines() -> None:
    example = Path(__file__).parents[2] / "docs" / "examples" / "mattermost.py"
    assert len(example.read_text().splitlines()) <= 220
