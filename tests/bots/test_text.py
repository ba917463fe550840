import json
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots import clean_question, footnotes, place_of, printable
from bots.text import printable_json
from knowledge.search import Passage
from plugins import Citation
from settings import UsageError

ANYTHING = st.text(st.characters(), max_size=200)
"""Any code point, control characters, separators and lone surrogates too."""


PASSAGE = Passage(
    id="1",
    source="policies/leave.md",
    version="v",
    title="Leave",
    heading="Carry over",
    text="x",
    line=42,
    page=None,
    score=0.5,
    cosine=0.5,
    coverage=0.0,
)


@pytest.mark.parametrize("text", ["", "   \n\t ", "\x00\x07\x1b", "\u200b\ufeff\u2028", "\u202e\u2066", "\r\n\r\n"])
def test_a_question_of_nothing_that_can_be_read_is_wrong_use(text: str) -> None:
    with pytest.raises(UsageError, match=r"^the question is empty: type what you would like to know$"):
        clean_question(text, 100)


def test_a_question_over_the_limit_is_wrong_use_and_names_both_sizes_but_not_the_question() -> None:
    assert clean_question("a" * 100, 100) == "a" * 100
    with pytest.raises(UsageError) as caught:
        clean_question("a" * 101_000, 100)
    assert str(caught.value).startswith("the question has 101,000 characters, the limit is 100 ")
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("  can i carry over days?\n", "can i carry over days?"),
        ("line one\r\nline\ttwo", "line one\nline\ttwo"),
        ("red \x1b[31malert\x1b[0m", "red [31malert[0m"),
        ("zero\u200bwidth", "zerowidth"),
        ("cafe\u0301", "café"),
        ("caf\udce9", "caf?"),
        ("何日繰り越せますか 🙂", "何日繰り越せますか 🙂"),
    ],
)
def test_what_can_be_read_of_a_question_stays(typed: str, expected: str) -> None:
    assert clean_question(typed, 100) == expected


@given(ANYTHING)
def test_a_clean_question_can_be_stored_sent_and_cleaned_again(text: str) -> None:
    try:
        clean = clean_question(text, 1000)
    except UsageError:
        return
    assert clean == clean.strip() != ""
    assert clean.encode().decode() == clean
    assert clean_question(clean, 1000) == clean


@given(ANYTHING)
def test_no_control_character_but_tab_and_line_end_is_printed(text: str) -> None:
    shown = printable(text)
    assert {char for char in shown if unicodedata.category(char) == "Cc"} <= {"\t", "\n"}
    assert printable(shown) == shown


@given(st.text(st.characters(exclude_categories=["C", "Z"])))
def test_letters_of_any_script_are_printed_as_they_are(text: str) -> None:
    assert printable(text) == text


@given(st.dictionaries(ANYTHING, ANYTHING))
def test_json_keeps_every_character_but_prints_no_control_character(data: dict[str, str]) -> None:
    shown = printable_json(json.dumps(data, ensure_ascii=False))
    assert json.loads(shown) == data
    assert printable(shown) == shown


def test_a_citation_points_to_a_page_else_to_a_line_else_to_the_file() -> None:
    assert place_of(Citation(1, replace(PASSAGE, page=3))) == "policies/leave.md, page 3"
    assert place_of(Citation(1, PASSAGE)) == "policies/leave.md:42"
    assert place_of(Citation(1, replace(PASSAGE, line=None))) == "policies/leave.md"


def test_footnotes_are_a_line_a_citation() -> None:
    lines = footnotes([Citation(1, PASSAGE), Citation(3, replace(PASSAGE, heading="", source="faq/it.md", title="IT"))])
    assert lines == "[1] Leave > Carry over (policies/leave.md:42)\n[3] IT (faq/it.md:42)"
    assert footnotes([]) == ""
