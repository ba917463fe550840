import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge import Quote
from plugins.extractive import quoted_answer
from plugins.phrases import PHRASES, SPOKEN, Phrasebook, may_be_own, says_no_answer
from plugins.rag import abstain
from tests.plugins.parts import CONTACT, make_passage

QUOTES = [Quote(make_passage(1), "You have 25 days.")]


def test_what_the_assistant_says_is_known_by_its_phrases() -> None:
    for text in (abstain(CONTACT).text, quoted_answer(QUOTES, [make_passage(1)])[0]):
        assert may_be_own(text)
        assert all(may_be_own(text[:end]) for end in range(len(text)))
        assert Phrasebook(CONTACT).translated(text, "de") != text


def test_quotes_keep_their_words() -> None:
    text, _ = quoted_answer(QUOTES, [make_passage(1)], unsure=True)
    text += f"\n\nIf this is not what you meant, please ask {CONTACT}."
    assert Phrasebook(CONTACT).translated(text, "de") == (
        "Ich bin nicht sicher, ob die Dokumente das beantworten. Am nächsten kommt:\n\nYou have 25 days. [1]"
        f"\n\nWenn du etwas anderes gemeint hast, frag bitte {CONTACT}."
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("This is what “Annual leave” says:\n\nx [1]", "Voici ce que dit « Annual leave » :\n\nx [1]"),
        (
            f"I could not answer this: the budget is spent. Please ask {CONTACT}.",
            f"Je n'ai pas pu répondre : the budget is spent. Merci de demander à {CONTACT}.",
        ),
        (
            "The documents say:\n\nx [1]\n\n*No language model could answer (main: 500 (x)): these are the documents' "
            "own words.*",
            "Les documents disent :\n\nx [1]\n\n*Aucun modèle de langue n'a pu répondre (main: 500 (x)) : ce sont les "
            "mots des documents.*",
        ),
        ("A model said: The documents say:", "A model said: The documents say:"),
    ],
)
def test_reasons_and_titles_stay(text: str, said: str) -> None:
    assert Phrasebook(CONTACT).translated(text, "fr") == said


def test_every_phrase_is_there_in_every_language_with_the_same_gaps() -> None:
    for english, texts in PHRASES.items():
        assert set(texts) == SPOKEN
        for text in texts.values():
            assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", english))


@pytest.mark.parametrize("language", ["en", *sorted(SPOKEN)])
def test_no_answer_is_known_in_every_language(language: str) -> None:
    assert says_no_answer(Phrasebook(CONTACT).translated(abstain(CONTACT).text, language))
    assert not says_no_answer("You have 25 days [1].")


@given(st.text(max_size=60), st.sampled_from(sorted(SPOKEN)))
def test_a_text_of_a_model_is_left_alone(text: str, language: str) -> None:
    assert Phrasebook(CONTACT).translated(f"Hm. {text}", language) == f"Hm. {text}"
