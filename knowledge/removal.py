"""Which missing files are removed from the index, and which wait (docs/decisions/0009-removals-wait.md)."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from knowledge.catalogue import FileRow
from knowledge.folder import Walk

SECOND_LOOK_NS = 12 * 3600 * 1_000_000_000
"""A file that a run found missing so long ago, and that every run since has missed, is removed without asking."""
FEW = 3
"""So many files are removed whatever share of all they are."""


@dataclass(slots=True)
class Removals:
    """What is to become of the files that are missing, each with the reason."""

    remove: dict[str, str] = field(default_factory=dict)
    wait: dict[str, str] = field(default_factory=dict)
    vanished: dict[str, str] = field(default_factory=dict)
    """Folders of sources in which suddenly there is nothing, by their root."""


def decide(walk: Walk, known: Mapping[str, FileRow], largest: float, confirmed: bool, now_ns: int) -> Removals:
    """Compare what is known with a walk.

    Files below a folder that cannot be listed are not missing. What the settings no longer name is
    removed. A source in which nothing is left waits for the administrator; otherwise more than `largest`
    of the files of a source, or of all, wait until `confirmed` or for a second look.
    """
    found = {file.source for file in walk.files}
    still_there = Counter(walk.sources.split(source)[0].root for source in found)
    known_of = Counter(walk.sources.split(source)[0].root for source in known)
    decided = Removals()
    missing: dict[str, list[FileRow]] = defaultdict(list)
    for source, row in known.items():
        if source in found:
            continue
        if not walk.sources.takes(source) or walk.sources.changed_hands(source, row.rule):
            decided.remove[source] = "left out by the settings"
        elif walk.covers(source):
            missing[walk.sources.split(source)[0].root].append(row)
    unsure: dict[str, list[FileRow]] = {}
    for root, rows in missing.items():
        if confirmed:
            decided.remove |= {row.source: "no longer in the folder, confirmed" for row in rows}
        elif not still_there[root]:
            decided.vanished[root] = _vanished(len(rows))
            decided.wait |= {row.source: "its whole source is empty: --confirm-removals removes it" for row in rows}
        else:
            seen_twice = [row for row in rows if row.missing_ns and now_ns - row.missing_ns >= SECOND_LOOK_NS]
            decided.remove |= {row.source: "no longer in the folder, at a second look" for row in seen_twice}
            unsure[root] = [row for row in rows if row.source not in decided.remove]
    too_many_in_all = _too_many(sum(map(len, unsure.values())), len(known), largest)
    for root, rows in unsure.items():
        if too_many_in_all or _too_many(len(rows), known_of[root], largest):
            decided.wait |= {row.source: _waits(rows, known_of[root]) for row in rows}
        else:
            decided.remove |= {row.source: "no longer in the folder" for row in rows}
    return decided


def _too_many(missing: int, known: int, largest: float) -> bool:
    return missing > FEW and missing > largest * known


def _waits(rows: Sequence[FileRow], known: int) -> str:
    return (
        f"no longer in the folder, as {len(rows)} of {known}: too many to remove at once "
        "(`deskhand index --confirm-removals` does, or a run in 12 hours)"
    )


def _vanished(files: int) -> str:
    return (
        f"is empty, but {files} of its files are indexed: is its disk or share mounted? Nothing was removed "
        "(`deskhand index --confirm-removals` does it)"
    )
