"""Shared by all tests: no network, real parts, small homes."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from knowledge.embedding import Embedder, load_embedder
from settings import Home, Settings, load_settings
from settings.sections import EmbeddingSettings

_real_connect = socket.socket.connect


def _guarded_connect(self: socket.socket, address: Any) -> None:
    if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
        raise AssertionError(f"a test reached out to {address[0]}: use a fake on loopback")
    _real_connect(self, address)


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
