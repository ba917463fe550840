import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.splitting import split_text

_WORDS = ["", "", "a word", "A sentence. Another one!", "long " * 30, "unbroken" * 20, "日本語の文章" * 10]
_MARKS = ["- item", "```py", "```", "x = 1", "~~~~", "| a | b |", "|---|---|", "\t```", "> quote"]
_LINES = st.sampled_from(_WORDS + _MARKS)


@given(st.lists(_LINES, max_size=40).map("\n".join), st.integers(60, 300))
def test_parts_keep_to_the_limit_and_lose_no_word(text: str, most: int) -> None:
    parts = split_text(text, most)
    assert parts
    assert all(len(part) <= most for part in parts)
    marks = re.compile(r"[`~|:\-\s]")
    whole, joined = marks.sub("", text), marks.sub("", "".join(parts))
    if "|---|---|" not in text and "```" not in text and "~~~" not in text:  # heads of tables and of code are repeated
        assert joined == whole
    else:
        assert len(joined) >= len(whole)


@given(st.text(max_size=400), st.integers(60, 100))
def test_any_text_is_split_and_stays_within_the_limit(text: str, most: int) -> None:
    assert all(len(part) <= most for part in split_text(text, most))


def test_a_text_that_fits_is_left_alone() -> None:
    assert split_text("one\n\ntwo", 60) == ["one\n\ntwo"]
    assert split_text("", 60) == [""]


def test_it_is_cut_between_paragraphs_where_that_goes() -> None:
    first, second = "a " * 20, "b " * 20
    assert split_text(f"{first.strip()}\n\n{second.strip()}", 60) == [first.strip(), second.strip()]


def test_code_is_closed_and_opened_again() -> None:
    parts = split_text("```py\n" + "\n".join(f"line {number}" for number in range(20)) + "\n```", 80)
    assert len(parts) > 1
    assert all(part.startswith("```py\n") and part.endswith("\n```") for part in parts)


def test_code_that_is_still_being_written_is_closed() -> None:
    assert split_text("```\nx = 1", 60) == ["```\nx = 1\n```"]


def test_blank_lines_inside_code_do_not_end_it() -> None:
    text = "```\na\n\n\nb\n```"
    assert split_text(text, 60) == [text]


def test_the_head_of_a_table_is_repeated() -> None:
    rows = "\n".join(f"| country {number} | {number} days |" for number in range(10))
    parts = split_text(f"| where | how long |\n|---|---|\n{rows}", 120)
    assert len(parts) > 1
    assert all(part.startswith("| where | how long |\n|---|---|\n| country") for part in parts)


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    parts = split_text("One sentence of some length. " * 6, 70)
    assert all(part.endswith(".") for part in parts)


def test_posts_too_short_to_be_read_are_refused() -> None:
    with pytest.raises(ValueError, match="10 characters"):
        split_text("x", 10)
