import pytest

from knowledge.english import is_english


@pytest.mark.parametrize("word", ["charity", "Leasing", "showers", "quitting", "joined", "insurance"])
def test_a_word_of_the_list_and_its_forms_are_english(word: str) -> None:
    assert is_english(word)


@pytest.mark.parametrize("word", ["pasword", "insurence", "reimbursment", "Larkfield"])
def test_slips_and_names_are_not(word: str) -> None:
    assert not is_english(word)
