"""Bring an index up to date with the documents' folder, embedding only what is new.

A file goes through here in four steps: looked at (size and time), read (content hash), cut and
embedded, written. Each step ends early where nothing changed. Files are written in groups; the
catalogue's commit after a group is the moment its new versions exist and the old ones do not.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from knowledge.catalogue import Catalogue, FileRow, Generation, State, embedding_key
from knowledge.chunking import ChunkSize
from knowledge.documents import EVERYONE
from knowledge.embedding import Embedder, Vector
from knowledge.folder import FoundFile, Walk
from knowledge.reading import ReadFile, read_file
from knowledge.receipts import Progress, Receipt, Silent, SyncReport
from knowledge.sparse import TermWeights
from knowledge.store import Payload, Point, Store, point_id
from settings.sections import LintSettings
from settings.tasks import running

_GROUP_CHUNKS = 64
_GROUP_FILES = 32
_AHEAD_CHUNKS = 128
_SETTLED_NS = 2_000_000_000
"""A file changed less than this before it was read may change again within the same time stamp."""


@dataclass(slots=True)
class _Work:
    """A file on its way into the store, with the vectors that are being made for it."""

    read: ReadFile
    keys: list[bytes]
    known: dict[bytes, Vector]
    waiting: "dict[bytes, Future[Vector]]"


class Sync:
    """One run over one generation. The caller holds the index for itself."""

    def __init__(
        self,
        catalogue: Catalogue,
        generation: Generation,
        store: Store,
        embedder: Callable[[], Awaitable[Embedder]],
        terms: TermWeights,
        size: ChunkSize,
        progress: Progress | None = None,
        lint: LintSettings | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._generation = generation
        self._store = store
        self._embedder = embedder
        self._terms = terms
        self._size = size
        self._lint = lint
        self._progress = progress or Silent()
        self._under_way: dict[bytes, Future[Vector]] = {}
        self._queue: asyncio.Queue[_Work | None] = asyncio.Queue()
        self._moved = asyncio.Event()
        self._report = SyncReport()

    async def run(self, walk: Walk) -> SyncReport:
        """Bring the generation up to date with a walk. Cancelling leaves every file old or new."""
        started = time.monotonic()
        await self._clean_up()
        known = await self._catalogue.files(self._generation)
        changed = [file for file in walk.files if not self._unchanged(file, known.get(file.source))]
        self._progress.start(len(changed))
        try:
            await self._update(changed, known)
        finally:
            for future in self._under_way.values():
                future.cancel()
        await self._remove(walk, known)
        self._report.receipts += [Receipt(source, "failed", reason) for source, reason in walk.unreadable.items()]
        self._report.receipts.sort(key=lambda receipt: receipt.source)
        self._report.seconds = time.monotonic() - started
        return self._report

    async def _clean_up(self) -> None:
        """Delete from the store what a crash left behind or a switch made old."""
        versions = sorted(await self._catalogue.hidden(self._generation))
        for version in versions:
            await self._store.delete(version)
        if versions:
            await self._store.flush()
            await self._catalogue.unhide(self._generation, versions)

    def _unchanged(self, file: FoundFile, row: FileRow | None) -> bool:
        if row is None or (row.size, row.mtime_ns) != (file.size, file.mtime_ns):
            return False
        if row.state == "quarantined":  # the settings may accept it now
            return False
        if row.checked_ns - row.mtime_ns < _SETTLED_NS:
            return False
        state: State = "unchanged" if row.state == "indexed" else row.state
        self._report.receipts.append(Receipt(file.source, state, row.reason, row.chunks))
        return True

    async def _update(self, changed: Sequence[FoundFile], known: dict[str, FileRow]) -> None:
        group: list[_Work] = []
        settled: list[ReadFile] = []
        async with running(self._read_all(changed, known)) as reader:
            while (work := await self._queue.get()) is not None:
                self._moved.set()
                if not work.read.chunks:
                    settled.append(work.read)
                    self._done(work.read, known)
                    continue
                await self._wait(work)
                group.append(work)
                if sum(len(member.keys) for member in group) >= _GROUP_CHUNKS or len(group) >= _GROUP_FILES:
                    await self._write(group, known)
                    group = []
            await reader
        await self._write(group, known)
        before = [known.get(read.row.source) for read in settled if read.row.version is None]
        emptied = [row.version for row in before if row is not None and row.version is not None]
        await self._catalogue.record(self._generation, [read.row for read in settled], superseded=emptied)
        await self._delete(emptied)

    async def _read_all(self, changed: Sequence[FoundFile], known: dict[str, FileRow]) -> None:
        """Read files ahead of the embedding and hand their new texts to it."""
        try:
            for file in changed:
                while len(self._under_way) >= _AHEAD_CHUNKS or self._queue.qsize() >= _GROUP_FILES:
                    self._moved.clear()
                    await self._moved.wait()
                read = await asyncio.to_thread(
                    read_file, file, known.get(file.source), self._size, self._generation.fingerprint, self._lint
                )
                self._queue.put_nowait(await self._start(read))
        finally:
            self._queue.put_nowait(None)

    async def _start(self, read: ReadFile) -> _Work:
        """Begin to embed those chunks of a file whose text was never seen before."""
        keys = [embedding_key(self._generation.fingerprint, chunk.searched) for chunk in read.chunks]
        work = _Work(read, keys, await self._catalogue.embeddings(list(dict.fromkeys(keys))), {})
        for key, chunk in zip(keys, read.chunks, strict=True):
            if key not in work.known and key not in work.waiting:
                if key not in self._under_way:
                    self._under_way[key] = (await self._embedder()).submit(chunk.searched)
                work.waiting[key] = self._under_way[key]
        return work

    async def _wait(self, work: _Work) -> None:
        """Collect the vectors of a file, keeping them as they come so that a crash costs little."""
        fresh: dict[bytes, Vector] = {}
        for key, future in work.waiting.items():
            work.known[key] = fresh[key] = await asyncio.wrap_future(future)
            if len(fresh) >= _GROUP_CHUNKS:
                await self._keep(fresh)
                fresh = {}
        await self._keep(fresh)
        work.waiting.clear()

    async def _keep(self, fresh: dict[bytes, Vector]) -> None:
        await self._catalogue.remember(fresh)
        for key in fresh:  # only now: until it is kept, a file with the same text waits for this one
            self._report.embedded += self._under_way.pop(key, None) is not None
        self._moved.set()

    async def _write(self, group: Sequence[_Work], known: dict[str, FileRow]) -> None:
        """Write a group of files; the commit in the middle is the switch from old to new."""
        if not group:
            return
        rows = [work.read.row for work in group]
        new = [row.version for row in rows if row.version is not None]
        old = [row.version for row in (known.get(row.source) for row in rows) if row is not None and row.version]
        await self._catalogue.hide(self._generation, new)
        await self._store.upsert([point for work in group for point in self._points(work)])
        await self._store.flush()
        await self._catalogue.record(self._generation, rows, superseded=old)
        await self._delete(old)
        for work in group:
            self._done(work.read, known)

    def _points(self, work: _Work) -> list[Point]:
        row, document = work.read.row, work.read.document
        assert document is not None
        assert row.version is not None
        return [
            Point(
                id=point_id(row.version, chunk.ordinal),
                dense=work.known[key],
                sparse=self._terms.of_document(chunk.searched),
                payload=Payload(
                    source=row.source,
                    version=row.version,
                    ordinal=chunk.ordinal,
                    title=document.title,
                    headings=chunk.headings,
                    text=chunk.text,
                    line=chunk.line,
                    page=chunk.page,
                    audience=document.audience or (EVERYONE,),
                    updated=document.updated,
                ),
            )
            for key, chunk in zip(work.keys, work.read.chunks, strict=True)
        ]

    async def _delete(self, versions: Sequence[str]) -> None:
        if versions:
            for version in versions:
                await self._store.delete(version)
            await self._store.flush()
            await self._catalogue.unhide(self._generation, versions)

    async def _remove(self, walk: Walk, known: dict[str, FileRow]) -> None:
        """Forget files that are gone, but not those under a folder that could not be listed."""
        there = {file.source for file in walk.files}
        gone = [row for source, row in known.items() if source not in there and walk.covers(source)]
        if not gone:
            return
        await self._catalogue.remove(self._generation, gone)
        await self._delete([row.version for row in gone if row.version is not None])
        self._report.receipts += [Receipt(row.source, "removed", "no longer in the folder") for row in gone]

    def _done(self, read: ReadFile, known: dict[str, FileRow]) -> None:
        row = read.row
        before = known.get(row.source)
        state: State = "unchanged" if read.stays and row.state == "indexed" else row.state
        receipt = Receipt(row.source, state, row.reason, row.chunks, before is None or before.version is None)
        self._report.receipts.append(receipt)
        self._progress.file(receipt)
