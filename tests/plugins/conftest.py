"""Fixtures of the plugins' tests."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from deskhand.testing.model_server import ModelServer
from plugins.contract import Context
from plugins.models import Models
from settings import Home, Settings, load_settings
from tests.plugins.parts import KEY, ListedKnowledge, make_context, make_passage, model_at, with_models


@pytest.fixture
def knowledge() -> ListedKnowledge:
    return ListedKnowledge((make_passage(1), make_passage(2), make_passage(3)))


@pytest.fixture
def context(settings: Settings, knowledge: ListedKnowledge) -> Context:
    return make_context(settings, knowledge)


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer() as running:
        yield running


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    """The key of the models, set where they look for it."""
    monkeypatch.setenv("MAIN_KEY", KEY)
    return KEY


@pytest.fixture(scope="session")
def litellm_ready(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The client library, imported and used once: a first call takes longer than a stall does in these tests."""
    settings = load_settings(Home(tmp_path_factory.mktemp("home")))

    async def call_once() -> None:
        async with ModelServer() as server:
            server.add("main")
            entry = model_at(server.url, api_key_env=None)
            models = Models(with_models(settings, ["main"], main=entry))
            assert [piece async for piece in models.stream("answer", [{"role": "user", "content": "hi"}])]
            await models.close()

    asyncio.run(call_once())
