"""The few sentences of some passages that answer a question, in the documents' own words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.documents import count_words, plain
from knowledge.embedding import Embedder, Vector
from knowledge.search import Passage
from knowledge.sparse import TermWeights

_MOST_PASSAGES = 4
_MOST_UNITS = 48
_MOST_SENTENCES = 4
_MOST_WORDS = 110
_NEAR = 0.82
"""A further sentence is quoted where it scores at least this share of the best one."""

_SENTENCE = re.compile(r"(?<=[.!?…])[\"'”’)\]*_]*\s+(?=[\"'“‘(\[*_]*[^\sa-z])|(?<=[。！？])")
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")
_RULE = re.compile(r"^[\s|:-]+$")


@dataclass(frozen=True, slots=True)
class Quote:
    """Consecutive sentences of one passage, as Markdown."""

    passage: Passage
    text: str


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence, list item or table row. `head` is what it needs to be understood."""

    rank: int
    position: int
    text: str
    kind: str
    head: str = ""


async def best_quotes(
    question: str, passages: Sequence[Passage], embedder: Embedder, terms: TermWeights
) -> tuple[Quote, ...]:
    """The best two to four sentences from the best passages, in reading order.

    Every sentence is compared with the question by meaning and by words; list items that follow a
    quoted "as follows:" and the header of a quoted table row come with it.
    """
    units = [unit for rank, passage in enumerate(passages[:_MOST_PASSAGES]) for unit in _units(rank, passage)]
    units = units[:_MOST_UNITS]
    if not units:
        return ()
    asked, *vectors = await embedder.embed([question, *(plain(f"{unit.head} {unit.text}") for unit in units)])
    wanted = set(terms.of_question(question).indices)
    scores = [
        _cosine(asked, vector)
        + 0.25 * _overlap(wanted, set(terms.of_document(plain(unit.text)).indices))
        + 0.5 * passages[unit.rank].score
        for unit, vector in zip(units, vectors, strict=True)
    ]
    chosen = _choose(units, scores)
    return tuple(_quote(group, passages) for group in _together(sorted(chosen, key=lambda u: (u.rank, u.position))))


def _choose(units: Sequence[_Unit], scores: Sequence[float]) -> list[_Unit]:
    order = sorted(range(len(units)), key=lambda index: -scores[index])
    best = scores[order[0]]
    chosen: dict[int, _Unit] = {}
    words = 0
    for index in order:
        if chosen and (len(chosen) >= _MOST_SENTENCES or scores[index] < _NEAR * best):
            break
        for taken in _with_followers(units, index):
            count = count_words(units[taken].text)
            if taken not in chosen and (not chosen or words + count <= _MOST_WORDS):
                chosen[taken] = units[taken]
                words += count
    return list(chosen.values())


def _with_followers(units: Sequence[_Unit], index: int) -> list[int]:
    """A sentence that announces a list is quoted with the list."""
    taken = [index]
    if units[index].text.rstrip("*_ ").endswith(":"):
        for follower in range(index + 1, len(units)):
            if units[follower].rank != units[index].rank or units[follower].kind == "sentence" or len(taken) > 8:
                break
            taken.append(follower)
    return taken


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
            _Unit(rank, len(units) + number, text, kind, head or heading)
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


def _overlap(wanted: set[int], there: set[int]) -> float:
    return len(wanted & there) / len(wanted) if wanted else 0.0
