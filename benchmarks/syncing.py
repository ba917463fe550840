"""Runs over a large folder: without changes, with one changed file, with one new file, searched meanwhile."""

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.measure import Figure, at_most, make_home, seconds
from knowledge import Index, open_index
from knowledge.store.edge import EdgeStore
from settings import Home, load_settings
from settings.tasks import running

_FILES = 10_000
_ROUNDS = 5


@dataclass(slots=True)
class _Measured:
    """Seconds, but for `embedded` (chunks)."""

    idle: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    new: list[float] = field(default_factory=list)
    embedded: int = 0
    stall_idle: float = 0.0
    stall_large: float = 0.0
    flush: float = 0.0


def run() -> Iterator[Figure]:
    """10,000 files in 100 folders; the medians of alternating runs."""
    with tempfile.TemporaryDirectory() as folder:
        home = make_home(Path(folder) / "home")
        _make_files(home.documents)
        measured = asyncio.run(_measure(home))
    idle, bare = median(measured.idle), median(measured.bare)
    beside = f"bare walk and stat of {_FILES:,} files {bare * 1000:.0f} ms"
    yield at_most("sync without changes, 10,000 files", idle, 1, beside, " s")
    yield at_most("sync without changes / bare walk", idle / bare, 6, beside)
    yield at_most("a new file among them, from the start of the run to its answer", max(measured.new), 2.5,
                  f"slowest of {len(measured.new)}; the watcher adds settle_seconds, 0.5", " s")  # fmt: skip
    yield at_most("chunks embedded for a change in one of 40 sections", measured.embedded, 1, "the file has 40 chunks")
    yield at_most("longest stall of the event loop, sync without changes", measured.stall_idle, 0.25, "", " s")
    beside = f"the engine's slowest flush to the disk, which holds the interpreter, {measured.flush:.2f} s"
    yield at_most("longest stall of the event loop, a new file of 400 chunks", measured.stall_large, 0.25, beside, " s")


async def _measure(home: Home) -> _Measured:
    measured = _Measured()
    async with open_index(load_settings(home)) as index:
        await index.sync()
        for _ in range(_ROUNDS):
            measured.bare.append(seconds(lambda: _walk(str(home.documents))))
            start = time.perf_counter()
            report = await index.sync()
            measured.idle.append(time.perf_counter() - start)
            if report.count("unchanged") != _FILES:
                raise RuntimeError("files changed during the benchmark")
        for number in range(_ROUNDS):
            measured.new.append(await _answerable(index, home.documents / f"new{number}.md", number))
        measured.embedded = await _change_one_section(index, home.documents / "long.md")
        measured.stall_idle = await _longest_stall(index)
        _age(home.documents / "large.md", _sections(400, "number"))
        with _flushes() as flushes:
            measured.stall_large = await _longest_stall(index)
        measured.flush = max(flushes)
    return measured


async def _answerable(index: Index, path: Path, number: int) -> float:
    path.write_text(f"# Machine {number}\n\nThe zeppelin number {number} is moored at mast {number}.\n")
    start = time.perf_counter()
    await index.sync()
    found = await index.search(f"where is zeppelin number {number} moored")
    if found.passages[0].source != path.name:
        raise RuntimeError(f"{path.name} was not found")
    return time.perf_counter() - start


async def _change_one_section(index: Index, path: Path) -> int:
    text = _sections(40, "topic")
    _age(path, text)
    await index.sync()
    path.write_text(text.replace("topic 7 ", "subject 7 "))
    return (await index.sync()).embedded


def _sections(count: int, word: str) -> str:
    parts = (f"## Part {part}\n\n" + f"A sentence about {word} {part} of them. " * 16 for part in range(count))
    return "# Long\n\n" + "\n\n".join(parts)


async def _longest_stall(index: Index) -> float:
    """The longest time that nothing else could run while a sync did."""
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - before - 0.001)

    async with running(tick()):
        await asyncio.sleep(0.05)
        longest = 0.0
        await index.sync()
    return longest


@contextmanager
def _flushes() -> Iterator[list[float]]:
    """How long each flush of the engine takes, in seconds."""
    taken: list[float] = []
    flush = EdgeStore.flush

    async def timed(store: EdgeStore) -> None:
        start = time.perf_counter()
        await flush(store)
        taken.append(time.perf_counter() - start)

    EdgeStore.flush = timed  # type: ignore[method-assign, assignment]
    try:
        yield taken
    finally:
        EdgeStore.flush = flush  # type: ignore[method-assign]


def _make_files(documents: Path) -> None:
    for number in range(_FILES):
        path = documents / f"folder{number % 100}" / f"{number}.md"
        path.parent.mkdir(exist_ok=True)
        _age(path, f"# Page {number % 20}\n\nThe text of page {number % 20}.\n")


def _age(path: Path, text: str) -> None:
    """Write a file as if it had been there for a minute."""
    path.write_text(text)
    old = time.time_ns() - 60_000_000_000
    os.utime(path, ns=(old, old))


def _walk(folder: str) -> int:
    total = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            total += _walk(entry.path) if entry.is_dir() else entry.stat().st_size
    return total
