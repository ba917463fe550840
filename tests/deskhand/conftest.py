"""A small company, and the command line inside this process and outside of it."""

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deskhand.cli import main
from settings import Home
from settings.home import CHECKOUT

LEAVE = "# Leave\n\n## Carry over\n\nYou may carry over five days of annual leave into the next year.\n"
PAY = (
    "---\naudience: [managers]\n---\n# Salary bands\n\n## Team leads\n\n"
    "The salary band of a team lead is band seven, with a bonus of nine percent.\n"
)


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended, and what it printed."""

    status: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one line on standard error of a command that failed."""
        assert self.out == ""
        assert "Traceback" not in self.err
        [line] = self.err.splitlines()
        assert line.startswith("deskhand: ")
        return line.removeprefix("deskhand: ")


Command = Callable[..., Ran]


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """The logging of before is put back: `deskhand run` in this process sets up its own."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    logging.captureWarnings(False)
    root.handlers[:] = before
    root.setLevel(level)


@pytest.fixture
def company(home: Home) -> Home:
    """A home with a document for everyone and one for managers, not indexed yet."""
    (home.documents / "leave.md").write_text(LEAVE)
    (home.documents / "pay.md").write_text(PAY)
    return home


@pytest.fixture
def deskhand(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command line in this process: quicker, the same code from the first argument to the status."""

    def run(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["deskhand", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Ran(ended.value.code, printed.out, printed.err)

    return run


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start a Python program that talks through pipes; what still runs at the end of the test is stopped."""
    started: list[subprocess.Popen[bytes]] = []

    def popen(*arguments: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        started.append(process)
        return process

    yield popen
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def process(start: Callable[..., subprocess.Popen[bytes]]) -> Command:
    """The real command, in a process of its own."""

    def run(*arguments: str, typed: bytes = b"") -> Ran:
        child = start("-m", "deskhand", *arguments)
        out, err = child.communicate(typed, timeout=400)
        return Ran(child.returncode, out.decode(), err.decode())

    return run


Running = Callable[[Home], "subprocess.Popen[bytes]"]


@pytest.fixture
def running(start: Callable[..., "subprocess.Popen[bytes]"]) -> Running:
    """`deskhand run`, ready, with its first run behind it."""

    def run(home: Home) -> "subprocess.Popen[bytes]":
        process = start("-m", "deskhand", "run", "--home", str(home.root))
        said(process, "run (start): ")
        return process

    return run


def said(process: "subprocess.Popen[bytes]", words: str) -> str:
    """The log up to the line with these words, and this line."""
    assert process.stderr is not None
    lines = []
    while line := process.stderr.readline().decode():
        lines.append(line)
        if words in line:
            return "".join(lines)
    raise AssertionError(f"it never said {words!r}: {''.join(lines)}")


def files_below(folder: Path) -> list[str]:
    """Paths of all files below a folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
