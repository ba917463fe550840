import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from knowledge.folder import Walk, walk_documents
from knowledge.sources import Sources
from settings import Home
from settings.errors import FolderError
from settings.sections import KnowledgeSettings

Write = Callable[[str, str | bytes], Path]
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


def walked(home: Home, **knowledge: Any) -> Walk:
    return walk_documents(Sources(home, KnowledgeSettings.model_validate(knowledge)))


def sources(home: Home, *ignore: str) -> list[str]:
    return [file.source for file in walked(home, ignore=list(ignore)).files]


def test_files_are_found_at_any_depth_in_order_with_size_and_time(home: Home, write: Write) -> None:
    write("knowledge/docs/b.md", "12345")
    deep = write("knowledge/docs/a/b/c/d.txt", "x")
    os.utime(deep, ns=(1, 1_700_000_000_000_000_001))
    found = walked(home).files
    assert [file.source for file in found] == ["a/b/c/d.txt", "b.md"]
    assert (found[0].path, found[0].mtime_ns, found[1].size) == (str(deep), 1_700_000_000_000_000_001, 5)


@pytest.mark.parametrize(
    "name",
    [
        ".hidden.md", ".git/config.md", "~$plan.md", "plan.md~", ".plan.md.swp", "plan.swp", "a.TMP", "b.part",
        "c.crdownload", "#plan.md#", "Thumbs.db", "desktop.ini", ".obsidian/deep/er/x.md",
    ],
)  # fmt: skip
def test_hidden_and_temporary_files_are_left_out(home: Home, write: Write, name: str) -> None:
    write(f"knowledge/docs/{name}", "x")
    write("knowledge/docs/kept.md", "x")
    assert sources(home) == ["kept.md"]


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("drafts/*", ["a.md", "b.tmp.md"]),
        ("drafts", ["a.md", "b.tmp.md"]),
        ("*.tmp.md", ["a.md", "drafts/c.md"]),
        ("*", []),
        ("nothing", ["a.md", "b.tmp.md", "drafts/c.md"]),
    ],
)
def test_ignored_patterns_are_left_out(home: Home, write: Write, pattern: str, left: list[str]) -> None:
    for name in ("a.md", "b.tmp.md", "drafts/c.md"):
        write(f"knowledge/docs/{name}", "x")
    assert sources(home, pattern) == left


def test_links_to_files_and_folders_are_followed(home: Home, write: Write, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.md").write_text("x")
    (home.documents / "folder").symlink_to(outside)
    (home.documents / "file.md").symlink_to(outside / "x.md")
    assert sources(home) == ["file.md", "folder/x.md"]


def test_folders_that_contain_themselves_are_not_entered_twice(home: Home, write: Write) -> None:
    write("knowledge/docs/a/x.md", "x")
    (home.documents / "a" / "self").symlink_to(home.documents / "a")
    (home.documents / "a" / "up").symlink_to(home.documents)
    (home.documents / "other").mkdir()
    (home.documents / "other" / "there").symlink_to(home.documents / "a")
    walk = walked(home)
    assert [file.source for file in walk.files] == ["a/x.md", "other/there/x.md"]
    assert walk.unreadable == {}


def test_a_link_to_itself_and_a_broken_link_are_reported(home: Home, write: Write) -> None:
    write("knowledge/docs/a.md", "x")
    (home.documents / "loop.md").symlink_to(home.documents / "loop.md")
    (home.documents / "broken.md").symlink_to(home.documents / "gone.md")
    walk = walked(home)
    assert [file.source for file in walk.files] == ["a.md"]
    assert set(walk.unreadable) == {"broken.md", "loop.md"}
    assert walk.unreadable["loop.md"] == "a link that leads back to itself: remove it"
    assert walk.unreadable["broken.md"].startswith("a link that leads nowhere: ")


@pytest.mark.skipif(ROOT, reason="root may read everything")
def test_a_folder_that_cannot_be_listed_is_reported_and_its_files_are_not_taken_for_gone(
    home: Home, write: Write
) -> None:
    write("knowledge/docs/a.md", "x")
    folder = write("knowledge/docs/closed/b.md", "x").parent
    folder.chmod(0)
    try:
        walk = walked(home)
    finally:
        folder.chmod(0o755)
    assert [file.source for file in walk.files] == ["a.md"]
    assert list(walk.unreadable) == ["closed"]
    assert not walk.covers("closed/b.md")
    assert walk.covers("closed.md")


def test_what_could_not_be_looked_at_is_not_covered(home: Home) -> None:
    walk = walked(home)
    assert walk.covers("a/b.md")
    walk.unreadable["a"] = "cannot be listed"
    assert not walk.covers("a")
    assert not walk.covers("a/b.md")
    assert walk.covers("ab.md")
    walk.unreadable[""] = "cannot be listed"
    assert not walk.covers("ab.md")


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes in folders there")
def test_a_pipe_is_not_waited_for(home: Home, write: Write) -> None:
    write("knowledge/docs/a.md", "x")
    os.mkfifo(home.documents / "pipe.md")
    os.mkfifo(home.knowledge / "stray.md")
    assert sources(home) == ["a.md"]
    assert walked(home).skipped == {"pipe.md": "a pipe, socket or device, not a file: remove it"}


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="such names cannot be made there")
def test_any_file_name_is_found_and_its_source_can_be_written_down(home: Home) -> None:
    names = [
        b"two words.md",
        b'quote\'s "x".md',
        b"line\nbreak.md",
        b"\xff\xfe.md",
        "Ü日.md".encode(),
        b"-rf.md",
        b"%s.md",
    ]
    for name in names:
        with open(os.path.join(os.fsencode(home.documents), name), "wb") as file:
            file.write(b"x")
    found = walked(home).files
    assert sorted(os.fsencode(os.path.basename(file.path)) for file in found) == sorted(names)
    assert {file.source.encode().decode() for file in found} >= {"two words.md", "line\nbreak.md", "\\xff\\xfe.md"}
    assert all(Path(file.path).read_bytes() == b"x" for file in found)


def test_two_names_that_look_alike_have_sources_of_their_own(home: Home) -> None:
    if sys.platform in ("win32", "darwin"):
        pytest.skip("such names cannot be made there")
    for name in (b"\xff.md", b"\xfe.md"):
        with open(os.path.join(os.fsencode(home.documents), name), "wb") as file:
            file.write(b"x")
    assert len(set(sources(home))) == 2


def test_documents_dropped_beside_the_folder_are_read_too(home: Home, write: Write) -> None:
    write("knowledge/docs/a.md", "x")
    write("knowledge/stray.md", "x")
    write("knowledge/index.py", "x")
    write("knowledge/.hidden.md", "x")
    write("knowledge/folder/b.md", "x")
    assert sources(home) == ["../stray.md", "a.md"]


def test_strays_follow_the_same_rules_as_documents(home: Home, write: Write) -> None:
    write("knowledge/~$stray.md", "x")
    write("knowledge/draft.md", "x")
    assert sources(home, "../draft.md") == []


def test_a_missing_folder_is_an_error_that_says_what_to_do(home: Home) -> None:
    home.documents.rmdir()
    with pytest.raises(FolderError, match=r"there is no folder .*docs: make it .* or run `deskhand init"):
        walked(home)


def test_a_file_in_place_of_the_folder_is_the_same_error(home: Home) -> None:
    home.documents.rmdir()
    home.documents.write_text("x")
    with pytest.raises(FolderError, match="there is no folder"):
        walked(home)


def test_an_empty_folder_gives_an_empty_walk(home: Home) -> None:
    walk = walked(home)
    assert (walk.files, walk.unreadable) == ([], {})
