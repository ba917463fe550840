from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Barrier

import pytest

from knowledge import Receipt, open_index
from knowledge.embedding import Embedder
from knowledge.lint.folder import Linted, lint_folder
from knowledge.lint.gist import LookedAt
from knowledge.loaders.reader import Reader
from knowledge.search import Found, Passage
from settings import Home, Settings, UsageError, load_settings
from settings.errors import IndexAway
from settings.sections.knowledge import CheckName
from tests.knowledge.lint.making import TOKEN

Write = Callable[[str, str | bytes], Path]
LEAVE = (
    "# Leave\n\n## Carry over\n\nYou may carry over five days of annual leave into the next year, until March ends.\n"
)


def told(linted: Linted) -> list[tuple[str, str, int | None]]:
    return [(finding.check, finding.source, finding.line) for finding in linted.findings]


async def test_findings_come_worst_first_over_all_files(settings: Settings, write: Write) -> None:
    write("knowledge/docs/a/leave.md", LEAVE)
    write("knowledge/docs/a/leave-2022.md", LEAVE.replace("five", "three"))
    write("knowledge/docs/key.md", f"# Key\n\nSee [this](gone.md).\n\nThe token is {TOKEN}.\n{LEAVE}")
    write("knowledge/docs/broken.md", "---\naudience: []\n---\n# A\n\nText\n")
    write("knowledge/docs/nothing.txt", " \n")
    write("knowledge/docs/picture.png", b"\x89PNG")
    linted = await lint_folder(settings)
    assert told(linted) == [
        ("secret", "key.md", 5),
        ("versions", "a/leave-2022.md", None),
        ("unreadable", "broken.md", None),
        ("link", "key.md", 3),
        ("empty", "nothing.txt", None),
    ]
    assert (linted.files, linted.documents) == (6, 3)
    assert [linted.count(severity) for severity in ("severe", "warning", "note")] == [1, 4, 0]
    assert linted.checks()[0] == ("secret", "severe", 1)


async def test_what_is_accepted_is_not_told(home: Home, write: Write) -> None:
    write("knowledge/docs/security/key.md", f"# Key\n\nThe token is {TOKEN}.\n{LEAVE}")
    write("knowledge/docs/security/x.txt", "")
    write("settings/knowledge.yaml", "lint:\n  accept:\n    'security/*': [secret, empty]\n")
    assert told(await lint_folder(load_settings(home))) == []


async def test_paths_choose_files_folders_and_patterns(settings: Settings, write: Write, tmp_path: Path) -> None:
    for name in ("a/one.md", "a/two.md", "b/three.md"):
        write(f"knowledge/docs/{name}", "# Some title\n\nShort.\n")
    for paths, expected in (
        (["a"], ["a/one.md", "a/two.md"]),
        (["a/one.md", "b"], ["a/one.md", "b/three.md"]),
        (["*/t*.md"], ["a/two.md", "b/three.md"]),
        ([str(settings.home.documents / "b")], ["b/three.md"]),
        ([str(settings.home.documents)], ["a/one.md", "a/two.md", "b/three.md"]),
    ):
        linted = await lint_folder(settings, paths=paths)
        assert sorted({finding.source for finding in linted.findings if finding.check == "empty"}) == expected
    with pytest.raises(UsageError, match=r"no document is named 'c/four\.md'"):
        await lint_folder(settings, paths=["c/four.md"])
    before = tmp_path / "not-dropped-yet.md"
    before.write_text(f"# Key\n\nThe token is {TOKEN}.\n{LEAVE}")
    assert told(await lint_folder(settings, paths=[str(before)])) == [("secret", before.as_posix(), 3)]


async def test_progress_is_told_for_every_file(settings: Settings, write: Write) -> None:
    class Counting:
        started = done = 0

        def start(self, files: int) -> None:
            self.started = files

        def file(self, receipt: Receipt) -> None:
            self.done += 1

        def chunks(self, done: int, expected: int) -> None:
            raise AssertionError("nothing is embedded")

    for number in range(40):
        write(f"knowledge/docs/{number}.txt", "Text.")
    counting = Counting()
    await lint_folder(settings, progress=counting)
    assert (counting.started, counting.done) == (40, 40)


async def test_a_document_should_be_found_by_its_own_title(
    settings: Settings, write: Write, embedder: Embedder
) -> None:
    for number in range(4):
        write(f"knowledge/docs/copy{number}.md", f"# Cycle to work scheme\n\nCycle to work scheme, part {number}.\n")
    write(
        "knowledge/docs/pay.md", "---\naudience: [managers]\n---\n# Salary bands\n\nThe band of a team lead is seven.\n"
    )
    asked: list[tuple[str, tuple[str, ...]]] = []
    async with open_index(settings, embedder) as index:
        await index.sync()

        async def search(title: str, groups: Sequence[str]) -> Found:
            asked.append((title, tuple(groups)))
            return await index.search(title, groups, 3, 1)

        linted = await lint_folder(settings, search)
    [finding] = [finding for finding in linted.findings if finding.check == "unfindable"]
    assert finding.source.startswith("copy")
    assert "'Cycle to work scheme'" in finding.reason
    assert ("Salary bands", ("managers",)) in asked


async def test_titles_are_searched_only_of_documents_that_can_be_found(settings: Settings, write: Write) -> None:
    write("knowledge/docs/key.md", f"# Key\n\nThe token is {TOKEN}.\n{LEAVE}")
    for name in ("one", "two", "three"):
        write(f"knowledge/docs/{name}.md", f"# About {name}\n\nThe page about {name}.\n")
    asked: list[str] = []

    async def search(title: str, groups: Sequence[str]) -> Found:
        asked.append(title)
        first = Passage("1", "one.md", "", "", "", "", None, None, 1.0, 1.0, 1.0, also=("two.md",))
        return Found((first,))

    linted = await lint_folder(settings, search)
    assert sorted(asked) == ["About one", "About three", "About two"]  # key.md is kept out of the answers
    assert [one.source for one in linted.findings if one.check == "unfindable"] == ["three.md"]


async def test_a_severe_finding_keeps_a_file_out_until_it_is_accepted(
    home: Home, write: Write, embedder: Embedder
) -> None:
    async def state() -> tuple[str, str, int]:
        async with open_index(load_settings(home), embedder) as index:
            report = await index.sync()
            found = await index.search("How many days may I carry over?")
            [receipt] = report.receipts
            return receipt.state, receipt.reason, len(found.passages)

    write("knowledge/docs/leave.md", f"{LEAVE}\nThe token is {TOKEN}.\n")
    quarantined, reason, passages = await state()
    assert (quarantined, passages) == ("quarantined", 0)
    assert reason.startswith("line 7: a key or token of a service: take it out")
    assert TOKEN not in reason
    assert (await state())[0] == "quarantined"
    write("settings/knowledge.yaml", "lint:\n  accept:\n    leave.md: [secret]\n")
    assert (await state())[::2] == ("indexed", 1)


async def test_the_last_good_version_stays_beside_a_quarantined_one(
    settings: Settings, write: Write, embedder: Embedder
) -> None:
    write("knowledge/docs/leave.md", LEAVE)
    async with open_index(settings, embedder) as index:
        await index.sync()
        write("knowledge/docs/leave.md", f"{LEAVE.replace('five', 'nine')}\nThe token is {TOKEN}.\n")
        [receipt] = (await index.sync()).receipts
        assert receipt.state == "quarantined"
        assert receipt.reason.endswith("the last good version stays in the index")
        [passage] = (await index.search("How many days may I carry over?")).passages
        assert "five days" in passage.text
        write("knowledge/docs/leave.md", LEAVE.replace("five", "nine"))
        await index.sync()
        [passage] = (await index.search("How many days may I carry over?")).passages
        assert "nine days" in passage.text


async def test_two_documents_are_read_side_by_side(
    write: Callable[[str, str], Path], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, both = Reader.look, Barrier(2)

    def met(reader: Reader, content: bytes, source: str, checks: Sequence[CheckName]) -> LookedAt:
        both.wait(timeout=30)  # BrokenBarrierError where the other one never comes
        return look(reader, content, source, checks)

    monkeypatch.setattr(Reader, "look", met)
    for number in range(4):
        write(f"knowledge/docs/{number}.md", "# Leave\n\nA page about the leave that everybody has in every year.\n")
    linted = await lint_folder(settings)
    assert linted.documents == 4


async def test_a_search_that_fails_says_why(settings: Settings, write: Write) -> None:
    for name in ("one.md", "two.md", "three.md"):
        write(f"knowledge/docs/{name}", f"# The page {name}\n\nThe canteen opens at eight on weekdays.\n")

    async def search(title: str, groups: Sequence[str]) -> Found:
        raise IndexAway("the server is away")

    with pytest.raises(IndexAway, match="the server is away"):
        await lint_folder(settings, search)
