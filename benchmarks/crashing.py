"""`kill -9` at random moments of a first run, an update, a switch and a rollback.

After each kill the store must open and hold what the catalogue says, what was there must be found whole, in its
old or its new version and never in both, and the next run must end exactly where an undisturbed one would.
With `--server` the points are on the tests' stand-in for a Qdrant server, which goes on while the runs are killed.
"""

import asyncio
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple

from benchmarks.measure import CHECKOUT, Figure, at_most, make_home
from knowledge import Index, open_index
from knowledge.embedding import Embedder, load_embedder
from settings import Home, load_settings
from settings.errors import DeskhandError
from tests.fakes.in_thread import in_thread
from tests.fakes.qdrant_server import QdrantServer

_FILES = 24
_SIZES = ("chunk: {target_words: 30, most_words: 40}\n", "chunk: {target_words: 40, most_words: 60}\n")
_KINDS = ("first", "update", "switch", "rollback")
_Content = dict[str, str]
"""What each file says, or is found to say."""


def run(rounds: int, server: bool = False) -> Iterator[Figure]:
    """The four kinds in turn, on one home that lives on from round to round.

    `server` is whether its points are on a server on loopback.
    """
    chance = random.Random(time.time_ns())
    wrong: list[str] = []
    killed: Counter[str] = Counter()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        home = make_home(Path(folder) / "home")
        home.settings.mkdir()
        store = _serve(stack, Path(folder) / "qdrant") if server else ""
        _cut(home, 0, store)
        embedder = load_embedder(load_settings(home).knowledge.embedding, Path(folder) / "models")
        usual = {}
        for kind in _KINDS:
            _change(home, kind, 0, chance, store)
            usual[kind] = _undisturbed(home, kind)
        for number in range(rounds):
            kind = _KINDS[number % len(_KINDS)]
            before, after = _change(home, kind, number, chance, store)
            known = _catalogue(home)
            commits, longest = usual[kind]
            after_commits = chance.randint(2, max(commits, 2)) if chance.random() < 0.5 else 1
            moment = chance.uniform(0, 1.2 * longest if after_commits == 1 else 0.02)
            if _kill(home, kind, after_commits, moment):
                killed[f"{kind}, {_phase(known, _catalogue(home))}"] += 1
            wrong += [f"round {number}, {kind}: {what}" for what in asyncio.run(_check(home, embedder, before, after))]
        embedder.close()
    for what in wrong:
        print(what, file=sys.stderr)
    in_mid_run = "; ".join(f"{phase} {count}" for phase, count in sorted(killed.items()))
    where = "on a server" if server else "in the engine"
    yield at_most(
        f"kill -9, {where}: things wrong afterwards", len(wrong), 0, f"{rounds} rounds, killed in mid-run: {in_mid_run}"
    )


def _serve(stack: ExitStack, folder: Path) -> str:
    """Start the server; the settings that choose it."""
    server = QdrantServer(folder)
    stack.enter_context(in_thread(server))
    return f"store: {{url: '{server.url}'}}\n"


def _cut(home: Home, size: int, store: str) -> None:
    (home.settings / "knowledge.yaml").write_text(_SIZES[size] + store)


def _change(home: Home, kind: str, number: int, chance: random.Random, store: str) -> tuple[_Content, _Content]:
    """Set the scene for a run: what is indexed before it, and what ought to be after it."""
    before = _folder(home)
    if kind == "first":
        _forget(home)
        before = {}
    if kind == "switch":
        _cut(home, _SIZES[0] in (home.settings / "knowledge.yaml").read_text(), store)
    files = [f"{name}.md" for name in range(_FILES)]
    for name in files if kind == "first" else chance.sample(files, 8):
        (home.documents / name).write_text(f"# File\n\nThe page about subject s{number}x{name[:-3]}.\n")
    if kind != "first":  # of those left, one goes
        name = chance.choice(files)
        (home.documents / name).unlink(missing_ok=True)
    return before, _folder(home)


def _forget(home: Home) -> None:
    """Begin anew, but for the name by which a server knows this home's collections."""
    for path in home.data.iterdir() if home.data.exists() else ():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != "store-id":
            path.unlink()


def _folder(home: Home) -> _Content:
    return {path.name: path.read_text().split("subject ")[1].split(".")[0] for path in home.documents.iterdir()}


def _undisturbed(home: Home, kind: str) -> tuple[int, float]:
    """How often a run is seen to commit, and how many seconds it takes from its first commit to its end."""
    with _begun(home, kind) as process:
        _after_commits(home, process, 1)
        began = time.monotonic()
        commits = 1 + _after_commits(home, process, sys.maxsize)
    return commits, time.monotonic() - began


def _kill(home: Home, kind: str, commits: int, moment: float) -> bool:
    """Start a run and kill it `moment` seconds after so many commits; true where it had not ended yet.

    Some kills are by the clock alone. A run spends most of its time on loading a model, so others go by what it has
    written, or hardly any would fall between two commits.
    """
    with _begun(home, kind) as process:
        _after_commits(home, process, commits)
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return True
    return False


def _after_commits(home: Home, process: "subprocess.Popen[bytes]", commits: int) -> int:
    """Wait until a run has committed so often, or ended; returns how often it was seen to."""
    seen, before = 0, _written(home)
    while seen < commits and process.poll() is None:
        time.sleep(0.001)
        now = _written(home)
        seen, before = seen + (now != before), now
    return seen


def _written(home: Home) -> tuple[int, int]:
    """Changes with every commit: a run notes its beginning first."""
    try:
        log = (home.data / "deskhand.db-wal").stat()
    except OSError:
        return 0, 0
    return log.st_size, log.st_mtime_ns


class _Catalogue(NamedTuple):
    """What the database said at a kill."""

    roles: tuple[tuple[int, str], ...] = ()
    files: tuple[tuple[int, str, str | None], ...] = ()
    hidden: int = 0


def _catalogue(home: Home) -> _Catalogue:
    """The state of the index as a second process reads it, empty where there is none yet."""
    if not (home.data / "deskhand.db").exists():
        return _Catalogue()
    with closing(sqlite3.connect(home.data / "deskhand.db")) as database:
        try:
            return _Catalogue(
                tuple(database.execute("SELECT id, role FROM generation ORDER BY id")),
                tuple(database.execute("SELECT generation, source, version FROM file ORDER BY 1, 2")),
                database.execute("SELECT count(*) FROM hidden").fetchone()[0],
            )
        except sqlite3.OperationalError:  # killed while the tables were being made
            return _Catalogue()


def _phase(before: _Catalogue, after: _Catalogue) -> str:
    """How far the run had come when it was killed."""
    if dict(after.roles) != dict(before.roles) and not any(role == "building" for _, role in after.roles):
        return "generations switched"
    if after.hidden:
        return "between the store and the catalogue"
    if after.files != before.files:
        return "some files written"
    return "generation begun" if after.roles != before.roles else "nothing written"


def _begun(home: Home, kind: str) -> "subprocess.Popen[bytes]":
    options = ["--rollback"] if kind == "rollback" else []
    command = [sys.executable, "-m", "deskhand", "index", "--home", str(home.root), *options]
    return subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


async def _check(home: Home, embedder: Embedder, before: _Content, after: _Content) -> list[str]:
    """What is wrong after a kill, and after the run that follows it."""
    try:
        async with open_index(load_settings(home), embedder) as index:
            if await index.is_empty():
                wrong = ["the whole index is lost"] if before else []
            else:
                wrong = await _differences(index, before, after)
            await index.sync()
            wrong += await _differences(index, after, after)
    except DeskhandError as error:
        return [f"it does not open: {error}"]
    return wrong


async def _differences(index: Index, before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    found = await index.search("the page about a subject", limit=200, per_document=50)
    seen: dict[str, set[str]] = {}
    for passage in found.passages:
        seen.setdefault(passage.source, set()).add(passage.text.split("subject ")[1].split(".")[0])
    twice = [f"{source} has versions {sorted(said)}" for source, said in seen.items() if len(said) > 1]
    other = [
        f"{source} says {sorted(said)}, which is neither old nor new"
        for source, said in seen.items()
        if not said <= {before.get(source), after.get(source)}
    ]
    lost = [f"{source} is lost" for source in before.keys() & after.keys() - seen.keys()]
    return twice + other + lost
