import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from knowledge import Receipt, Upkeep, open_index
from knowledge.embedding import Embedder
from settings import Home, load_settings
from settings.errors import FolderError

Write = Callable[[str, str | bytes], Path]


class Slow:
    """Progress of a run that waits until it is told to go on."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.files: list[str] = []

    def start(self, files: int) -> None:
        self.begun.set()

    def file(self, receipt: Receipt) -> None:
        self.files.append(receipt.source)

    def chunks(self, done: int, expected: int) -> None:
        assert done <= expected


def _use(upkeep: Upkeep, home: Home) -> None:
    """What the wiring does when settings have been saved."""
    settings = load_settings(home)
    upkeep._index.use(settings)
    upkeep.use(settings)


@asynccontextmanager
async def _upkeep(home: Home, embedder: Embedder) -> AsyncIterator[tuple[Upkeep, "asyncio.Queue[str]"]]:
    told: asyncio.Queue[str] = asyncio.Queue()
    settings = load_settings(home)
    async with open_index(settings, embedder) as index:
        yield Upkeep(settings, index, told.put_nowait), told


def _due(upkeep: Upkeep) -> str:
    return f"{upkeep.next_run:%H:%M}" if upkeep.next_run else ""


async def _documents(upkeep: Upkeep) -> int:
    return len(await upkeep._index.files())


async def _until_idle(upkeep: Upkeep) -> None:
    async with asyncio.timeout(20):
        while upkeep.under_way or not upkeep._wanted.empty():
            await asyncio.sleep(0.01)


async def test_runs_never_overlap_and_each_caller_gets_its_own_report(
    home: Home, write: Write, embedder: Embedder
) -> None:
    write("knowledge/docs/a.md", "# A\n\nSome text.\n")
    async with _upkeep(home, embedder) as (upkeep, _):
        first, second = await asyncio.gather(upkeep.sync("command"), upkeep.sync("chat"))
        assert (first.added, second.added, second.count("unchanged")) == (1, 0, 1)
        assert upkeep.under_way is None


async def test_a_run_says_who_asked_for_it_while_it_goes_on(home: Home, write: Write, embedder: Embedder) -> None:
    write("knowledge/docs/a.md", "# A\n\nSome text.\n")
    async with _upkeep(home, embedder) as (upkeep, _):
        seen: list[str] = []

        class Look(Slow):
            def start(self, files: int) -> None:
                assert upkeep.under_way is not None
                seen.append(upkeep.under_way.trigger)

        await upkeep.sync("chat", Look())
        assert seen == ["chat"]


async def test_many_requests_are_one_run_and_those_during_it_another(
    home: Home, write: Write, embedder: Embedder, caplog: pytest.LogCaptureFixture
) -> None:
    write("knowledge/docs/a.md", "# A\n\nSome text.\n")
    write("settings/knowledge.yaml", "sync: {watch: 'off', schedule: null}\n")
    caplog.set_level("DEBUG", "knowledge.upkeep")
    async with _upkeep(home, embedder) as (upkeep, _), upkeep.kept():
        for _ in range(5):
            upkeep.request("watch")
        while upkeep.under_way is None:
            await asyncio.sleep(0)
        for _ in range(5):
            upkeep.request("schedule")
        await asyncio.sleep(0)
        await _until_idle(upkeep)
        runs = [record.getMessage().partition(":")[0] for record in caplog.records if "run (" in record.getMessage()]
        assert runs == ["run (watch)", "run (schedule)"]


async def test_a_failed_run_is_told_and_the_next_one_works(home: Home, write: Write, embedder: Embedder) -> None:
    write("settings/knowledge.yaml", "sync: {watch: 'off', schedule: null}\n")
    async with _upkeep(home, embedder) as (upkeep, told), upkeep.kept():
        upkeep.request("schedule")
        notice = await asyncio.wait_for(told.get(), 20)
        assert notice.startswith("the run (schedule) failed: ")
        assert str(home.documents) in notice
        write("knowledge/docs/a.md", "# A\n\nSome text.\n")
        upkeep.request("schedule")
        await _until_idle(upkeep)
        async with asyncio.timeout(20):
            while await _documents(upkeep) == 0:
                await asyncio.sleep(0.01)


async def test_an_error_of_a_run_that_was_asked_for_goes_to_the_one_who_asked(home: Home, embedder: Embedder) -> None:
    async with _upkeep(home, embedder) as (upkeep, told):
        with pytest.raises(FolderError):
            await upkeep.sync("command")
        assert told.empty()
        assert upkeep.under_way is None


async def test_files_that_newly_fail_are_told_once(home: Home, write: Write, embedder: Embedder) -> None:
    write("knowledge/docs/a.md", "# A\n\nSome text.\n")
    write("knowledge/docs/broken.md", "---\naudience: []\n---\n# B\n\nSecret.\n")
    async with _upkeep(home, embedder) as (upkeep, told):
        await upkeep.sync("schedule")
        assert told.get_nowait().startswith("1 document cannot be read: broken.md: ")
        await upkeep.sync("schedule")
        assert told.empty()
        write("knowledge/docs/worse.md", "---\naudience: []\n---\n# B\n\nSecret.\n")
        await upkeep.sync("watch")
        assert told.get_nowait().startswith("1 document cannot be read: worse.md: ")
        assert told.empty()


async def test_a_restriction_that_fits_no_file_is_told_once(home: Home, write: Write, embedder: Embedder) -> None:
    write("knowledge/docs/pay/bands.md", "# Bands\n\nThe upper band.\n")
    write("settings/knowledge.yaml", "audience: {pya: [hr]}\n")
    async with _upkeep(home, embedder) as (upkeep, told):
        for _ in range(2):
            await upkeep.run("schedule")
        assert told.get_nowait() == "knowledge.yaml: audience: 'pya' fits no file: is it spelt as the files are?"
        assert told.empty()


async def test_one_who_gives_up_ends_the_own_run_and_nobody_elses(home: Home, write: Write, embedder: Embedder) -> None:
    for number in range(20):
        write(f"knowledge/docs/{number}.md", f"# Page {number}\n\nThe text of page {number}.\n")
    async with _upkeep(home, embedder) as (upkeep, _):
        slow = Slow()
        async with asyncio.TaskGroup() as group:
            given_up = group.create_task(upkeep.sync("command", slow))
            waiting = group.create_task(upkeep.sync("chat"))
            await slow.begun.wait()
            given_up.cancel()
        assert given_up.cancelled()
        report = waiting.result()
        assert report.count("indexed") + report.count("unchanged") == 20


async def test_a_dropped_document_is_answerable_by_itself(home: Home, write: Write, embedder: Embedder) -> None:
    write("knowledge/docs/a.md", "# A\n\nSome text.\n")
    write("settings/knowledge.yaml", "sync: {settle_seconds: 0.05}\n")
    async with _upkeep(home, embedder) as (upkeep, _), upkeep.kept():
        assert upkeep.next_run is not None
        await upkeep.sync("start")
        async with asyncio.timeout(30):
            number = 0
            while await _documents(upkeep) < 2:
                number += 1
                write("knowledge/docs/b.md", f"# B\n\nOther text {number}.\n")  # watching begins in its own time
                await asyncio.sleep(0.3)


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await condition():
            await asyncio.sleep(0.02)


async def test_changed_settings_are_followed(home: Home, write: Write, embedder: Embedder) -> None:
    write("knowledge/docs/a.md", "# A\n\nSome text.\n")
    write("share/b.md", "# B\n\nOther text.\n")
    write("settings/knowledge.yaml", "sync: {watch: 'off', schedule: null}\n")
    async with _upkeep(home, embedder) as (upkeep, told), upkeep.kept():
        await upkeep.sync("start")
        assert _due(upkeep) == ""
        write(
            "settings/knowledge.yaml",
            "sync: {schedule: '5 4 * * *', timezone: UTC, settle_seconds: 0.05}\n"
            "sources: [{name: share, folder: share, link: 'https://x.example/{path}'}]\n",
        )
        _use(upkeep, home)

        async def both() -> bool:
            return await _documents(upkeep) == 2

        await _until(both)
        assert _due(upkeep) == "04:05"
        found = await upkeep._index.search("other text")
        assert {passage.link for passage in found.passages if passage.source == "share:b.md"} == {
            "https://x.example/b.md"
        }
        write("share/c.md", "# C\n\nA third text.\n")  # the new folder is watched, once the run is over

        async def third() -> bool:
            return await _documents(upkeep) == 3

        await _until(third)
        write("settings/knowledge.yaml", "sync: {watch: 'off', schedule: null}\n")
        _use(upkeep, home)

        async def removed() -> bool:
            return await _documents(upkeep) == 1

        await _until(removed)
        assert _due(upkeep) == ""
        assert told.empty()


async def test_another_chunk_size_is_built_beside_without_anybody_asking(
    home: Home, write: Write, embedder: Embedder
) -> None:
    write("knowledge/docs/a.md", "# A\n\nSome text.\n")
    write("settings/knowledge.yaml", "sync: {watch: 'off', schedule: null}\n")
    async with _upkeep(home, embedder) as (upkeep, _), upkeep.kept():
        await upkeep.sync("start")
        write("settings/knowledge.yaml", "sync: {watch: 'off', schedule: null}\nchunk: {target_words: 60}\n")
        _use(upkeep, home)
        await _until(upkeep._index.matches_settings)
        status = await upkeep._index.status()
        assert status.current is not None
        assert "chunks of 60 to 160 words" in status.current.made_with
        assert status.previous is not None


async def test_a_run_of_its_own_ends_where_the_settings_change_and_begins_again_by_the_new_ones(
    home: Home, write: Write, embedder: Embedder
) -> None:
    quiet = "sync: {watch: 'off', schedule: null}\n"
    write("settings/knowledge.yaml", quiet)
    for number in range(150):
        write(f"knowledge/docs/{number}.md", f"# Page {number}\n\n" + f"The text of page {number}. " * 60)
    async with _upkeep(home, embedder) as (upkeep, _), upkeep.kept():
        upkeep.request("schedule")
        while upkeep.under_way is None:
            await asyncio.sleep(0.01)
        write("settings/knowledge.yaml", quiet + "ignore: ['1*']\n")
        _use(upkeep, home)

        async def by_the_new() -> bool:
            return await _documents(upkeep) == sum(not str(number).startswith("1") for number in range(150))

        await _until(by_the_new)
        await _until_idle(upkeep)
        stopped, by_settings, *_ = reversed((await upkeep._index.status()).runs)
        assert (stopped.trigger, stopped.error) == ("schedule", "was stopped")
        assert (by_settings.trigger, by_settings.error) == ("settings", "")


async def test_one_that_waits_for_a_run_of_its_own_gets_one_by_the_new_settings(
    home: Home, write: Write, embedder: Embedder
) -> None:
    quiet = "sync: {watch: 'off', schedule: null}\n"
    write("settings/knowledge.yaml", quiet)
    for number in range(20):
        write(f"knowledge/docs/{number}.md", f"# Page {number}\n\nThe text of page {number}.\n")
    async with _upkeep(home, embedder) as (upkeep, _), asyncio.TaskGroup() as group:
        run = group.create_task(upkeep.run("start"))
        while upkeep.under_way is None:
            await asyncio.sleep(0)
        write("settings/knowledge.yaml", quiet + "ignore: ['1*']\n")
        _use(upkeep, home)
        await run
        assert await _documents(upkeep) == 9
