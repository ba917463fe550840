"""What a question asks about that a passage does not mention.

A passage may be about the matter and still lack the point: leave, but no word of a sabbatical; vans,
but nothing on insurance. The rarest word that it lacks tells most. How rare a word is in English at
large comes from the embedding model's word list, which is ordered by frequency (the counts of the
documents would call every word rare in a small folder).
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from knowledge.sparse import TermWeights
from knowledge.stop_words import CONVERSATION, STOP_WORDS
from knowledge.synonyms import synonyms

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_COMMON = 2000
"""Place in the word list up to which a word tells nothing; the first 1,995 are marks, letters and signs."""
_RARE = 40000
"""Place that stands for all words which are not in the list."""
_SAME_START = 6
"""Letters at the least that make two words forms of one: `reimburse`, `reimbursed`."""
_MOST_WORDS = 64


@dataclass(frozen=True, slots=True)
class _Word:
    """One word of a question, with the terms of all its names."""

    text: str
    terms: frozenset[int]
    rarity: float


class WantedWords:
    """The words of one question in English, ready to be looked for in passages."""

    def __init__(self, question: str, terms: TermWeights) -> None:
        self._terms = terms
        words = dict.fromkeys(word.casefold() for word in _WORD.findall(question))
        self._wanted = [_word(word, terms) for word in list(words)[:_MOST_WORDS] if _tells(word)]

    def rarest_missing(self, text: str) -> float:
        """0: the text has every word of the question, or a name for it; 1: it lacks one that is rare."""
        has = _terms_in(text, self._terms)
        lacking = [wanted for wanted in self._wanted if has.isdisjoint(wanted.terms)]
        if not lacking:
            return 0.0
        text = text.casefold()
        return max((wanted.rarity for wanted in lacking if not _has_a_form(text, wanted.text)), default=0.0)


@lru_cache(maxsize=1024)
def _terms_in(text: str, terms: TermWeights) -> frozenset[int]:
    """The terms of a passage; kept, because the same ones are found again and again."""
    return frozenset(terms.of_document(text).indices)


def _has_a_form(text: str, word: str) -> bool:
    """Whether a word of the text begins as this one does."""
    start = word[:_SAME_START]
    return len(start) == _SAME_START and start in text and any(one.startswith(start) for one in _WORD.findall(text))


def _tells(word: str) -> bool:
    return len(word) > 1 and word not in CONVERSATION and word not in STOP_WORDS


@lru_cache(maxsize=4096)
def _word(word: str, terms: TermWeights) -> _Word:
    same = frozenset(term for name in (word, *synonyms(word)) for term in terms.of_word(name))
    return _Word(word, same, rarity_in_english(word))


def rarity_in_english(word: str) -> float:
    """From 0 (`take`) over .2 (`dog`) and .4 (`insurance`) to 1 (`sabbatical`), by the logarithm of its place."""
    places = load_places()
    place = min(places.get(form, _RARE) for form in _forms(word))
    return max(0.0, math.log(place / _COMMON) / math.log(_RARE / _COMMON))


def is_english(word: str) -> bool:
    """Whether it is a word, or a form of one: `charity` is no slip for `clarity`, though no document has it."""
    return any(form in load_places() for form in _forms(word.casefold()))


def _forms(word: str) -> Iterator[str]:
    """A word and what it may be made of: `showers`, `shower`; `quitting`, `quit`; `joined`, `join`."""
    yield word
    for ending in ("'s", "’s", "s", "ing", "ed", "d"):
        if word.endswith(ending) and len(word) - len(ending) > 2:
            start = word.removesuffix(ending)
            yield start
            if start[-1] == start[-2]:
                yield start[:-1]


@cache
def load_places() -> dict[str, int]:
    """Read the word list once; takes 25 ms, so call it in a thread first."""
    words = (resources.files("knowledge") / "models" / "minilm" / "tokenizer.json").read_text(encoding="utf-8")
    return json.loads(words)["model"]["vocab"]  # type: ignore[no-any-return]
