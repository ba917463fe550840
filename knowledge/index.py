"""The index of one home: opened once, held alone, searched and kept up to date."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine

from knowledge.catalogue import Catalogue, FileRow, Generation
from knowledge.documents import EVERYONE
from knowledge.embedders import Embedders
from knowledge.embedding import Embedder, give_back_memory
from knowledge.english import load_places
from knowledge.folder import Walk, walk_documents
from knowledge.generations import Generations, Task, terms_of
from knowledge.holding import holding
from knowledge.judging import Judge, judge_for
from knowledge.loaders.reader import Reader
from knowledge.near_words import load_near_words
from knowledge.pending import Pending, pending_of, within
from knowledge.quotes import Quote, best_quotes
from knowledge.readers import Readers
from knowledge.receipts import Progress, SyncReport
from knowledge.reranking import Reranker
from knowledge.run_log import CANCELLED, RunLog
from knowledge.search import Found, Passage, Searcher
from knowledge.sources import Sources
from knowledge.status import IndexStatus, read_status
from knowledge.store import Stores, Where
from knowledge.store.edge import EdgeStores
from knowledge.store.server import ServerStores
from knowledge.sync import Removing
from settings import Settings
from settings.database import open_database, storage_errors
from settings.errors import DeskhandError, FolderError, IndexEmpty, StorageError
from settings.tasks import completed

_LEAST_FREE = 100_000_000
"""Bytes that must be free before a run: the engine maps its files and would be killed by a full disk."""

_MOMENT_SECONDS = 1.0
"""So long a question waits to see whether documents have changed; a cold start loads its model meanwhile."""

_REST_SECONDS = 0.5
"""So long after a question the memory that it took is given back, if none has followed."""


class Index:
    """Made by `open_index`; everything that the other rooms ask of the knowledge goes through here."""

    def __init__(
        self,
        settings: Settings,
        catalogue: Catalogue,
        log: RunLog,
        stack: AsyncExitStack,
        embedder: Embedder | None = None,
    ) -> None:
        self._home = settings.home
        self._catalogue = catalogue
        self._log = log
        self._stack = stack
        self._stores = _stores(settings)
        self._store_settings = settings.knowledge.store
        self._embedders = Embedders(settings.home.data / "models", embedder)
        self._readers = Readers()
        self._generations = Generations(catalogue, self._stores, self._embedders, self._readers)
        self._one_run = asyncio.Lock()
        self._running_under: Sources | None = None
        self._looking = False
        self._warming: asyncio.Future[Embedder] | None = None
        self._rest: asyncio.TimerHandle | None = None
        self._settings = settings
        self._reranker = _reranker(settings)
        self._judge: tuple[str, Judge | None] | None = None
        self._work_by(settings)

    def use(self, settings: Settings) -> None:
        """Work by changed settings of the same home from now on; another store needs a new start.

        Documents about whose audience the settings say something else are found by nobody until the
        next run has read them again. A run under way goes on by the settings that it began with.
        """
        if _reranker_named(settings) != _reranker_named(self._settings):
            self._reranker = _reranker(settings)  # the one before ends with the last search that has it
        self._work_by(settings)

    def _work_by(self, settings: Settings) -> None:
        self._settings = settings
        self._sources = Sources(settings.home, settings.knowledge)
        self._searching: tuple[Generation, Searcher] | None = None
        self._held_back: tuple[int, frozenset[str]] | None = None

    async def search(
        self,
        question: str,
        groups: Sequence[str] = (),
        limit: int | None = None,
        per_document: int | None = None,
        thread: Sequence[str] = (),
        answer: str = "",
        judged: bool = True,
    ) -> Found:
        """Passages that someone in `groups` may read, best first.

        `thread` is what the person wrote before in the thread, `answer` how the last of it was answered.
        Without `judged` nothing says whether the passages answer, and the evidence is 0.
        The current index answers, with the model and language that it was made with: while another one is
        being built, after a rollback, and where the settings have changed since. Raises IndexEmpty where
        nothing was indexed yet, IndexMismatch where its model is not on this machine any more.
        """
        options = self._settings.knowledge.search
        with self._readers.reading():
            generation = await self._current()
            searcher = await self._searcher(generation)
            where = Where(tuple(sorted({EVERYONE, *groups})), tuple(sorted(await self._unseen(generation))))
            found = await searcher.search(
                question,
                where,
                limit or options.passages,
                per_document or options.per_document,
                thread,
                answer,
                judged,
            )
        self._rest_soon()
        return replace(found, passages=tuple(map(self._with_link, found.passages)))

    async def quote(self, question: str, passages: Sequence[Passage]) -> tuple[Quote, ...]:
        """The sentences of the passages that answer best."""
        current = await self._catalogue.current()
        language = current.recipe.language if current is not None else self._settings.knowledge.language
        quotes = await best_quotes(question, passages, await self.embedder(), terms_of(language))
        self._rest_soon()
        return quotes

    async def sync(
        self,
        progress: Progress | None = None,
        rebuild: bool = False,
        confirm_removals: bool = False,
        trigger: str = "command",
    ) -> SyncReport:
        """Bring the index up to date with the folders; one run at a time, later ones wait.

        A changed model, chunk size or language builds a second index beside the first and switches
        when it is complete. `trigger` is what the log says about why. Raises FolderError where the folder is
        missing or holds no documents.
        """

        async def work(task: Task) -> SyncReport:
            if rebuild:
                await self._generations.clear()
            return await self._generations.sync(task)

        return await self._run(work, progress, confirm_removals, trigger)

    async def rollback(self, progress: Progress | None = None, trigger: str = "rollback") -> SyncReport:
        """Go back to the index that was there before the last switch, brought up to date first."""
        return await self._run(self._generations.roll_back, progress, False, trigger)

    async def status(self) -> IndexStatus:
        """Everything about the index and its last runs."""
        return await read_status(self._catalogue, self._log, self._one_run.locked(), await self.notes())

    async def notes(self) -> tuple[str, ...]:
        """Where what answers differs from what the settings ask for, and what to do."""
        current = await self._catalogue.current()
        if current is None:
            return ()
        notes = []
        if self._settings.knowledge.store != self._store_settings:
            notes.append("the settings name another store: it is used from the next start on")
        wanted = await self._generations.wanted(self._settings.knowledge)
        if current.instead_of and current.instead_of == wanted.fingerprint:
            notes.append("after a rollback the index made before the last change of the settings answers")
        elif current.fingerprint != wanted.fingerprint:
            as_it_was = replace(wanted, formats=current.recipe.formats).fingerprint
            differs = (
                "this version of Deskhand reads or cuts documents differently"
                if current.fingerprint == as_it_was
                else "the settings name another model, chunk size or language"
            )
            notes.append(
                f"{differs}: the index answers as it was made, until `deskhand index` has built the new one beside it"
            )
        if held_back := len(await self._other_rules(current)):
            documents, them = ("1 document", "it") if held_back == 1 else (f"{held_back} documents", "them")
            notes.append(
                f"the settings changed who may read {documents}: nobody finds {them} until the next "
                "run, `deskhand index`"
            )
        return tuple(notes)

    async def pending(self) -> Pending:
        """What has changed in the folders since the last run; nothing during one, or where a moment is too short."""
        if self._looking or self._one_run.locked() or await self.is_empty():
            return Pending()
        try:
            async with asyncio.timeout(_MOMENT_SECONDS):
                return pending_of(await within(_MOMENT_SECONDS, self._glance), await self.files())
        except (TimeoutError, FolderError):
            return Pending()

    def _glance(self) -> Walk:
        self._looking = True  # one at a time: a share that has gone may keep it for minutes
        try:
            return walk_documents(self._sources)
        finally:
            self._looking = False

    async def files(self) -> dict[str, FileRow]:
        """What is known of every file of the current index."""
        current = await self._catalogue.current()
        return await self._catalogue.files(current) if current else {}

    async def readable(self, groups: Sequence[str] = ()) -> int:
        """How many documents someone in `groups` finds."""
        current = await self._catalogue.current()
        if current is None:
            return 0
        await self._other_rules(current)
        return await self._catalogue.readable(current, (EVERYONE, *groups))

    async def is_empty(self) -> bool:
        """Whether no index has been completed yet."""
        return await self._catalogue.current() is None

    async def matches_settings(self) -> bool:
        """Whether the current index is what the settings ask for; after a rollback it is, until they change."""
        current = await self._catalogue.current()
        if current is None:
            return False
        wanted = await self._generations.wanted(self._settings.knowledge)
        return wanted.fingerprint in (current.fingerprint, current.instead_of)

    async def verify(self) -> None:
        """Open the store of the current index and see that it holds what the catalogue says.

        Raises IndexUnusable where chunks are missing, IndexAway where a server cannot be reached.
        """
        current = await self._catalogue.current()
        if current is not None:
            await self._generations.store(current)

    async def embedder(self) -> Embedder:
        """The embedding model of the current index, or of the settings; loaded at the first call, in a thread."""
        current = await self._catalogue.current()
        if current is not None:
            return await self._embedders.of(current.recipe)
        return await self._embedders.of(await self._generations.wanted(self._settings.knowledge))

    def warm_up(self) -> "asyncio.Future[Embedder]":
        """Begin to load the embedding model while other things are being prepared."""
        if self._warming is None or self._warming.done():
            self._warming = asyncio.ensure_future(self.embedder())
        return self._warming

    async def close(self) -> None:
        """Close stores and the database and let go of the home."""
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)
        if self._rest is not None:
            self._rest.cancel()
        await self._embedders.close()
        if self._reranker is not None:
            self._reranker.close()
        await self._stores.close()
        await self._stack.aclose()

    def _rest_soon(self) -> None:
        """Give memory back in a while: a question leaves some 35 MB behind."""
        loop = asyncio.get_running_loop()
        if self._rest is not None:
            self._rest.cancel()
        self._rest = loop.call_later(_REST_SECONDS, loop.run_in_executor, None, give_back_memory)

    async def _run(
        self,
        work: Callable[[Task], Awaitable[SyncReport]],
        progress: Progress | None,
        confirmed: bool,
        trigger: str,
    ) -> SyncReport:
        """One run, from the walk to the log."""
        async with self._one_run:
            with storage_errors(self._home.data):
                number, started = await self._log.begin(trigger), time.monotonic()
                report, error = None, CANCELLED
                knowledge = self._settings.knowledge  # for the whole run, whatever is saved meanwhile
                self._running_under = sources = self._sources
                try:
                    with Reader(knowledge.reading) as reader:  # whoever waits holds no process
                        task = Task(
                            await self._walk(sources, confirmed),
                            Removing(knowledge.sync.largest_removal, confirmed, time.time_ns()),
                            reader,
                            knowledge,
                            progress,
                        )
                        report = await work(task)
                    report.notes += await self._idle_patterns(task.walk)
                    error = ""
                    if report.embedded or report.count("removed"):
                        await self._catalogue.prune()
                    if report.embedded:
                        give_back_memory()
                    return report
                except Exception as failure:
                    known = isinstance(failure, DeskhandError)
                    error = str(failure) if known else f"{type(failure).__name__}: {failure}"
                    raise
                finally:
                    self._searching = self._held_back = self._running_under = None
                    await completed(self._log.end(number, time.monotonic() - started, report, error))

    async def _walk(self, sources: Sources, confirmed: bool) -> Walk:
        """What a run works on. Raises FolderError where there is nothing, StorageError where the disk is full."""
        walk = await asyncio.to_thread(walk_documents, sources)
        if not walk.files and not confirmed:
            known = len(await self.files())
            if not walk.unreadable or not known:
                raise FolderError(self._nothing_there(walk, known))
        if shutil.disk_usage(self._home.data).free < _LEAST_FREE:
            raise StorageError(
                f"the disk that holds {self._home.data} has less than {_LEAST_FREE // 1_000_000} MB left: "
                "make room and run the command again"
            )
        return walk

    async def _idle_patterns(self, walk: Walk) -> list[str]:
        """Restrictions that fit nothing, neither in the folders nor of what cannot be seen now."""
        idle = walk.sources.idle_patterns(file.source for file in walk.files)
        if idle:
            known = walk.sources.idle_patterns(await self.files())
            idle = [pattern for pattern in idle if pattern in known]
        return [
            f"knowledge.yaml: audience: {pattern!r} fits no file: is it spelt as the files are?" for pattern in idle
        ]

    async def _current(self) -> Generation:
        current = await self._catalogue.current()
        if current is None:
            raise IndexEmpty("nothing has been indexed yet: run `deskhand index`")
        return current

    async def _searcher(self, generation: Generation) -> Searcher:
        if self._searching is not None and self._searching[0] == generation:
            return self._searching[1]
        settings = self._settings
        store, terms = await self._generations.store(generation), terms_of(generation.recipe.language)
        embedder, _ = await asyncio.gather(
            self._embedders.of(generation.recipe), asyncio.to_thread(_load_tables, terms.english)
        )
        searcher = Searcher(
            store,
            embedder,
            terms,
            settings.knowledge.search,
            await self._catalogue.vocabulary(generation),
            partial(self._catalogue.words, generation),
            partial(self._unseen, generation),
            self._reranker,
            await self._judge_for(embedder) if terms.english else None,
        )
        if settings is self._settings:
            self._searching = (generation, searcher)
        return searcher

    async def _judge_for(self, embedder: Embedder) -> Judge | None:
        """Kept from search to search, because it remembers what it has read."""
        if self._judge is None or self._judge[0] != embedder.fingerprint:
            self._judge = embedder.fingerprint, await judge_for(embedder)
        return self._judge[1]

    async def _unseen(self, generation: Generation) -> frozenset[str]:
        """Versions in the store that nobody may see now."""
        return await self._catalogue.hidden(generation) | await self._other_rules(generation)

    async def _other_rules(self, generation: Generation) -> frozenset[str]:
        """Versions that were made under other rules than the settings have now: nobody may see them.

        Kept between searches; asked anew for each one while a run goes on that began under earlier settings,
        because that one still writes by them.
        """
        sources = self._sources
        settled = self._running_under in (None, sources)
        if self._held_back is not None and self._held_back[0] == generation.id and settled:
            return self._held_back[1]
        versions = await self._catalogue.under_other_rules(generation, sources.allows)
        if sources is self._sources:
            await self._catalogue.set_aside(generation, versions)
            self._held_back = (generation.id, versions)
        return versions

    def _with_link(self, passage: Passage) -> Passage:
        link = self._sources.link(passage.source, passage.line, passage.page)
        return replace(passage, link=link) if link else passage

    def _nothing_there(self, walk: Walk, known: int) -> str:
        if known:
            return (
                f"{self._home.documents} is empty, but {known} files are indexed: is a disk not mounted? Nothing was "
                "removed. `deskhand index --confirm-removals` empties the index"
            )
        for root, reason in walk.unreadable.items():
            return f"{root or self._home.documents} {reason}"
        return f"{self._home.documents} holds no documents: drop PDF, Word, Markdown or other files there"


@asynccontextmanager
async def open_index(
    settings: Settings, embedder: Embedder | None = None, holder: str = "", database: AsyncEngine | None = None
) -> AsyncIterator[Index]:
    """Open the index of a home, made where missing, for this process alone.

    An `embedder` or a `database` that is given is used and left open: several can share one. `holder` is
    the command that opens it, for others that find the home taken. Raises
    IndexLocked while another process has the home, StorageError where `data/` cannot be written.
    """
    async with AsyncExitStack() as stack:
        with storage_errors(settings.home.data):
            settings.home.data.mkdir(parents=True, exist_ok=True)
            hold = holding(settings.home.data, holder)
            await asyncio.to_thread(hold.__enter__)
            stack.push(hold)
            if database is None:
                database = open_database(settings.home.database)
                stack.push_async_callback(database.dispose)
            catalogue, log = Catalogue(database), RunLog(database)
            await catalogue.prepare()
            await log.prepare()
        index = Index(settings, catalogue, log, stack.pop_all(), embedder)
        try:
            yield index
        finally:
            await index.close()


def _load_tables(english: bool) -> None:
    """Have the word tables at hand, while the model loads."""
    if english:
        load_near_words()
        load_places()


def _stores(settings: Settings) -> Stores:
    """The engine in this process, or the server that the settings name."""
    if settings.knowledge.store.url is None:
        return EdgeStores(settings.home.data / "index")
    return ServerStores(settings.knowledge.store, settings.secrets, settings.home)


def _reranker_named(settings: Settings) -> tuple[str | None, str | None, float]:
    search = settings.knowledge.search
    return search.reranker, search.reranker_path, search.reranker_seconds


def _reranker(settings: Settings) -> Reranker | None:
    """The cross-encoder that the settings name, not loaded yet."""
    model, path, seconds = _reranker_named(settings)
    return None if model is None else Reranker(model, path, settings.home.data / "models", seconds)
