"""A chain in force, and how the next one takes its place without a question being lost.

A saved change of the settings takes effect with the next question. Replies that are on their way keep
the chain that they began with; it is closed when the last of them has ended. Settings that cannot be
used are refused with file, line and reason, and what was in force stays.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from deskhand.live_chain import LiveChain
from deskhand.live_jobs import LiveJobs
from knowledge import Index
from plugins import Chain
from plugins.contract import Trace
from plugins.loading import ALONE, Surroundings
from plugins.providers import check_providers
from plugins.usage import UsageLog
from settings import DeskhandError, Settings, load_settings
from settings.applied import in_force, record_applied
from settings.database import storage_errors
from settings.stamps import Stamp, digest_of, settled_stamp, stamp_of
from settings.tasks import ended
from settings.watching import watch

_log = logging.getLogger("deskhand.settings")

_SETTLE_SECONDS = 0.3
_PATIENCE_SECONDS = 10.0
"""So long a question waits for a change to be taken up; the chain before answers it then."""

Notify = Callable[[str], Awaitable[None]]
"""Tells the administrators something, a line for each thing to do."""


@dataclass(slots=True)
class Timing:
    """What a plugin took so far, without the plugins inside it."""

    calls: int = 0
    seconds: float = 0.0
    failures: int = 0


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
        self._jobs = LiveJobs(around.notify) if jobs else None
        self._index = index
        self._usage = usage
        self._notify = notify
        self._knowledge_changed = changed
        self._stamp = settings.stamp
        self._digest = digest_of(settings.home) if stamp_of(settings.home) == settings.stamp else ""
        self.refused = ""
        """Why the settings that are saved now are not in force; empty where they are."""
        self._change_under_way: asyncio.Task[None] | None = None
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
        if self._jobs is not None:
            self._jobs.follow(self._live)
        await asyncio.to_thread(self._record)

    def count(self, trace: Trace) -> None:
        """Add up what the plugins of a turn took."""
        for record in trace.plugins:
            timing = self.timings.setdefault(record.plugin, Timing())
            timing.calls += 1
            timing.seconds += record.seconds
            timing.failures += bool(record.error)

    async def current(self) -> LiveChain:
        """The chain for the next question: a change that was saved before is in force by then."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while self._change_under_way is not None or stamp_of(self.settings.home) != self._stamp:
                    await asyncio.shield(self._refreshed())
        return self._live

    def _refreshed(self) -> asyncio.Task[None]:
        """One at a time, whoever asks; it goes on although a question that waits for it is cancelled."""
        if self._change_under_way is None:
            self._change_under_way = asyncio.create_task(self._refresh())  # noqa: TID251  # owned: `close` ends it
        return self._change_under_way

    async def _refresh(self) -> None:
        """Take up what was saved, or refuse it and say why; what is saved meanwhile as well."""
        home = self.settings.home
        try:
            while (stamp := await settled_stamp(home)) != self._stamp:
                self._stamp = stamp
                digest = await asyncio.to_thread(digest_of, home)
                if digest != self._digest:
                    self._digest = digest
                    await self._change(stamp)
        finally:
            self._change_under_way = None

    async def close(self) -> None:
        """Close every chain, whoever still reads from it."""
        if self._change_under_way is not None:
            await ended(self._change_under_way)
        if self._jobs is not None:
            await self._jobs.close()
        for live in (*self._retired, self._live):
            await live.close()
        await ended(*self._notices)

    async def _change(self, stamp: Stamp) -> None:
        live: LiveChain | None = None
        try:
            saved = await asyncio.to_thread(load_settings, self.settings.home)
            if stamp_of(saved.home) != stamp:  # written while it was read: it is taken up whole
                self._stamp, self._digest = (), ""
                return
            settings, waiting = in_force(saved, self.settings)
            if settings.models.models != self.settings.models.models:
                await asyncio.to_thread(check_providers, settings)
            live = LiveChain(settings, self._index, self._usage, self._around)
            await self._as_warm(await live.opened())
        except asyncio.CancelledError:
            if live is not None:
                await live.close()
            raise
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
        if self._jobs is not None:
            self._jobs.follow(live)
        old.retire()
        self._retired = [chain for chain in (*self._retired, old) if not chain.closed]
        await asyncio.to_thread(self._record)
        later = f"; {' and '.join(waiting)} after a restart" if waiting else ""
        _log.info("the changed settings are in force%s", later)
        if self.refused:
            self.refused = ""
            self._tell("The settings can be used again and are in force.")

    async def _as_warm(self, chain: Chain) -> None:
        """Where the models in force are loaded, those that take their place are as well."""
        old, new = self._live.chain.models, chain.models
        if old is not None and new is not None and old.loaded and new.used:
            await new.warm_up()

    def _refuse(self, error: Exception) -> None:
        problem = str(error) if isinstance(error, DeskhandError) else f"{type(error).__name__}: {error}"
        self.refused = self.settings.secrets.redact(problem) or type(error).__name__
        for line in self.refused.splitlines():
            _log.warning("refused, the settings before stay in force: %s", line)
        self._tell(f"A change of the settings was refused, those before stay in force:\n{self.refused}")

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
