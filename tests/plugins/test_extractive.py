import pytest

from knowledge import Quote
from plugins.extractive import quoted_answer
from tests.plugins.parts import make_passage

FIRST, SECOND, ELSEWHERE = make_passage(1), make_passage(2), make_passage(3, source="expenses.md")


def test_each_quote_is_followed_by_the_number_of_its_passage() -> None:
    text, citations = quoted_answer([Quote(SECOND, "Two."), Quote(FIRST, "One.")], [FIRST, SECOND])
    assert text == "This is what “Annual leave” says:\n\nTwo. [2]\n\nOne. [1]"
    assert [(citation.number, citation.passage) for citation in citations] == [(1, FIRST), (2, SECOND)]


def test_only_quoted_passages_are_cited() -> None:
    _, citations = quoted_answer([Quote(SECOND, "Two.")], [FIRST, SECOND])
    assert [citation.number for citation in citations] == [2]


def test_one_document_is_named_and_several_are_not() -> None:
    text, _ = quoted_answer([Quote(FIRST, "One."), Quote(ELSEWHERE, "Three.")], [FIRST, SECOND, ELSEWHERE])
    assert text.startswith("The documents say:\n\nOne. [1]\n\nThree. [3]")


@pytest.mark.parametrize("block", ["| a |\n|---|\n| 1 |", "```\nrun this\n```", "Do:\n\n~~~\nrun\n~~~\n"])
def test_the_number_stands_below_a_table_or_code_and_not_in_it(block: str) -> None:
    text, _ = quoted_answer([Quote(FIRST, block)], [FIRST])
    assert text.endswith(f"{block}\n\n[1]")


def test_a_list_keeps_its_lines() -> None:
    text, _ = quoted_answer([Quote(FIRST, "Steps:\n- one\n- two")], [FIRST])
    assert text.endswith("Steps:\n- one\n- two [1]")


def test_a_quote_on_weak_evidence_is_introduced_as_unsure() -> None:
    text, _ = quoted_answer([Quote(FIRST, "One.")], [FIRST], unsure=True)
    assert text == "I am not sure that the documents answer this. The nearest they say:\n\nOne. [1]"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("See [parental leave](parental-leave.md#pay).", "See parental leave."),
        ("See [the portal](https://portal.example/a).", "See [the portal](https://portal.example/a)."),
        ("Mail [us](mailto:people@larkfield.example).", "Mail [us](mailto:people@larkfield.example)."),
        ("As note [2] and [1, 3] say.", "As note (2) and (1, 3) say."),
        ("Press [7](keys.md) twice.", "Press 7 twice."),
    ],
)
def test_links_to_neighbours_and_marks_of_the_document_itself_do_not_mislead(written: str, shown: str) -> None:
    text, _ = quoted_answer([Quote(FIRST, written)], [FIRST])
    assert text.endswith(f"{shown} [1]")
