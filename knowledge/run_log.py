"""The log of runs: when, why, what came of it, and the receipts of every file that was looked at."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from sqlalchemy import Column, Float, Integer, MetaData, String, Table, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.receipts import Receipt, SyncReport
from settings.tasks import completed

_tables = MetaData()
_run = Table(
    "index_run",
    _tables,
    Column("id", Integer, primary_key=True),
    Column("started", Float, nullable=False),
    Column("trigger", String, nullable=False),
    Column("seconds", Float),
    Column("error", String, nullable=False),
    *(
        Column(name, Integer, nullable=False)
        for name in (
            "added", "updated", "unchanged", "removed", "failed", "quarantined", "skipped", "waiting", "embedded",
        )
    ),
)  # fmt: skip
_receipt = Table(
    "index_receipt",
    _tables,
    Column("id", Integer, primary_key=True),
    Column("run", Integer, nullable=False, index=True),
    Column("source", String, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("chunks", Integer, nullable=False),
)
_KEPT_RUNS = 500
_KEPT_SECONDS = 90 * 24 * 3600
_RECEIPTS_A_RUN = 1000
STOPPED = "was stopped before its end; the next run went on from there"
CANCELLED = "was stopped"


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `seconds` is None while it goes on; `error` is why it ended without being complete."""

    id: int
    started: datetime
    trigger: str
    seconds: float | None
    error: str
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    failed: int = 0
    quarantined: int = 0
    skipped: int = 0
    waiting: int = 0
    embedded: int = 0


class RunLog:
    """Kept for 90 days and 500 runs, with at most 1,000 receipts a run."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def prepare(self) -> None:
        """Make the tables where they are missing; a run that a crash ended is noted as such."""
        async with self._engine.begin() as connection:
            await connection.run_sync(_tables.create_all)
        await self._end_open(STOPPED)

    async def _end_open(self, error: str) -> None:
        async with self._engine.begin() as connection:
            left = _run.c.seconds.is_(None)
            await connection.execute(update(_run).where(left).values(seconds=0, error=error))

    async def begin(self, trigger: str) -> int:
        """Note that a run has begun; returns its number. One that is cancelled here has ended."""
        try:
            return await completed(self._begin(trigger))
        except asyncio.CancelledError:
            await completed(self._end_open(CANCELLED))  # runs never overlap: it is the only one
            raise

    async def _begin(self, trigger: str) -> int:
        counts = {column.name: 0 for column in _run.c if isinstance(column.type, Integer) and column.name != "id"}
        async with self._engine.begin() as connection:
            result = await connection.execute(
                insert(_run).values(started=time.time(), trigger=trigger, error="", **counts)
            )
            [number] = result.inserted_primary_key or [0]
        return int(number)

    async def end(self, number: int, seconds: float, report: SyncReport | None, error: str = "") -> None:
        """Note how a run has ended, and forget what is too old."""
        counts = {}
        receipts: list[Receipt] = []
        if report is not None:
            counts = {"added": report.added, "updated": report.updated, "embedded": report.embedded,
                      "waiting": report.waiting}  # fmt: skip
            for state in ("unchanged", "removed", "failed", "quarantined", "skipped"):
                counts[state] = report.count(state)
            telling = (
                receipt for receipt in report.receipts
                if receipt.looked_at and (receipt.state != "unchanged" or receipt.waiting)
            )  # fmt: skip
            receipts = list(islice(telling, _RECEIPTS_A_RUN))
        rows = [
            {"run": number, "source": receipt.source, "state": receipt.state, "reason": receipt.reason,
             "chunks": receipt.chunks}
            for receipt in receipts
        ]  # fmt: skip
        oldest = select(func.max(_run.c.id) - _KEPT_RUNS).scalar_subquery()
        async with self._engine.begin() as connection:
            await connection.execute(
                update(_run).where(_run.c.id == number).values(seconds=seconds, error=error, **counts)
            )
            if rows:
                await connection.execute(insert(_receipt), rows)
            old = (_run.c.id <= oldest) | (_run.c.started < time.time() - _KEPT_SECONDS)
            await connection.execute(delete(_run).where(old))
            first = select(func.coalesce(func.min(_run.c.id), 0)).scalar_subquery()
            await connection.execute(delete(_receipt).where(_receipt.c.run < first))

    async def runs(self, most: int = 10) -> tuple[Run, ...]:
        """The last runs, newest first."""
        names = [column.name for column in _run.c]
        async with self._engine.connect() as connection:
            found = await connection.execute(select(_run).order_by(_run.c.id.desc()).limit(most))
            values = [dict(zip(names, row, strict=True)) for row in found]
        return tuple(Run(**{**one, "started": datetime.fromtimestamp(one["started"], UTC)}) for one in values)

    async def receipts(self, runs: Sequence[int]) -> dict[int, tuple[Receipt, ...]]:
        """What was kept of each run's receipts, in the order of their files."""
        kept: dict[int, list[Receipt]] = {number: [] for number in runs}
        columns = (_receipt.c.run, _receipt.c.source, _receipt.c.state, _receipt.c.reason, _receipt.c.chunks)
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                select(*columns).where(_receipt.c.run.in_(list(runs))).order_by(_receipt.c.id)
            )
            for run, *receipt in rows:
                kept[run].append(Receipt(*receipt))
        return {number: tuple(some) for number, some in kept.items()}
