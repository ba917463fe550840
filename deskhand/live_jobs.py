"""The jobs of the chain in force."""

import asyncio
from collections.abc import Callable

from deskhand.live_chain import LiveChain
from plugins.declaring import Jobs
from settings.tasks import ended


class LiveJobs:
    """Calls jobs at their times; when the chain changes, calls under way end in their own time."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._jobs: Jobs | None = None
        self._busy: dict[str, asyncio.Lock] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def follow(self, live: LiveChain) -> None:
        """The jobs of this chain from now on, in the place of those before."""
        if self._jobs is not None:
            self._jobs.stop()
        timezone = live.settings.knowledge.sync.timezone
        self._jobs = Jobs(live.chain.steps, self._tell, timezone, self._busy)
        task = asyncio.create_task(self._run(live, self._jobs))  # noqa: TID251  # owned: `close` ends it
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """End all calls at once."""
        await ended(*self._tasks)

    async def _run(self, live: LiveChain, jobs: Jobs) -> None:
        """The chain is open for as long as one of its jobs is under way."""
        async with live.used():
            await jobs.run()
