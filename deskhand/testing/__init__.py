"""The test kit for plugin authors: `from deskhand.testing import *` in a conftest.py, or `pytest_plugins`.

    async def test_it(chain):
        async with chain(Shout, answer="Five weeks.") as asked:
            assert await asked("how long?") == "FIVE WEEKS."

Fixtures: `chain` makes a chain around a plugin, `knowledge` is a small knowledge base, `models` scripted
language models, `slack` and `discord` servers on loopback that speak the platforms' protocols.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from deskhand.testing.chain import Asked, ChainMaker, chain_maker
from deskhand.testing.discord import FakeDiscord, fake_discord
from deskhand.testing.parts import ListedKnowledge, ScriptedModels, make_passage
from deskhand.testing.slack import FakeSlack
from deskhand.testing.slack.server import fake_slack

__all__ = [
    "Asked",
    "ChainMaker",
    "FakeDiscord",
    "FakeSlack",
    "ListedKnowledge",
    "ScriptedModels",
    "chain",
    "discord",
    "knowledge",
    "make_passage",
    "models",
    "pytest_configure",
    "slack",
]


def pytest_configure(config: pytest.Config) -> None:
    """Tests may be `async def` without a mark, where nothing else is said."""
    if config.getoption("asyncio_mode", None) is None and config.getini("asyncio_mode") in (None, "", "strict"):
        config.option.asyncio_mode = "auto"


@pytest.fixture
def chain(tmp_path: Path) -> ChainMaker:
    """Makes a chain around a plugin's file, class or function."""
    return chain_maker(tmp_path)


@pytest.fixture
def knowledge() -> ListedKnowledge:
    """A knowledge base with three passages; give it to `chain`."""
    return ListedKnowledge((make_passage(1), make_passage(2), make_passage(3)))


@pytest.fixture
def models() -> ScriptedModels:
    """Language models without a text yet: `models.texts.append("...")`; give them to `chain`."""
    return ScriptedModels()


@pytest_asyncio.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    """A Slack workspace on loopback."""
    async with fake_slack() as workspace:
        yield workspace


@pytest_asyncio.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    """Discord's gateway and REST interface on loopback."""
    async with fake_discord() as server:
        yield server
