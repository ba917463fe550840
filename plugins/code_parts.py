"""Text that arrives in pieces, split into prose and code: what holds for prose must leave code alone.

Code is a fenced block, or a span between equal runs of backticks in one line. A run without its equal
is prose. What could still become code is held back, so that the result does not depend on the pieces.
"""

import re
from collections.abc import Iterator

_TICKS = re.compile(r"`+")
_FENCE = re.compile(r"[ \t]*(`{3,})[^`\n]*\n")


class CodeSplitter:
    """Feed it text as it comes; it gives back (part, is code). Fenced code comes line by line."""

    def __init__(self) -> None:
        self._unread = ""  # where it is not yet clear whether it is code
        self._at_line_start = True
        self._fence = ""

    def feed(self, text: str) -> Iterator[tuple[str, bool]]:
        """The next parts that are certain; use all of them."""
        self._unread += text
        return self._advance(last=False)

    def end(self) -> Iterator[tuple[str, bool]]:
        """What was held back."""
        return self._advance(last=True)

    def _advance(self, last: bool) -> Iterator[tuple[str, bool]]:
        while self._unread:
            size, is_code = self._next_part(last)
            if not size:
                break
            part, self._unread = self._unread[:size], self._unread[size:]
            _, newline, tail = part.rpartition("\n")
            self._at_line_start = not tail.strip(" \t") and (bool(newline) or self._at_line_start)
            yield part, is_code

    def _next_part(self, last: bool) -> tuple[int, bool]:
        """Length of the next part that is either prose or code; 0 where more must be read to know."""
        text = self._unread
        line = text.find("\n") + 1 or (len(text) if last else 0)
        if self._fence:
            if text[:line].strip().startswith(self._fence) and not text[:line].strip().strip("`"):
                self._fence = ""
            return line, True
        ticks = _TICKS.search(text)
        if ticks is None or text.find("\n", 0, ticks.start()) >= 0:
            return len(text) if ticks is None else text.rfind("\n", 0, ticks.start()) + 1, False
        if self._at_line_start and (fence := _FENCE.match(text)):
            self._fence = fence[1]
            return fence.end(), True
        if ticks.start() and not (self._at_line_start and text[: ticks.start()].isspace()):
            return ticks.start(), False
        line = text.find("\n", ticks.end()) + 1 or (len(text) if last else 0)
        for closing in _TICKS.finditer(text, ticks.end()):
            if line and closing.start() >= line:
                break
            if closing[0] == ticks[0] and (closing.end() < len(text) or last):
                return closing.end(), True
        return (ticks.end() if line else 0), False
