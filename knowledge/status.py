"""The state of an index, for `deskhand index --status`."""

from collections.abc import Mapping
from dataclasses import dataclass

from knowledge.catalogue import Catalogue, FileRow, Generation
from knowledge.folder import Walk
from knowledge.generations import described
from knowledge.receipts import Receipt
from knowledge.run_log import Run, RunLog
from knowledge.sources import LIMITS


@dataclass(frozen=True, slots=True)
class GenerationStatus:
    """One generation: what it was made with, and what it holds."""

    id: int
    made_with: str
    documents: int
    chunks: int


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """What an administrator asks for; `attention` are files that are not as they should be.

    `runs` are the last ones, newest first, `receipts` those of the newest. `running` tells whether one
    goes on in this process.
    """

    running: bool
    current: GenerationStatus | None
    previous: GenerationStatus | None
    building: GenerationStatus | None
    runs: tuple[Run, ...]
    receipts: tuple[Receipt, ...]
    attention: tuple[FileRow, ...]
    notes: tuple[str, ...]


def not_taken_up(walk: Walk, rows: Mapping[str, FileRow]) -> tuple[int, int, int]:
    """How many files are new, changed, or gone since the last run, by what a walk can tell without opening any."""
    found = {file.source: file for file in walk.files}
    new = sum(source not in rows for source in found)
    changed = sum(
        (row.size, row.mtime_ns) != (file.size, file.mtime_ns) or row.rule.partition(LIMITS)[0] != file.rule
        for source, file in found.items()
        if (row := rows.get(source)) is not None and row.mtime_ns >= 0
    )
    gone = sum(source not in found and walk.covers(source) and not row.missing_ns for source, row in rows.items())
    return new, changed, gone


async def read_status(catalogue: Catalogue, log: RunLog, running: bool, notes: tuple[str, ...]) -> IndexStatus:
    """Gather it from the tables."""
    current = await catalogue.current()
    files = list((await catalogue.files(current)).values()) if current is not None else []
    runs = await log.runs()
    receipts = await log.receipts([run.id for run in runs[:1]])
    return IndexStatus(
        running=running,
        current=await _status(catalogue, current),
        previous=await _status(catalogue, await catalogue.previous()),
        building=await _status(catalogue, await catalogue.unfinished()),
        runs=runs,
        receipts=receipts[runs[0].id] if runs else (),
        attention=tuple(row for row in files if row.state != "indexed" or row.missing_ns or row.reason),
        notes=notes,
    )


async def _status(catalogue: Catalogue, generation: Generation | None) -> GenerationStatus | None:
    if generation is None:
        return None
    documents, chunks = await catalogue.size(generation)
    return GenerationStatus(generation.id, described(generation.recipe), documents, chunks)
