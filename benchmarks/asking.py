"""A cold `deskhand ask`, beside importing fastembed, loading the model and embedding one query."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import CHECKOUT, Figure, at_most, bare_model, command_seconds, make_home, resident_mb

_QUESTION = "can i carry over days i didn't use"


def run(documents: Path) -> Iterator[Figure]:
    """Median of five processes each; then the memory of a bot that waits for its next question."""
    with tempfile.TemporaryDirectory() as folder:
        home = make_home(Path(folder) / "home", documents)
        ask = ["-m", "deskhand", "ask", _QUESTION, "--home", str(home.root)]
        subprocess.run([sys.executable, *ask], check=True, capture_output=True, cwd=CHECKOUT)
        bare = f"{bare_model()}\nnext(iter(model.query_embed({_QUESTION!r})))"
        ours, least = command_seconds(ask), command_seconds(["-c", bare])
        yield at_most("cold ask / bare model and one query", ours / least, 2, f"{ours:.2f} s, bare {least:.2f} s")
        idle = _idle_memory(home.root)
        yield at_most("memory of an idle bot with the model loaded", idle, 350, "after one answer", " MB")


def _idle_memory(home: Path) -> float:
    """Resident memory in MB of `deskhand chat` some time after its first answer."""
    process = subprocess.Popen(
        [sys.executable, "-m", "deskhand", "chat", "--home", str(home)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{_QUESTION}\n")
    process.stdin.flush()
    while not process.stdout.readline().startswith("[1]"):
        pass
    time.sleep(1)
    memory = resident_mb(process.pid)
    process.stdin.close()
    process.wait()
    return memory
