"""The tutorial's blocks, from the first to the last, as a reader would type them."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "plugins" / "tutorial.md"

_BLOCK = re.compile(r"^```(\w+)(?: ([^\n]+))?\n(.*?)^```$", flags=re.S | re.M)
_PATIENCE = 60.0

# this environment has everything: `make kit` is only looked at, and nothing is added to it or fetched; pytest is told
# to do without a plugin that `make kit` does not install, which imports discord.py and its deprecated `audioop`
_SETTING = """
export HOME="{folder}" PYTHONPATH="{root}:{folder}/packages" COLUMNS=80 MAKEFLAGS=n PYTEST_ADDOPTS="-p no:simcord"
export PIP_TARGET="{folder}/packages" PIP_NO_INDEX=1 PIP_NO_DEPS=1 PIP_NO_BUILD_ISOLATION=0 PIP_QUIET=1
cd "{root}"
"""


@dataclass
class Reader:
    """Two terminals of one reader. What is exported in the first one stays."""

    folder: Path
    printed: str = ""
    other: "subprocess.Popen[bytes] | None" = None

    def __post_init__(self) -> None:
        bin_ = self.folder / "bin"
        bin_.mkdir()
        for name, module in (("deskhand", "deskhand"), ("pytest", "pytest"), ("pip", "pip")):
            (bin_ / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {module} "$@"\n')
            (bin_ / name).chmod(0o755)
        self._state = self.folder / "state"
        self._state.write_text(_SETTING.format(folder=self.folder, root=ROOT), encoding="utf-8")

    @property
    def home(self) -> Path:
        """Where the files of the tutorial are."""
        return self.folder / "helpdesk"

    def types(self, code: str) -> None:
        """Run a block in the first terminal."""
        script = (
            f'. "{self._state}"\nPATH="{self.folder}/bin:$PATH"\nset -e\n{code}\n'
            f'{{ declare -px; echo "cd \\"$PWD\\""; }} > "{self._state}"\n'
        )
        ran = subprocess.run(
            ["bash", "-c", script],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=5 * _PATIENCE,
        )
        self.printed = ran.stdout.decode()
        assert ran.returncode == 0, f"{code}\n{self.printed}"

    def starts(self, code: str) -> None:
        """Run a block in the other terminal, and wait until it is ready."""
        script = f'. "{self._state}"\nPATH="{self.folder}/bin:$PATH"\nexec {code}'
        with (self.folder / "log").open("wb") as log:
            self.other = subprocess.Popen(["bash", "-c", script], stdout=log, stderr=log)
        self.finds_in_the_log("...ready:...")

    def finds_in_the_log(self, expected: str) -> None:
        """Wait for a line in the other terminal."""
        pattern = _pattern(expected)
        ends = time.monotonic() + _PATIENCE
        while not any(pattern.fullmatch(line.strip()) for line in self.log.splitlines()):
            assert time.monotonic() < ends, f"{expected}\nis not in\n{self.log}"
            time.sleep(0.1)

    @property
    def log(self) -> str:
        """What the other terminal shows."""
        return (self.folder / "log").read_text()

    def stops(self) -> None:
        """Ctrl-C in the other terminal."""
        if self.other is not None:
            self.other.terminate()
            self.other.wait(_PATIENCE)
            self.other = None


def _pattern(shown: str) -> re.Pattern[str]:
    """What is shown, where `...` stands for anything."""
    return re.compile(".*?".join(re.escape(part) for part in shown.strip().split("...")), flags=re.S)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    made = Reader(tmp_path)
    yield made
    made.stops()


@pytest.mark.embedded("types the same commands whatever the store")
def test_every_block_does_what_the_page_says(reader: Reader) -> None:
    kinds = set()
    for kind, label, body in _BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        kinds.add((kind, label))
        if kind == "sh" and label == "another terminal":
            reader.starts(body)
        elif kind == "sh":
            assert label in ("", "stops the other terminal"), label
            if label:
                reader.stops()
            reader.types(body)
        elif kind == "text" and label:
            assert label == "another terminal", label
            reader.finds_in_the_log(body)
        elif kind == "text":
            seen = "\n".join(line.rstrip() for line in reader.printed.replace(str(reader.folder), "~").splitlines())
            assert _pattern(body).fullmatch(seen.strip()), f"shown:\n{body}\nprinted:\n{seen}"
        else:
            assert label, f"a block of {kind} names its file: {body}"
            file = reader.home / label
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(body, encoding="utf-8")
    assert {("sh", "another terminal"), ("text", "another terminal"), ("python", "plugins/gaps.py")} <= kinds
