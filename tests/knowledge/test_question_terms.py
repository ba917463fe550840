import pytest

from knowledge.near_words import near_words
from knowledge.question_terms import QuestionTerms, question_terms
from knowledge.sparse import TermWeights
from knowledge.synonyms import synonyms

ENGLISH = TermWeights("english")


def asked(question: str, documents: str, terms: TermWeights = ENGLISH, breadth: float = 1.0) -> QuestionTerms:
    known = set(terms.of_document(documents).indices)
    return question_terms(question, terms, lambda term: 2.0 if term in known else 5.0, known.__contains__, breadth)


def weight(found: QuestionTerms, word: str, terms: TermWeights = ENGLISH) -> float:
    vector = dict(zip(found.vector.indices, found.vector.values, strict=True))
    return sum(vector.get(term, 0.0) for term in terms.of_word(word))


def test_words_count_what_they_tell() -> None:
    found = asked("laptop stolen", "laptop stolen train")
    assert (found.count, found.ideal, found.unknown) == (2, 4.0, 0.0)
    assert weight(found, "laptop") == 2.0


def test_another_name_of_a_readable_document_is_searched_but_quieter() -> None:
    found = asked("ask my boss", "the manager approves")
    assert 0 < weight(found, "manager") < weight(found, "boss")


def test_a_name_that_no_readable_document_has_is_not_searched() -> None:
    assert weight(asked("boss", "the director approves"), "manager") == 0.0


@pytest.mark.parametrize(
    ("documents", "unknown"), [("friday office", 5 / 7), ("friday manager", 0.0), ("friday boss", 0.0)]
)
def test_a_word_is_unknown_only_where_no_other_name_is_known(documents: str, unknown: float) -> None:
    assert asked("boss friday", documents).unknown == pytest.approx(unknown)


def test_a_word_that_no_readable_document_has_goes_by_the_name_that_one_has() -> None:
    assert asked("Vacation, boss?", "annual leave: ask the manager").instead == {"vacation": "leave", "boss": "manager"}
    assert asked("vacation", "vacation and leave").instead == {}


def test_an_unknown_word_says_less_where_there_are_few_documents() -> None:
    assert asked("boss friday", "friday office", breadth=0.1).unknown == pytest.approx(0.5 / 7)
    assert asked("boss friday", "friday office", breadth=0.1).ideal == asked("boss friday", "friday office").ideal


def test_a_name_stands_in_with_its_own_weight() -> None:
    assert asked("boss friday", "friday manager").ideal == pytest.approx(4.0)


def test_a_near_word_of_a_readable_document_counts_the_square_of_its_likeness() -> None:
    found = asked("metro", "subway")
    likeness = dict(near_words("metro"))["subway"]
    assert weight(found, "subway") == pytest.approx(2.0 * likeness**2)
    assert (found.ideal, found.unknown) == (5.0, 1.0)


def test_a_near_word_that_no_readable_document_has_is_not_searched() -> None:
    assert weight(asked("metro", "bus"), "subway") == 0.0


def test_a_synonym_keeps_its_own_weight() -> None:
    assert "holiday" in synonyms("vacation")
    assert "holiday" in dict(near_words("vacation"))
    assert weight(asked("vacation", "holiday"), "holiday") == pytest.approx(0.3 * 2.0)


def test_words_that_only_make_conversation_have_no_near_ones() -> None:
    documents = " ".join(other for other, _ in near_words("please"))
    assert len(asked("please: metro", documents).vector.indices) == 1


def test_a_word_of_the_question_is_not_searched_twice() -> None:
    found = asked("holiday or leave", "holiday leave")
    assert len(found.vector.indices) == len(set(found.vector.indices)) == 2
    assert weight(found, "leave") == 2.0


def test_other_languages_have_no_synonyms_and_no_near_words() -> None:
    german = TermWeights("german")
    assert asked("metro", "subway", german).vector.indices == list(german.of_question("metro").indices)
    assert asked("boss", "manager", german).vector.indices == list(german.of_question("boss").indices)


def test_a_question_without_words_has_nothing_unknown() -> None:
    found = asked("?", "manager")
    assert (found.ideal, found.unknown) == (0.0, 0.0)
