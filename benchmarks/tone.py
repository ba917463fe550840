"""Does the fact check let good rewrites pass and stop subtle changes: pairs of drafts and rewrites."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from benchmarks.measure import CHECKOUT, Figure, at_least, at_most
from plugins.facts import compare

PAIRS = CHECKOUT / "tests" / "plugins" / "tone_pairs.yaml"


@dataclass(frozen=True, slots=True)
class Pair:
    """A draft and a rewrite. `change` names what was changed, empty where the facts are kept."""

    draft: str
    rewrite: str
    change: str
    set: str


def read_pairs(path: Path = PAIRS) -> list[Pair]:
    """All pairs of the file."""
    pairs = []
    for row in yaml.safe_load(path.read_text(encoding="utf-8")):
        pairs += [Pair(row["draft"], rewrite, "", row["set"]) for rewrite in row["kept"]]
        pairs += [Pair(row["draft"], rewrite, change, row["set"]) for change, rewrite in row["changed"].items()]
    return pairs


def wrong(pairs: Sequence[Pair]) -> list[Pair]:
    """Pairs on which the fact check is mistaken."""
    return [pair for pair in pairs if bool(compare(pair.draft, pair.rewrite)) != bool(pair.change)]


def run() -> Iterator[Figure]:
    """For each set: the share of changes found, and of kept rewrites let pass; then the time."""
    pairs = read_pairs()
    for name in dict.fromkeys(pair.set for pair in pairs):
        changed = [pair for pair in pairs if pair.set == name and pair.change]
        kept = [pair for pair in pairs if pair.set == name and not pair.change]
        found = 1 - len(wrong(changed)) / len(changed)
        passed = 1 - len(wrong(kept)) / len(kept)
        yield at_least(f"changes found, {name}", found, 0.9, f"{len(changed)} changed rewrites")
        yield at_least(f"kept rewrites passed, {name}", passed, 0.85, f"{len(kept)} kept rewrites")
    start = time.process_time()
    wrong(pairs)
    took = time.process_time() - start
    characters = sum(len(pair.draft) + len(pair.rewrite) for pair in pairs)
    beside = f"{len(pairs)} pairs of {characters / len(pairs):.0f} characters"
    yield at_most("fact check of a draft and its rewrite", took / len(pairs) * 1000, 10, beside, " ms")
