"""The few sentences of some passages that answer a question, in the documents' own words."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from knowledge.documents import count_words, plain
from knowledge.embedding import Embedder, Vector
from knowledge.search import Passage
from knowledge.sparse import TermWeights

_MOST_PASSAGES = 4
_MOST_UNITS = 48
_LEAST_PICKS = 2
_MOST_PICKS = 4
"""So often a sentence is picked, or a list or table that is quoted whole."""
_MOST_SENTENCES = 6
"""No more is picked where the points of lists that were have so many, as the answers of an FAQ do."""
_MOST_WORDS = 90
_MOST_STEPS = 60
"""Words of a numbered list that is quoted whole, because a step alone helps nobody."""
_MOST_TABLE = 40
"""Words of a table that is quoted whole, because it is read at a glance."""
_NEAR = 0.82
"""A third or fourth pick is made where it scores at least this share of the best one."""
_SECTION_SHARE = 0.3
"""How much the likeness of a sentence's section counts beside its own."""
_WORD_WEIGHT = 0.15
"""What a sentence gains that has all words of the question."""

_SENTENCE = re.compile(
    r"(?:(?<=[.!?…])|(?<=[.!?…][\"'”’)\]*_])|(?<=[.!?…][\"'”’)\]*_]{2}))\s+(?=[\"'“‘(\[*_]*[^\sa-z])|(?<=[。！？])"
)
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")
_NUMBERED = re.compile(r"^\s*\d+[.)]\s+")
_RULE = re.compile(r"^[\s|:-]+$")
_CODE = re.compile(r"\b([^\W\d_]{1,6})[-_]?(\d{2,})\b")
"""`E-4107`, `P52`: letters that name a series, and a number in it."""
_LOOSE_CODE = re.compile(r"\b([^\W\d_]{1,6}) (\d{2,})\b")
_NUMBER = re.compile(r"\b\d{3,}\b")
"""`lf 12`, `4107`: these may be such codes, where the documents have them."""


@dataclass(frozen=True, slots=True)
class Quote:
    """Consecutive sentences of one passage, as Markdown."""

    passage: Passage
    text: str


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence, list item or table row. `head` is a row's table header."""

    rank: int
    position: int
    text: str
    kind: str
    head: str
    section: str


async def best_quotes(
    question: str, passages: Sequence[Passage], embedder: Embedder, terms: TermWeights
) -> tuple[Quote, ...]:
    """The best two to four sentences from the best passages: the best file first, each in reading order.

    Every sentence is compared with the question by meaning, alone and with its section, and by
    words. What a sentence needs comes with it: the list that it announces, the answer to a question
    that it asks, the header of its table. A code that the question names, such as `E-4107`, is
    exact: only what stands with it is quoted, and nothing where the passages list other codes of
    that series but not this one.
    """
    everything = [unit for rank, passage in enumerate(passages[:_MOST_PASSAGES]) for unit in _units(rank, passage)]
    units = _about_codes(question, everything[:_MOST_UNITS])
    if not units:
        return ()
    scores = await _scores(question, units, passages, embedder, terms)
    quotes = [_quote(group, passages) for group in _together(_choose(units, scores))]
    files = list(dict.fromkeys(quote.passage.source for quote in quotes))
    return tuple(sorted(quotes, key=lambda quote: (files.index(quote.passage.source), quote.passage.line or 0)))


def _about_codes(question: str, units: Sequence[_Unit]) -> Sequence[_Unit]:
    """The units that carry a code which the question names, all of them where it names none."""
    certain = _codes(question)
    numbers = set(_NUMBER.findall(question))
    named = certain | {(match[1].casefold(), match[2]) for match in _LOOSE_CODE.finditer(question)}
    carried = [_codes(f"{unit.section}\n{unit.text}") for unit in units]
    exact = [
        unit
        for unit, codes in zip(units, carried, strict=True)
        if named & codes or any(number in numbers for _, number in codes)
    ]
    series = {letters for codes in carried for letters, _ in codes}
    return exact or ([] if any(letters in series for letters, _ in certain) else units)


def _codes(text: str) -> set[tuple[str, str]]:
    return {(match[1].casefold(), match[2]) for match in _CODE.finditer(text)}


async def _scores(
    question: str, units: Sequence[_Unit], passages: Sequence[Passage], embedder: Embedder, terms: TermWeights
) -> list[float]:
    """How well each unit answers: its own likeness, its section's, its words, its passage's score."""
    sections: dict[tuple[int, str], str] = {}
    for unit in units:
        key = (unit.rank, unit.section)
        sections[key] = f"{sections.get(key, unit.section)}\n{unit.text}"
    several = Counter(rank for rank, _ in sections)
    around = {key: passages[key[0]].cosine for key in sections}  # of one section only: the search has compared it
    parts = [key for key in sections if several[key[0]] > 1]
    texts = [f"{passages[unit.rank].title}\n{unit.head}\n{unit.text}" for unit in units]
    asked, *vectors = await embedder.embed([question, *map(plain, texts), *(plain(sections[key]) for key in parts)])
    own = [_cosine(asked, vector) for vector in vectors[: len(units)]]
    around |= zip(parts, (_cosine(asked, vector) for vector in vectors[len(units) :]), strict=True)
    words = _overlaps(
        set(terms.of_question(question).indices), [set(terms.of_document(plain(u.text)).indices) for u in units]
    )
    return [
        (1 - _SECTION_SHARE) * alone
        + _SECTION_SHARE * around[unit.rank, unit.section]
        + _WORD_WEIGHT * overlap
        + passages[unit.rank].score
        for unit, alone, overlap in zip(units, own, words, strict=True)
    ]


def _overlaps(wanted: set[int], there: Sequence[set[int]]) -> list[float]:
    """The share of the wanted terms in each unit; a term that most units have tells little."""
    weights = {term: math.log(1 + len(there) / (1 + sum(term in terms for terms in there))) for term in sorted(wanted)}
    total = sum(weights.values()) or 1.0
    return [sum(weights[term] for term in sorted(wanted & terms)) / total for terms in there]


def _choose(units: Sequence[_Unit], scores: Sequence[float]) -> list[_Unit]:
    """The best units with what belongs to them, while they are near the best and few.

    Of a table only the best row, or all: its neighbours are alike in everything but the answer.
    """
    order = sorted(range(len(units)), key=lambda index: (-scores[index], index))
    chosen: set[int] = set()
    tables: set[tuple[int, str]] = set()
    picks = sentences = words = 0
    for index in order:
        unit = units[index]
        enough = picks >= _MOST_PICKS or sentences >= _MOST_SENTENCES
        if enough or not (picks < _LEAST_PICKS or scores[index] >= _NEAR * scores[order[0]]):
            break
        if unit.kind == "row" and (unit.rank, unit.head) in tables:
            continue
        tables.add((unit.rank, unit.head))
        before = len(chosen)
        for taken in _with_others(units, index):
            count = count_words(units[taken].text)
            if taken not in chosen and (not chosen or words + count <= _MOST_WORDS):
                chosen.add(taken)
                words += count
        if len(chosen) > before:
            picks += 1
            sentences += len(_SENTENCE.findall(unit.text)) + 1
    return [units[index] for index in sorted(chosen)]


def _with_others(units: Sequence[_Unit], index: int) -> list[int]:
    """A unit and those of its section without which it says half of it."""
    unit = units[index]
    text = unit.text.rstrip("*_ ")
    after = [i for i in range(index + 1, len(units)) if (units[i].rank, units[i].section) == (unit.rank, unit.section)]
    if unit.kind == "sentence" and text.endswith(":"):
        return [index, *takewhile(lambda i: units[i].kind != "sentence", after)][:9]
    if unit.kind == "sentence" and text.endswith("?"):
        return [index, *takewhile(lambda i: units[i].kind == "sentence", after)][:3]
    if unit.kind == "item" and _NUMBERED.match(unit.text):
        steps = _run(units, index)
        return steps if _words(units, steps) <= _MOST_STEPS else [index]
    if unit.kind == "row":
        rows = _run(units, index)
        return rows if _words(units, rows) <= _MOST_TABLE else [index]
    return [index]


def _words(units: Sequence[_Unit], taken: Sequence[int]) -> int:
    return sum(count_words(units[index].text) for index in taken)


def _run(units: Sequence[_Unit], index: int) -> list[int]:
    """The list or the table in which a unit stands, in order."""

    def alike(other: int) -> bool:
        one, two = units[index], units[other]
        return (one.rank, one.section, one.kind, one.head) == (two.rank, two.section, two.kind, two.head)

    before = [*takewhile(alike, range(index - 1, -1, -1))]
    return [*reversed(before), index, *takewhile(alike, range(index + 1, len(units)))]


def _units(rank: int, passage: Passage) -> list[_Unit]:
    units: list[_Unit] = []
    heading = passage.heading.rsplit(" > ", 1)[-1]
    for block in re.split(r"\n\s*\n", passage.text):
        lines = block.strip("\n").split("\n")
        if lines[0].startswith("#"):
            heading = lines[0].lstrip("# ")
            lines = lines[1:]
        if not any(line.strip() for line in lines):
            continue
        units += [
            _Unit(rank, len(units) + number, text, kind, head, heading)
            for number, (text, kind, head) in enumerate(_parts(lines))
        ]
    return units


def _parts(lines: Sequence[str]) -> list[tuple[str, str, str]]:
    """Text, kind and head of the units of one block."""
    if lines[0].lstrip().startswith("|") and len(lines) > 2 and _RULE.match(lines[1]):
        return [(line, "row", f"{lines[0]}\n{lines[1]}") for line in lines[2:]]
    if lines[0].lstrip().startswith("```"):
        return [("\n".join(lines), "code", "")]
    parts: list[tuple[str, str, str]] = []
    text: list[str] = []
    for line in [*lines, None]:
        if line is None or _ITEM.match(line):
            joined = "\n".join(text)
            if text and _ITEM.match(text[0]):
                parts.append((joined, "item", ""))
            elif text:
                parts += [
                    (sentence.strip(), "sentence", "")
                    for sentence in _SENTENCE.split(" ".join(text))
                    if sentence.strip()
                ]
            text = []
        if line is not None:
            text.append(line.rstrip())
    return parts


def _together(units: Sequence[_Unit]) -> list[list[_Unit]]:
    """Units of one passage in one quote."""
    groups: list[list[_Unit]] = []
    for unit in units:
        if groups and groups[-1][-1].rank == unit.rank:
            groups[-1].append(unit)
        else:
            groups.append([unit])
    return groups


def _quote(group: Sequence[_Unit], passages: Sequence[Passage]) -> Quote:
    text = ""
    last: _Unit | None = None
    for unit in group:
        follows = last is not None and unit.position == last.position + 1
        if unit.kind == "row" and not (last is not None and last.kind == "row" and last.head == unit.head):
            text += f"\n\n{unit.head}\n{unit.text}" if text else f"{unit.head}\n{unit.text}"
        elif unit.kind != "sentence" or (last is not None and last.kind != "sentence"):
            text += ("\n" if last is not None and last.kind == unit.kind else "\n\n" if text else "") + unit.text
        elif text:
            text += (" " if follows else " … ") + unit.text
        else:
            text = unit.text
        last = unit
    return Quote(passages[group[0].rank], text)


def _cosine(one: Vector, other: Vector) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
