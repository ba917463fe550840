"""Two versions of one document, and copies: a question finds both, and answers may come from the older."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath

from knowledge.lint.findings import Finding, shown_path
from knowledge.lint.similar import Signature, alike, likeness

_SAME = 0.85
_RELATED = 0.25
_SERIES = 4
"""More documents with the same name but for a date are minutes, news or reports, not versions."""

_YEAR = r"(?:19[89]\d|20[0-4]\d)"
_DATE = rf"{_YEAR}(?:[-_. ]?(?:0[1-9]|1[0-2])(?:[-_. ]?(?:0[1-9]|[12]\d|3[01]))?)?(?!\d)"
_MARK = re.compile(
    rf"(?<![a-z0-9])(?:(?P<date>{_DATE}(?:\s*[-/]\s*(?:{_YEAR}|\d\d)(?!\d))?)"
    r"|(?:v|ver|version|rev|revision|r|ausgabe|fassung)[ ._-]?(?P<number>\d+(?:[._]\d+)*)"
    r"|(?P<old>old|alt|obsolete|superseded|archived?|draft|entwurf|brouillon|backup|bak|previous|wip)"
    r"|(?P<new>final|latest|current|new|neu|aktuell|approved|revised|updated)"
    r"|(?P<copy>copy(?: of)?(?: ?\(?\d\)?)?|kopie(?: von)?|copie(?: de)?|\(\d\)))(?![a-z0-9])"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What is compared of a document."""

    source: str
    title: str
    updated: date | None
    mtime_ns: int
    text_key: bytes
    signature: Signature | None


@dataclass(frozen=True, slots=True)
class _Marks:
    """A name without what tells versions apart, and what that was."""

    bare: str
    year: str = ""
    number: tuple[int, ...] = ()
    rank: int = 0
    marked: bool = False


def _marks(name: str) -> _Marks:
    text = " ".join(name.replace("_", " ").casefold().split())
    found = list(_MARK.finditer(text))
    bare = " ".join(re.sub(r"[^\w]+", " ", _MARK.sub(" ", text)).split())
    if not found or not bare:
        return _Marks(bare or text)
    years = [re.sub(r"\D", "", match["date"]) for match in found if match["date"]]
    numbers = [tuple(map(int, re.split(r"[._]", match["number"]))) for match in found if match["number"]]
    rank = sum((match["new"] is not None) - (match["old"] is not None) - (match["copy"] is not None) for match in found)
    return _Marks(bare, max(years, default=""), max(numbers, default=()), rank, True)


def versions(entries: Sequence[Entry], told: set[tuple[str, str]]) -> Iterator[Finding]:
    """Documents of one name but for a year, a number, `final`, `draft`: the older one gets the finding.

    The pairs, older and newer, are put into `told`.
    """
    for group in _groups(entries):
        if len(group) > _SERIES:
            continue
        newest = _newest(group)
        for entry in group:
            if entry is newest or (entry.source, newest.source) in told:
                continue
            told.add((entry.source, newest.source))
            yield Finding(
                "versions",
                "warning",
                entry.source,
                f"looks like another version of {shown_path(newest.source)}, which looks newer ({_why(newest, entry)})",
                "move the older one out of the folder; if both hold, let their titles say for whom or when",
            )


def _groups(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    by_name: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    by_title: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        path = PurePosixPath(entry.source)
        stem = _marks(path.stem)
        if len(stem.bare) >= 3 and not stem.bare.isdigit():
            by_name[str(path.parent), stem.bare].append(entry)
        title = _marks(entry.title)
        if " " in title.bare:
            by_title[title.bare].append(entry)
    for group in by_name.values():
        if len(group) > 1 and any(_marks(PurePosixPath(entry.source).stem).marked for entry in group):
            yield group
    for group in by_title.values():
        if len(group) > 1:
            newest = _newest(group)
            marked = any(_marks(entry.title).marked for entry in group)
            related = [
                entry
                for entry in group
                if entry is newest
                or (
                    likeness(entry.signature, newest.signature) >= _RELATED
                    and (marked or entry.updated != newest.updated)
                )
            ]
            if len(related) > 1:
                yield related


def _newest(group: Sequence[Entry]) -> Entry:
    """By the documents' dates where all have one, else by their names; a name without a year is the current one."""
    if all(entry.updated for entry in group):
        return max(group, key=lambda entry: (entry.updated or date.min, _age(entry)))
    return max(group, key=_age)


def _age(entry: Entry) -> tuple[int, str, tuple[int, ...], int, str]:
    """Sorts versions by what their names say, at last by the files' dates of change."""
    name, title = _marks(PurePosixPath(entry.source).stem), _marks(entry.title)
    year, number = name.year or title.year, max(name.number, title.number)
    return name.rank + title.rank, year or "9999", number, entry.mtime_ns, entry.source


def _why(newer: Entry, older: Entry) -> str:
    if newer.updated and older.updated and newer.updated != older.updated:
        return f"updated {newer.updated} against {older.updated}"
    for what, place in (("by its name", 0), ("by its year", 1), ("by its number", 2)):
        if _age(newer)[place] != _age(older)[place]:
            return what
    return "by its date of change" if newer.mtime_ns != older.mtime_ns else "nothing tells them apart"


def duplicates(entries: Sequence[Entry], told: Set[tuple[str, str]] = frozenset()) -> Iterator[Finding]:
    """Documents that say nearly the same. `told` are pairs that were found to be versions."""
    ordered = sorted(entries, key=lambda entry: (len(entry.source), entry.source))
    first: dict[bytes, Entry] = {}
    different: list[Entry] = []
    for entry in ordered:
        same = first.setdefault(entry.text_key, entry)
        if same is entry:
            different.append(entry)
        elif entry.signature is not None and not _told(entry, same, told):
            yield _duplicate(entry, same, "the same text as")
    for index, other, share in alike([entry.signature for entry in different], _SAME):
        entry, same = different[index], different[other]
        if not _told(entry, same, told):
            yield _duplicate(entry, same, f"nearly the same text ({min(share, 0.99):.0%}) as")


def _told(one: Entry, other: Entry, told: Set[tuple[str, str]]) -> bool:
    return (one.source, other.source) in told or (other.source, one.source) in told


def _duplicate(entry: Entry, same: Entry, what: str) -> Finding:
    fix = "keep one and link to it: a change in one of them makes them contradict each other"
    return Finding("duplicate", "warning", entry.source, f"{what} {shown_path(same.source)}", fix)
