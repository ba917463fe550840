import pytest

from knowledge.near_words import LEAST, load_near_words, near_words
from knowledge.sparse import TermWeights


@pytest.mark.parametrize(("word", "near"), [("metro", "subway"), ("quit", "resign"), ("vacation", "trip")])
def test_words_of_like_meaning_are_near(word: str, near: str) -> None:
    assert near in dict(near_words(word))


def test_a_word_without_a_line_has_none() -> None:
    assert near_words("") == near_words("qzxv") == near_words("E-4107") == ()


def test_every_line_lists_words_of_other_stems_nearest_first() -> None:
    terms = TermWeights("english")
    for word in list(load_near_words())[::50]:
        others = near_words(word)
        likenesses = [likeness for _, likeness in others]
        assert likenesses == sorted(likenesses, reverse=True)
        assert LEAST <= likenesses[-1] <= likenesses[0] <= 1
        stems = [terms.of_word(one) for one in (word, *(other for other, _ in others))]
        assert len(set(stems)) == len(stems)
