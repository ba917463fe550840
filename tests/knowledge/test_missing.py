import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.missing import WantedWords, rarity_in_english
from knowledge.sparse import TermWeights

ENGLISH = TermWeights("english")


def missing(question: str, text: str) -> float:
    return WantedWords(question, ENGLISH).rarest_missing(text)


def test_a_word_is_the_rarer_the_further_down_the_list_in_any_of_its_forms() -> None:
    assert rarity_in_english("take") < 0.1 < rarity_in_english("dog") < 0.3 < rarity_in_english("insurance") < 0.6
    assert rarity_in_english("sabbatical") == 1
    assert rarity_in_english("showers") == rarity_in_english("shower")
    assert rarity_in_english("quitting") == rarity_in_english("quit")


def test_the_rarest_word_that_a_passage_lacks_counts_alone() -> None:
    text = "After ten years of service you may take a month of unpaid leave."
    assert missing("do we get a paid sabbatical after ten years", "Sabbaticals: a paid break after ten years.") == 0
    assert missing("do we get a dog and a sabbatical", text) == missing("do we get a sabbatical", text) == 1
    assert missing("can i take my dog", text) == rarity_in_english("dog")


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("how do i get reimbursed", "Reimbursement takes five days."),
        ("hi, can you tell me about showers? thanks!", "There is a shower on the second floor."),
        ("can i carry my vacation over", "Annual leave may be carried over."),
    ],
)
def test_other_forms_other_names_and_conversation_are_not_missed(question: str, text: str) -> None:
    assert missing(question, text) == 0


@given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=80))
def test_more_text_never_lacks_more(question: str, text: str, more: str) -> None:
    assert 0 <= missing(question, f"{text}\n{more}") <= missing(question, text) <= 1
