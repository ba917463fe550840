import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from qdrant_client.common.version_check import is_compatible

from knowledge import open_index
from knowledge.store import Nearest, Where
from knowledge.store.connection import NEWEST, OLDEST
from knowledge.store.server import ServerStores
from settings import Home, Settings, SettingsError, load_settings
from settings.errors import IndexAway, IndexUnusable
from settings.secrets import Secrets
from settings.sections import StoreSettings
from tests.fakes.qdrant_server import Fault, QdrantServer
from tests.knowledge.store.contract import ALL, Connect, StoreContract, make_point, terms

KEY = "a-key.of_the+server/123"

Open = Callable[..., ServerStores]
Write = Callable[[str, str], Path]
AtServer = Callable[[], Settings]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[QdrantServer]:
    async with QdrantServer(tmp_path / "qdrant") as server:
        yield server


@pytest.fixture
async def connect(server: QdrantServer, home: Home) -> AsyncIterator[Open]:
    """Stores on the server, without a pause before further attempts."""
    opened: list[ServerStores] = []

    def connect(at: Home = home, **changes: Any) -> ServerStores:
        settings = StoreSettings(**{"url": server.url, "timeout_seconds": 10, **changes})
        opened.append(ServerStores(settings, Secrets(at), at, pauses=(0, 0)))
        return opened[-1]

    yield connect
    for stores in opened:
        await stores.close()


@pytest.fixture
def at(server: QdrantServer, home: Home, monkeypatch: pytest.MonkeyPatch) -> AtServer:
    """Settings of the home, read anew, with the server as its store."""
    monkeypatch.setenv("DESKHAND_KNOWLEDGE__STORE__URL", server.url)
    return lambda: load_settings(home)


async def failure(stores: ServerStores) -> str:
    """The one line in which opening a generation ends."""
    with pytest.raises(IndexUnusable) as raised:
        await stores.open(1, 3)
    assert "\n" not in str(raised.value)
    assert KEY not in str(raised.value)
    return str(raised.value)


class TestServerStores(StoreContract):
    @pytest.fixture
    def connect(self, server: QdrantServer, home: Home) -> Connect:
        settings = StoreSettings(url=server.url)
        return lambda: ServerStores(settings, Secrets(home), home)


async def test_indexes_are_made_before_the_first_point(server: QdrantServer, connect: Open) -> None:
    await (await connect().open(1, 3)).upsert([make_point(0)])
    writes = [request for request in server.requests if request.method == "PUT"]
    assert [request.path for request in writes] == [
        "/collections/deskhand_g1",
        "/collections/deskhand_g1/index",
        "/collections/deskhand_g1/index",
        "/collections/deskhand_g1/points",
    ]
    assert [request.body["field_name"] for request in writes[1:3]] == ["version", "audience"]


async def test_an_index_that_a_crash_left_out_is_made_up_for(server: QdrantServer, connect: Open) -> None:
    first = connect()
    await first.open(1, 3)
    server.forget_index("deskhand_g1", "audience")
    await first.close()
    server.requests.clear()
    await connect().open(1, 3)
    assert [request.body["field_name"] for request in server.seen("PUT", "/index")] == ["audience"]


async def test_queries_take_one_round_trip(server: QdrantServer, connect: Open) -> None:
    store = await connect().open(1, 3)
    await store.upsert([make_point(0)])
    server.requests.clear()
    found = await store.query([Nearest((1.0, 0.0, 0.0), 5), Nearest(terms(1), 5), Nearest(terms(1), 1)], ALL)
    assert [len(some) for some in found] == [1, 1, 1]
    assert [request.path for request in server.requests] == ["/collections/deskhand_g1/points/query/batch"]


async def test_nothing_is_asked_where_nothing_can_be_found(server: QdrantServer, connect: Open) -> None:
    store = await connect().open(1, 3)
    server.requests.clear()
    assert await store.query([Nearest(terms(), 5)], Where(("everyone",))) == [{}]
    assert await store.fetch([]) == {}
    await store.upsert([])
    assert server.requests == []


async def test_points_travel_in_batches_of_64(server: QdrantServer, connect: Open) -> None:
    await (await connect().open(1, 3)).upsert([make_point(ordinal) for ordinal in range(150)])
    assert [len(request.body["points"]) for request in server.seen("PUT", "/points")] == [64, 64, 22]


@pytest.mark.parametrize(
    "fault", ["error", "overloaded", "overloaded_retry_after", "overloaded_until", "starting", "gateway", "cut"]
)
async def test_a_passing_fault_is_got_over(server: QdrantServer, connect: Open, fault: Fault) -> None:
    server.fail_next(fault)
    store = await connect().open(1, 3)
    for write in (store.upsert([make_point(0)]), store.delete("none")):
        server.fail_next(fault, fault)
        await write
    server.fail_next(fault)
    assert await store.query([Nearest((1.0, 0.0, 0.0), 5)], ALL) != [{}]
    server.fail_next(fault)
    assert await store.count() == 1


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("error", "is in trouble (500: Service internal error"),
        ("overloaded", "is in trouble (429: Rate limiting exceeded)"),
        ("overloaded_retry_after", "is overloaded: try again later"),
        ("overloaded_until", "is overloaded: try again later"),
        ("starting", "is in trouble (503: Service is not ready)"),
        ("gateway", "is in trouble (502: Bad Gateway)"),
        ("cut", "cannot be reached"),
    ],
)
async def test_a_lasting_fault_is_one_line(server: QdrantServer, connect: Open, fault: Fault, says: str) -> None:
    server.fail_next(*[fault] * 9)
    message = await failure(connect())
    assert f"the Qdrant server at {server.url} {says}" in message
    assert len(server.requests) == 3


async def test_a_server_that_is_away(server: QdrantServer, connect: Open) -> None:
    await server.stop()
    message = await failure(connect())
    assert message.startswith(f"the Qdrant server at {server.url} cannot be reached (")
    assert "knowledge.store.url" in message


async def test_a_server_that_comes_back(server: QdrantServer, connect: Open) -> None:
    """The same store goes on, with what it had."""
    store = await connect().open(1, 3)
    await store.upsert([make_point(0)])
    await server.stop()
    with pytest.raises(IndexAway, match="cannot be reached"):
        await store.count()
    await server.start()
    assert await store.count() == 1


async def test_a_slow_server_is_not_waited_for(server: QdrantServer, connect: Open) -> None:
    store = await connect(timeout_seconds=0.2).open(1, 3)
    server.requests.clear()
    server.fail_next("slow")
    with pytest.raises(IndexAway, match=r"gave no answer within 0\.2 s.*knowledge\.store\.timeout_seconds"):
        await store.count()
    assert len(server.requests) == 1, "waiting several times over would keep people waiting"


async def test_a_server_that_gives_up_first(server: QdrantServer, connect: Open) -> None:
    """It knows the limit, so its 408 may come before this side's own."""
    store = await connect().open(1, 3)
    server.requests.clear()
    server.fail_next("late")
    with pytest.raises(IndexAway, match=r"gave no answer within 10 s.*knowledge\.store\.timeout_seconds"):
        await store.count()
    assert len(server.requests) == 1


async def test_a_change_that_is_only_noted_is_not_taken_for_done(server: QdrantServer, connect: Open) -> None:
    """Its answer is no error. Deskhand would show a version whose chunks are not there, or one beside the next."""
    stores = connect()
    server.fail_after("PUT", "/index", 1, "noted")
    assert "gave no answer within 60 s" in await failure(stores)
    server.fail_after("PUT", "/index", 0)
    store = await stores.open(1, 3)
    for write in (store.upsert([make_point(0)]), store.delete("v1")):
        server.fail_next("noted")
        with pytest.raises(IndexAway, match="gave no answer within 10 s"):
            await write
    await store.upsert([make_point(0)])
    assert await store.count() == 1


@pytest.mark.parametrize("fault", ["full", "full_before_it"])
async def test_a_full_disk(server: QdrantServer, connect: Open, fault: Fault) -> None:
    """Trying again would not help. What is there can still be read."""
    store = await connect().open(1, 3)
    await store.upsert([make_point(0)])
    server.requests.clear()
    server.fail_next(fault)
    with pytest.raises(IndexAway, match=r"the disk of the Qdrant server at .* is full \(.*\): make room there"):
        await store.upsert([make_point(1)])
    assert len(server.requests) == 1
    assert await store.count() == 1


async def test_what_is_no_qdrant_server(server: QdrantServer, connect: Open) -> None:
    server.fail_next("nonsense")
    assert "does not answer as one" in await failure(connect())
    assert "does not answer as one" in await failure(connect(url=f"{server.url}/elsewhere"))


@pytest.mark.parametrize("version", ["1.18.3", "1.22.0", "2.20.0", "0.20.0", "dev"])
async def test_a_version_that_does_not_fit(server: QdrantServer, connect: Open, version: str) -> None:
    server.version = version
    stores = connect()
    message = await failure(stores)
    assert repr(version) in message
    assert "1.19 to 1.21" in message
    server.version = "1.21.4"
    await stores.open(1, 3)


def test_the_versions_are_those_of_the_client() -> None:
    client = installed_version("qdrant-client")
    [major], (oldest, newest) = {OLDEST[0], NEWEST[0]}, (OLDEST[1], NEWEST[1])
    fits = [minor for minor in range(40) if is_compatible(client, f"{major}.{minor}.0")]
    assert fits == list(range(oldest, newest + 1))


class TestKey:
    async def test_it_is_sent(self, server: QdrantServer, connect: Open, monkeypatch: pytest.MonkeyPatch) -> None:
        server.key = KEY
        monkeypatch.setenv("QDRANT_API_KEY", KEY)
        assert await (await connect(api_key_env="QDRANT_API_KEY").open(1, 3)).count() == 0
        assert {request.key for request in server.requests} == {KEY}

    async def test_a_wrong_one(self, server: QdrantServer, connect: Open, monkeypatch: pytest.MonkeyPatch) -> None:
        server.key = "another"
        monkeypatch.setenv("QDRANT_API_KEY", KEY)
        assert "rejects the API key in QDRANT_API_KEY" in await failure(connect(api_key_env="QDRANT_API_KEY"))

    async def test_one_that_does_not_fit_any_more(
        self, server: QdrantServer, connect: Open, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("QDRANT_API_KEY", KEY)
        store = await connect(api_key_env="QDRANT_API_KEY").open(1, 3)
        server.key = "changed"
        with pytest.raises(IndexAway, match="rejects the API key in QDRANT_API_KEY: correct it") as raised:
            await store.upsert([make_point(0)])
        assert KEY not in str(raised.value)

    async def test_one_that_only_reads(
        self, server: QdrantServer, connect: Open, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Enough to search what another process keeps up to date, and no more."""
        await (await connect().open(1, 3)).upsert([make_point(0)])
        server.key, server.read_only_key = "another", KEY
        monkeypatch.setenv("QDRANT_API_KEY", KEY)
        store = await connect(api_key_env="QDRANT_API_KEY").open(1, 3)
        assert await store.query([Nearest((1.0, 0.0, 0.0), 5)], ALL) != [{}]
        assert len(await store.fetch([make_point(0).id])) == 1
        with pytest.raises(IndexAway, match="does not permit this with the API key in QDRANT_API_KEY: it has to read"):
            await store.upsert([make_point(1)])
        with pytest.raises(IndexAway, match="does not permit this"):
            await store.delete("v1")
        assert await store.count() == 1

    async def test_a_server_that_quotes_it(
        self, server: QdrantServer, connect: Open, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server.key = KEY
        monkeypatch.setenv("QDRANT_API_KEY", KEY)
        server.fail_next("error", "error", "error")
        assert "your key was ****" in await failure(connect(api_key_env="QDRANT_API_KEY"))

    async def test_none_where_one_is_asked_for(self, server: QdrantServer, connect: Open) -> None:
        server.key = KEY
        assert "asks for an API key: set knowledge.store.api_key_env" in await failure(connect())

    async def test_one_that_is_named_but_not_set(self, server: QdrantServer, connect: Open) -> None:
        assert "NOT_SET_ANYWHERE is not set" in await failure(connect(api_key_env="NOT_SET_ANYWHERE"))
        assert server.requests == []

    @pytest.mark.parametrize("key", [f"{KEY}\nmore", "schlüssel", f"{KEY} "])
    async def test_one_that_cannot_be_a_key(
        self, server: QdrantServer, connect: Open, monkeypatch: pytest.MonkeyPatch, key: str
    ) -> None:
        monkeypatch.setenv("QDRANT_API_KEY", key)
        message = await failure(connect(api_key_env="QDRANT_API_KEY"))
        assert message.startswith("QDRANT_API_KEY holds a space")
        assert key.strip() not in message

    @pytest.mark.parametrize(
        "host", ["qdrant", "10.0.0.5:6333", "qdrant.example.com", "127.0.0.1.example.com", "[2001:db8::1]"]
    )
    def test_never_in_the_open(self, host: str) -> None:
        with pytest.raises(ValidationError, match="https://"):
            StoreSettings(url=f"http://{host}", api_key_env="QDRANT_API_KEY")
        StoreSettings(url=f"https://{host}", api_key_env="QDRANT_API_KEY")
        StoreSettings(url=f"http://{host}")

    @pytest.mark.parametrize("host", ["localhost:6333", "127.0.0.1", "127.1.2.3:80", "[::1]:6333"])
    def test_the_own_machine_is_no_network(self, host: str) -> None:
        StoreSettings(url=f"http://{host}", api_key_env="QDRANT_API_KEY")

    async def test_https_is_spoken_where_it_is_written(
        self, server: QdrantServer, connect: Open, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """This server speaks no TLS: it must not see a request, let alone a key."""
        monkeypatch.setenv("QDRANT_API_KEY", KEY)
        https = server.url.replace("http://", "https://")
        assert "SSL" in await failure(connect(url=https, api_key_env="QDRANT_API_KEY"))
        assert server.requests == []


class TestSettings:
    @pytest.mark.parametrize(
        "url",
        [
            "qdrant:6333",
            "ftp://qdrant",
            "http://",
            "http://user:password@qdrant",
            "http://q?api-key=1",
            "http://q:99999",
        ],
    )
    def test_urls_that_are_none(self, url: str) -> None:
        with pytest.raises(ValidationError):
            StoreSettings(url=url)

    @pytest.mark.parametrize("name", ["", "1st", "a/b", "a b", "x" * 64])
    def test_names_that_no_collection_has(self, name: str) -> None:
        with pytest.raises(ValidationError):
            StoreSettings(collection=name)

    def test_a_mistake_is_placed_in_its_file(self, home: Home, write: Callable[[str, str], Path]) -> None:
        write("settings/knowledge.yaml", "store:\n  url: http://qdrant:6333\n  api_key_env: QDRANT_API_KEY\n")
        with pytest.raises(SettingsError, match=r"settings/knowledge\.yaml:1: store: .*https://"):
            load_settings(home)


class TestNeighbours:
    """Several homes, or other programs, on one server."""

    @pytest.fixture
    def other(self, tmp_path: Path) -> Home:
        (tmp_path / "other").mkdir()
        return Home(tmp_path / "other")

    async def test_names_keep_homes_apart(self, server: QdrantServer, connect: Open, other: Home) -> None:
        ours, theirs = connect(), connect(other, collection="it-helpdesk")
        for stores in (ours, theirs):
            await (await stores.open(1, 3)).upsert([make_point(0)])
        await ours.keep_only(None)
        assert server.collections() == {"it-helpdesk_g1"}

    async def test_another_homes_collection_is_not_taken_up(
        self, server: QdrantServer, connect: Open, other: Home
    ) -> None:
        """It may hold documents that this home never had, or had and removed."""
        await (await connect(other).open(1, 3)).upsert([make_point(0)])
        message = await failure(connect())
        assert "deskhand_g1" in message
        assert "knowledge.store.collection" in message
        assert "deskhand index --rebuild" in message

    async def test_tidying_up_leaves_another_homes_collection_alone(
        self, server: QdrantServer, connect: Open, other: Home
    ) -> None:
        await connect(other).open(7, 3)
        ours = connect()
        await ours.open(1, 3)
        await ours.open(2, 3)
        await ours.keep_only(2)
        assert server.collections() == {"deskhand_g7", "deskhand_g2"}

    async def test_a_rebuild_takes_the_name_over(self, server: QdrantServer, connect: Open, other: Home) -> None:
        await connect(other).open(1, 3)
        ours = connect()
        await ours.keep_only(None)
        assert await (await ours.open(1, 3)).count() == 0

    async def test_other_programs_collections_are_never_touched(self, server: QdrantServer, connect: Open) -> None:
        made = {"vectors": {"dense": {"size": 3, "distance": "Cosine"}}, "sparse_vectors": {}, "shard_number": 1}
        names = {"deskhand_g1", "deskhand_g1_copy", "my_deskhand_g1", "deskhand_gx"}
        for name in names:
            server.make(name, **made, metadata={})
        stores = connect()
        await stores.keep_only(None)
        assert server.collections() == names
        assert "was not made by Deskhand" in await failure(stores)

    async def test_a_collection_that_vanishes(self, server: QdrantServer, connect: Open) -> None:
        first = connect()
        store = await first.open(1, 3)
        await connect().keep_only(None)
        with pytest.raises(IndexUnusable, match=r"has lost the index .*deskhand_g1.*deskhand index --rebuild"):
            await store.count()


class TestAlias:
    """The name under which people and dashboards find the generation that answers."""

    async def test_it_moves_in_one_change(self, server: QdrantServer, connect: Open) -> None:
        stores = connect()
        for generation in (1, 2):
            await stores.open(generation, 3)
            await stores.publish(generation)
            assert server.aliases == {"deskhand": f"deskhand_g{generation}"}
        first, second = server.seen("POST", "/collections/aliases")
        assert [list(action) for action in first.body["actions"]] == [["create_alias"]]
        assert [list(action) for action in second.body["actions"]] == [["delete_alias"], ["create_alias"]]
        await stores.publish(1)
        assert server.aliases == {"deskhand": "deskhand_g1"}

    async def test_published_twice_is_changed_once(self, server: QdrantServer, connect: Open) -> None:
        stores = connect()
        await stores.open(1, 3)
        await stores.publish(1)
        await stores.publish(1)
        assert len(server.seen("POST", "/collections/aliases")) == 1

    async def test_a_change_whose_answer_got_lost(self, server: QdrantServer, connect: Open) -> None:
        stores = connect()
        for generation in (1, 2):
            await stores.open(generation, 3)
            server.lose_answers_to("POST", "/collections/aliases")
            await stores.publish(generation)
        assert server.aliases == {"deskhand": "deskhand_g2"}

    async def test_it_goes_with_the_collection(self, server: QdrantServer, connect: Open) -> None:
        stores = connect()
        await stores.open(1, 3)
        await stores.publish(1)
        await stores.keep_only(None)
        assert server.aliases == {}

    async def test_a_collection_of_that_name(self, server: QdrantServer, connect: Open) -> None:
        """Said before the documents are indexed, not afterwards."""
        made = {"vectors": {"dense": {"size": 3, "distance": "Cosine"}}, "sparse_vectors": {}, "shard_number": 1}
        server.make("deskhand", **made, metadata={})
        assert "is called deskhand, and so cannot be the alias" in await failure(connect())
        assert server.collections() == {"deskhand"}

    async def test_another_homes_is_left_alone(self, server: QdrantServer, connect: Open, tmp_path: Path) -> None:
        (tmp_path / "other").mkdir()
        theirs = connect(Home(tmp_path / "other"))
        await theirs.open(7, 3)
        await theirs.publish(7)
        ours = connect()
        await ours.open(1, 3)
        with pytest.raises(IndexUnusable, match=r"deskhand_g7 .*another home.*knowledge\.store\.collection"):
            await ours.publish(1)
        assert server.aliases == {"deskhand": "deskhand_g7"}

    async def test_it_names_what_answers(self, server: QdrantServer, home: Home, write: Write, at: AtServer) -> None:
        """Also after a change that builds a second generation, and after a run that ended before it."""
        write("knowledge/docs/leave.md", "# Leave\n\nUnused days move on until March.\n")
        async with open_index(at()) as index:
            await index.sync()
        assert server.aliases == {"deskhand": "deskhand_g1"}
        write("settings/knowledge.yaml", "chunk: {target_words: 50}\n")
        async with open_index(at()) as index:
            await index.sync()
        assert server.aliases == {"deskhand": "deskhand_g2"}
        server.aliases.clear()
        async with open_index(at()) as index:
            await index.sync()
        assert server.aliases == {"deskhand": "deskhand_g2"}


class TestAway:
    """A server that goes away in the middle of a run or between two questions."""

    async def test_during_a_run(self, server: QdrantServer, home: Home, write: Write, at: AtServer) -> None:
        """What was there stays findable; the next run makes up for the rest."""
        write("knowledge/docs/leave.md", "# Leave\n\nUnused days move on until March.\n")
        async with open_index(at()) as index:
            await index.sync()
            for number in range(40):
                write(f"knowledge/docs/{number}.md", f"# Rule {number}\n\nRule {number} is about colour {number}.\n")
            write("knowledge/docs/leave.md", "# Leave\n\nUnused days move on until April.\n")
            server.fail_after("PUT", "/points", 1, "cut")
            with pytest.raises(IndexAway, match="cannot be reached"):
                await index.sync()
            server.fail_after("PUT", "/points", 0)
            found = await index.search("until when do unused days move on?", limit=50)
            assert [p.text for p in found.passages if p.source == "leave.md"] in (
                ["Unused days move on until March."],
                ["Unused days move on until April."],
            )
            report = await index.sync()
            assert report.count("failed") == 0
            found = await index.search("until when do unused days move on?", limit=50)
            assert [p.text for p in found.passages if p.source == "leave.md"] == ["Unused days move on until April."]
            await index.verify()
        assert {receipt.source for receipt in report.receipts} == {"leave.md", *(f"{n}.md" for n in range(40))}

    async def test_an_old_version_that_the_server_has_not_deleted_yet(
        self, server: QdrantServer, home: Home, write: Write, at: AtServer
    ) -> None:
        """It stays hidden until the server has: never are both versions found."""
        write("knowledge/docs/leave.md", "# Leave\n\nUnused days move on until March.\n")
        async with open_index(at()) as index:
            await index.sync()
            write("knowledge/docs/leave.md", "# Leave\n\nUnused days move on until April.\n")
            server.fail_after("POST", "/points/delete", 0, "noted")
            with pytest.raises(IndexAway, match="gave no answer within"):
                await index.sync()
            found = await index.search("until when do unused days move on?", limit=50)
            assert [p.text for p in found.passages] == ["Unused days move on until April."]
            server.fail_after("POST", "/points/delete", 0)
            await index.sync()
            await index.verify()
            found = await index.search("until when do unused days move on?", limit=50)
            assert [p.text for p in found.passages] == ["Unused days move on until April."]

    async def test_between_two_questions(self, server: QdrantServer, home: Home, write: Write, at: AtServer) -> None:
        write("knowledge/docs/leave.md", "# Leave\n\nUnused days move on until March.\n")
        async with open_index(at()) as index:
            await index.sync()
            assert (await index.search("unused days")).passages
            await server.stop()
            with pytest.raises(IndexAway, match=r"cannot be reached .*: start it, or correct knowledge\.store\.url"):
                await index.search("something else")
            await server.start()
            assert (await index.search("something else")).passages


async def test_the_settings_choose_the_server(
    server: QdrantServer, home: Home, write: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a folder of documents to an answer, with nothing of the index on this machine."""
    write(
        "knowledge/docs/leave.md",
        "# Leave\n\nUnused days of annual leave can be carried over until the end of March.\n",
    )
    write("knowledge/docs/travel.md", "# Travel\n\nTrains are booked in second class.\n")
    monkeypatch.setenv("DESKHAND_KNOWLEDGE__STORE__URL", server.url)
    async with open_index(load_settings(home)) as index:
        report = await index.sync()
        assert report.added == 2
        found = await index.search("can i carry over days i did not use?")
    assert found.passages[0].source.endswith("leave.md")
    assert not (home.data / "index").exists()
    assert server.collections() == {"deskhand_g1"}


async def test_a_collection_made_by_an_attempt_whose_answer_got_lost(server: QdrantServer, connect: Open) -> None:
    """The next attempt is told that it exists already, and that is fine."""
    stores = connect()
    await stores.keep_only(None)  # connected
    server.lose_answers_to("PUT", "/collections/deskhand_g1")
    assert await (await stores.open(1, 3)).count() == 0
    assert len(server.seen("PUT", "/deskhand_g1")) == 2


def test_nobody_waits_for_the_client_without_a_server() -> None:
    code = (
        "import sys, knowledge, knowledge.store.server; print('qdrant_client' in sys.modules, 'httpx' in sys.modules)"
    )
    root = Path(__file__).resolve().parents[3]
    ran = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "False"]
