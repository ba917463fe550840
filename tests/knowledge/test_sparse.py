import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.sparse import TermWeights

ENGLISH = TermWeights("english")


def shared(question: str, document: str) -> int:
    return len(set(ENGLISH.of_question(question).indices) & set(ENGLISH.of_document(document).indices))


@pytest.mark.parametrize(
    ("question", "document"),
    [
        ("expenses", "An expense is claimed."),
        ("booking rooms", "Book a room"),
        ("EXPENSE", "expense"),
        ("e4107", "error E-4107"),
        ("E-4107", "error e4107"),
        ("E4107", "error E 4107"),
        ("4107", "error E4107"),
        ("LF12", "form LF 12"),
        ("lf 12", "form LF-12"),
        ("LF-12", "form LF12"),
        ("snake_case", "the name snake_case"),
        ("snake case", "the name snake_case"),
        ("snakecase", "the name snake_case"),
        ("wifi", "the Wi-Fi"),
        ("wi-fi", "the wifi"),
        ("co-operate", "they cooperate"),
        ("people@larkfield.example", "Write to <people@larkfield.example>."),
        ("5.2", "Tideway 5.2 or later"),
        ("v5.2.1", "Version v5.2.1"),
        ("10000 miles", "the first 10,000"),
        ("10,000", "10000"),
        ("01134960190", "ring 0113 496 0190"),
        ("0113 496 0190", "ring 01134960190"),
        ("日本語", "日本語"),
    ],
)
def test_a_question_finds_another_spelling(question: str, document: str) -> None:
    assert shared(question, document) > 0


@pytest.mark.parametrize(
    ("question", "document"), [("E-4107", "error E-4108"), ("LF-12", "form LF-120"), ("snake_case", "a snake_bite")]
)
def test_the_exact_identifier_shares_more_than_its_neighbour(question: str, document: str) -> None:
    assert shared(question, question) > shared(question, document)


def test_words_that_say_nothing_are_left_out_everywhere() -> None:
    assert ENGLISH.of_document("what is the of and").indices == []
    assert ENGLISH.of_document("the badge").indices == ENGLISH.of_document("badge").indices


def test_conversation_is_left_out_of_questions_only() -> None:
    asked = ENGLISH.of_question("Hi, quick one: can you PLEASE tell me about badges? thanks!")
    assert set(asked.indices) <= set(ENGLISH.of_question("one badges").indices)
    assert set(ENGLISH.of_document("please").indices) == set(ENGLISH.of_question("please").indices)
    assert shared("hello badge", "hello") == 0


@pytest.mark.parametrize("question", ["hello", "thanks!!", "need help", "anything else"])
def test_a_question_of_only_such_words_keeps_them(question: str) -> None:
    assert ENGLISH.of_question(question).indices


def test_a_repeated_word_weighs_more_but_not_twice_as_much() -> None:
    [once], [twice] = ENGLISH.of_document("badge").values, ENGLISH.of_document("badge badge").values
    assert once < twice < 2 * once


@pytest.mark.parametrize("text", ["", " ", "???", "\n", "€ – …"])
def test_a_text_without_words_has_no_terms(text: str) -> None:
    assert ENGLISH.of_document(text).indices == ENGLISH.of_question(text).indices == []


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=200))
def test_the_same_text_gives_the_same_terms_each_with_a_weight(text: str) -> None:
    first, second = ENGLISH.of_document(text), TermWeights("english").of_document(text)
    assert first == second
    assert len(first.indices) == len(set(first.indices)) == len(first.values)
    assert all(value > 0 for value in first.values)


@pytest.mark.parametrize(
    ("language", "question", "document"),
    [
        ("german", "Urlaubstage", "Urlaubstag"),
        ("portuguese", "despesas", "despesa"),
        ("russian", "отпуска", "отпуск"),
        ("turkish", "evler", "ev"),
        ("french", "congés", "congé"),
        ("finnish", "lomat", "loma"),
    ],
)
def test_other_languages_are_stemmed_by_their_own_rules(language: str, question: str, document: str) -> None:
    terms = TermWeights(language)
    assert terms.of_question(question).indices == terms.of_document(document).indices != []


def test_conversation_is_english_only() -> None:
    assert len(TermWeights("german").of_question("hello Urlaub").indices) == 2
