"""A file may change between the walk that found it and its reading."""

import os
from pathlib import Path

import pytest

from knowledge.chunking import ChunkSize
from knowledge.folder import FoundFile
from knowledge.loaders.reader import Reader
from knowledge.reading import content_of, read_file
from settings.sections.knowledge import LintSettings, ReadingSettings


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_a_pipe_that_nobody_writes_to_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.md")
    with pytest.raises(OSError, match="no regular file"):
        content_of(tmp_path / "a.md", 100)


def test_a_file_that_has_grown_is_over_the_limit_as_well(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(b"x" * 3_000_000)
    assert len(content_of(path, 100)) == 101
    reader = Reader(ReadingSettings(largest_mb=1))
    found = FoundFile(source="a.md", path=str(path), size=10, mtime_ns=1, rule="")
    read = read_file(found, None, ChunkSize(120, 160), "model", reader, LintSettings())
    assert (read.row.state, read.document) == ("failed", None)
    assert read.row.reason.startswith("it has grown, and is over the limit of 1 MB: split the document")
    reader.close()
