"""The index is kept up to date: by schedule, when documents change, and when somebody asks.

All of them go through one worker, so that runs never overlap. A request that comes while another
waits is the same request; one that comes during a run causes another run afterwards.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal

from knowledge.index import Index
from knowledge.receipts import Progress, SyncReport
from knowledge.schedule import Schedule, keep_schedule, schedule_of
from knowledge.watching import document_changes
from settings import DeskhandError, Settings
from settings.tasks import running

_log = logging.getLogger(__name__)

Trigger = Literal["start", "schedule", "watch", "command", "chat", "settings"]
_SHOWN_FILES = 5
_WATCHING_SECONDS = 0.3
"""After so long a watch has begun: a run after it misses nothing that changed in between."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A run that goes on now."""

    trigger: Trigger
    since: datetime


class Upkeep:
    """Runs over one index, one at a time. `tell` is called with what an administrator should know."""

    def __init__(self, settings: Settings, index: Index, tell: Callable[[str], None]) -> None:
        self._settings = settings
        self._changed = asyncio.Event()
        self._index = index
        self._tell = tell
        self._one_at_a_time = asyncio.Lock()
        self._wanted: asyncio.Queue[Trigger] = asyncio.Queue(maxsize=1)
        self._broken: dict[str, str] | None = None
        self._noted: frozenset[str] = frozenset()
        self._schedule: Schedule | None = None
        self.under_way: UnderWay | None = None

    @property
    def next_run(self) -> datetime | None:
        """When the next scheduled run is due; None while no schedule is kept."""
        return self._schedule.next_after(datetime.now().astimezone()) if self._schedule else None

    def use(self, settings: Settings) -> None:
        """Go on by changed settings of the same home, as the index does (`Index.use`).

        Schedule and watch begin anew, and a run brings the index to what the settings say now.
        """
        self._settings = settings
        self._changed.set()
        self._changed = asyncio.Event()
        asyncio.get_running_loop().call_later(_WATCHING_SECONDS, self.request, "settings")

    def request(self, trigger: Trigger) -> None:
        """Have the index brought up to date soon."""
        with suppress(asyncio.QueueFull):  # the run that waits will see it all
            self._wanted.put_nowait(trigger)

    async def sync(
        self,
        trigger: Trigger,
        progress: Progress | None = None,
        rebuild: bool = False,
        confirm_removals: bool = False,
    ) -> SyncReport:
        """Bring the index up to date, when the run before has ended. Raises what `Index.sync` raises."""
        return await self._run(trigger, partial(self._index.sync, progress, rebuild, confirm_removals, trigger))

    async def rollback(self, progress: Progress | None = None) -> SyncReport:
        """Go back to the index before, when the run before has ended. Raises what `Index.rollback` raises."""
        return await self._run("command", partial(self._index.rollback, progress))

    async def _run(self, trigger: Trigger, run: Callable[[], Awaitable[SyncReport]]) -> SyncReport:
        async with self._one_at_a_time:
            self.under_way = UnderWay(trigger, datetime.now().astimezone())
            try:
                report = await run()
            finally:
                self.under_way = None
            await self._note(report)
            return report

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[tuple["asyncio.Task[None]", ...]]:
        """Keep the schedule, watch the folders and work, while the block runs. Gives the tasks that do."""
        self._schedule = schedule_of(self._settings.knowledge.sync)
        async with AsyncExitStack() as stack:
            duties = (self._work(), self._for_ever(self._watch), self._for_ever(self._keep_schedule))
            yield tuple([await stack.enter_async_context(running(duty)) for duty in duties])

    @asynccontextmanager
    async def obeyed(self) -> AsyncIterator[None]:
        """Only do the runs that changed settings ask for, while the block runs."""
        async with running(self._work()):
            yield

    async def _for_ever(self, duty: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do a duty by the settings, begun anew whenever they change; one that they do not ask for ends by itself."""
        while True:
            changed = self._changed
            if await self._done(duty()):
                await changed.wait()

    async def _done(self, work: Coroutine[Any, Any, None]) -> bool:
        """Whether a work came to its end; it is cancelled where the settings change meanwhile."""
        async with running(work) as doing, running(self._changed.wait()) as changing:
            await asyncio.wait({doing, changing}, return_when=asyncio.FIRST_COMPLETED)
            if doing.done():
                doing.result()
            return doing.done()

    async def _watch(self) -> None:
        async for changed in document_changes(self._settings):
            _log.debug("changed: %s", ", ".join(sorted(changed)[:_SHOWN_FILES]))
            self.request("watch")

    async def _keep_schedule(self) -> None:
        self._schedule = schedule_of(self._settings.knowledge.sync)
        if self._schedule is not None:
            await keep_schedule(self._schedule, lambda: self.request("schedule"))

    async def run(self, trigger: Trigger) -> None:
        """Bring the index up to date; what goes wrong is told to the administrators.

        Where the settings change meanwhile, it ends and is begun again by the new ones.
        """
        while not await self._done(self._told(trigger)):
            trigger = "settings"

    async def _told(self, trigger: Trigger) -> None:
        try:
            report = await self.sync(trigger)
        except DeskhandError as error:
            self._tell(f"the run ({trigger}) failed: {error}")
        except Exception as error:
            _log.exception("the run (%s) failed", trigger)
            self._tell(f"the run ({trigger}) failed, which is a defect in Deskhand: {type(error).__name__}: {error}")
        else:
            level = logging.DEBUG if trigger == "watch" and not _changed(report) else logging.INFO
            _log.log(level, "run (%s): %s", trigger, _figures(report))
            for note in report.notes:
                if note not in self._noted:  # such as a restriction that fits no file
                    self._tell(note)
            self._noted = frozenset(report.notes)

    async def _work(self) -> None:
        while True:
            await self.run(await self._wanted.get())

    async def _note(self, report: SyncReport) -> None:
        """Tell of files that have newly failed; at the first run, that there are some."""
        broken = {
            receipt.source: receipt.reason for receipt in report.receipts if receipt.state in ("failed", "quarantined")
        }
        known, self._broken = self._broken, broken
        new = [f"{source}: {reason}" for source, reason in broken.items() if (known or {}).get(source) != reason]
        if new:
            more = f" (and {len(new) - _SHOWN_FILES} more)" if len(new) > _SHOWN_FILES else ""
            files = "1 document cannot" if len(new) == 1 else f"{len(new)} documents cannot"
            self._tell(f"{files} be read: {'; '.join(new[:_SHOWN_FILES])}{more}")


def _changed(report: SyncReport) -> bool:
    return bool(report.added or report.updated or report.count("removed"))


def _figures(report: SyncReport) -> str:
    return (
        f"{report.added} added, {report.updated} updated, {report.count('removed')} removed, "
        f"{report.count('failed')} failed, {report.count('unchanged')} unchanged in {report.seconds:.1f} s"
    )
