"""A chain in force, and how the next one takes its place without a question being lost.

A saved change of the settings takes effect with the next question. Replies that are on their way keep
the chain that they began with; it is closed when the last of them has ended. Settings that cannot be
used are refused with file, line and reason, and what was in force stays.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from knowledge import Index
from plugins import Chain, open_chain
from plugins.contract import Trace
from plugins.declaring import Jobs
from plugins.loading import ALONE, Surroundings
from plugins.usage import UsageLog
from settings import DeskhandError, Settings, load_settings
from settings.applied import in_force, record_applied
from settings.database import storage_errors
from settings.stamps import Stamp, digest_of, settled_stamp, stamp_of
from settings.watching import watch

_log = logging.getLogger("deskhand.settings")

_SETTLE_SECONDS = 0.3

Notify = Callable[[str], Awaitable[None]]
"""Tells the administrators something, a line for each thing to do."""


@dataclass(slots=True)
class Timing:
    """What a plugin took so far, without the plugins inside it."""

    calls: int = 0
    seconds: float = 0.0
    failures: int = 0


class LiveChain:
    """One chain with its settings, open for as long as anybody uses it."""

    def __init__(self, settings: Settings, index: Index, usage: UsageLog, around: Surroundings = ALONE) -> None:
        self.settings = settings
        self._around = around
        self._index = index
        self._usage = usage
        self._opened: asyncio.Future[Chain] = asyncio.get_running_loop().create_future()
        self._users = 0
        self._retired = False
        self._unused = asyncio.Event()
        # plugins may insist on being closed by the task that opened them
        self._task = asyncio.create_task(self._keep_open())  # noqa: TID251  # owned: `close` awaits it

    async def opened(self) -> Chain:
        """The chain; raises what went wrong in opening it."""
        return await asyncio.shield(self._opened)

    @property
    def chain(self) -> Chain:
        """The chain, once opened."""
        return self._opened.result()

    @asynccontextmanager
    async def used(self) -> AsyncIterator[Chain]:
        """Holds the chain open for as long as the block lasts."""
        self._users += 1
        try:
            yield self.chain
        finally:
            self._users -= 1
            self._end_if_unused()

    def retire(self) -> None:
        """Close as soon as nobody uses it any more."""
        self._retired = True
        self._end_if_unused()

    async def close(self) -> None:
        """Close at once."""
        self._unused.set()
        await asyncio.gather(self._task, return_exceptions=True)

    @property
    def closed(self) -> bool:
        """Whether everything of it is closed."""
        return self._task.done()

    def _end_if_unused(self) -> None:
        if self._retired and not self._users:
            self._unused.set()

    async def _keep_open(self) -> None:
        try:
            async with open_chain(self.settings, self._index, self._usage, self._around) as chain:
                self._opened.set_result(chain)
                await self._unused.wait()
        except Exception as error:
            if self._opened.done():
                _log.exception("a chain could not be closed in order")
            else:
                self._opened.set_exception(error)


class LiveSettings:
    """The chain in force. Made by the assistant; `current` looks for a change first."""

    def __init__(
        self,
        settings: Settings,
        index: Index,
        usage: UsageLog,
        notify: Notify | None = None,
        around: Surroundings = ALONE,
        jobs: bool = False,
        changed: Callable[[Settings], None] | None = None,
    ) -> None:
        self.timings: dict[str, Timing] = {}
        """What each plugin took, over all chains."""
        self._around = around
        self._jobs_wanted = jobs
        self._jobs: Jobs | None = None
        self._busy: dict[str, asyncio.Lock] = {}
        self._job_tasks: set[asyncio.Task[None]] = set()
        self._index = index
        self._usage = usage
        self._notify = notify
        self._knowledge_changed = changed
        self._stamp = settings.stamp
        self._digest = digest_of(settings.home) if stamp_of(settings.home) == settings.stamp else ""
        self._refused = False
        self._changing = asyncio.Lock()
        self._live = LiveChain(settings, index, usage, around)
        self._retired: list[LiveChain] = []
        self._notices: set[asyncio.Task[None]] = set()

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._live.settings

    @property
    def live(self) -> LiveChain:
        """The chain in force."""
        return self._live

    async def start(self) -> None:
        """Open the first chain; raises SettingsError where it cannot be built."""
        await self._live.opened()
        self._start_jobs()
        await asyncio.to_thread(self._record)

    def count(self, trace: Trace) -> None:
        """Add up what the plugins of a turn took."""
        for record in trace.plugins:
            timing = self.timings.setdefault(record.plugin, Timing())
            timing.calls += 1
            timing.seconds += record.seconds
            timing.failures += bool(record.error)

    def _start_jobs(self) -> None:
        """The jobs of the chain in force, in the place of those before."""
        if self._jobs is not None:
            self._jobs.stop()
        if self._jobs_wanted:
            timezone = self.settings.knowledge.sync.timezone
            self._jobs = Jobs(self._live.chain.steps, self._around.notify, timezone, self._busy)
            work = self._do_jobs(self._live, self._jobs)
            task = asyncio.create_task(work)  # noqa: TID251  # owned: `close` ends it
            self._job_tasks.add(task)
            task.add_done_callback(self._job_tasks.discard)

    async def _do_jobs(self, live: LiveChain, jobs: Jobs) -> None:
        """The chain is open for as long as one of its jobs is under way."""
        async with live.used():
            await jobs.run()

    async def current(self) -> LiveChain:
        """The chain for the next question: a change that was saved before is in force by then."""
        if self._changing.locked() or stamp_of(self.settings.home) != self._stamp:
            await self.refresh()  # also where one is being taken up: wait for it
        return self._live

    async def refresh(self) -> None:
        """Take up what was saved, or refuse it and say why."""
        async with self._changing:
            home = self.settings.home
            stamp = await settled_stamp(home)
            if stamp == self._stamp:
                return
            self._stamp = stamp
            digest = await asyncio.to_thread(digest_of, home)
            if digest == self._digest:
                return
            self._digest = digest
            await self._change(stamp)

    async def close(self) -> None:
        """Close every chain, whoever still reads from it."""
        for task in self._job_tasks:
            task.cancel()
        await asyncio.gather(*self._job_tasks, return_exceptions=True)
        for live in (*self._retired, self._live):
            await live.close()
        for task in self._notices:
            task.cancel()
        await asyncio.gather(*self._notices, return_exceptions=True)

    async def _change(self, stamp: Stamp) -> None:
        live: LiveChain | None = None
        try:
            saved = await asyncio.to_thread(load_settings, self.settings.home)
            if stamp_of(saved.home) != stamp:  # written while it was read: the next look takes it up whole
                self._stamp, self._digest = (), ""
                return
            settings, waiting = in_force(saved, self.settings)
            live = LiveChain(settings, self._index, self._usage, self._around)
            await self._as_warm(await live.opened())
        except Exception as error:  # a plugin may fail to open in any way
            if live is not None:
                await live.close()
            if stamp_of(self.settings.home) != stamp:
                self._stamp, self._digest = (), ""
                return
            self._refuse(error)
            return
        old, self._live = self._live, live
        if settings.knowledge != old.settings.knowledge:
            self._index.use(settings)
            if self._knowledge_changed is not None:
                self._knowledge_changed(settings)
        self._start_jobs()
        old.retire()
        self._retired = [chain for chain in (*self._retired, old) if not chain.closed]
        await asyncio.to_thread(self._record)
        later = f"; {' and '.join(waiting)} after a restart" if waiting else ""
        _log.info("the changed settings are in force%s", later)
        if self._refused:
            self._refused = False
            self._tell("The settings can be used again and are in force.")

    async def _as_warm(self, chain: Chain) -> None:
        """Where the models in force are loaded, those that take their place are as well."""
        old, new = self._live.chain.models, chain.models
        if old is not None and new is not None and old.loaded and new.used:
            await new.warm_up()

    def _refuse(self, error: Exception) -> None:
        self._refused = True
        problem = str(error) if isinstance(error, DeskhandError) else f"{type(error).__name__}: {error}"
        for line in problem.splitlines() or [type(error).__name__]:
            _log.warning("refused, the settings before stay in force: %s", self.settings.secrets.redact(line))
        self._tell(
            "A change of the settings was refused, those before stay in force:\n"
            + self.settings.secrets.redact(problem)
        )

    def _record(self) -> None:
        try:
            with storage_errors(self.settings.home.data):
                record_applied(self.settings)
        except DeskhandError as error:
            _log.warning("what is in force cannot be noted: %s", error)

    def _tell(self, text: str) -> None:
        if self._notify is None:
            return
        task = asyncio.create_task(self._notified(self._notify, text))  # noqa: TID251  # owned: `close` ends it
        self._notices.add(task)
        task.add_done_callback(self._notices.discard)

    async def _notified(self, notify: Notify, text: str) -> None:
        try:
            await notify(text)
        except Exception:
            _log.exception("the administrators could not be told")


async def watch_settings(live: LiveSettings) -> None:
    """Take up changes as they are saved, for ever; without it they are taken up with the next question."""
    home = live.settings.home
    folders = [str(home.settings), str(home.plugins)]
    async for _ in watch(lambda: folders, lambda path: "__pycache__" not in path, _SETTLE_SECONDS):
        await live.current()
