"""`kill -9` at random moments of indexing: what the next run makes of it equals an undisturbed run."""

import asyncio
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.measure import CHECKOUT, Figure, at_most, make_home, seconds
from benchmarks.questions import read_questions
from knowledge import open_index
from settings import Home, load_settings

_ROUNDS = 20


def run(documents: Path) -> Iterator[Figure]:
    """Count the rounds whose index differs from the undisturbed one in any file or any search result."""
    chance = random.Random(time.time_ns())
    with tempfile.TemporaryDirectory() as folder:
        home = make_home(Path(folder) / "home", documents)
        whole = seconds(lambda: _index(home).wait())
        expected = asyncio.run(_content(home))
        differing = killed = 0
        for _ in range(_ROUNDS):
            shutil.rmtree(home.data)
            process = _index(home)
            time.sleep(chance.uniform(0.2, whole))
            process.send_signal(signal.SIGKILL)
            killed += process.wait() == -signal.SIGKILL
            if _index(home).wait() != 0 or asyncio.run(_content(home)) != expected:
                differing += 1
        beside = f"{_ROUNDS} rounds, {killed} killed before the end, a whole run takes {whole:.1f} s"
        yield at_most("runs after kill -9 that differ from an undisturbed one", differing, 0, beside)


def _index(home: Home) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "deskhand", "index", "--home", str(home.root)]
    return subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.DEVNULL)


async def _content(home: Home) -> dict[str, Any]:
    """What can be seen of an index: its files without the times of reading, results with scores to five decimals."""
    async with open_index(load_settings(home)) as index:
        files = {source: row._replace(checked_ns=0) for source, row in (await index.files()).items()}
        results = {}
        for question in read_questions():
            found = await index.search(question.text, question.groups, limit=40, per_document=40)
            # the engine adds up in 32 bits and in any order: the eighth digit is chance
            results[question.id] = [(passage.id, passage.text, round(passage.score, 5)) for passage in found.passages]
    return {"files": files, "results": results}
