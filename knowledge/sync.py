"""Bring an index up to date with the documents' folder, embedding only what is new.

A file goes through here in four steps: looked at (size and time), read (content hash), cut and
embedded, written. Each step ends early where nothing changed. Files are written in groups; the
catalogue's commit after a group is the moment its new versions exist and the old ones do not.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from knowledge.carrying import Origin
from knowledge.catalogue import Catalogue, FileRow, Generation, State, embedding_key
from knowledge.documents import EVERYONE
from knowledge.embedding import Embedder, Vector
from knowledge.folder import FoundFile, Walk
from knowledge.loaders.reader import Reader
from knowledge.readers import Readers
from knowledge.reading import ReadFile, read_file, tried_under
from knowledge.receipts import Progress, Receipt, Silent, SyncReport
from knowledge.removal import Removals, decide
from knowledge.sparse import TermWeights
from knowledge.store import Payload, Point, Store, point_id
from knowledge.vocabulary import version_terms
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


@dataclass(slots=True)
class _Estimate:
    """Chunks done and expected: those of files not yet read are taken to be as many as in the others."""

    files: int = 0
    read: int = 0
    chunks: int = 0
    done: int = 0

    @property
    def expected(self) -> int:
        return self.chunks + round((self.files - self.read) * self.chunks / self.read) if self.read else self.files


@dataclass(frozen=True, slots=True)
class Removing:
    """What a run may remove by itself, see `knowledge.removal`."""

    largest: float = 1.0
    confirmed: bool = False
    now_ns: int = field(default_factory=time.time_ns)


class Sync:
    """One run over one generation. The caller holds the index for itself.

    With an `origin` the generation is being built, or brought back, beside the current one: only what the
    folder gives now is made anew, and whatever cannot be read now is carried over from the current one, so
    that a switch loses no document and shows nothing that was replaced.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        generation: Generation,
        store: Store,
        embedder: Callable[[], Awaitable[Embedder]],
        terms: TermWeights,
        reader: Reader,
        lint: LintSettings,
        progress: Progress | None = None,
        removing: Removing | None = None,
        origin: Origin | None = None,
        readers: Readers | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._generation = generation
        self._store = store
        self._embedder = embedder
        self._terms = terms
        self._reader = reader
        self._lint = lint
        self._progress = progress or Silent()
        self._removing = removing or Removing()
        self._origin = origin
        self._readers = readers or Readers()
        self._under_way: dict[bytes, Future[Vector]] = {}
        self._queue: asyncio.Queue[_Work | None] = asyncio.Queue()
        self._moved = asyncio.Event()
        self._estimate = _Estimate()
        self._carried: set[str] = set()
        self._report = SyncReport()

    async def run(self, walk: Walk) -> SyncReport:
        """Bring the generation up to date with a walk. Cancelling leaves every file old or new."""
        started = time.monotonic()
        await self._clean_up()
        known = await self._catalogue.files(self._generation)
        changed = [file for file in walk.files if not self._unchanged(file, known.get(file.source))]
        self._estimate.files = len(changed)
        self._progress.start(len(changed))
        try:
            await self._update(changed, known)
            if self._origin is not None:
                await self._carry(self._origin, walk)
        finally:
            for future in self._under_way.values():
                future.cancel()
        vanished = await self._remove(walk, known)
        skipped = [Receipt(source, "skipped", reason, looked_at=False) for source, reason in walk.skipped.items()]
        failed = [
            Receipt(walk.named(source), "failed", reason) for source, reason in (walk.unreadable | vanished).items()
        ]
        self._report.receipts += skipped + failed
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
        if row.checked_ns - row.mtime_ns < _SETTLED_NS or row.missing_ns:
            return False
        if row.rule not in (file.rule, tried_under(file.rule, self._reader)):
            return False
        if self._origin is not None and row.state not in ("indexed", "skipped"):
            return False
        state: State = "unchanged" if row.state == "indexed" else row.state
        self._report.receipts.append(Receipt(file.source, state, row.reason, row.chunks, looked_at=False))
        return True

    async def _update(self, changed: Sequence[FoundFile], known: dict[str, FileRow]) -> None:
        group: list[_Work] = []
        settled: list[ReadFile] = []
        async with running(self._read_all(changed, known)) as reader:
            while (work := await self._queue.get()) is not None:
                self._moved.set()
                if not work.read.chunks:
                    settled.append(work.read)
                    self._done([work], known)
                    continue
                await self._wait(work)
                group.append(work)
                if sum(len(member.keys) for member in group) >= _GROUP_CHUNKS or len(group) >= _GROUP_FILES:
                    await self._write(group, known)
                    self._done(group, known)
                    group = []
            await reader
        await self._write(group, known)
        self._done(group, known)
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
                recipe = self._generation.recipe
                read = await asyncio.to_thread(
                    read_file,
                    file,
                    known.get(file.source),
                    recipe.size,
                    recipe.fingerprint,
                    self._reader,
                    self._lint,
                )
                if self._origin is not None and read.row.state not in ("indexed", "skipped"):
                    read = ReadFile(read.row._replace(version=None, chunks=0))  # the origin has what stays
                self._queue.put_nowait(await self._start(read))
        finally:
            self._queue.put_nowait(None)

    async def _start(self, read: ReadFile) -> _Work:
        """Begin to embed those chunks of a file whose text was never seen before."""
        weights = self._generation.recipe.weights
        keys = [embedding_key(weights, chunk.searched) for chunk in read.chunks]
        self._estimate.read += 1
        self._estimate.chunks += len(keys)
        begun = {key: self._under_way[key] for key in keys if key in self._under_way}  # some are kept in the next line
        work = _Work(read, keys, await self._catalogue.embeddings(list(dict.fromkeys(keys))), {})
        for key, chunk in zip(keys, read.chunks, strict=True):
            if key not in work.known and key not in work.waiting:
                if key not in begun:
                    begun[key] = self._under_way[key] = (await self._embedder()).submit(chunk.searched)
                work.waiting[key] = begun[key]
        return work

    async def _wait(self, work: _Work) -> None:
        """Collect the vectors of a file, keeping them as they come so that a crash costs little."""
        fresh: dict[bytes, Vector] = {}
        self._embedded(len(work.keys) - len(work.waiting))
        for key, future in work.waiting.items():
            work.known[key] = fresh[key] = await asyncio.wrap_future(future)
            self._embedded(1)
            if len(fresh) >= _GROUP_CHUNKS:
                await self._keep(fresh)
                fresh = {}
        await self._keep(fresh)
        work.waiting.clear()

    def _embedded(self, chunks: int) -> None:
        self._estimate.done += chunks
        self._progress.chunks(self._estimate.done, self._estimate.expected)

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
        written: list[Point] = []
        for work in group:
            for start in range(0, len(work.keys), _GROUP_CHUNKS):  # in parts: searches go on in between
                points = await asyncio.to_thread(self._points, work, slice(start, start + _GROUP_CHUNKS))
                await self._store.upsert(points)
                written += points
        await self._store.flush()
        keys = {work.read.row.version or "": work.keys for work in group}
        terms = await asyncio.to_thread(version_terms, written)
        await self._catalogue.record(self._generation, rows, superseded=old, keys=keys, terms=terms)
        await self._delete(old)

    def _points(self, work: _Work, part: slice) -> list[Point]:
        """Some chunks of a file as the store takes them. Call it in a thread."""
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
            for key, chunk in zip(work.keys[part], work.read.chunks[part], strict=True)
        ]

    async def _delete(self, versions: Sequence[str]) -> None:
        if versions:
            await self._readers.gone()
            for version in versions:
                await self._store.delete(version)
            await self._store.flush()
            await self._catalogue.unhide(self._generation, versions)

    async def _carry(self, origin: Origin, walk: Walk) -> None:
        """Take over what the current generation alone still has."""
        known = await self._catalogue.files(self._generation)
        found = {file.source for file in walk.files}
        fresh = {source: row for source, row in known.items() if source in found}
        kept = await origin.kept(walk, fresh, self._removing.largest, self._removing.now_ns)
        self._carried = {row.source for row in kept}
        new = [row for row in kept if row.source not in known or known[row.source].version != row.version]
        self._estimate.files += len(new)
        group: list[_Work] = []
        for row in new:
            work = await self._start(await origin.read(row))
            await self._wait(work)
            group.append(work)
            if sum(len(member.keys) for member in group) >= _GROUP_CHUNKS:
                await self._write(group, known)
                group = []
        await self._write(group, known)
        receipts = [receipt for receipt in self._report.receipts if receipt.source not in self._carried]
        for row in kept:
            state: State = "unchanged" if row.state == "indexed" else row.state
            reason = row.reason or "cannot be read now: taken over from the index before"
            receipts.append(Receipt(row.source, state, reason, row.chunks, waiting=row.source not in found))
        self._report.receipts = receipts

    async def _remove(self, walk: Walk, known: dict[str, FileRow]) -> dict[str, str]:
        """Forget files that are gone for certain; returns the sources that have vanished as a whole."""
        if self._origin is not None:  # what it does not have by now was carried over, or is not to be there
            there = {file.source for file in walk.files}
            await self._forget([row for source, row in known.items() if source not in there | self._carried])
            return {}
        limits = self._removing
        decided = decide(walk, known, limits.largest, limits.confirmed, limits.now_ns)
        await self._forget([known[source] for source in decided.remove])
        self._report.receipts += [Receipt(source, "removed", reason) for source, reason in decided.remove.items()]
        await self._let_wait(decided, known)
        return decided.vanished

    async def _forget(self, gone: Sequence[FileRow]) -> None:
        if gone:
            await self._catalogue.remove(self._generation, gone)
            await self._delete([row.version for row in gone if row.version is not None])

    async def _let_wait(self, decided: Removals, known: dict[str, FileRow]) -> None:
        rows = [known[source] for source in decided.wait]
        if first_time := [row for row in rows if not row.missing_ns]:
            noted = [row._replace(missing_ns=self._removing.now_ns) for row in first_time]
            await self._catalogue.record(self._generation, noted)
        for row in rows:
            state: State = "unchanged" if row.state == "indexed" else row.state
            reason = decided.wait[row.source]
            self._report.receipts.append(Receipt(row.source, state, reason, row.chunks, False, waiting=True))

    def _done(self, group: Sequence[_Work], known: dict[str, FileRow]) -> None:
        for work in group:
            row, before = work.read.row, known.get(work.read.row.source)
            state: State = "unchanged" if work.read.stays and row.state == "indexed" else row.state
            receipt = Receipt(row.source, state, row.reason, row.chunks, before is None or before.version is None)
            self._report.receipts.append(receipt)
            self._progress.file(receipt)
