"""What a question says about itself, without a model: shorthand, codes, quotations, years, typing slips."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from knowledge.stop_words import CONVERSATION, SHORTHAND, STOP_WORDS

_WORD = re.compile(r"[^\W\d_]{5,30}")
_TOKEN = re.compile(r"(?<![\w'’-])(?:\w+/?|\d+\w+)(?![\w'’-])")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_CURRENT = re.compile(
    r"\b(?:now|current(?:ly)?|at the moment|these days|as of today|today|latest|newest|up to date|still|this year)\b",
    re.I,
)
_QUOTED = re.compile(r"[\"“”]([^\"“”]{3,80})[\"“”]")
_FILE = re.compile(r"\b[\w-]+\.(?:md|txt|html?|pdf|docx?|pptx?|xlsx?|csv|eml)\b", re.I)
_CODE = re.compile(r"\b(?=[\w-]*\d)(?=[\w-]*[^\W\d_])[^\W_]+(?:-[^\W_]+)*\b")
"""Letters and digits in one: `E-4107`, `LF-12`, `P52`, `0x80070005`."""
_LETTERS_AND_DIGITS = re.compile(r"[^\W_]+")
_LONGEST_AMOUNT = 6
"""Characters: `9pm`, `401k` and `15days` are amounts, what is longer and begins with a digit is a code."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is searched. `exact` are quotations, file names and codes, squeezed."""

    text: str
    exact: tuple[str, ...]
    codes: tuple[str, ...]
    """Of `exact` those that name one thing: `E-4107`, not `9pm`."""
    years: frozenset[int]
    current: bool
    """Asks for what holds now: says so, and names no year."""


def understand(question: str, english: bool) -> Asked:
    """Shorthand spelled out, and what has to be found exactly."""
    text = _TOKEN.sub(_spelled, question) if english else question
    exact = [*_QUOTED.findall(text), *_FILE.findall(text), *_CODE.findall(text)]
    years = frozenset(int(year) for year in _YEAR.findall(text))
    current = english and not years and _CURRENT.search(text) is not None
    codes = [code for code in _CODE.findall(text) if not code[0].isdigit() or len(code) > _LONGEST_AMOUNT]
    return Asked(text, _squeezed(exact), _squeezed(codes), years, current)


def _squeezed(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(squeezed, texts))))


def _spelled(match: re.Match[str]) -> str:
    return SHORTHAND.get(match.group().casefold(), match.group())


def squeezed(text: str) -> str:
    """Letters and digits only: `E-4107`, `e 4107` and `E4107` are one."""
    return "".join(_LETTERS_AND_DIGITS.findall(text.casefold()))


def stands_alone(text: str) -> bool:
    """Whether a question names what it is about; one with a single telling word leans on the question before."""
    words = (word.casefold() for word in _LETTERS_AND_DIGITS.findall(text))
    return sum(len(word) > 1 and word not in STOP_WORDS and word not in CONVERSATION for word in words) > 1


def years_of(text: str) -> frozenset[int]:
    """The years that a title or a path names."""
    return frozenset(int(year) for year in _YEAR.findall(text.replace("_", " ")))


def without_version(text: str) -> str:
    """A title without what tells its versions apart: years, numbers of versions, "draft", "old"."""
    text = re.sub(
        r"(?<![^\W_])(?:v\d[\d.]*|version|rev(?:ision)?|draft|final|old|new|\d[\d.-]*)(?![^\W_])", " ", text.casefold()
    )
    return squeezed(text)


def unknown_words(text: str, knows: Callable[[str], bool]) -> list[str]:
    """Words that may be slips: long enough, of letters only, and in none of the documents."""
    words = dict.fromkeys(_WORD.findall(text))
    return [
        word
        for word in words
        if word.casefold() not in CONVERSATION and word.casefold() not in STOP_WORDS and not knows(word)
    ]


def corrected(text: str, meant: Mapping[str, Sequence[str]]) -> str:
    """The text with each slip replaced by the word that was most likely meant."""
    for word, others in meant.items():
        if others:
            text = re.sub(rf"\b{re.escape(word)}\b", others[0], text)
    return text


def in_other_words(text: str, instead: Mapping[str, str]) -> str:
    """The text with these words, in whatever case they stand there, replaced by others."""
    return re.sub(r"[^\W\d_]+", lambda word: instead.get(word[0].casefold(), word[0]), text) if instead else text
