"""How many chunks have a term, counted apart for every audience.

A rare term tells more than a common one (IDF). What is rare must be decided by the documents that
the asking person may read: counts over all documents would let scores tell of the others. So every
version of a file keeps its terms and words with its audience, and a search adds up the audiences
that it may see.
"""

import math
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from knowledge.store import Point

Audience = tuple[str, ...]

_WORD = re.compile(r"[^\W\d_]{4,30}")
_LIKENESS = 84.0
"""Least likeness of a word to a misspelt one, of 100 (Levenshtein, by rapidfuzz)."""
_BROAD = 30
"""Chunks of a folder in which an unknown word says half of what it says in a large one."""
_SUGGESTIONS = 2


@dataclass(frozen=True, slots=True)
class VersionTerms:
    """What one version of a file has: chunks, how many of them have each term, and its words."""

    audience: Audience
    chunks: int
    terms: "array[int]"
    counts: "array[int]"
    words: str
    """One a line."""


def version_terms(points: Iterable[Point]) -> dict[str, VersionTerms]:
    """The terms of each version among some points; all points of a version have to be there."""
    versions: dict[str, list[Point]] = {}
    for point in points:
        versions.setdefault(point.payload.version, []).append(point)
    return {version: _terms_of(some) for version, some in versions.items()}


def _terms_of(points: Sequence[Point]) -> VersionTerms:
    counts = Counter(term for point in points for term in point.sparse.indices)
    text = "\n".join(
        part for point in points for part in (point.payload.title, *point.payload.headings, point.payload.text)
    )
    words = sorted(set(_WORD.findall(text.casefold())))
    return VersionTerms(
        tuple(sorted(points[0].payload.audience)),
        len(points),
        array("I", counts.keys()),
        array("I", counts.values()),
        "\n".join(words),
    )


@dataclass(slots=True)
class _Counts:
    """Of one audience."""

    chunks: int = 0
    terms: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class Readable:
    """What someone may read, as it was when it was asked for. What was looked up is remembered: ask anew each time."""

    _counts: list[_Counts]
    _chunks: int
    _idf: dict[int, float] = field(default_factory=dict)

    def idf(self, term: int) -> float:
        """How much a term tells: ln(1 + (N - n + 0.5) / (n + 0.5)), as in BM25, over the chunks that they may read."""
        known = self._idf.get(term)
        if known is None:
            having = sum(counts.terms.get(term, 0) for counts in self._counts)
            known = self._idf[term] = math.log(1 + (self._chunks - having + 0.5) / (having + 0.5))
        return known

    @property
    def breadth(self) -> float:
        """How much it says that no chunk has a word, from 0 to 1: a small folder lacks most words anyway."""
        return self._chunks / (self._chunks + _BROAD)

    def knows(self, term: int) -> bool:
        """Whether any chunk that they may read has the term."""
        for counts in self._counts:  # noqa: SIM110  # asked fifty times a question, and a generator is slow
            if term in counts.terms:
                return True
        return False


class Vocabulary:
    """Terms of one generation, in memory. Follows the catalogue's commits."""

    def __init__(self) -> None:
        self._counts: dict[Audience, _Counts] = {}
        self._readable: dict[Audience, Readable] = {}
        self.changes = 0
        """Grows with every change, so that whoever remembers an answer notices."""

    def add(self, version: VersionTerms, sign: int = 1) -> None:
        """Count a version in, or out where `sign` is -1."""
        counts = self._counts.setdefault(version.audience, _Counts())
        counts.chunks += sign * version.chunks
        terms = counts.terms
        for term, count in zip(version.terms, version.counts, strict=True):
            left = terms.get(term, 0) + sign * count
            if left > 0:
                terms[term] = left
            else:
                terms.pop(term, None)
        if counts.chunks <= 0:
            self._counts.pop(version.audience)
        self._readable.clear()
        self.changes += 1

    def readable(self, audience: Audience) -> Readable:
        """What someone who is in one of these groups may read."""
        if audience not in self._readable:
            some = [counts for groups, counts in self._counts.items() if not set(groups).isdisjoint(audience)]
            self._readable[audience] = Readable(some, sum(counts.chunks for counts in some))
        return self._readable[audience]


Words = Mapping[tuple[str, int], Sequence[str]]
"""Words by first letter and length."""


def by_start(words: Iterable[str]) -> Words:
    """Sort words into groups: a slip of the keyboard leads only to words of nearly the same length."""
    groups: dict[tuple[str, int], list[str]] = {}
    for word in sorted(words):
        groups.setdefault((word[0], len(word)), []).append(word)
    return groups


def similar_words(word: str, words: Words) -> list[str]:
    """Words that may have been meant: same first letter, one or two slips of the keyboard away."""
    from rapidfuzz import process
    from rapidfuzz.distance import DamerauLevenshtein

    word = word.casefold()
    if len(word) < 5 or not word.isalpha():
        return []
    allowed = 1 if len(word) < 8 else 2
    lengths = range(len(word) - allowed, len(word) + allowed + 1)
    near = sorted(other for length in lengths for other in words.get((word[0], length), ()) if other != word)
    found = process.extract(word, near, scorer=DamerauLevenshtein.distance, score_cutoff=allowed, limit=_SUGGESTIONS)
    return [other for other, _, _ in found]
