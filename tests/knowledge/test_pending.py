import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge import open_index
from knowledge.embedding import Embedder
from knowledge.pending import Pending, within
from settings import Home, load_settings

Write = Callable[[str, str | bytes], Path]


@pytest.mark.parametrize(
    ("pending", "said"),
    [
        (Pending(), ""),
        (Pending(new=1), "1 document not indexed yet"),
        (Pending(new=2, gone=1), "2 documents not indexed yet, 1 gone"),
        (Pending(changed=1, gone=3), "1 document changed since, 3 gone"),
    ],
)
def test_it_is_said_in_a_line(pending: Pending, said: str) -> None:
    assert str(pending) == said
    assert bool(pending) == bool(said)


async def test_what_the_next_run_will_do_is_seen_without_opening_a_file(
    home: Home, write: Write, embedder: Embedder
) -> None:
    for name in ("a", "b", "c"):
        write(f"knowledge/docs/{name}.md", f"# Part {name}\n\nSome text.\n")
    write("knowledge/docs/broken.pdf", b"no pdf")
    async with open_index(load_settings(home), embedder) as index:
        assert await index.pending() == Pending()  # nothing answers yet: the first question indexes it all
        await index.sync()
        assert await index.pending() == Pending()  # one that failed was looked at
        new = write("knowledge/docs/new.md", "# New\n\nSome text.\n")
        new.chmod(0)
        write("knowledge/docs/a.md", "# Part a\n\nAnother text.\n")
        os.unlink(home.documents / "b.md")
        assert await index.pending() == Pending(1, 1, 1)
        new.chmod(0o600)
        await index.sync()
        assert await index.pending() == Pending()


async def test_what_a_run_left_waiting_is_not_told_again_nor_what_cannot_be_seen(
    home: Home, write: Write, embedder: Embedder, tmp_path: Path
) -> None:
    wiki = tmp_path / "wiki"
    wiki.mkdir()
    (wiki / "page.md").write_text("# Page\n\nSome text.\n")
    write("settings/knowledge.yaml", f"sources: [{{name: wiki, folder: {wiki}}}]\n")
    for number in range(8):
        write(f"knowledge/docs/{number}.md", f"# Part {number}\n\nSome text.\n")
    async with open_index(load_settings(home), embedder) as index:
        await index.sync()
        wiki.rename(tmp_path / "elsewhere")
        for number in range(7):
            os.unlink(home.documents / f"{number}.md")
        assert await index.pending() == Pending(gone=7)
        report = await index.sync()
        assert sum(receipt.waiting for receipt in report.receipts) == 7
        assert await index.pending() == Pending()


async def test_a_folder_that_does_not_answer_costs_a_question_a_moment(
    home: Home, write: Write, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("knowledge/docs/a.md", "# A\n\nSome text.\n")
    async with open_index(load_settings(home), embedder) as index:
        await index.sync()
        write("knowledge/docs/b.md", "# B\n\nSome text.\n")
        answers, looks = threading.Event(), []

        def hang(*_: object) -> None:
            looks.append(1)
            answers.wait(60)
            raise OSError("gone")

        with monkeypatch.context() as patch:
            patch.setattr("knowledge.index._MOMENT_SECONDS", 0.05)
            patch.setattr("knowledge.index.walk_documents", hang)
            assert [await index.pending() for _ in range(3)] == [Pending()] * 3
            assert looks == [1]
            answers.set()
        async with asyncio.timeout(20):
            while not await index.pending():
                await asyncio.sleep(0.01)


async def test_what_goes_wrong_in_the_thread_is_raised_here() -> None:
    with pytest.raises(ZeroDivisionError):
        await within(5, lambda: 1 // 0)
