"""The index of one home: opened once, held alone, searched and kept up to date."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from knowledge.catalogue import Catalogue, FileRow, Generation
from knowledge.chunking import FORMAT as CHUNK_FORMAT
from knowledge.chunking import ChunkSize
from knowledge.documents import EVERYONE
from knowledge.embedding import Embedder, give_back_memory, load_embedder, weights_fingerprint
from knowledge.folder import walk_documents
from knowledge.holding import holding
from knowledge.loaders import FORMAT as LOADER_FORMAT
from knowledge.quotes import Quote, best_quotes
from knowledge.receipts import Progress, SyncReport
from knowledge.search import Found, Passage, Searcher
from knowledge.sparse import FORMAT as SPARSE_FORMAT
from knowledge.sparse import TermWeights
from knowledge.store import Store, Stores, Where
from knowledge.store.edge import EdgeStores
from knowledge.store.server import ServerStores
from knowledge.sync import Sync
from settings import Settings
from settings.database import open_database, storage_errors
from settings.errors import FolderError, IndexEmpty, IndexMismatch, IndexUnusable, StorageError

_LEAST_FREE = 100_000_000
"""Bytes that must be free before a run: the engine maps its files and would be killed by a full disk."""


class Index:
    """Made by `open_index`; everything that the other rooms ask of the knowledge goes through here."""

    def __init__(
        self, settings: Settings, catalogue: Catalogue, stack: AsyncExitStack, embedder: Embedder | None = None
    ) -> None:
        self._settings = settings
        self._home = settings.home
        self._catalogue = catalogue
        self._stack = stack
        self._terms = TermWeights(settings.knowledge.language)
        self._given = embedder
        self._fingerprint: str | None = None
        self._loading: asyncio.Future[Embedder] | None = None
        self._stores = _stores(settings)
        self._seen_whole: set[int] = set()
        self._searcher: tuple[Generation, Searcher] | None = None

    async def search(
        self,
        question: str,
        groups: Sequence[str] = (),
        limit: int | None = None,
        per_document: int | None = None,
        thread: Sequence[str] = (),
    ) -> Found:
        """Passages that someone in `groups` may read, best first.

        Raises IndexEmpty where nothing was indexed yet, IndexMismatch where the index was built
        with another model or another way of cutting than the settings name.
        """
        options = self._settings.knowledge.search
        generation = await self._generation()
        hidden = await self._catalogue.hidden(generation)
        if self._searcher is None or self._searcher[0] != generation:
            store, embedder = await self._store(generation), await self.embedder()
            self._searcher = (generation, Searcher(store, embedder, self._terms, options))
        searcher = self._searcher[1]
        where = Where(audience=(EVERYONE, *groups), hidden=tuple(sorted(hidden)))
        return await searcher.search(
            question, where, limit or options.passages, per_document or options.per_document, thread
        )

    async def quote(self, question: str, passages: Sequence[Passage]) -> tuple[Quote, ...]:
        """The sentences of the passages that answer best."""
        return await best_quotes(question, passages, await self.embedder(), self._terms)

    async def sync(self, progress: Progress | None = None, rebuild: bool = False) -> SyncReport:
        """Bring the index up to date with the folder.

        A changed model, chunk size or language builds a second index beside the first and switches
        when it is complete. Raises FolderError where the folder is missing or holds no documents.
        """
        with storage_errors(self._home.data):
            walk = await asyncio.to_thread(walk_documents, self._home, self._settings.knowledge.ignore)
            current = await self._catalogue.current()
            if not walk.files and not walk.unreadable:
                raise FolderError(await self._nothing_there(current))
            if shutil.disk_usage(self._home.data).free < _LEAST_FREE:
                raise StorageError(
                    f"the disk that holds {self._home.data} has less than {_LEAST_FREE // 1_000_000} MB left: "
                    "make room and run the command again"
                )
            if rebuild:
                await self._catalogue.clear()
                await self._stores.keep_only(None)
                current = None
            generation = await self._wanted_generation(current)
            store = await self._store(generation)
            size = self._size()
            sync = Sync(self._catalogue, generation, store, self.embedder, self._terms, size, progress)
            try:
                report = await sync.run(walk)
            finally:
                self._searcher = None
            if report.embedded:
                give_back_memory()
            if generation != current:
                await self._catalogue.publish(generation)
            await self._stores.publish(generation.id)  # every time: the last run may have ended before it
            if generation != current:
                await self._stores.keep_only(generation.id)
            return report

    async def files(self) -> dict[str, FileRow]:
        """What is known of every file of the current index."""
        current = await self._catalogue.current()
        return await self._catalogue.files(current) if current else {}

    async def is_empty(self) -> bool:
        """Whether no index has been completed yet."""
        return await self._catalogue.current() is None

    async def matches_settings(self) -> bool:
        """Whether the current index was built with what the settings name."""
        current = await self._catalogue.current()
        return current is not None and current.fingerprint == await self._wanted_fingerprint()

    async def verify(self) -> None:
        """Open the store of the current index and see that it holds what the catalogue says.

        Raises IndexUnusable where chunks are missing, IndexAway where a server cannot be reached.
        """
        current = await self._catalogue.current()
        if current is not None:
            await self._store(current)

    async def embedder(self) -> Embedder:
        """The embedding model, loaded at the first call, in a thread."""
        return self._given if self._given is not None else await asyncio.shield(self.warm_up())

    def warm_up(self) -> "asyncio.Future[Embedder]":
        """Begin to load the embedding model while other things are being prepared."""
        failed = self._loading is not None and self._loading.done() and self._loading.exception() is not None
        if self._loading is None or failed:  # a download that failed may succeed the next time
            self._loading = asyncio.ensure_future(self._load_embedder())
        return self._loading

    async def close(self) -> None:
        """Close stores and the database and let go of the home."""
        if self._loading is not None:
            self._loading.cancel()
            for embedder in await asyncio.gather(self._loading, return_exceptions=True):
                if isinstance(embedder, Embedder):
                    await asyncio.to_thread(embedder.close)
        await self._stores.close()
        await self._stack.aclose()

    async def _load_embedder(self) -> Embedder:
        return await asyncio.to_thread(load_embedder, self._settings.knowledge.embedding, self._models_folder)

    @property
    def _models_folder(self) -> Path:
        return self._home.data / "models"

    def _size(self) -> ChunkSize:
        chunk = self._settings.knowledge.chunk
        return ChunkSize(chunk.target_words, chunk.most_words)

    async def _wanted_fingerprint(self) -> str:
        """Names everything that must be the same for two chunks to stand in one index."""
        if self._fingerprint is None:
            self._fingerprint = await self._compute_fingerprint()
        return self._fingerprint

    async def _compute_fingerprint(self) -> str:
        embedding = self._settings.knowledge.embedding
        weights = await asyncio.to_thread(weights_fingerprint, embedding, self._models_folder)
        if weights is None:  # not on this machine yet: loading brings it
            weights = (await self.embedder()).fingerprint
        size, language = self._size(), self._settings.knowledge.language
        formats = f"{LOADER_FORMAT}.{CHUNK_FORMAT}.{SPARSE_FORMAT}"
        return f"{weights} chunks {size.target}/{size.most} {language} format {formats}"

    async def _wanted_generation(self, current: Generation | None) -> Generation:
        fingerprint = await self._wanted_fingerprint()
        if current is not None and current.fingerprint == fingerprint:
            return current
        generation = await self._catalogue.building(fingerprint, (await self.embedder()).dimension)
        if not await self._catalogue.files(generation) and not await self._catalogue.hidden(generation):
            await self._stores.discard(generation.id)  # of an earlier life: the catalogue knows nothing of it
        return generation

    async def _generation(self) -> Generation:
        current = await self._catalogue.current()
        if current is None:
            raise IndexEmpty("nothing has been indexed yet: run `deskhand index`")
        if current.fingerprint != await self._wanted_fingerprint():
            raise IndexMismatch(
                "the index was built with another embedding model, chunk size or language than the settings "
                "name: run `deskhand index` to build it anew beside the old one"
            )
        return current

    async def _store(self, generation: Generation) -> Store:
        """Open a generation; the first time, see that nothing of it has been lost."""
        store = await self._stores.open(generation.id, generation.dimension)
        if generation.id not in self._seen_whole:
            there, wanted = await store.count(), await self._catalogue.chunks(generation)
            hidden = await self._catalogue.hidden(generation)
            if there < wanted or (there > wanted and not hidden):
                raise IndexUnusable(
                    "the index does not hold what was written to it: its folder, collection or database was lost, or "
                    "another store is named in knowledge.yaml. `deskhand index --rebuild` fills it again"
                )
            self._seen_whole.add(generation.id)
        return store

    async def _nothing_there(self, current: Generation | None) -> str:
        known = len(await self._catalogue.files(current)) if current else 0
        if known:
            return (
                f"{self._home.documents} is empty, but {known} files are indexed: is a disk not mounted? Nothing was "
                "removed. To empty the index, remove the folder data/ of this home"
            )
        return f"{self._home.documents} holds no documents: drop Markdown, text or HTML files there"


@asynccontextmanager
async def open_index(settings: Settings, embedder: Embedder | None = None, holder: str = "") -> AsyncIterator[Index]:
    """Open the index of a home, made where missing, for this process alone.

    An `embedder` that is given is used and left open: several indexes can share one model. `holder` is
    the command that opens it, for others that find the home taken. Raises
    IndexLocked while another process has the home, StorageError where `data/` cannot be written.
    """
    async with AsyncExitStack() as stack:
        with storage_errors(settings.home.data):
            settings.home.data.mkdir(parents=True, exist_ok=True)
            hold = holding(settings.home.data, holder)
            await asyncio.to_thread(hold.__enter__)
            stack.push(hold)
            engine = open_database(settings.home.database)
            stack.push_async_callback(engine.dispose)
            catalogue = Catalogue(engine)
            await catalogue.prepare()
        index = Index(settings, catalogue, stack.pop_all(), embedder)
        try:
            yield index
        finally:
            await index.close()


def _stores(settings: Settings) -> Stores:
    """The engine in this process, or the server that the settings name."""
    if settings.knowledge.store.url is None:
        return EdgeStores(settings.home.data / "index")
    return ServerStores(settings.knowledge.store, settings.secrets, settings.home)
