import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.wording import bare_question, plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What's the Wi-Fi password?!", "whats the wi fi password"),
        ("  ＶＰＮ\u200b  down… ", "vpn down"),
        ("Où est l’imprimante ?", "ou est limprimante"),
        ("有給休暇は何日ありますか？", "有給休暇は何日ありますか"),
        ("?!", ""),
    ],
)
def test_how_it_is_written_does_not_matter(text: str, expected: str) -> None:
    assert plain(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "how many days off do I have?",
        "Hi, how many days off do I have",
        "hello team! could you please tell me how many days off do I have? thanks",
        "HOW MANY DAYS OFF DO I HAVE PLEASE",
    ],
)
def test_politeness_is_no_part_of_a_question(text: str) -> None:
    assert bare_question(text) == "how many days off do i have"


@pytest.mark.parametrize("text", ["can you tell me about leave", "who is all in?", "do you know the code"])
def test_what_belongs_to_a_question_stays(text: str) -> None:
    assert bare_question(text) == plain(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("can I carry leave over from 2024 to 2025?", "can I carry leave over from 2025 to 2024?"),
        ("am I allowed to", "am I not allowed to"),
        ("may managers approve?", "may a manager approve?"),
    ],
)
def test_other_questions_stay_others(one: str, other: str) -> None:
    assert bare_question(one) != bare_question(other)


@given(st.text(max_size=80))
def test_a_plain_text_is_as_plain_as_it_gets(text: str) -> None:
    assert plain(plain(text)) == plain(text)
