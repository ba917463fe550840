"""How quickly a large folder is looked at, beside merely reading its documents, and how much memory that takes."""

import asyncio
import random
import resource
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Figure, at_most, make_home, seconds
from knowledge.folder import walk_documents
from knowledge.lint.folder import lint_folder
from knowledge.loaders import loader_for, name_of
from knowledge.sources import Sources
from settings import Home, load_settings
from settings.sections import KnowledgeSettings

_FILES = 10_000
_WORDS = 150


def run() -> Iterator[Figure]:
    """10,000 Markdown files of 150 words in 100 folders, one in twenty of them a near copy."""
    with tempfile.TemporaryDirectory() as folder:
        home = make_home(Path(folder) / "home")
        _make_files(home.documents)
        settings = load_settings(home)
        reading = seconds(lambda: _read(home))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        taken = seconds(lambda: asyncio.run(lint_folder(settings)))
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before
        beside = f"{_FILES / taken:.0f} files/s, {taken:.0f} s; reading alone {reading:.0f} s"
        yield at_most("lint / reading the documents", taken / reading, 3, beside)
        yield at_most("memory that lint adds", grown, 200, f"{_FILES:,} files", " MB")


def _make_files(documents: Path) -> None:
    chance = random.Random(7)
    words = [f"word{number}" for number in range(5000)]
    text: list[str] = []
    for number in range(_FILES):
        if number % 20 or not text:
            text = [chance.choice(words) for _ in range(_WORDS)]
        else:
            text = [*text[:-3], "with", "another", "end"]
        path = documents / f"folder{number % 100}" / f"{number}.md"
        path.parent.mkdir(exist_ok=True)
        half = _WORDS // 2
        parts = (" ".join(text[:half]), " ".join(text[half:]))
        path.write_text(
            f"# Page {number} {text[0]}\n\n## One\n\n{parts[0]}.\n\n## Two\n\n{parts[1]}, see [it](0.md).\n"
        )


def _read(home: Home) -> None:
    for file in walk_documents(Sources(home, KnowledgeSettings())).files:
        loader = loader_for(file.source)
        assert loader is not None
        loader(Path(file.path).read_bytes(), name_of(file.source))
