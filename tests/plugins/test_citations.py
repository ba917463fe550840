import re
from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from plugins.citations import CitationFilter
from tests.plugins.parts import make_passage

PASSAGES = tuple(make_passage(number) for number in range(1, 4))
MARK = re.compile(r"\[\s*[0-9]{1,3}(?:\s*[,;]\s*[0-9]{1,3})*\s*\]")

SCRAPS = [*"[],; \t\nab.1239", "[1]", "[9]", "[1, 3]", " [4;2]", "word ", "[2", "12]", "[2024]"]
PROSE = st.lists(st.sampled_from(SCRAPS), max_size=40).map("".join)
INLINE = st.sampled_from(["`items[0]`", "``a[9] ` b[8]``", "`[7, 8]`"])
FENCED = st.sampled_from(
    ["\n```py\nx[9] = `y` [8]\n```\n", "\n  ````\n```\nz[7]\n  ````\n", "\n```\n[9]\n``` no\n[8]\n```\n"]
)
ANYTHING = st.lists(
    st.one_of(PROSE, INLINE, FENCED, st.sampled_from(["`", "``", "```", "\n```", "`x", "\n"])), max_size=12
)


def filtered(pieces: Sequence[str]) -> tuple[str, list[int]]:
    marks = CitationFilter(PASSAGES)
    text = "".join([*(marks.feed(piece) for piece in pieces), marks.end()])
    return text, [citation.number for citation in marks.citations]


@settings(deadline=None)
@given(st.data())
def test_the_result_does_not_depend_on_how_the_text_is_split(data: st.DataObject) -> None:
    text = "".join(data.draw(ANYTHING))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert filtered(pieces) == filtered([text]) == filtered(list(text))


@pytest.mark.parametrize(
    "text", ["[" + "1, " * 30 + "2]", "[1" + " " * 40 + "]", "`a[9]``b`", "x\n  ```\n[9]\n  ```\n[9]"]
)
def test_a_mark_or_code_however_long_may_arrive_in_any_pieces(text: str) -> None:
    for cut in range(len(text)):
        assert filtered([text[:cut], text[cut:]]) == filtered([text])


@settings(deadline=None)
@given(PROSE)
@example("[" + "1, " * 30 + "9]")
@example("[[9]9]")
@example("[2[9]2]")
def test_no_mark_of_prose_points_nowhere_and_the_citations_are_the_marks_shown(text: str) -> None:
    shown, cited = filtered([text])
    numbers = [int(number) for mark in MARK.findall(shown) for number in re.findall("[0-9]+", mark)]
    assert set(numbers) <= {1, 2, 3}
    assert sorted(set(numbers)) == cited


@settings(deadline=None)
@given(PROSE.map(lambda text: text.replace("[", "").replace("]", "")))
def test_text_without_marks_is_not_changed(text: str) -> None:
    assert filtered([text]) == (text, [])


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["one [1] ", "none [9] ", "a [ b ", "a ] b "]), st.one_of(INLINE, FENCED))))
def test_code_is_not_changed_whatever_stands_around_it(parts: list[tuple[str, str]]) -> None:
    shown, cited = filtered([prose + code for prose, code in parts])
    assert shown == "".join(prose.replace(" [9]", "") + code for prose, code in parts)
    assert cited == ([1] if any("[1]" in prose for prose, _ in parts) else [])


@pytest.mark.parametrize(
    ("text", "shown", "cited"),
    [
        ("Five weeks [2].", "Five weeks [2].", [2]),
        ("Five weeks [1, 3].", "Five weeks [1][3].", [1, 3]),
        ("Five weeks [3;1].", "Five weeks [3][1].", [1, 3]),
        ("Five weeks [2, 2].", "Five weeks [2].", [2]),
        ("Five weeks [9].", "Five weeks.", []),
        ("Five weeks [0].", "Five weeks.", []),
        ("Five weeks [2, 9].", "Five weeks [2].", [2]),
        ("Since [2024] it is [sic] so.", "Since [2024] it is [sic] so.", []),
        ("Use `items[0]` [9].", "Use `items[0]`.", []),
        ("```\nitems[9]\n```\nSo [9].", "```\nitems[9]\n```\nSo.", []),
        ("```\nitems[9]", "```\nitems[9]", []),
        ("A stray ` here [9].\nNext [9] ` line [1].", "A stray ` here.\nNext ` line [1].", [1]),
        ("- [ ] to do [1]", "- [ ] to do [1]", [1]),
        ("", "", []),
    ],
)
def test_marks(text: str, shown: str, cited: list[int]) -> None:
    assert filtered([text]) == (shown, cited)


def test_only_what_may_become_a_mark_or_code_is_held_back() -> None:
    marks = CitationFilter(PASSAGES)
    assert marks.feed("Five weeks") == "Five weeks"
    assert marks.feed(" [") == ""
    assert marks.feed("2") == ""
    assert marks.feed("]") == " [2]"
    assert marks.feed(", see `a") == ", see"
    assert marks.feed("[9]` there") == " `a[9]` there"


def test_citations_are_known_as_soon_as_their_marks_are_shown() -> None:
    marks = CitationFilter(PASSAGES)
    assert marks.feed("Five [3] weeks") == "Five [3] weeks"
    assert [citation.passage.id for citation in marks.citations] == ["p3"]


def test_without_passages_every_mark_is_removed() -> None:
    marks = CitationFilter(())
    assert marks.feed("Five weeks [1].") + marks.end() == "Five weeks."
    assert marks.citations == ()
