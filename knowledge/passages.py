"""From scored chunks to passages that are worth reading: versions, repetitions, neighbours."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from sys import intern

from knowledge.question import Asked, squeezed, without_version, years_of
from knowledge.store import Payload

_EXACT = 0.2
"""What a chunk gains that has every code, quotation or file name of the question."""
_OLDER_VERSION = 0.04
_OLDER_WHEN_CURRENT = 0.15
_OTHER_YEAR = 0.1
_RECENT = 0.04
"""At most so much for the newest of the dated documents, where the question asks for the current state."""
_RECENT_YEARS = 4.0
_ALIKE = 0.97
_KEPT = 1024
"""Of so many chunks what was worked out of their text is kept: the same ones are found again and again."""
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document that was found: a chunk, or several that follow each other.

    `score` is cosine + word weight x coverage, moved by exact finds, by dates, and by whether it answers.
    """

    id: str
    source: str
    version: str
    title: str
    heading: str
    text: str
    line: int | None
    page: int | None
    score: float
    cosine: float
    coverage: float
    updated: date | None = None
    link: str = ""
    """Where the document can be read, by the link template of its source; empty where there is none."""
    also: tuple[str, ...] = ()
    """Further documents that say the same, nearly word for word."""


def adjusted(totals: Mapping[int, float], payloads: Mapping[int, Payload], asked: Asked) -> dict[int, float]:
    """Scores of the candidates whose payloads are at hand, with what their text and dates say."""
    scores = {id_: totals[id_] for id_ in payloads}
    for id_, payload in payloads.items():
        if asked.exact:
            text = _squeezed(payload)
            scores[id_] += _EXACT * sum(one in text for one in asked.exact) / len(asked.exact)
        if asked.years and (years := _years(payload.title, payload.source)) and not asked.years & years:
            scores[id_] -= _OTHER_YEAR
    if not asked.years:
        _prefer_newer(scores, payloads, asked.current)
    return scores


def _prefer_newer(scores: dict[int, float], payloads: Mapping[int, Payload], current: bool) -> None:
    """Of the versions of one document the newest counts most; of all dated ones the newer, where asked for."""
    newest: dict[str, tuple[int, int]] = {}
    versions = {id_: _version(payload.title, payload.source, payload.updated) for id_, payload in payloads.items()}
    for family, age in versions.values():
        newest[family] = max(newest.get(family, (0, 0)), age)
    dated = [payload.updated for payload in payloads.values() if payload.updated is not None]
    for id_, payload in payloads.items():
        family, age = versions[id_]
        if (0, 0) != age < newest[family]:
            scores[id_] -= _OLDER_WHEN_CURRENT if current else _OLDER_VERSION
        if current and payload.updated is not None:
            years = (max(dated) - payload.updated).days / 365.25
            scores[id_] += _RECENT * max(0.0, 1 - years / _RECENT_YEARS)


@lru_cache(maxsize=8192)
def _version(title: str, source: str, updated: date | None) -> tuple[str, tuple[int, int]]:
    """What all versions of a document are called, and how new this one is."""
    return without_version(title), (max(_years(title, source), default=0), updated.toordinal() if updated else 0)


def _years(title: str, source: str) -> frozenset[int]:
    """The years of the title, else of the file's name, unless its numbers are of another kind."""
    name = source.rsplit("/", 1)[-1]
    return years_of(title) or (years_of(name) if len(re.findall(r"\d+", name)) == 1 else frozenset())


def repeated(payload: Payload, others: Iterable[tuple[int, Payload]]) -> int | None:
    """Which of those that have been picked says nearly the same."""
    words = _words(payload.text)
    for id_, other in others:
        same = _words(other.text)
        most = max(len(words), len(same), 1)
        if min(len(words), len(same)) >= _ALIKE * most and len(words & same) >= _ALIKE * max(len(words | same), 1):
            return id_
    return None


@lru_cache(maxsize=_KEPT)
def _words(text: str) -> frozenset[str]:
    return frozenset(map(intern, _WORD.findall(text.casefold())))


@lru_cache(maxsize=_KEPT)
def _squeezed(payload: Payload) -> str:
    return squeezed(f"{payload.source} {payload.title} {' '.join(payload.headings)} {payload.text}")


def merged(picked: Sequence[tuple[Passage, Payload]]) -> list[Passage]:
    """Chunks that follow each other in their document become one passage, at the place of the best."""
    groups: list[list[tuple[Passage, Payload]]] = []
    by_place = {(payload.version, payload.ordinal): (passage, payload) for passage, payload in picked}
    done: set[tuple[str, int]] = set()
    for _, payload in picked:
        version, first = payload.version, payload.ordinal
        if (version, first) in done:
            continue
        while (version, first - 1) in by_place:
            first -= 1
        run = []
        while (version, first) in by_place:
            run.append(by_place[version, first])
            done.add((version, first))
            first += 1
        groups.append(run)
    return [_joined(run) for run in groups]


def _joined(run: Sequence[tuple[Passage, Payload]]) -> Passage:
    best = max((passage for passage, _ in run), key=lambda passage: passage.score)
    if len(run) == 1:
        return best
    first, payload = run[0]
    common = payload.headings
    for _, other in run[1:]:
        while other.headings[: len(common)] != common:
            common = common[:-1]
    parts: list[str] = []
    last = common
    for _, piece in run:
        if piece.headings != last:
            parts += [
                f"{'#' * min(depth + 2, 6)} {piece.headings[depth]}"
                for depth in range(len(common), len(piece.headings))
                if piece.headings[: depth + 1] != last[: depth + 1]
            ]
            last = piece.headings
        if (rows := _rows_of_the_same_table(piece.text, parts)) is not None:
            parts[-1] += f"\n{rows}"
        else:
            parts.append(piece.text)
    return replace(
        best,
        id=first.id,
        heading=" > ".join(common),
        text="\n\n".join(parts),
        line=first.line,
        page=first.page,
        coverage=max(passage.coverage for passage, _ in run),
        also=tuple(dict.fromkeys(source for passage, _ in run for source in passage.also)),
    )


def _rows_of_the_same_table(text: str, before: Sequence[str]) -> str | None:
    """A table that was cut repeats its head in every chunk; together it needs only one."""
    lines = text.split("\n")
    is_table = len(lines) > 2 and "|" in lines[1] and re.fullmatch(r"[\s|:-]+", lines[1]) is not None
    if not is_table or not before or "\n".join(lines[:2]) not in before[-1] or not before[-1].endswith("|"):
        return None
    return "\n".join(lines[2:])
