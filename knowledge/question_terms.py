"""The terms of a question with their weights: its own words, and quieter the other words for the same.

Quieter still are words that are near in meaning, by the square of their likeness: .5 counts a quarter
(docs/decisions/0043-near-words.md).
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from knowledge.near_words import near_words
from knowledge.sparse import SparseVector, TermWeights
from knowledge.stop_words import CONVERSATION, STOP_WORDS
from knowledge.synonyms import synonyms

_SYNONYM = 0.3
"""Weight of a word that the question might have used, beside one that it does use."""
_MOST_TERMS = 64
_MOST_SYNONYMS = 64
_MOST_NEAR = 10
"""Near words of one word: the nearest that readable documents have."""
_MOST_NEAR_TERMS = 96
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class QuestionTerms:
    """What the sparse search looks for.

    `ideal` is the sum of what the question's words tell, `unknown` the share of it that falls on words
    which no readable document has, not even by another name; less of it where there are few documents.
    """

    vector: SparseVector
    ideal: float
    count: int
    unknown: float
    instead: Mapping[str, str]
    """For words that no readable document has, the name by which one has them."""


def question_terms(
    text: str, terms: TermWeights, idf: Callable[[int], float], knows: Callable[[int], bool], breadth: float
) -> QuestionTerms:
    """Weigh a question. Another name stands in for a word that the documents lack.

    `breadth` is how much it says that they lack one, from 0 to 1.
    """
    plain = terms.of_question(text)
    own = dict(list(zip(plain.indices, plain.values, strict=True))[:_MOST_TERMS])
    tells = {term: weight * idf(term) for term, weight in own.items()}
    known = {term for term in own if knows(term)}
    others: dict[int, float] = {}
    instead: dict[str, str] = {}
    if terms.english:
        for word in dict.fromkeys(_WORD.findall(text.casefold())):
            names = {other: [term for term in terms.of_word(other) if knows(term)] for other in synonyms(word)}
            same = [term for some in names.values() for term in some]
            of_word = [term for term in terms.of_word(word) if term in own] if same else []
            if not of_word:
                continue
            others |= {term: _SYNONYM * idf(term) for term in same if term not in own}
            if known.isdisjoint(of_word):
                known.update(of_word)
                tells |= {term: min(map(idf, same)) / len(of_word) for term in of_word}
                instead[word] = next(other for other, some in names.items() if some)
    vector = {term: idf(term) * own[term] for term in own} | dict(list(others.items())[:_MOST_SYNONYMS])
    if terms.english:
        near = _near(text, terms, knows, vector)
        vector |= {term: weight * idf(term) for term, weight in list(near.items())[:_MOST_NEAR_TERMS]}
    ideal = sum(tells.values())
    unknown = sum(tells[term] for term in own if term not in known)
    return QuestionTerms(
        SparseVector(list(vector), list(vector.values())),
        ideal,
        len(own),
        breadth * unknown / ideal if ideal else 0.0,
        instead,
    )


def _near(text: str, terms: TermWeights, knows: Callable[[int], bool], taken: Collection[int]) -> dict[int, float]:
    """Terms of readable documents that are near a word of the question, but not among those taken."""
    weights: dict[int, float] = {}
    for word in dict.fromkeys(_WORD.findall(text.casefold())):
        if word in CONVERSATION or word in STOP_WORDS:
            continue
        count = 0
        for weight, near in _near_terms(word, terms):
            fitting = [term for term in near if term not in taken and knows(term)]
            if not fitting:
                continue
            for term in fitting:
                weights[term] = max(weights.get(term, 0.0), weight)
            count += 1
            if count == _MOST_NEAR:
                break
    return weights


@lru_cache(maxsize=4096)
def _near_terms(word: str, terms: TermWeights) -> tuple[tuple[float, tuple[int, ...]], ...]:
    """The terms of each near word, the square of its likeness before them; kept, as questions are much alike."""
    return tuple((likeness**2, terms.of_word(other)) for other, likeness in near_words(word))
