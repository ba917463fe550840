import pytest

from knowledge.synonyms import synonyms


@pytest.mark.parametrize(
    ("typed", "written"),
    [("vacation", "leave"), ("PTO?", "holiday"), ("boss", "manager"), ("bosses", "manager"), ("2FA", "mfa")],
)
def test_another_word_for_the_same_is_known(typed: str, written: str) -> None:
    assert written in synonyms(typed)


@pytest.mark.parametrize("word", ["", "?", "sabbatical", "the", "kubernetes"])
def test_most_words_stand_for_themselves(word: str) -> None:
    assert synonyms(word) == ()


def test_a_word_is_not_its_own_synonym() -> None:
    assert "leave" not in synonyms("leave")
