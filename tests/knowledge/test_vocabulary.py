import math
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.sparse import SparseVector
from knowledge.store import Payload, Point
from knowledge.vocabulary import VersionTerms, Vocabulary, by_start, similar_words, version_terms

EVERYONE = ("everyone",)


def version(terms: dict[int, int], chunks: int = 10, audience: tuple[str, ...] = EVERYONE) -> VersionTerms:
    return VersionTerms(audience, chunks, array("I", terms.keys()), array("I", terms.values()), "")


def test_a_term_tells_more_the_fewer_chunks_have_it() -> None:
    vocabulary = Vocabulary()
    vocabulary.add(version({1: 1, 2: 9}))
    assert vocabulary.readable(EVERYONE).idf(1) == pytest.approx(math.log(1 + 9.5 / 1.5))
    assert (
        vocabulary.readable(EVERYONE).idf(3)
        > vocabulary.readable(EVERYONE).idf(1)
        > vocabulary.readable(EVERYONE).idf(2)
        > 0
    )
    assert vocabulary.readable(EVERYONE).knows(1)
    assert not vocabulary.readable(EVERYONE).knows(3)


def test_that_a_word_is_unknown_says_more_the_more_one_may_read() -> None:
    vocabulary = Vocabulary()
    vocabulary.add(version({1: 1}, chunks=30))
    vocabulary.add(version({1: 1}, chunks=240, audience=("hr",)))
    assert vocabulary.readable(("nobody",)).breadth == 0
    assert vocabulary.readable(EVERYONE).breadth == pytest.approx(0.5)
    assert vocabulary.readable((*EVERYONE, "hr")).breadth == pytest.approx(0.9)


VERSIONS = st.lists(
    st.builds(
        version,
        st.dictionaries(st.integers(0, 9), st.integers(1, 5), max_size=5),
        st.integers(5, 9),
        st.sampled_from([("everyone",), ("hr",), ("hr", "it"), ("it",)]),
    ),
    max_size=8,
)


@given(VERSIONS, VERSIONS)
def test_versions_that_one_may_not_read_change_nothing(
    readable: list[VersionTerms], others: list[VersionTerms]
) -> None:
    audience = ("everyone", "it")
    alone, together = Vocabulary(), Vocabulary()
    for one in readable + others:
        if set(one.audience) & set(audience):
            alone.add(one)
        together.add(one)
    for term in range(10):
        assert alone.readable(audience).idf(term) == together.readable(audience).idf(term)
        assert alone.readable(audience).knows(term) == together.readable(audience).knows(term)


@given(VERSIONS, VERSIONS)
def test_a_version_that_is_taken_out_leaves_nothing_behind(kept: list[VersionTerms], gone: list[VersionTerms]) -> None:
    plain, changed = Vocabulary(), Vocabulary()
    for one in kept:
        plain.add(one)
    for one in gone + kept:
        changed.add(one)
    for one in gone:
        changed.add(one, -1)
    for audience in (("everyone",), ("everyone", "hr"), ("it",), ()):
        assert [plain.readable(audience).idf(term) for term in range(10)] == [
            changed.readable(audience).idf(term) for term in range(10)
        ]


def test_the_terms_of_points_are_counted_a_chunk_once() -> None:
    def point(ordinal: int, terms: list[int], text: str) -> Point:
        payload = Payload("a.md", "v1", ordinal, "Title", ("Up",), text, 1, None, ("hr", "everyone"))
        return Point(ordinal, [0.0], SparseVector(terms, [1.5] * len(terms)), payload)

    counted = version_terms([point(0, [7, 8], "Vans and vans"), point(1, [8], "Expenses: 20")])["v1"]
    assert (counted.audience, counted.chunks) == (("everyone", "hr"), 2)
    assert dict(zip(counted.terms, counted.counts, strict=True)) == {7: 1, 8: 2}
    assert counted.words.split("\n") == ["expenses", "title", "vans"]


WORDS = ["calendar", "expense", "expenses", "laptop", "reimbursement", "travel", "trivial"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("calender", ["calendar"]),
        ("Reimbursment", ["reimbursement"]),
        ("laptpo", ["laptop"]),
        ("travle", ["travel"]),
        ("vans", []),
        ("elephant", []),
        ("e4107", []),
    ],
)
def test_a_slip_of_the_keyboard_is_mended_by_words_that_are_there(typed: str, meant: list[str]) -> None:
    assert similar_words(typed, by_start(WORDS))[:1] == meant
