"""A run in which nothing has changed, beside a bare walk over the same files."""

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.measure import Figure, at_most, make_home, seconds
from knowledge import open_index
from settings import Home, load_settings

_FILES = 5000
_ROUNDS = 9


def run() -> Iterator[Figure]:
    """Median of alternating runs over 5,000 files in 50 folders."""
    with tempfile.TemporaryDirectory() as folder:
        home = make_home(Path(folder) / "home")
        _make_files(home.documents)
        ours, bare = asyncio.run(_measure(home))
        beside = f"{ours * 1000:.0f} ms, bare walk and stat of {_FILES:,} files {bare * 1000:.0f} ms"
        yield at_most("sync without changes / bare walk", ours / bare, 5, beside)


async def _measure(home: Home) -> tuple[float, float]:
    ours: list[float] = []
    bare: list[float] = []
    async with open_index(load_settings(home)) as index:
        await index.sync()
        for _ in range(_ROUNDS):
            bare.append(seconds(lambda: _walk(str(home.documents))))
            start = time.perf_counter()
            report = await index.sync()
            ours.append(time.perf_counter() - start)
            if report.count("unchanged") != _FILES:
                raise RuntimeError("files changed during the benchmark")
    return median(ours), median(bare)


def _make_files(documents: Path) -> None:
    old = time.time_ns() - 60_000_000_000
    for number in range(_FILES):
        path = documents / f"folder{number % 50}" / f"{number}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"# Page {number % 20}\n\nThe text of page {number % 20}.\n")
        os.utime(path, ns=(old, old))


def _walk(folder: str) -> int:
    total = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            total += _walk(entry.path) if entry.is_dir() else entry.stat().st_size
    return total
