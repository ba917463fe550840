"""The terms of a question with their weights: its own words, and quieter the other words for the same."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from knowledge.sparse import SparseVector, TermWeights
from knowledge.synonyms import synonyms

_SYNONYM = 0.3
"""Weight of a word that the question might have used, beside one that it does use."""
_MOST_TERMS = 64
_MOST_SYNONYMS = 64


@dataclass(frozen=True, slots=True)
class QuestionTerms:
    """What the sparse search looks for.

    `ideal` is the sum of what the question's words tell, `unknown` the share of it that falls on words
    which no readable document has, not even by another name.
    """

    vector: SparseVector
    ideal: float
    count: int
    unknown: float


def question_terms(
    text: str, terms: TermWeights, idf: Callable[[int], float], knows: Callable[[int], bool]
) -> QuestionTerms:
    """Weigh a question. Another name stands in for a word that the documents lack."""
    idf = cache(idf)
    plain = terms.of_question(text)
    own = dict(list(zip(plain.indices, plain.values, strict=True))[:_MOST_TERMS])
    tells = {term: weight * idf(term) for term, weight in own.items()}
    known = {term for term in own if knows(term)}
    others: dict[int, float] = {}
    if terms.english:
        for word in dict.fromkeys(text.casefold().split()):
            same = [term for other in synonyms(word) for term in terms.of_word(other) if knows(term)]
            of_word = [term for term in terms.of_word(word) if term in own] if same else []
            if not of_word:
                continue
            others |= {term: _SYNONYM * idf(term) for term in same if term not in own}
            if known.isdisjoint(of_word):
                known.update(of_word)
                tells |= {term: min(map(idf, same)) / len(of_word) for term in of_word}
    vector = {term: idf(term) * own[term] for term in own} | dict(list(others.items())[:_MOST_SYNONYMS])
    ideal = sum(tells.values())
    unknown = sum(tells[term] for term in own if term not in known)
    return QuestionTerms(
        SparseVector(list(vector), list(vector.values())), ideal, len(own), unknown / ideal if ideal else 0.0
    )
