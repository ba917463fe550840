import asyncio
import threading
from pathlib import Path

import pytest

from knowledge.store import Point, edge
from knowledge.store.edge import EdgeStores, open_edge
from settings.errors import IndexLocked, IndexUnusable
from settings.tasks import running
from tests.knowledge.store.contract import Connect, StoreContract, make_point


class TestEdgeStores(StoreContract):
    @pytest.fixture
    def connect(self, tmp_path: Path) -> Connect:
        return lambda: EdgeStores(tmp_path / "index")


async def test_a_second_opener_is_told_that_the_index_is_in_use(tmp_path: Path) -> None:
    first = open_edge(tmp_path / "g1", 3)
    with pytest.raises(IndexLocked, match="another process"):
        open_edge(tmp_path / "g1", 3)
    await first.close()
    await open_edge(tmp_path / "g1", 3).close()


async def test_a_damaged_folder_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    store = open_edge(tmp_path / "g1", 3)
    await store.upsert([make_point(0)])
    await store.flush()
    await store.close()
    damaged = list((tmp_path / "g1" / "segments").glob("*/segment.json"))
    assert damaged
    for path in damaged:
        path.write_text("{ not what it was")
    with pytest.raises(IndexUnusable, match="deskhand index --rebuild") as raised:
        open_edge(tmp_path / "g1", 3)
    assert "\n" not in str(raised.value)
    assert str(tmp_path / "g1") in str(raised.value)


async def test_a_folder_that_a_crash_left_half_made_is_made_anew(tmp_path: Path) -> None:
    store = open_edge(tmp_path / "g1", 3)
    await store.upsert([make_point(0)])
    await store.flush()
    await store.close()
    (tmp_path / "g1" / "complete").unlink()
    (tmp_path / "g1" / "edge_config.json").write_text("{ half a fi")
    again = open_edge(tmp_path / "g1", 3)
    assert await again.count() == 0
    await again.upsert([make_point(0)])
    assert await again.count() == 1
    await again.close()


async def test_keep_only_leaves_other_folders_alone(tmp_path: Path) -> None:
    stores = EdgeStores(tmp_path)
    await stores.open(1, 3)
    (tmp_path / "notes").mkdir()
    await stores.keep_only(None)
    assert [path.name for path in tmp_path.iterdir()] == ["notes"]
    await stores.close()


async def test_points_are_made_ready_for_the_engine_in_a_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[threading.Thread] = []
    to_engine = edge._to_engine

    def noted(point: Point) -> object:
        made.append(threading.current_thread())
        return to_engine(point)

    store = open_edge(tmp_path / "g1", 3)
    monkeypatch.setattr(edge, "_to_engine", noted)
    await store.upsert([make_point(number) for number in range(40)])
    assert await store.count() == len(made) == 40
    assert threading.current_thread() not in made
    await store.close()


async def test_others_have_their_turn_while_many_points_are_written(tmp_path: Path) -> None:
    store = open_edge(tmp_path / "g1", 3)
    counts: list[int] = []

    async def look() -> None:
        while True:
            counts.append(await store.count())
            await asyncio.sleep(0)

    async with running(look()):
        await store.upsert([make_point(number) for number in range(40)])
    assert list(dict.fromkeys(counts)) == [0, 16, 32, 40]
    await store.close()
