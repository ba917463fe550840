"""Shared by all tests: no network, real parts, small homes.

`pytest --store=server` runs the tests that open an index once more, with its points on a Qdrant server on
loopback instead of in the engine inside Deskhand.
"""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from knowledge.embedding import Embedder, load_embedder
from settings import Home, Settings, load_settings
from settings.sections import EmbeddingSettings
from tests.fakes.in_thread import in_thread
from tests.fakes.qdrant_server import QdrantServer

Reset = tuple[str, Callable[[], None]] | None

_OPENS_AN_INDEX = {"embedder", "deskhand", "process", "start", "company"}
"""Fixtures of the tests that `--store=server` runs; others have the marker `index`."""

_real_connect = socket.socket.connect


def _guarded_connect(self: socket.socket, address: Any) -> None:
    if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
        raise AssertionError(f"a test reached out to {address[0]}: use a fake on loopback")
    _real_connect(self, address)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--store", choices=["edge", "server"], default="edge", help="where the tests' indexes live")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave to the other run what has no index in it, or is about the engine inside Deskhand."""
    if config.getoption("--store") == "edge":
        return
    kept = [
        item
        for item in items
        if isinstance(item, pytest.Function)
        and (item.get_closest_marker("index") or not _OPENS_AN_INDEX.isdisjoint(item.fixturenames))
        and item.get_closest_marker("embedded") is None
    ]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


@pytest.fixture(scope="session")
def _forget_collections(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reset]:
    """The server of `--store=server`: its address, and what makes it as new; None for the engine."""
    if request.config.getoption("--store") == "edge":
        yield None
        return
    server = QdrantServer(tmp_path_factory.mktemp("qdrant"))
    with in_thread(server) as call:
        yield server.url, lambda: call(server.clear)


@pytest.fixture(autouse=True)
def _index_lives_there(_forget_collections: Reset, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every index of this test lives where `--store` says; commands in processes of their own included."""
    if _forget_collections is None:
        yield
        return
    url, clear = _forget_collections
    monkeypatch.setenv("DESKHAND_KNOWLEDGE__STORE__URL", url)
    yield
    clear()


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but loopback, and nothing of the developer's own environment."""
    monkeypatch.setattr(socket.socket, "connect", _guarded_connect)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for name in ("DESKHAND_HOME", "DESKHAND_SECRETS_DIR", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedder]:
    """The real default model, loaded once."""
    loaded = load_embedder(EmbeddingSettings(), tmp_path_factory.mktemp("models"))
    yield loaded
    loaded.close()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home: a documents' folder and nothing else, so that all defaults apply."""
    made = Home(tmp_path / "home")
    made.documents.mkdir(parents=True)
    return made


@pytest.fixture
def write(home: Home) -> Callable[[str, str | bytes], Path]:
    """Write a file of the home by its path below it, making folders on the way."""

    def write_file(path: str, content: str | bytes) -> Path:
        file = home.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    return write_file


@pytest.fixture
def settings(home: Home) -> Settings:
    """The settings of a home without any settings file."""
    return load_settings(home)
