import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge import Receipt, SyncReport
from knowledge.run_log import CANCELLED, STOPPED, RunLog
from settings.database import open_database
from settings.tasks import running


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    made = open_database(tmp_path / "test.db")
    yield made
    await made.dispose()


@pytest.fixture
async def log(engine: AsyncEngine) -> RunLog:
    made = RunLog(engine)
    await made.prepare()
    return made


async def test_a_run_is_there_from_its_beginning_and_has_its_counts_at_its_end(log: RunLog) -> None:
    number = await log.begin("schedule")
    [going] = await log.runs()
    assert (going.trigger, going.seconds) == ("schedule", None)
    report = SyncReport([Receipt("a.md", "indexed", new=True), Receipt("b.md", "failed", "no text")], embedded=4)
    await log.end(number, 1.5, report)
    [run] = await log.runs()
    assert (run.seconds, run.added, run.failed, run.embedded, run.error) == (1.5, 1, 1, 4, "")


async def test_receipts_of_files_that_were_looked_at_are_kept_and_no_others(log: RunLog) -> None:
    number = await log.begin("watch")
    receipts = [
        Receipt("a.md", "indexed"),
        Receipt("b.md", "unchanged"),
        Receipt("c.png", "skipped", looked_at=False),
        Receipt("d.md", "unchanged", "missing", waiting=True),
        Receipt("e.md", "failed", "no text"),
    ]
    await log.end(number, 1.0, SyncReport(receipts))
    kept = await log.receipts([number])
    assert [receipt.source for receipt in kept[number]] == ["a.md", "d.md", "e.md"]
    assert kept[number][2].reason == "no text"


async def test_a_run_that_a_crash_ended_is_said_to_have_been_stopped(log: RunLog, engine: AsyncEngine) -> None:
    await log.begin("watch")
    again = RunLog(engine)
    await again.prepare()
    [run] = await again.runs()
    assert run.error == STOPPED


@pytest.mark.parametrize("steps", [0, 1, 2, 4, 8])
async def test_a_run_that_is_cancelled_while_it_begins_has_ended(log: RunLog, steps: int) -> None:
    async with running(log.begin("schedule")) as run:
        for _ in range(steps):
            await asyncio.sleep(0)
        assert not run.done()
    assert run.cancelled()
    assert [(one.seconds, one.error) for one in await log.runs()] == ([(0, CANCELLED)] if steps else [])


async def test_the_log_does_not_grow_without_end(log: RunLog) -> None:
    report = SyncReport([Receipt("a.md", "failed", "no text")])
    for _ in range(520):
        await log.end(await log.begin("watch"), 0.1, report)
    runs = await log.runs(1000)
    assert len(runs) == 500
    assert (await log.receipts([1]))[1] == ()


async def test_of_a_run_over_very_many_files_the_first_thousand_receipts_are_kept(log: RunLog) -> None:
    number = await log.begin("command")
    await log.end(number, 1.0, SyncReport([Receipt(f"{name}.md", "failed") for name in range(1500)]))
    assert len((await log.receipts([number]))[number]) == 1000
