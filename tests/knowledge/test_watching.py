import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from knowledge.watching import document_changes
from settings import Home, load_settings
from settings import watching as shared
from settings.tasks import running

Write = Callable[[str, str | bytes], Path]
Next = Callable[[], "asyncio.Future[set[str]]"]


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "_LOOK_AGAIN_MS", 150)
    monkeypatch.setattr(shared, "_POLL_SECONDS", 0.05)


@asynccontextmanager
async def _watched(home: Home, how: str = "events") -> AsyncIterator["asyncio.Queue[set[str]]"]:
    """The watcher at work. What it tells of one's own preparations is taken away."""
    home.settings.mkdir(exist_ok=True)
    (home.settings / "knowledge.yaml").write_text(f"sync: {{watch: {how}, settle_seconds: 0.05}}\n")
    told: asyncio.Queue[set[str]] = asyncio.Queue()

    async def listen() -> None:
        async for changes in document_changes(load_settings(home)):
            told.put_nowait({os.path.basename(path) for path in changes})

    async with running(listen()):
        while True:  # until a change is noticed, it has not begun
            (home.documents / "begin.md").write_text(str(os.urandom(4)))
            try:
                await asyncio.wait_for(told.get(), 0.5)
                break
            except TimeoutError:
                continue
        await asyncio.sleep(0.4)
        while not told.empty():
            told.get_nowait()
        yield told


async def _until(told: "asyncio.Queue[set[str]]", name: str) -> set[str]:
    """What was told up to a name."""
    seen: set[str] = set()
    while name not in seen:
        seen |= await asyncio.wait_for(told.get(), 20)
    return seen


@pytest.mark.parametrize("how", ["events", "poll"])
async def test_a_dropped_a_replaced_and_a_removed_document_are_noticed(home: Home, write: Write, how: str) -> None:
    (home.documents / "help").mkdir()
    async with _watched(home, how) as told:
        new = write("knowledge/docs/help/new.md", "one")
        await _until(told, "new.md")
        write("elsewhere.md", "another text").replace(new)
        await _until(told, "new.md")
        new.unlink()
        await _until(told, "new.md")


async def test_a_name_that_is_not_utf8_ends_no_watching(
    home: Home, write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    odd = os.fsencode(home.documents) + b"/odd\xff.md"
    async with _watched(home) as told:
        with open(odd, "wb") as file:
            file.write(b"x")
        await _until(told, "docs")
        assert "name is not UTF-8" in caplog.text
        write("knowledge/docs/after.md", "x")
        await _until(told, "after.md")
        os.unlink(odd)
        await _until(told, os.fsdecode(b"odd\xff.md"))


async def test_what_editors_and_downloads_leave_is_no_change(home: Home, write: Write) -> None:
    async with _watched(home) as told:
        for name in ("a.md~", ".a.md.swp", "~$a.docx", "a.md.part", ".git/index", ".hidden/a.md"):
            write(f"knowledge/docs/{name}", "x")
        write("knowledge/docs/last.md", "x")
        assert await _until(told, "last.md") == {"last.md"}


async def test_a_stray_beside_the_folder_is_noticed_and_code_is_not(home: Home, write: Write) -> None:
    async with _watched(home) as told:
        write("knowledge/loaders/code.py", "x")
        write("knowledge/stray.md", "x")
        assert "code.py" not in await _until(told, "stray.md")


async def test_a_mounted_configmap_that_is_exchanged_is_noticed(home: Home, write: Write) -> None:
    write("knowledge/docs/..2026_1/policy.md", "old")
    (home.documents / "..data").symlink_to("..2026_1")
    (home.documents / "policy.md").symlink_to("..data/policy.md")
    async with _watched(home) as told:
        write("knowledge/docs/..2026_2/policy.md", "new")
        (home.documents / "..new").symlink_to("..2026_2")
        (home.documents / "..new").replace(home.documents / "..data")
        await _until(told, "..data")


async def test_a_folder_that_vanishes_and_comes_back_is_watched_again(home: Home, write: Write) -> None:
    async with _watched(home) as told:
        shutil.rmtree(home.knowledge)
        await _until(told, "docs")
        write("knowledge/docs/back.md", "x")
        await _until(told, "docs")
        await asyncio.sleep(0.4)
        write("knowledge/docs/after.md", "x")
        await _until(told, "after.md")


async def test_a_linked_folder_is_watched_where_it_really_is(home: Home, write: Write, tmp_path: Path) -> None:
    (tmp_path / "wiki").mkdir()
    (home.documents / "wiki").symlink_to(tmp_path / "wiki")
    async with _watched(home) as told:
        (tmp_path / "wiki" / "page.md").write_text("x")
        await _until(told, "page.md")


async def test_a_documents_folder_that_is_a_link_is_watched(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.knowledge.mkdir(parents=True)
    (tmp_path / "share").mkdir()
    home.documents.symlink_to(tmp_path / "share")
    async with _watched(home) as told:
        (tmp_path / "share" / "page.md").write_text("x")
        await _until(told, "page.md")


async def test_where_too_many_folders_are_watched_changes_are_looked_for(
    home: Home, write: Write, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(*_: object) -> AsyncIterator[set[str]]:
        raise OSError(28, "OS file watch limit reached")

    monkeypatch.setattr(shared, "_events", refused)
    async with _watched(home) as told:
        write("knowledge/docs/new.md", "x")
        await _until(told, "new.md")
    assert "cannot be watched" in caplog.text


async def test_nothing_is_watched_where_it_is_switched_off(home: Home, write: Write) -> None:
    write("settings/knowledge.yaml", "sync: {watch: 'off'}\n")
    assert [changes async for changes in document_changes(load_settings(home))] == []
