"""Encrypted connections, over real TLS on loopback."""

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from knowledge.store.server import ServerStores
from settings import Home
from settings.errors import IndexAway
from settings.secrets import Secrets
from settings.sections import StoreSettings
from tests.fakes.qdrant_server import QdrantServer
from tests.knowledge.store.contract import make_point

KEY = "a-key.of_the+server/123"
NOW = datetime.now(UTC)

Open = Callable[..., ServerStores]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """The company's own, that no browser knows."""
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, home: Home) -> str:
    """Its certificate, in the home."""
    path = home.settings / "authority.pem"
    path.parent.mkdir(exist_ok=True)
    authority.cert_pem.write_to_path(str(path))
    return "settings/authority.pem"


@pytest.fixture
async def opened() -> AsyncIterator[list[ServerStores]]:
    stores: list[ServerStores] = []
    yield stores
    for some in stores:
        await some.close()


@asynccontextmanager
async def serving(folder: Path, certificate: trustme.LeafCert, key: str | None = None) -> AsyncIterator[QdrantServer]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(tls)
    async with QdrantServer(folder, key, tls=tls) as server:
        yield server


@pytest.fixture
def connect(home: Home, opened: list[ServerStores]) -> Open:
    def connect(server: QdrantServer, **changes: Any) -> ServerStores:
        settings = StoreSettings(**{"url": server.url, **changes})
        opened.append(ServerStores(settings, Secrets(home), home, pauses=(0, 0)))
        return opened[-1]

    return connect


async def failure(stores: ServerStores) -> str:
    with pytest.raises(IndexAway) as raised:
        await stores.open(1, 3)
    assert "\n" not in str(raised.value)
    return str(raised.value)


async def test_a_key_travels_over_tls(
    tmp_path: Path, authority: trustme.CA, ca_file: str, connect: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QDRANT_API_KEY", KEY)
    async with serving(tmp_path / "qdrant", authority.issue_cert("127.0.0.1"), KEY) as server:
        store = await connect(server, ca_file=ca_file, api_key_env="QDRANT_API_KEY").open(1, 3)
        await store.upsert([make_point(0)])
        assert await store.count() == 1
        assert {request.key for request in server.requests} == {KEY}


async def test_the_file_may_lie_anywhere(
    tmp_path: Path, authority: trustme.CA, ca_file: str, connect: Open, home: Home
) -> None:
    async with serving(tmp_path / "qdrant", authority.issue_cert("127.0.0.1")) as server:
        assert await (await connect(server, ca_file=str(home.root / ca_file)).open(1, 3)).count() == 0


async def test_an_unknown_authority(tmp_path: Path, authority: trustme.CA, connect: Open) -> None:
    async with serving(tmp_path / "qdrant", authority.issue_cert("127.0.0.1")) as server:
        message = await failure(connect(server))
        assert f"the Qdrant server at {server.url} has a certificate that is not trusted here (" in message
        assert "knowledge.store.ca_file" in message
        assert server.requests == []


async def test_another_authority_than_the_one_named(tmp_path: Path, ca_file: str, connect: Open) -> None:
    async with serving(tmp_path / "qdrant", trustme.CA().issue_cert("127.0.0.1")) as server:
        assert "is not trusted here" in await failure(connect(server, ca_file=ca_file))


@pytest.mark.parametrize(
    ("names", "dates", "says"),
    [
        (["127.0.0.1"], (NOW - timedelta(9), NOW - timedelta(1)), "has expired: renew it"),
        (["127.0.0.1"], (NOW + timedelta(1), NOW + timedelta(9)), "is not valid yet"),
        (["127.0.0.2"], (None, None), "for another host: write the name that it was made for in knowledge.store.url"),
        (
            ["qdrant.example.com"],
            (None, None),
            "for another host: write the name that it was made for in knowledge.store.url",
        ),
    ],
    ids=["expired", "not yet valid", "another address", "another name"],
)
async def test_a_certificate_that_does_not_fit(
    tmp_path: Path,
    authority: trustme.CA,
    ca_file: str,
    connect: Open,
    names: list[str],
    dates: tuple[datetime | None, datetime | None],
    says: str,
) -> None:
    certificate = authority.issue_cert(*names, not_before=dates[0], not_after=dates[1])
    async with serving(tmp_path / "qdrant", certificate) as server:
        assert says in await failure(connect(server, ca_file=ca_file))
        assert server.requests == [], "neither a question nor a key may reach it"


async def test_a_file_that_is_not_there(tmp_path: Path, connect: Open, home: Home) -> None:
    async with QdrantServer(tmp_path / "qdrant") as server:
        message = await failure(connect(server, ca_file="settings/none.pem"))
    assert message.startswith(f"{home.settings / 'none.pem'}, which knowledge.store.ca_file names, cannot be read")


@pytest.mark.parametrize("content", ["", "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n"])
async def test_a_file_without_a_certificate(tmp_path: Path, connect: Open, home: Home, content: str) -> None:
    (home.root / "authority.pem").write_text(content)
    async with QdrantServer(tmp_path / "qdrant") as server:
        assert "holds no certificate in PEM format" in await failure(connect(server, ca_file="authority.pem"))
