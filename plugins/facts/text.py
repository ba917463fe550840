"""What all parts of the fact check share: facts, words, clauses, and a text whose read parts are blanked."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

BLANK = "\x00"
"""Stands for every character that is already part of a fact, so that places stay the same."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that a rewrite must keep. `value` is the same however it is written.

    An `optional` fact may be left out or put in (`one day`, `a day`), but not be replaced by another.
    """

    kind: str
    value: str
    begin: int
    end: int
    optional: bool = False


class Reading:
    """A text that is read part by part: what a pattern has taken is blank for the patterns after it."""

    def __init__(self, text: str) -> None:
        self.rest = fold(text)
        self.facts: list[Fact] = []

    def take(self, pattern: re.Pattern[str], make: Callable[[re.Match[str]], list[tuple[str, str, bool]]]) -> None:
        """Make facts (kind, value, optional) of every match; one that makes none is left in the text."""
        for match in pattern.finditer(self.rest):
            made = make(match)
            self.facts += [Fact(kind, value, match.start(), match.end(), optional) for kind, value, optional in made]
            if made:
                blank = BLANK * (match.end() - match.start())
                self.rest = self.rest[: match.start()] + blank + self.rest[match.end() :]


@dataclass(frozen=True, slots=True)
class Word:
    """A word with its place and the numbers of its sentence and clause. `text` is plain.

    `stem` is what different forms of a word have in common, in any language: its first letters.
    """

    text: str
    stem: str
    begin: int
    sentence: int
    clause: int


def fold(text: str) -> str:
    """The text without accents, and of the same length, so that places stay the same."""
    return text if text.isascii() else "".join(map(_base, text))


def _base(character: str) -> str:
    if character.isascii():
        return character
    parts = unicodedata.normalize("NFKD", character)
    return parts[0] if all(map(unicodedata.combining, parts[1:])) else character


def plain(text: str) -> str:
    """Lower case without accents."""
    if text.isascii():
        return text.lower()
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|\d+")
_SENTENCE = re.compile(r"(?<=[.!?…])(?<!\b\d\.)(?<!\b\d\d\.)[\"”’)\]]*(?:\s*\[\d[\d,; ]*\])*[*_]*\s+|\n+")
_CLAUSE = re.compile(
    r"[,;:()–—•]|\s-\s|\b(?:but|and|while|whereas|although|though|because|so|aber|und|sondern|mais|et|tandis"
    r"|pero|sino|mientras|y)\b",
    re.IGNORECASE,
)


def sentences(text: str) -> list[tuple[int, int]]:
    """Begin and end of each sentence; a citation mark after the full stop belongs to the sentence before."""
    ends = [match.end() for match in _SENTENCE.finditer(text)]
    return [(a, b) for a, b in zip([0, *ends], [*ends, len(text)], strict=True) if text[a:b].strip()]


def words(text: str) -> list[Word]:
    """All words in order."""
    return list(_words(text))


def _words(text: str) -> Iterator[Word]:
    clause = 0
    for number, (begin, end) in enumerate(sentences(text)):
        cuts = [match.start() for match in _CLAUSE.finditer(text, begin, end)]
        for match in _WORD.finditer(text, begin, end):
            while cuts and match.start() > cuts[0]:
                cuts.pop(0)
                clause += 1
            word = plain(match[0])
            yield Word(word, word[:5], match.start(), number, clause)
        clause += 1


STOP = frozenset(
    """a an the this that these those it its is are was were be been being am i you he she we they me him her us them
    your our their my his who whom which what where when how why of to in on at by for from with as into onto about
    and or but so if than then there here also too very just please yes hi hey hello sure great thanks do does did
    has have had will would shall can could may might must should need needs not no never only more most less least
    per each every any all some up out over under off before after until within without unless except
    der die das den dem des ein eine einen einem einer und oder aber ist sind war sie er es wir ihr ihre mit von zu
    zum zur im in am auf fur bei nicht kein keine muss mussen kann konnen darf durfen soll sollte nur vor nach bis ab
    le la les un une des du de et ou mais est sont vous il elle nous ils elles votre vos leur avec pour dans sur ne
    pas doit devez peut peuvent avant apres par au aux
    el los las una unos y o pero es son usted ustedes su sus con para en no debe deben puede pueden antes despues por
    al del que se""".split()
)
