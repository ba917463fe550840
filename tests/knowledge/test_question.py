import pytest

from knowledge.question import (
    corrected,
    in_other_words,
    squeezed,
    stands_alone,
    understand,
    unknown_words,
    without_version,
    years_of,
)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("flight 2nite, no mgr here", "flight tonight, no manager here"),
        ("how many hrs w/ a dr", "how many hours with a dr"),
        ("error E-4107 msg?", "error E-4107 message?"),
        ("mo-th stays, and so does he's", "mo-th stays, and so does he's"),
        ("The PW manager", "The password manager"),
    ],
)
def test_shorthand_is_spelled_out(typed: str, meant: str) -> None:
    assert understand(typed, english=True).text == meant
    assert understand(typed, english=False).text == typed


@pytest.mark.parametrize(
    ("question", "exact"),
    [
        ("error E-4107 on vpn??", ("e4107",)),
        ("form lf-12", ("lf12",)),
        ('where does it say "day one of leave"?', ("dayoneofleave",)),
        ("what is in travel-policy.docx", ("travelpolicydocx",)),
        ("how long do i wait", ()),
        ("it costs 300 in 2026", ()),
    ],
)
def test_what_has_to_be_found_exactly(question: str, exact: tuple[str, ...]) -> None:
    assert understand(question, english=True).exact == exact


@pytest.mark.parametrize(
    ("question", "codes"),
    [
        ("error E-4107 at 9pm", ("e4107",)),
        ("my 401k", ()),
        ("0x80070005 again", ("0x80070005",)),
        ("form w-7", ("w7",)),
    ],
)
def test_a_code_names_one_thing_and_an_amount_does_not(question: str, codes: tuple[str, ...]) -> None:
    assert understand(question, english=True).codes == codes


@pytest.mark.parametrize(
    ("question", "current", "years"),
    [
        ("what is the limit now?", True, set()),
        ("current travel rates", True, set()),
        ("the rates of 2024, still?", False, {2024}),
        ("what is the limit", False, set()),
    ],
)
def test_whether_it_asks_for_the_current_state(question: str, current: bool, years: set[int]) -> None:
    asked = understand(question, english=True)
    assert (asked.current, set(asked.years)) == (current, years)


def test_titles_of_versions_are_one_without_what_tells_them_apart() -> None:
    assert without_version("Travel policy 2024") == without_version("Travel Policy (v2.1, draft)") == "travelpolicy"
    assert without_version("Travel policy") != without_version("Travel agents")
    assert years_of("travel_2024.md and 2025-01") == {2024, 2025}
    assert squeezed("E-4107") == squeezed("e 4107")


def test_words_that_no_document_has_may_be_slips() -> None:
    known = {"travel", "expenses"}
    assert unknown_words("please travell expenses E-4107 hi", lambda word: word in known) == ["travell"]
    assert corrected("a travell to travell", {"travell": ["travel"], "to": []}) == "a travel to travel"


def test_words_are_put_as_the_documents_have_them() -> None:
    assert in_other_words("My boss's vacation: ask bosses", {"boss": "manager", "vacation": "leave"}) == (
        "My manager's leave: ask bosses"
    )
    assert in_other_words("My boss", {}) == "My boss"


@pytest.mark.parametrize(
    ("question", "alone"),
    [
        ("and in Porto?", False),
        ("why?", False),
        ("what about them", False),
        ("", False),
        ("parental leave", True),
        ("who fixes the printer", True),
        ("and after 5 years?", False),
    ],
)
def test_a_question_stands_alone_where_two_words_tell_what_it_is_about(question: str, alone: bool) -> None:
    assert stands_alone(question) == alone
