"""The real slack-bolt against the workspace on loopback."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from bots.administration import Administration, AdministrationCommand
from bots.desk import Desk
from bots.inbox import Inbox
from bots.slack import SlackBot
from deskhand.testing.slack import FakeSlack
from deskhand.testing.slack.server import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, fake_slack
from plugins.feedback import Feedback
from settings import Home
from settings.secrets import Secrets
from settings.sections.bots import LimitSettings, SlackSettings
from tests.bots.conftest import Brain
from tests.fakes.chat_platform import Told


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with fake_slack() as workspace:
        yield workspace


@dataclass(frozen=True, slots=True)
class Running:
    bot: SlackBot
    desk: Desk
    feedback: Feedback


Start = Callable[..., AbstractAsyncContextManager[Running]]


@pytest.fixture
def start(slack: FakeSlack, inbox: Inbox, brain: Brain, home: Home, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Start a bot: `async with start(channels=["C1"]) as running`."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", BOT_TOKEN)
    monkeypatch.setenv("SLACK_APP_TOKEN", APP_TOKEN)
    monkeypatch.setenv("SLACK_SIGNING_SECRET", SIGNING_SECRET)

    async def status() -> str:
        return "44 documents, indexed at 03:30"

    async def reindex(by: str) -> str:
        return f"A run was started for {by}."

    async def knowledge(groups: Sequence[str]) -> str:
        return f"what {', '.join(groups)} can ask about"

    @asynccontextmanager
    async def started(limits: LimitSettings | None = None, **settings: Any) -> AsyncIterator[Running]:
        chosen = limits or LimitSettings(grace_seconds=2)
        desk = Desk(brain, inbox, chosen, Told())
        feedback = Feedback(inbox.engine)
        await feedback.prepare()
        command = AdministrationCommand(Administration(status, reindex, knowledge), desk, inbox)
        options = SlackSettings(base_url=slack.base_url, port=0, **settings)
        bot = SlackBot(
            options, chosen, Secrets(home), desk, inbox, feedback, command, look_back_pause=0.0, watch_seconds=0.05
        )
        async with desk.open(), bot.running():
            if options.mode == "socket":
                await slack.connected()
            else:
                slack.events_url = f"http://127.0.0.1:{bot.port}/slack/events"
            yield Running(bot, desk, feedback)

    return started
