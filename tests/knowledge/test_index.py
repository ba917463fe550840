"""The index as the other rooms use it: sync and search over a real folder, model and engine."""

import asyncio
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from knowledge import Index, Receipt, SyncReport, open_index
from knowledge.catalogue import Catalogue
from knowledge.embedding import Embedder, Vector
from knowledge.sparse import SparseVector, TermWeights
from knowledge.store import Point
from knowledge.vocabulary import VersionTerms, version_terms
from settings import Home, Settings, load_settings
from settings.errors import FolderError, IndexEmpty, IndexLocked, IndexUnusable

Write = Callable[[str, str | bytes], Path]

LEAVE = "# Leave\n\nEmployees have 25 days of annual leave a year.\n\n## Carry over\n\nUp to 5 days move on.\n"
VPN = "# VPN\n\nError E-4107 means that the certificate has expired: renew it in the hub.\n"


async def sync(settings: Settings, embedder: Embedder) -> SyncReport:
    async with open_index(settings, embedder) as index:
        return await index.sync()


async def sources(settings: Settings, embedder: Embedder, question: str, groups: tuple[str, ...] = ()) -> list[str]:
    async with open_index(settings, embedder) as index:
        found = await index.search(question, groups, limit=10, per_document=10)
    return [passage.source for passage in found.passages]


def states(report: SyncReport) -> dict[str, str]:
    return {receipt.source: receipt.state for receipt in report.receipts}


def age(path: Path) -> None:
    """As if the file had been written long ago, so that its time stamp is settled."""
    stat = path.stat()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns - 10_000_000_000))


@pytest.fixture
def documents(write: Write) -> dict[str, Path]:
    files = {"leave.md": LEAVE, "help/vpn.md": VPN}
    paths = {source: write(f"knowledge/docs/{source}", text) for source, text in files.items()}
    for path in paths.values():
        age(path)
    return paths


async def test_memory_is_given_back_once_after_the_last_of_several_questions(
    documents: dict[str, Path], settings: Settings, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = threading.Semaphore(0)
    async with open_index(settings, embedder) as index:
        await index.sync()
        monkeypatch.setattr("knowledge.index.give_back_memory", given.release)
        monkeypatch.setattr("knowledge.index._REST_SECONDS", 3600.0)
        for question in ("annual leave", "carry over"):
            await index.search(question)
        monkeypatch.setattr("knowledge.index._REST_SECONDS", 0.0)
        found = await index.search("certificate")
        assert await asyncio.to_thread(given.acquire, timeout=20)
        await index.quote("certificate", found.passages)
        assert await asyncio.to_thread(given.acquire, timeout=20)
    assert not given.acquire(blocking=False)


@pytest.mark.usefixtures("documents")
async def test_terms_are_worked_out_beside_the_loop(
    settings: Settings, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: dict[str, set[threading.Thread]] = {"chunks": set(), "versions": set()}
    of_document = TermWeights.of_document

    def of_chunk(terms: TermWeights, text: str) -> SparseVector:
        threads["chunks"].add(threading.current_thread())
        return of_document(terms, text)

    def of_versions(points: list[Point]) -> dict[str, VersionTerms]:
        threads["versions"].add(threading.current_thread())
        return version_terms(points)

    monkeypatch.setattr(TermWeights, "of_document", of_chunk)
    monkeypatch.setattr("knowledge.sync.version_terms", of_versions)
    await sync(settings, embedder)
    assert all(threads.values())
    assert threading.current_thread() not in threads["chunks"] | threads["versions"]


async def test_every_file_has_a_receipt_and_its_text_is_found(
    documents: dict[str, Path], write: Write, settings: Settings, embedder: Embedder
) -> None:
    write("knowledge/docs/empty.md", "---\ntitle: Nothing\n---\n")
    write("knowledge/docs/picture.png", b"\x89PNG")
    write("knowledge/docs/bad.md", "---\naudience: [\n---\n\nsecret\n")
    report = await sync(settings, embedder)
    assert states(report) == {
        "bad.md": "failed",
        "empty.md": "skipped",
        "help/vpn.md": "indexed",
        "leave.md": "indexed",
        "picture.png": "skipped",
    }
    assert all(receipt.reason for receipt in report.receipts if receipt.state in ("failed", "skipped"))
    assert (report.added, report.updated) == (2, 0)
    assert (await sources(settings, embedder, "how many holidays do I get"))[0] == "leave.md"
    assert (await sources(settings, embedder, "error e4107"))[0] == "help/vpn.md"


async def test_nothing_is_opened_or_embedded_where_nothing_changed(
    documents: dict[str, Path], settings: Settings, embedder: Embedder
) -> None:
    await sync(settings, embedder)
    for path in documents.values():
        stat = path.stat()
        path.write_text(path.read_text().replace("e", "x"))  # would be seen, if the file were opened
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    report = await sync(settings, embedder)
    assert set(states(report).values()) == {"unchanged"}
    assert report.embedded == 0


async def test_a_touched_file_is_unchanged_and_an_edited_one_embeds_only_what_is_new(
    documents: dict[str, Path], settings: Settings, embedder: Embedder
) -> None:
    long = "\n\n".join(f"## Part {part}\n\n" + f"Sentence about topic {part}. " * 30 for part in range(6))
    documents["leave.md"].write_text(f"# Long\n\n{long}\n")
    first = await sync(settings, embedder)
    chunks = next(receipt.chunks for receipt in first.receipts if receipt.source == "leave.md")
    assert chunks == 6
    documents["help/vpn.md"].touch()
    documents["leave.md"].write_text(f"# Long\n\n{long}\n".replace("topic 3", "subject 3"))
    report = await sync(settings, embedder)
    assert states(report) == {"help/vpn.md": "unchanged", "leave.md": "indexed"}
    assert (report.updated, report.added, report.embedded) == (1, 0, 1)


async def test_a_renamed_or_copied_file_embeds_nothing(
    documents: dict[str, Path], settings: Settings, embedder: Embedder
) -> None:
    await sync(settings, embedder)
    moved = documents["leave.md"].with_name("holidays.md")
    documents["leave.md"].rename(moved)
    moved.with_name("copy.md").write_bytes(moved.read_bytes())
    report = await sync(settings, embedder)
    assert report.embedded == 0
    assert states(report) == {
        "copy.md": "indexed",
        "help/vpn.md": "unchanged",
        "holidays.md": "indexed",
        "leave.md": "removed",
    }
    async with open_index(settings, embedder) as index:
        [leave, *_] = (await index.search("annual leave")).passages
    assert {leave.source, *leave.also} == {"copy.md", "holidays.md"}  # the same words need no second place


async def test_a_deleted_file_is_never_found_again(
    documents: dict[str, Path], settings: Settings, embedder: Embedder
) -> None:
    await sync(settings, embedder)
    documents["leave.md"].unlink()
    assert states(await sync(settings, embedder))["leave.md"] == "removed"
    assert await sources(settings, embedder, "annual leave") == ["help/vpn.md"]
    async with open_index(settings, embedder) as index:
        assert set(await index.files()) == {"help/vpn.md"}


async def test_only_the_new_version_of_a_file_is_found(
    documents: dict[str, Path], settings: Settings, embedder: Embedder
) -> None:
    await sync(settings, embedder)
    documents["leave.md"].write_text(LEAVE.replace("25 days", "30 days"))
    await sync(settings, embedder)
    async with open_index(settings, embedder) as index:
        found = await index.search("annual leave", limit=10, per_document=10)
    text = "\n".join(passage.text for passage in found.passages)
    assert "30 days" in text
    assert "25 days" not in text


async def test_a_search_sees_one_version_of_a_file_that_is_switched_meanwhile(
    documents: dict[str, Path], settings: Settings, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_index(settings, embedder) as index:
        await index.sync()
        await index.search("annual leave")
        before = await index.files()
        embed = embedder.embed

        async def embed_slowly(texts: Sequence[str]) -> list[Vector]:
            while await index.files() == before:
                await asyncio.sleep(0.01)
            return await embed(texts)

        monkeypatch.setattr(embedder, "embed", embed_slowly)
        documents["leave.md"].write_text(LEAVE.replace("25 days", "30 days"))
        run = asyncio.ensure_future(index.sync())
        found = await index.search("annual leave", limit=10, per_document=10)
        await run
    text = "\n".join(passage.text for passage in found.passages)
    assert ("25 days" in text, "30 days" in text) == (False, True)


async def test_a_new_version_that_fails_keeps_the_last_good_one_until_it_is_mended(
    documents: dict[str, Path], settings: Settings, embedder: Embedder
) -> None:
    await sync(settings, embedder)
    documents["leave.md"].write_bytes(b"\x00\x01 not text any more " * 20)
    report = await sync(settings, embedder)
    assert states(report)["leave.md"] == "failed"
    assert "last good version" in next(r.reason for r in report.receipts if r.source == "leave.md")
    assert "leave.md" in await sources(settings, embedder, "annual leave")
    age(documents["leave.md"])
    assert states(await sync(settings, embedder))["leave.md"] == "failed"  # said again, not forgotten
    documents["leave.md"].write_text(LEAVE)
    report = await sync(settings, embedder)
    assert states(report)["leave.md"] == "unchanged"  # back to what was in the index all along
    assert "leave.md" in await sources(settings, embedder, "annual leave")


async def test_a_restriction_with_a_slip_in_it_takes_the_public_version_away(
    documents: dict[str, Path], settings: Settings, embedder: Embedder
) -> None:
    await sync(settings, embedder)
    documents["leave.md"].write_text(f"---\ntitle: Leave: days\naudience: [managers]\n---\n{LEAVE}")
    report = await sync(settings, embedder)
    assert states(report)["leave.md"] == "failed"
    assert await sources(settings, embedder, "annual leave", ("managers",)) == ["help/vpn.md"]


@pytest.mark.embedded("copies the engine's folder")
@pytest.mark.parametrize("lost", ["database", "rows"])
async def test_a_deleted_file_does_not_come_back_with_an_old_store(
    lost: str, documents: dict[str, Path], settings: Settings, embedder: Embedder, tmp_path: Path
) -> None:
    """A rebuild that dies after forgetting, or a lost database, leaves a store that nobody knows."""
    await sync(settings, embedder)
    shutil.copytree(settings.home.data / "index", tmp_path / "index")
    documents["leave.md"].unlink()
    if lost == "database":
        for file in settings.home.data.glob("deskhand.db*"):
            file.unlink()
    else:
        async with open_index(settings, embedder) as index:
            await index._catalogue.clear()
    shutil.rmtree(settings.home.data / "index")
    shutil.copytree(tmp_path / "index", settings.home.data / "index")
    await sync(settings, embedder)
    assert await sources(settings, embedder, "annual leave") == ["help/vpn.md"]


async def test_a_file_that_loses_its_text_is_no_longer_found(
    documents: dict[str, Path], settings: Settings, embedder: Embedder
) -> None:
    await sync(settings, embedder)
    documents["leave.md"].write_text("")
    assert states(await sync(settings, embedder))["leave.md"] == "skipped"
    assert await sources(settings, embedder, "annual leave") == ["help/vpn.md"]


async def test_a_file_written_within_the_clock_s_grain_is_read_once_more(
    write: Write, settings: Settings, embedder: Embedder
) -> None:
    path = write("knowledge/docs/a.md", "Office hours are 9 to 5.\n")
    saved = time.time_ns() + 60_000_000_000  # however slow the run is, it reads no later than that
    os.utime(path, ns=(saved, saved))
    await sync(settings, embedder)
    path.write_text("Office hours are 8 to 4.\n")
    os.utime(path, ns=(saved, saved))  # same size, same time: a fast second save
    assert states(await sync(settings, embedder)) == {"a.md": "indexed"}


async def test_only_its_audience_finds_a_restricted_file(
    documents: dict[str, Path], write: Write, settings: Settings, embedder: Embedder
) -> None:
    write("knowledge/docs/pay.md", "---\naudience: [managers, board]\n---\n\nAnnual leave of managers: 40 days.\n")
    await sync(settings, embedder)
    assert "pay.md" not in await sources(settings, embedder, "annual leave of managers")
    assert "pay.md" not in await sources(settings, embedder, "annual leave of managers", ("staff",))
    assert (await sources(settings, embedder, "annual leave of managers", ("board",)))[0] == "pay.md"


async def test_removing_the_last_file_of_many_needs_the_folder_not_to_be_empty(
    documents: dict[str, Path], settings: Settings, embedder: Embedder
) -> None:
    await sync(settings, embedder)
    for path in documents.values():
        path.unlink()
    with pytest.raises(FolderError, match=r"2 files are indexed.*Nothing was removed"):
        await sync(settings, embedder)
    assert await sources(settings, embedder, "annual leave")


async def test_missing_and_empty_folders_are_said(settings: Settings, embedder: Embedder) -> None:
    with pytest.raises(FolderError, match="holds no documents"):
        await sync(settings, embedder)
    settings.home.documents.rmdir()
    with pytest.raises(FolderError, match="there is no folder"):
        await sync(settings, embedder)


async def test_searching_before_anything_was_indexed_says_so(settings: Settings, embedder: Embedder) -> None:
    with pytest.raises(IndexEmpty, match="deskhand index"):
        await sources(settings, embedder, "anything")


@pytest.fixture
def finer(write: Write, home: Home, settings: Settings) -> Settings:
    """The settings with another chunk size."""
    write("settings/knowledge.yaml", "chunk: {target_words: 30, most_words: 40}\n")
    return load_settings(home)


async def test_the_old_index_answers_until_another_way_of_cutting_is_built(
    documents: dict[str, Path], settings: Settings, finer: Settings, embedder: Embedder
) -> None:
    await sync(settings, embedder)
    async with open_index(finer, embedder) as index:
        assert (await index.search("annual leave")).passages
        assert any("another model, chunk size or language" in note for note in await index.notes())
        assert not await index.matches_settings()
        await index.sync()
        assert await index.notes() == ()
        assert (await index.search("annual leave")).passages
        status = await index.status()
    assert status.current is not None
    assert status.previous is not None
    assert "30 to 40 words" in status.current.made_with
    assert "120 to 160 words" in status.previous.made_with


async def test_rolling_back_brings_the_old_index_up_to_date_and_again_returns(
    documents: dict[str, Path], settings: Settings, finer: Settings, embedder: Embedder
) -> None:
    async def texts(index: Index) -> list[str]:
        found = await index.search("leave, a certificate, a rocket", limit=20, per_document=20)
        return sorted(passage.text for passage in found.passages)

    await sync(settings, embedder)
    await sync(finer, embedder)
    documents["leave.md"].unlink()
    documents["help/vpn.md"].with_name("rocket.md").write_text("# Rocket\n\nThe rocket leaves at noon.\n")
    async with open_index(finer, embedder) as index:
        await index.sync()
        new = await texts(index)
        report = await index.rollback()
        assert report.embedded == 0  # the text is the same: the vectors are kept by text
        assert await texts(index) == new  # these documents are too short to be cut otherwise
        assert any("rollback" in note for note in await index.notes())
        documents["help/vpn.md"].write_text("# VPN\n\nThe certificate is gone for good.\n")
        await index.sync()  # keeps the old one current, and up to date
        current = (await index.status()).current
        assert current is not None
        assert "120 to 160" in current.made_with
        assert any("gone for good" in text for text in await texts(index))
        await index.rollback()
        current = (await index.status()).current
        assert current is not None
        assert "30 to 40" in current.made_with
        assert any("gone for good" in text for text in await texts(index))
        assert await index.notes() == ()


async def test_there_is_nothing_to_go_back_to_before_a_switch(
    documents: dict[str, Path], settings: Settings, embedder: Embedder
) -> None:
    await sync(settings, embedder)
    async with open_index(settings, embedder) as index:
        with pytest.raises(IndexUnusable, match="no previous index"):
            await index.rollback()
        [last, _] = (await index.status()).runs
    assert "no previous index" in last.error


async def test_a_switch_takes_over_what_cannot_be_read_now(
    documents: dict[str, Path], write: Write, settings: Settings, finer: Settings, embedder: Embedder
) -> None:
    """A broken new version and missing files are in no folder any more: only the index still has them."""
    for name in "abcd":
        write(f"knowledge/docs/many/{name}.md", f"# {name}\n\nThe page about topic {name}.\n")
    await sync(settings, embedder)
    documents["leave.md"].write_bytes(b"\x00\x01 not text any more " * 20)
    shutil.rmtree(settings.home.documents / "many")
    report = await sync(finer, embedder)
    assert states(report)["leave.md"] == "failed"
    assert "last good version" in next(r.reason for r in report.receipts if r.source == "leave.md")
    assert report.waiting == 4
    found = await sources(finer, embedder, "annual leave and the page about a topic")
    assert set(found) == {"leave.md", "help/vpn.md", *(f"many/{name}.md" for name in "abcd")}
    (settings.home.documents / "many").mkdir()
    write("knowledge/docs/many/a.md", "# a\n\nThe page about topic a.\n")
    assert states(await sync(finer, embedder))["many/a.md"] == "indexed"  # read and cut anew


async def test_a_rollback_shows_no_version_that_was_replaced_since(
    documents: dict[str, Path], settings: Settings, finer: Settings, embedder: Embedder
) -> None:
    await sync(settings, embedder)
    await sync(finer, embedder)
    documents["leave.md"].write_text(f"---\naudience: [managers]\n---\n{LEAVE.replace('25', '31')}")
    await sync(finer, embedder)
    documents["leave.md"].write_bytes(b"\x00\x01 not text any more " * 20)
    async with open_index(finer, embedder) as index:
        await index.sync()
        await index.rollback()
        assert [p.source for p in (await index.search("annual leave", limit=9)).passages] == ["help/vpn.md"]
        found = await index.search("annual leave", ("managers",), limit=9)
    assert any("31 days" in passage.text for passage in found.passages)
    assert not any("25 days" in passage.text for passage in found.passages)


async def test_rebuilding_uses_the_embeddings_again(
    documents: dict[str, Path], settings: Settings, embedder: Embedder
) -> None:
    await sync(settings, embedder)
    async with open_index(settings, embedder) as index:
        report = await index.sync(rebuild=True)
    assert (report.added, report.embedded) == (2, 0)


@pytest.mark.embedded("removes the engine's folder")
async def test_a_lost_store_is_said_and_rebuilt_without_embedding(
    documents: dict[str, Path], settings: Settings, embedder: Embedder
) -> None:
    await sync(settings, embedder)
    shutil.rmtree(settings.home.data / "index")
    with pytest.raises(IndexUnusable, match=r"does not hold what was written.*--rebuild"):
        await sources(settings, embedder, "annual leave")
    with pytest.raises(IndexUnusable, match="--rebuild"):
        await sync(settings, embedder)
    async with open_index(settings, embedder) as index:
        assert (await index.sync(rebuild=True)).embedded == 0
    assert await sources(settings, embedder, "annual leave")


async def test_a_second_process_gets_one_line_with_the_first_one_s_number(
    documents: dict[str, Path], settings: Settings, embedder: Embedder
) -> None:
    async with open_index(settings, embedder):
        with pytest.raises(IndexLocked, match=str(os.getpid())):
            async with open_index(settings, embedder):
                pass


async def test_searches_go_on_while_the_folder_is_indexed(
    documents: dict[str, Path], write: Write, settings: Settings, embedder: Embedder
) -> None:
    async with open_index(settings, embedder) as index:
        await index.sync()
        for number in range(60):
            write(f"knowledge/docs/more/{number}.md", f"# Topic {number}\n\nText about subject {number}.\n")
        running = asyncio.ensure_future(index.sync())
        seen = set()
        while not running.done():
            found = await index.search("annual leave", limit=3)
            seen.add(found.passages[0].source)
            await asyncio.sleep(0)
        await running
    assert seen == {"leave.md"}


class StopAfter:
    """Progress that cancels the run after so many files."""

    def __init__(self, files: int) -> None:
        self.left = files

    def start(self, files: int) -> None:
        pass

    def chunks(self, done: int, expected: int) -> None:
        pass

    def file(self, receipt: Receipt) -> None:
        self.left -= 1
        if self.left == 0:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()


async def test_a_cancelled_run_leaves_whole_files_and_the_next_one_completes(
    write: Write, settings: Settings, embedder: Embedder
) -> None:
    for number in range(80):
        write(f"knowledge/docs/{number:02}.md", f"# Topic {number}\n\nText about subject {number}.\n")
    async with open_index(settings, embedder) as index:
        with pytest.raises(asyncio.CancelledError):
            await index.sync(StopAfter(40))
    report = await sync(settings, embedder)
    assert report.count("failed") == 0
    async with open_index(settings, embedder) as index:
        assert len(await index.files()) == 80
        found = await index.search("subject", limit=100, per_document=9)
    assert len(found.passages) == 80


async def test_a_large_file_passes_through_in_parts(write: Write, settings: Settings, embedder: Embedder) -> None:
    text = "\n\n".join(f"# Section {number}\n\n" + f"word{number} " * 150 for number in range(150))
    write("knowledge/docs/large.md", text)
    report = await sync(settings, embedder)
    assert report.embedded == report.receipts[0].chunks >= 150


async def test_files_with_the_same_text_are_embedded_once(write: Write, settings: Settings, embedder: Embedder) -> None:
    for name in ("a", "b", "c"):
        write(f"knowledge/docs/{name}.md", "# Same\n\nThe same text in every file.\n")
    report = await sync(settings, embedder)
    assert (report.added, report.embedded) == (3, 1)


async def test_a_text_that_is_kept_while_it_is_looked_up_is_embedded_once(
    write: Write, settings: Settings, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = Catalogue.embeddings

    async def slowly(self: Catalogue, keys: Sequence[bytes]) -> dict[bytes, Vector]:
        found = await look_up(self, keys)
        await asyncio.sleep(0.2)  # meanwhile the file before is embedded and kept
        return found

    monkeypatch.setattr(Catalogue, "embeddings", slowly)
    for name in ("a", "b", "c"):
        write(f"knowledge/docs/{name}.md", "# Same\n\nThe same text in every file.\n")
    report = await sync(settings, embedder)
    assert (report.added, report.embedded) == (3, 1)


CRASH = """
import asyncio, os, signal, sys
from knowledge import open_index
from settings import find_home, load_settings

class Die:
    def __init__(self, files): self.left = files
    def start(self, files): pass
    def chunks(self, done, expected): pass
    def file(self, receipt):
        self.left -= 1
        if self.left <= 0: os.kill(os.getpid(), signal.SIGKILL)

async def main():
    async with open_index(load_settings(find_home(sys.argv[1]))) as index:
        await index.sync(Die(int(sys.argv[2])))

asyncio.run(main())
"""


@pytest.mark.parametrize("files", [1, 40])
async def test_a_killed_run_is_completed_by_the_next_one(
    files: int, write: Write, settings: Settings, embedder: Embedder, tmp_path: Path
) -> None:
    for number in range(60):
        write(f"knowledge/docs/{number:02}.md", f"# Topic {number}\n\nText about subject {number}.\n")
    killed = subprocess.run([sys.executable, "-c", CRASH, str(settings.home.root), str(files)], check=False)
    assert killed.returncode == -9
    report = await sync(settings, embedder)
    assert report.count("failed") == 0
    store = settings.knowledge.store.model_copy(update={"collection": "other"})
    knowledge = settings.knowledge.model_copy(update={"store": store})
    undisturbed = replace(settings, home=Home(tmp_path / "other"), knowledge=knowledge)
    undisturbed.home.knowledge.mkdir(parents=True)
    undisturbed.home.documents.symlink_to(settings.home.documents)
    await sync(undisturbed, embedder)
    for question in ("subject 7", "topic 33", "text"):
        async with open_index(settings, embedder) as one, open_index(undisturbed, embedder) as other:
            assert await one.search(question, limit=60) == await other.search(question, limit=60)


async def test_text_that_comes_out_the_same_by_another_cutting_is_not_embedded_again(
    documents: dict[str, Path], settings: Settings, finer: Settings, embedder: Embedder
) -> None:
    await sync(settings, embedder)
    report = await sync(finer, embedder)
    assert (report.added, report.embedded) == (2, 0)


async def test_a_restriction_in_the_settings_holds_at_once_and_embeds_nothing(
    documents: dict[str, Path], write: Write, home: Home, settings: Settings, embedder: Embedder
) -> None:
    write("settings/knowledge.yaml", "audience: {help: [it]}\nlink: 'https://docs.example.com/{path}#L{line}'\n")
    restricted = load_settings(home)
    async with open_index(settings, embedder) as index:
        await index.sync()
        assert "help/vpn.md" in {p.source for p in (await index.search("certificate")).passages}
        index.use(restricted)
        assert {p.source for p in (await index.search("certificate", ("it",))).passages} == {"leave.md"}
        [note] = await index.notes()
        assert "1 document:" in note
        report = await index.sync()
        assert (states(report)["help/vpn.md"], report.embedded) == ("indexed", 0)
        assert {p.source for p in (await index.search("certificate")).passages} == {"leave.md"}
        best = (await index.search("certificate", ("it",))).passages[0]
    assert (best.source, best.link) == ("help/vpn.md", "https://docs.example.com/help/vpn.md#L3")


async def test_a_file_that_breaks_while_its_audience_changes_leaves_nothing_behind(
    documents: dict[str, Path], write: Write, home: Home, settings: Settings, embedder: Embedder
) -> None:
    await sync(settings, embedder)
    write("settings/knowledge.yaml", "audience: {help: [it]}\n")
    documents["help/vpn.md"].write_bytes(b"\x00\x01 not text any more " * 20)
    restricted = load_settings(home)
    report = await sync(restricted, embedder)
    assert "was taken out" in next(r.reason for r in report.receipts if r.source == "help/vpn.md")
    assert await sources(restricted, embedder, "certificate", ("it",)) == ["leave.md"]


async def test_a_vanished_source_keeps_its_documents_and_the_others_go_on(
    documents: dict[str, Path], write: Write, home: Home, embedder: Embedder
) -> None:
    write("settings/knowledge.yaml", "sources: [{name: share, folder: share}]\n")
    write("share/a.md", "# Zeppelin\n\nThe zeppelin is moored at the mast.\n")
    both = load_settings(home)
    await sync(both, embedder)
    (home.root / "share").rename(home.root / "away")
    documents["leave.md"].write_text(LEAVE.replace("25", "26"))
    report = await sync(both, embedder)
    assert states(report)["leave.md"] == "indexed"
    assert states(report)["share"] == "failed"
    assert (await sources(both, embedder, "zeppelin"))[0] == "share:a.md"
    (home.root / "share").mkdir()
    report = await sync(both, embedder)
    assert (report.waiting, report.count("removed")) == (1, 0)
    async with open_index(both, embedder) as index:
        assert [row.source for row in (await index.status()).attention] == ["share:a.md"]
        assert (await index.sync(confirm_removals=True)).count("removed") == 1
    assert "share:a.md" not in await sources(both, embedder, "zeppelin")


async def test_embeddings_of_texts_that_are_gone_are_forgotten_once_there_are_many(
    documents: dict[str, Path], write: Write, settings: Settings, embedder: Embedder
) -> None:
    async with open_index(settings, embedder) as index:
        await index.sync()
        await index._catalogue.remember({number.to_bytes(16): [0.0] for number in range(2000)})
        write("knowledge/docs/new.md", "# New\n\nA new page.\n")
        await index.sync()
        assert await index._catalogue.embeddings([(7).to_bytes(16)]) == {}
        documents["leave.md"].touch()
        assert (await index.sync(rebuild=True)).embedded == 0


async def test_a_file_over_a_limit_is_tried_again_once_the_limit_is_another(
    documents: dict[str, Path], write: Write, settings: Settings, embedder: Embedder
) -> None:
    age(write("knowledge/docs/large.csv", "a,b\n" + "1,2\n" * 300_000))

    def limited(seconds: float) -> Settings:
        reading = settings.knowledge.reading.model_copy(update={"seconds": seconds, "memory_mb": 256})
        return replace(settings, knowledge=settings.knowledge.model_copy(update={"reading": reading}))

    async def receipt(limits: Settings) -> Receipt:
        return next(receipt for receipt in (await sync(limits, embedder)).receipts if receipt.source == "large.csv")

    first = await receipt(limited(0.001))
    assert (first.state, first.looked_at) == ("failed", True)
    assert "reading." in first.reason
    again = await receipt(limited(0.001))
    assert (again.state, again.reason, again.looked_at) == ("failed", first.reason, False)
    assert (await receipt(limited(0.002))).looked_at


async def test_of_a_document_that_is_gone_a_rebuild_leaves_nothing(
    documents: dict[str, Path], settings: Settings, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = settings.home.documents / "secret.md"
    parts = (f"## Part {number}\n\n{f'The zeppelin has mast {number}. ' * 25}\n" for number in range(20))
    secret.write_text("# Secret\n\n" + "\n".join(parts))
    async with open_index(settings, embedder) as index:
        await index.sync()
        before = await _kept(index)
        secret.unlink()
        monkeypatch.setattr("knowledge.catalogue._SPARE_EMBEDDINGS", 0)
        report = await index.sync()
        assert report.count("removed") == 1
        assert await _kept(index) == before - 20
        await index.sync(rebuild=True)
    files = [path for path in settings.home.data.rglob("*") if path.is_file()]
    assert [path for path in files if b"zeppelin" in path.read_bytes()] == []


async def _kept(index: Index) -> int:
    async with index._catalogue._engine.connect() as connection:
        return int((await connection.execute(text("select count(*) from embedding"))).scalar_one())
