"""A desk over a fake platform, with a real database."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bots.desk import Desk
from bots.inbox import Inbox
from plugins import Exchange, Message, Outcome, Reply
from settings.database import open_database
from settings.sections.bots import LimitSettings
from tests.fakes.chat_platform import Told


@pytest.fixture
async def inbox(tmp_path: Path) -> AsyncIterator[Inbox]:
    engine = open_database(tmp_path / "test.db")
    inbox = Inbox(engine)
    await inbox.prepare()
    yield inbox
    await engine.dispose()


@dataclass
class Brain:
    """Answers with what it is told, and remembers what it was asked."""

    replies: list[Reply] = field(default_factory=list)
    asked: list[tuple[Message, tuple[Exchange, ...]]] = field(default_factory=list)

    async def __call__(self, message: Message, history: Sequence[Exchange]) -> Reply:
        self.asked.append((message, tuple(history)))
        return self.replies.pop(0) if self.replies else Reply(f"answer to {message.text}", Outcome())


@pytest.fixture
def brain() -> Brain:
    return Brain()


@pytest.fixture
def limits() -> LimitSettings:
    return LimitSettings(grace_seconds=2)


@pytest.fixture
def desk(brain: Brain, inbox: Inbox, limits: LimitSettings) -> Desk:
    return Desk(brain, inbox, limits, Told())
