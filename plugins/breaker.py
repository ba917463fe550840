"""A plugin that fails often is switched off for a while, so that it costs nobody time, and somebody is told."""

import time
from collections import deque
from collections.abc import Callable

_LOOKED_AT = 10
_MOST_FAILURES = 5


class Breaker:
    """Counts the last calls of one plugin: with 5 failures among the last 10, it is off for `pause_seconds`.

    After the pause one call tries it: another failure switches it off again. `tell` is called with a
    sentence for the administrators.
    """

    def __init__(
        self,
        plugin: str,
        required: bool,
        tell: Callable[[str], None],
        pause_seconds: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plugin = plugin
        self._required = required
        self._tell = tell
        self._pause = pause_seconds
        self._clock = clock
        self._calls: deque[bool] = deque(maxlen=_LOOKED_AT)
        self._off_until: float | None = None
        self.last_failure = ""

    @property
    def off_seconds(self) -> float:
        """How long it stays off from now on; 0 where it is not."""
        return 0.0 if self._off_until is None else max(0.0, self._off_until - self._clock())

    @property
    def off(self) -> bool:
        """Whether it is not to be called now."""
        return self._off_until is not None and self._clock() < self._off_until

    def succeeded(self) -> None:
        """One call went well."""
        if self._off_until is not None:
            self._off_until = None
            self._calls.clear()
            self._tell(f"Plugin {self._plugin} works again.")
        self._calls.append(True)

    def failed(self, reason: str) -> None:
        """One call failed."""
        self.last_failure = reason
        self._calls.append(False)
        tried = self._off_until is not None and not self.off
        if self.off or not (tried or self._calls.count(False) >= _MOST_FAILURES):
            return
        self._off_until = self._clock() + self._pause
        self._calls.clear()
        effect = "questions are refused" if self._required else "questions are answered without it"
        self._tell(
            f"Plugin {self._plugin} fails often and is switched off: {effect}. Last failure: {reason}. It is tried "
            f"again in {self._pause / 60:g} minutes, or as soon as its file or its options are changed."
        )
