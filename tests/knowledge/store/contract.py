"""What every store does. A store's own test module subclasses `StoreContract` and names its stores."""

import math
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from knowledge.sparse import SparseVector
from knowledge.store import Nearest, Payload, Point, Store, Stores, Where, point_id
from settings.errors import IndexUnusable

Connect = Callable[[], Stores]
"""Opens the stores of one and the same home, every time anew."""

ALL = Where(("everyone",))


def make_point(
    ordinal: int = 0,
    dense: Sequence[float] = (1.0, 0.0, 0.0),
    terms: dict[int, float] | None = None,
    version: str = "v1",
    audience: tuple[str, ...] = ("everyone",),
    text: str = "Five weeks.",
) -> Point:
    weights = {1: 1.0} if terms is None else terms
    return Point(
        point_id(version, ordinal),
        dense,
        SparseVector(list(weights), list(weights.values())),
        Payload("policies/leave.md", version, ordinal, "Leave", ("Annual leave", "Days"), text, 3, None, audience),
    )


def near(ordinal: int, count: int) -> tuple[float, float, float]:
    """A direction that is the further from the first axis, the higher the ordinal."""
    angle = math.pi / 2 * ordinal / count
    return math.cos(angle), math.sin(angle), 0.0


def terms(*indices: int) -> SparseVector:
    return SparseVector(list(indices), [1.0] * len(indices))


async def ids(store: Store, query: Nearest, where: Where = ALL) -> list[int]:
    [found] = await store.query([query], where)
    return list(found)


class StoreContract:
    @pytest.fixture
    def connect(self) -> Connect:
        raise NotImplementedError

    @pytest.fixture
    async def stores(self, connect: Connect) -> AsyncIterator[Stores]:
        stores = connect()
        yield stores
        await stores.close()

    @pytest.fixture
    async def store(self, stores: Stores) -> Store:
        return await stores.open(1, 3)

    async def test_what_was_written_is_fetched_as_it_was(self, store: Store) -> None:
        points = [make_point(0), make_point(1, audience=("hr", "managers"), text="Überstunden: 加班 🏖\n\ttab \0 end")]
        await store.upsert(points)
        fetched = await store.fetch([point.id for point in points])
        assert fetched == {point.id: point.payload for point in points}

    async def test_ids_that_are_not_there_are_left_out(self, store: Store) -> None:
        await store.upsert([make_point(0)])
        assert set(await store.fetch([point_id("v1", 0), point_id("v1", 1)])) == {point_id("v1", 0)}

    async def test_nothing_asked_is_nothing_found(self, store: Store) -> None:
        await store.upsert([])
        await store.upsert([make_point(0)])
        assert await store.query([], ALL) == []
        assert await store.fetch([]) == {}

    async def test_an_empty_store_finds_nothing(self, store: Store) -> None:
        assert await store.query([Nearest((1.0, 0.0, 0.0), 5), Nearest(terms(1), 5)], ALL) == [{}, {}]
        assert await store.count() == 0

    async def test_a_question_without_terms_finds_nothing_and_leaves_the_others_alone(self, store: Store) -> None:
        await store.upsert([make_point(0)])
        queries = [Nearest(terms(), 5), Nearest((1.0, 0.0, 0.0), 5), Nearest(terms(), 5), Nearest(terms(1), 5)]
        assert [len(found) for found in await store.query(queries, ALL)] == [0, 1, 0, 1]

    async def test_dense_scores_are_cosines_best_first(self, store: Store) -> None:
        await store.upsert(
            [make_point(0, (0.0, 2.0, 0.0)), make_point(1, (3.0, 4.0, 0.0)), make_point(2, (-1.0, 0, 0))]
        )
        [found] = await store.query([Nearest((5.0, 0.0, 0.0), 3)], ALL)
        assert list(found) == [point_id("v1", 1), point_id("v1", 0), point_id("v1", 2)]
        assert list(found.values()) == pytest.approx([0.6, 0.0, -1.0], abs=1e-6)

    async def test_a_sparse_score_is_the_sum_of_the_products_of_the_weights(self, store: Store) -> None:
        """What a term tells is in the question's weights: the store must not weigh it again."""
        await store.upsert([make_point(ordinal, terms={7: 1.0}) for ordinal in range(20)])
        await store.upsert([make_point(20, terms={7: 0.5, 8: 2.0})])
        [found] = await store.query([Nearest(SparseVector([7, 8], [3.0, 1.5]), 2)], ALL)
        assert next(iter(found)) == point_id("v1", 20)
        assert list(found.values()) == pytest.approx([4.5, 3.0])

    @pytest.mark.parametrize(
        "query",
        [Nearest((1.0, 0.0, 0.0), 1), Nearest(terms(1, 2), 1), Nearest(terms(1), 1)],
        ids=["dense", "sparse", "single term"],
    )
    async def test_the_filter_applies_inside_every_query(self, store: Store, query: Nearest) -> None:
        """The best point is not for everyone, so a filter over the one hit would leave nothing."""
        await store.upsert([make_point(0, (1.0, 0.0, 0.0), {1: 5.0, 2: 5.0}, audience=("hr",))])
        await store.upsert([make_point(1, (0.6, 0.8, 0.0), {1: 1.0, 2: 1.0})])
        await store.upsert([make_point(0, (1.0, 0.0, 0.0), {1: 5.0, 2: 5.0}, version="old")])
        assert await ids(store, query, Where(("everyone",), hidden=("old",))) == [point_id("v1", 1)]
        assert await ids(store, query, Where(("everyone", "hr"), hidden=("old",))) == [point_id("v1", 0)]
        assert await ids(store, query, Where(("everyone",))) == [point_id("old", 0)]
        assert await ids(store, query, Where(("it",))) == []
        assert await ids(store, query, Where(())) == []

    async def test_one_filter_holds_for_all_queries_of_a_batch(self, store: Store) -> None:
        await store.upsert([make_point(0), make_point(1, audience=("hr",))])
        queries = [Nearest((1.0, 0.0, 0.0), 5), Nearest(terms(1), 5), Nearest(terms(1), 1)]
        found = await store.query(queries, ALL)
        assert [list(some) for some in found] == [[point_id("v1", 0)]] * 3

    async def test_several_hidden_versions(self, store: Store) -> None:
        await store.upsert([make_point(0, version=version) for version in ("a", "b", "c")])
        where = Where(("everyone",), hidden=("a", "c", "unknown"))
        assert await ids(store, Nearest((1.0, 0.0, 0.0), 5), where) == [point_id("b", 0)]

    async def test_a_point_written_again_is_replaced_in_every_part(self, store: Store) -> None:
        await store.upsert(
            [make_point(0, (1.0, 0.0, 0.0), {1: 1.0}, text="before"), make_point(1, (0.0, 0.0, 1.0), {3: 1})]
        )
        await store.upsert([make_point(0, (0.0, 1.0, 0.0), {2: 1.0}, text="after")])
        assert await store.count() == 2
        assert (await store.fetch([point_id("v1", 0)]))[point_id("v1", 0)].text == "after"
        [dense, nothing, sparse] = await store.query(
            [Nearest((0.0, 1.0, 0.0), 1), Nearest(terms(1), 1), Nearest(terms(2), 1)], ALL
        )
        assert (list(dense), list(nothing), list(sparse)) == ([point_id("v1", 0)], [], [point_id("v1", 0)])
        assert list(dense.values()) == pytest.approx([1.0])

    async def test_of_the_same_id_twice_in_one_call_the_last_one_stays(self, store: Store) -> None:
        await store.upsert([make_point(0, text="first"), make_point(0, text="last")])
        assert await store.count() == 1
        assert (await store.fetch([point_id("v1", 0)]))[point_id("v1", 0)].text == "last"

    @pytest.mark.parametrize(
        "bad",
        [
            make_point(70, dense=(1.0, 0.0)),
            make_point(70, dense=(1.0, math.nan, 0.0)),
            make_point(70, dense=(1.0, math.inf, 0.0)),
            make_point(70, terms={1: math.nan}),
            Point(point_id("v1", 70), (1.0, 0.0, 0.0), SparseVector([4, 4], [1.0, 1.0]), make_point().payload),
            Point(point_id("v1", 70), (1.0, 0.0, 0.0), SparseVector([4, 5], [1.0]), make_point().payload),
            Point(-1, (1.0, 0.0, 0.0), terms(1), make_point().payload),
            make_point(70, text="half a letter: \udcff"),
        ],
        ids=["dimension", "nan", "infinity", "sparse nan", "duplicate term", "missing weight", "id", "not unicode"],
    )
    async def test_a_bad_point_is_refused_before_anything_is_written(
        self, store: Store, stores: Stores, connect: Connect, bad: Point
    ) -> None:
        """Also not after the next start: an engine's log may keep what it refused."""
        with pytest.raises(ValueError):  # noqa: PT011  # the text is the engine's or ours
            await store.upsert([*(make_point(ordinal) for ordinal in range(70)), bad])
        assert await store.count() == 0
        await stores.close()
        again = connect()
        assert await (await again.open(1, 3)).count() == 0
        await again.close()

    async def test_delete_removes_one_version_and_no_other(self, store: Store) -> None:
        await store.upsert([make_point(0, version="a"), make_point(1, version="a"), make_point(0, version="b")])
        await store.delete("a")
        await store.delete("never there")
        assert await store.count() == 1
        assert await ids(store, Nearest((1.0, 0.0, 0.0), 5)) == [point_id("b", 0)]
        assert await ids(store, Nearest(terms(1), 5)) == [point_id("b", 0)]
        assert await store.fetch([point_id("a", 0)]) == {}

    async def test_count_leaves_nothing_out(self, store: Store) -> None:
        await store.upsert([make_point(0), make_point(1, audience=("hr",)), make_point(0, version="old")])
        assert await store.count() == 3

    async def test_what_was_flushed_is_there_after_reopening(
        self, store: Store, stores: Stores, connect: Connect
    ) -> None:
        await store.upsert([make_point(0), make_point(1, version="gone")])
        await store.delete("gone")
        await store.flush()
        await stores.close()
        again = connect()
        reopened = await again.open(1, 3)
        assert await reopened.count() == 1
        assert await ids(reopened, Nearest(terms(1), 5)) == [point_id("v1", 0)]
        assert await reopened.fetch([point_id("v1", 0)]) == {point_id("v1", 0): make_point(0).payload}
        await again.close()

    async def test_another_dimension_is_refused_in_one_line(
        self, store: Store, stores: Stores, connect: Connect
    ) -> None:
        await stores.close()
        again = connect()
        with pytest.raises(IndexUnusable, match="deskhand index --rebuild") as raised:
            await again.open(1, 4)
        assert "\n" not in str(raised.value)
        await again.close()

    async def test_an_open_generation_is_opened_once(self, stores: Stores) -> None:
        assert await stores.open(1, 3) is await stores.open(1, 3)

    async def test_generations_stand_side_by_side(self, stores: Stores) -> None:
        first, second = await stores.open(1, 3), await stores.open(2, 5)
        await first.upsert([make_point(0)])
        await second.upsert([make_point(ordinal, (0.0, 0.0, 0.0, 1.0, 0.0)) for ordinal in range(2)])
        assert (await first.count(), await second.count()) == (1, 2)
        assert await ids(first, Nearest((1.0, 0.0, 0.0), 5)) == [point_id("v1", 0)]

    async def test_keep_only_deletes_the_other_generations(self, stores: Stores, connect: Connect) -> None:
        for generation in (1, 2, 12):
            await (await stores.open(generation, 3)).upsert([make_point(0)])
        kept = await stores.open(2, 3)
        await stores.keep_only(2)
        assert await stores.open(2, 3) is kept
        assert [await (await stores.open(generation, 3)).count() for generation in (1, 2, 12)] == [0, 1, 0]

    async def test_keep_only_knows_what_an_earlier_process_made(self, stores: Stores, connect: Connect) -> None:
        for generation in (1, 2):
            await (await stores.open(generation, 3)).upsert([make_point(0)])
        await stores.close()
        again = connect()
        await again.keep_only(2)
        assert [await (await again.open(generation, 3)).count() for generation in (1, 2)] == [0, 1]
        await again.close()

    async def test_keep_only_none_deletes_all(self, stores: Stores) -> None:
        for generation in (1, 2):
            await (await stores.open(generation, 3)).upsert([make_point(0)])
        await stores.keep_only(None)
        assert [await (await stores.open(generation, 3)).count() for generation in (1, 2)] == [0, 0]

    async def test_ties_are_all_found_once_and_never_out_of_order(self, store: Store) -> None:
        """Which of equal points comes first is the engine's affair; the search sorts them by id."""
        await store.upsert([make_point(ordinal, (1.0, 0.0, 0.0)) for ordinal in range(6)])
        await store.upsert([make_point(6, (0.6, 0.8, 0.0), {1: 0.5}), make_point(7, (0.0, 1.0, 0.0), {1: 0.2})])
        for query in (Nearest((1.0, 0.0, 0.0), 8), Nearest(terms(1), 8)):
            [found] = await store.query([query], ALL)
            assert set(list(found)[:6]) == {point_id("v1", ordinal) for ordinal in range(6)}
            assert list(found)[6:] == [point_id("v1", 6), point_id("v1", 7)]
            assert len(set(list(found.values())[:6])) == 1
            [fewer] = await store.query([Nearest(query.vector, 4)], ALL)
            assert len(fewer) == 4
            assert set(fewer.values()) == {max(found.values())}

    async def test_a_thousand_points(self, store: Store) -> None:
        points = [make_point(ordinal, near(ordinal, 1000), {ordinal: 1.0, 5000: 1.0}) for ordinal in range(1000)]
        await store.upsert(points)
        assert await store.count() == 1000
        fetched = await store.fetch([point.id for point in points])
        assert fetched == {point.id: point.payload for point in points}
        queries = [Nearest(near(500, 1000), 3), Nearest(terms(777), 3), Nearest(terms(5000), 1000)]
        dense, single, everyone = await store.query(queries, ALL)
        assert next(iter(dense)) == points[500].id
        assert set(list(dense)[1:]) == {points[499].id, points[501].id}
        assert list(single) == [points[777].id]
        assert set(everyone) == set(fetched)
