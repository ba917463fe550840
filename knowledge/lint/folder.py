"""All checks over all documents of a home, or over files that have not been dropped there yet."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

from knowledge.documents import DocumentError, NothingToRead
from knowledge.folder import FoundFile, walk_documents
from knowledge.lint.checks import DOCUMENT_CHECKS, accepted_checks
from knowledge.lint.findings import SEVERITIES, Finding, Severity, shown
from knowledge.lint.gist import Gist
from knowledge.lint.links import Files, broken, headings_of
from knowledge.lint.versions import Entry, duplicates, versions
from knowledge.loaders import loader_for
from knowledge.loaders.reader import Reader
from knowledge.reading import content_of
from knowledge.receipts import Progress, Receipt, Silent
from knowledge.search import Found
from knowledge.sources import Sources
from settings import Settings
from settings.errors import UsageError
from settings.sections.knowledge import CheckName, LintSettings

_BATCH = 32
_SIDE_BY_SIDE = 2
"""Files that are read at once, each in a process of its own."""
_SEARCHES = 4
"""Titles that are searched at once."""
_AMONG = 3
"""A document should be among the first so many that its own title finds."""

Search = Callable[[str, Sequence[str]], Awaitable[Found]]
"""Finds what someone in some groups may read, best first, a passage a document."""


@dataclass(slots=True)
class Linted:
    """What was looked at, and what is wrong with it."""

    findings: list[Finding] = field(default_factory=list)
    files: int = 0
    documents: int = 0
    words: int = 0
    seconds: float = 0.0
    notices: list[str] = field(default_factory=list)
    """What could not be checked, and why."""

    def count(self, severity: Severity) -> int:
        """Findings of a severity."""
        return sum(1 for finding in self.findings if finding.severity == severity)

    def checks(self) -> list[tuple[CheckName, Severity, int]]:
        """How many findings there are of each check and severity, worst and most first."""
        counts = Counter((finding.check, finding.severity) for finding in self.findings)
        rows = [(check, severity, count) for (check, severity), count in counts.items()]
        return sorted(rows, key=lambda row: (SEVERITIES.index(row[1]), -row[2], row[0]))


@dataclass(slots=True)
class _Looked:
    """What stays of a document that was read; its text does not, so that thousands fit in memory."""

    file: FoundFile
    findings: list[Finding]
    gist: Gist | None = None


async def lint_folder(
    settings: Settings,
    search: Search | None = None,
    paths: Sequence[str] = (),
    progress: Progress | None = None,
) -> Linted:
    """Look at every document. `paths` say of which the findings are wanted.

    Paths that lie outside of the documents' folder are looked at by themselves, before they are dropped.
    Without a `search` nothing is said about what titles find. Raises UsageError for a path that is no document,
    FolderError where there is no folder.
    """
    started = time.monotonic()
    sources = Sources(settings.home, settings.knowledge)
    outside = [path for path in paths if _is_outside(path, sources)]
    if outside:
        files, search = [file for path in outside for file in _below(Path(path))], None
        wanted: Callable[[str], bool] = lambda _: True  # noqa: E731
        skipped: dict[str, str] = {}
    else:
        walk = await asyncio.to_thread(walk_documents, sources)
        files, skipped = walk.files, walk.unreadable
        wanted = _selection(paths, files, sources)
    lint = settings.knowledge.lint
    progress = progress or Silent()
    progress.start(len(files))
    looked: list[_Looked] = []
    pool = ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="lint")
    with pool, Reader(settings.knowledge.reading) as reader:  # closed first: what is still being read ends with it
        look = partial(_look_at_all, reader=reader, lint=settings.knowledge.lint)
        for start in range(0, len(files), _BATCH):
            batch = files[start : start + _BATCH]
            parts = [batch[place::_SIDE_BY_SIDE] for place in range(_SIDE_BY_SIDE)]
            for part in await asyncio.to_thread(list, pool.map(look, parts)):
                looked += part
            for file in batch:
                progress.file(Receipt(file.source, "unchanged"))
    report = Linted(files=len(files))
    gists = [one.gist for one in looked if one.gist is not None]
    report.documents, report.words = len(gists), sum(gist.words for gist in gists)
    found = [finding for one in looked for finding in one.findings]
    found += [_unreadable(source, reason) for source, reason in skipped.items()]
    found += await asyncio.to_thread(lambda: list(_together(looked)))
    if search is not None:
        found += await _unfindable([one for one in looked if wanted(one.file.source)], search)
    report.findings = sorted(
        (one for one in found if wanted(one.source) and one.check not in accepted_checks(lint, one.source)),
        key=lambda one: (SEVERITIES.index(one.severity), one.source, one.page or 0, one.line or 0, one.check),
    )
    report.seconds = time.monotonic() - started
    return report


def _look_at_all(files: Sequence[FoundFile], reader: Reader, lint: LintSettings) -> list[_Looked]:
    return [_look(file, reader, lint) for file in files]


def _look(file: FoundFile, reader: Reader, lint: LintSettings) -> _Looked:
    """Read one file and keep what the checks of the whole need."""
    if loader_for(file.source) is None:
        return _Looked(file, [])
    if file.size > reader.largest:
        return _Looked(file, [_unreadable(file.source, f"larger than {reader.largest / 1e6:g} MB")])
    try:
        checks = [check for check in DOCUMENT_CHECKS if check not in accepted_checks(lint, file.source)]
        gist, findings = reader.look(content_of(file.path, reader.largest), file.source, checks)
    except NothingToRead as error:
        fix = "write what people would ask about here, or remove the file"
        return _Looked(file, [Finding("empty", "warning", file.source, str(error), fix)])
    except (DocumentError, OSError) as error:
        return _Looked(file, [_unreadable(file.source, str(error))])
    return _Looked(file, list(findings), gist)


def _together(looked: Sequence[_Looked]) -> Iterator[Finding]:
    """What only all documents together tell."""
    files = Files([one.file.source for one in looked])
    read = [(one.file, one.gist) for one in looked if one.gist is not None]
    anchors = {file.source: gist.anchors for file, gist in read}
    elsewhere = headings_of(anchors)
    for file, gist in read:
        yield from broken(file.source, gist.links, files, anchors, elsewhere)
    entries = [
        Entry(file.source, gist.title, gist.updated, file.mtime_ns, gist.text_key, gist.signature)
        for file, gist in read
    ]
    pairs: set[tuple[str, str]] = set()
    yield from versions(entries, pairs)
    yield from duplicates(entries, pairs)


async def _unfindable(looked: Sequence[_Looked], search: Search) -> list[Finding]:
    """Documents that are not among the first that their own title finds, for someone who may read them."""
    findings: list[Finding] = []
    waiting = iter(looked)

    async def search_next() -> None:
        for one in waiting:
            if finding := await _not_found(one, search):
                findings.append(finding)

    try:
        async with asyncio.TaskGroup() as group:  # so that the cores embed titles side by side
            for _ in range(_SEARCHES):
                group.create_task(search_next())
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return findings


async def _not_found(one: _Looked, search: Search) -> Finding | None:
    if one.gist is None or not any(char.isalnum() for char in one.gist.title):
        return None
    if any(finding.severity == "severe" for finding in one.findings):
        return None  # it is kept out of the answers
    passages = (await search(one.gist.title, one.gist.audience or one.file.audience)).passages[:_AMONG]
    if any(one.file.source in (passage.source, *passage.also) for passage in passages):
        return None
    instead = f"; first is {shown(passages[0].source)}" if passages else ""
    reason = f"searching for its title {shown(one.gist.title)!r} does not find it{instead}"
    fix = "give it a title that only it could have, and say in the first sentences what it is about"
    return Finding("unfindable", "note", one.file.source, reason, fix)


def _unreadable(source: str, reason: str) -> Finding:
    fix = "mend what the reason says, or remove the file: nobody gets an answer from it"
    return Finding("unreadable", "warning", source, shown(reason) if len(reason) < 60 else reason, fix)


def _below(path: Path) -> list[FoundFile]:
    """A file, or all files in a folder, by the path as it was typed."""
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    found = []
    for file in files:
        state = file.stat()
        if not file.name.startswith("."):
            found.append(FoundFile(file.as_posix(), str(file), state.st_size, state.st_mtime_ns))
    return found


def _selection(paths: Sequence[str], files: Sequence[FoundFile], sources: Sources) -> Callable[[str], bool]:
    """Whether a document is one of those that were asked for: a file, a folder, a pattern."""
    patterns = [pattern for path in paths if (pattern := _pattern(path, sources))]

    def fits(source: str, pattern: str) -> bool:
        return pattern == "." or source == pattern or source.startswith(f"{pattern}/") or fnmatchcase(source, pattern)

    for path, pattern in zip(paths, patterns, strict=True):
        if not any(fits(file.source, pattern) for file in files):
            raise UsageError(f"no document is named {path!r}: write it as `deskhand index --json` does, or a pattern")
    return lambda source: not patterns or any(fits(source, pattern) for pattern in patterns)


def _pattern(path: str, sources: Sources) -> str:
    return _shown(path, sources) or path.strip("/") or "."


def _is_outside(path: str, sources: Sources) -> bool:
    return Path(path).expanduser().exists() and _shown(path, sources) is None


def _shown(path: str, sources: Sources) -> str | None:
    """The name by which a file or folder on disk is shown; None where it is in no source."""
    given = Path(path).expanduser()
    if not given.exists():
        return None
    for source in sources:
        if given.resolve().is_relative_to(source.folder.resolve()):
            return source.root + given.resolve().relative_to(source.folder.resolve()).as_posix()
    return None
