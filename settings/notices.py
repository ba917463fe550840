"""Notices to administrators: what goes wrong while nobody looks reaches the people who can mend it.

One `Notices` is handed to all who may have something to say; bots, a webhook and open chats add
themselves as targets. The log has every notice anyhow.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from settings.masking import mask

_log = logging.getLogger(__name__)

Target = Callable[[str], Awaitable[object]]
"""Passes a notice on. It may raise: that is logged."""


class Notices:
    """Never floods: the same notice is passed on once in `quiet_seconds`, and at most `most` in that time."""

    def __init__(
        self, quiet_seconds: float = 3600, most: int = 20, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._quiet_seconds = quiet_seconds
        self._most = most
        self._clock = clock
        self._told: dict[str, float] = {}
        self._waiting: deque[str] = deque()
        self._come = asyncio.Event()
        self._targets: list[Target] = []

    @contextmanager
    def target(self, target: Target) -> Iterator[None]:
        """Notices go there as well, while the block runs."""
        self._targets.append(target)
        try:
            yield
        finally:
            self._targets.remove(target)

    def tell(self, text: str) -> None:
        """Log a notice and pass it on soon. Returns at once, never fails."""
        text = mask(text)
        now = self._clock()
        self._told = {known: at for known, at in self._told.items() if now - at < self._quiet_seconds}
        if text in self._told:
            _log.info("notice, told before: %s", text)
            return
        _log.warning("notice: %s", text)
        if len(self._told) < self._most:
            self._told[text] = now
            self._waiting.append(text)
        elif len(self._told) == self._most:
            self._told[text] = now
            self._waiting.append("there is more to tell than a message each: look into the log")
        self._come.set()

    async def deliver(self) -> None:
        """Pass notices on until cancelled."""
        while True:
            await self._come.wait()
            self._come.clear()
            await self.flush()

    async def flush(self) -> None:
        """Pass on what waits."""
        while self._waiting:
            text = self._waiting.popleft()
            for target in tuple(self._targets):
                try:
                    await target(text)
                except Exception as error:
                    _log.warning("a notice could not be passed on: %s", error)
