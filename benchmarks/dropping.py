"""From a file's write to its first answer through a served search, while `deskhand run` is at work."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

from benchmarks.measure import CHECKOUT, Figure, at_most, command_seconds, make_home
from deskhand.protocol import PROTOCOL, connect, decode, encode
from settings import Home

_FILES = 20
_QUESTION = "can i carry over days i didn't use"


def run(documents: Path) -> Iterator[Figure]:
    """Twenty files, one after the other; then a question at the command line, served and cold."""
    with tempfile.TemporaryDirectory() as folder:
        home = make_home(Path(folder) / "home")
        for path in sorted(documents.rglob("*.md")):
            (home.documents / path.name).write_bytes(path.read_bytes())
        arguments = ["-m", "deskhand", "run", "--home", str(home.root)]
        process = subprocess.Popen([sys.executable, *arguments], stderr=subprocess.PIPE, text=True, cwd=CHECKOUT)
        ask = ["-m", "deskhand", "ask", _QUESTION, "--home", str(home.root)]
        try:
            _wait_for(process, "run (start): ")
            waits = sorted(_drop(home, number) for number in range(_FILES))
            served = command_seconds(ask)
        finally:
            process.terminate()
            process.communicate()
        half, most = median(waits), quantiles(waits, n=20)[-1]
        yield at_most("dropped file answerable, p50", half, 3, f"of {_FILES}, 0.5 s of it to settle", " s")
        yield at_most("dropped file answerable, p95", most, 3, f"slowest {waits[-1]:.2f} s", " s")
        cold = command_seconds(ask)
        yield at_most("served ask / cold ask", served / cold, 0.5, f"{served:.2f} s, cold {cold:.2f} s")


def _wait_for(process: "subprocess.Popen[str]", words: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if words in line:
            return
    raise RuntimeError("deskhand run has ended")


def _drop(home: Home, number: int) -> float:
    """Seconds until a search finds the file."""
    name = f"dropped-{number}.md"
    text = f"# Locker {number}\n\n## Key\n\nThe key of locker {number} hangs behind the door of room {1000 + number}.\n"
    start = time.perf_counter()
    (home.documents / name).write_text(text)
    while name not in _found(home, f"where is the key of locker {number}, room {1000 + number}"):
        if time.perf_counter() - start > 60:
            raise RuntimeError(f"{name} is not found after a minute")
        time.sleep(0.02)
    return time.perf_counter() - start


def _found(home: Home, question: str) -> set[str]:
    """Sources of a search that is served, without starting a process for it."""
    connection = connect(home.data, 10)
    if connection is None:
        raise RuntimeError("nothing serves the home")
    with connection, connection.makefile("rb") as lines:
        lines.readline()
        options = {"question": question, "k": 5, "json_output": True}
        connection.sendall(encode("request", protocol=PROTOCOL, command="search", options=options, typed=False))
        frame = decode(lines.readline())
    return {result["source"] for result in json.loads(frame["text"])["results"]}
