from hypothesis import given
from hypothesis import strategies as st

from knowledge.lint.similar import alike, likeness, signature

WORDS = [f"word{number}" for number in range(400)]


def test_a_text_is_like_itself_and_unlike_others() -> None:
    one = signature(" ".join(WORDS))
    assert likeness(one, signature(" ".join(WORDS).upper())) == 1
    assert likeness(one, signature(" ".join(reversed(WORDS)))) == 0
    assert signature("too short to tell") is None
    assert likeness(one, None) == 0


def test_likeness_is_the_share_of_runs_of_words() -> None:
    one, other = signature(" ".join(WORDS[:300])), signature(" ".join(WORDS[100:]))
    assert abs(likeness(one, other) - 196 / 396) < 0.15


def test_near_copies_are_found_among_many() -> None:
    texts = [" ".join(f"text{index} {word}" for word in WORDS[:100]) for index in range(50)]
    texts.append(texts[7].replace("word50 ", "other "))
    [(index, other, share)] = alike([signature(text) for text in texts], 0.85)
    assert (index, other) == (50, 7)
    assert 0.85 <= share <= 1


@given(st.lists(st.integers(0, 6), max_size=12))
def test_the_earliest_of_the_same_texts_is_named(kinds: list[int]) -> None:
    texts = [" ".join(f"kind{kind} {word}" for word in WORDS[:40]) if kind else "short" for kind in kinds]
    expected = [(place, kinds.index(kind), 1.0) for place, kind in enumerate(kinds) if kind and kind in kinds[:place]]
    assert list(alike([signature(text) for text in texts], 0.85)) == expected


@given(st.text())
def test_any_text_has_a_signature_or_none(text: str) -> None:
    made = signature(text)
    assert made is None or likeness(made, signature(text)) == 1
