"""Citation marks: only a passage that was retrieved can be cited.

A mark is `[2]` or `[1, 3]`. One that points nowhere is removed, with the space before it. Code is
left alone: `items[0]` is no citation. Whatever could still become a mark or code is held back, so
that the result does not depend on how the text is cut into pieces.
"""

import re
from collections.abc import Sequence

from knowledge import Passage
from plugins.contract import Citation

_NUMBERS = re.compile(r"\s*[0-9]{1,3}(?:\s*[,;]\s*[0-9]{1,3})*\s*", re.ASCII)
_IN_A_MARK = "[0123456789,; \t\r\n\f\v"
_TICKS = re.compile(r"`+")
_FENCE = re.compile(r"[ \t]*(`{3,})[^`\n]*\n")


class CitationFilter:
    """Feed it text as it comes; it gives back what is safe to show and notes what is cited."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages
        self._cited: set[int] = set()
        self._unread = ""  # where it is not yet clear whether it is code
        self._held = ""  # the end of the prose so far, which may be the beginning of a mark
        self._at_line_start = True
        self._fence = ""

    def feed(self, text: str) -> str:
        """The next piece that can be shown."""
        self._unread += text
        return self._advance(last=False)

    def end(self) -> str:
        """What was held back."""
        return self._advance(last=True) + self._prose("", last=True)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The passages cited so far, by number."""
        return tuple(Citation(number, self._passages[number - 1]) for number in sorted(self._cited))

    def _advance(self, last: bool) -> str:
        shown = ""
        while self._unread:
            size, is_code = self._next_part(last)
            if not size:
                break
            part, self._unread = self._unread[:size], self._unread[size:]
            _, newline, tail = part.rpartition("\n")
            self._at_line_start = not tail.strip(" \t") and (bool(newline) or self._at_line_start)
            shown += self._prose("", last=True) + part if is_code else self._prose(part)
        return shown

    def _next_part(self, last: bool) -> tuple[int, bool]:
        """Length of the next part that is either prose or code; 0 where more must be read to know.

        Code is a fenced block, or a span between equal runs of backticks in one line. A run without
        its equal is prose.
        """
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

    def _prose(self, text: str, last: bool = False) -> str:
        """Check the marks of some prose; what may become one stays back unless this is the end of it."""
        *closed, rest = (self._held + text).split("]")
        done = ""
        for part in closed:
            done = self._closed(done + part)
        done += rest
        cut = len(done)
        if not last:
            begin = done.find("[", len(done.rstrip(_IN_A_MARK)))
            cut = len((done if begin < 0 else done[:begin]).rstrip(" \t"))
        self._held = done[cut:]
        return done[:cut]

    def _closed(self, text: str) -> str:
        """Text at whose end a bracket closes."""
        begin = text.rfind("[")
        if begin < 0 or not _NUMBERS.fullmatch(text, begin + 1):
            return f"{text}]"
        numbers = dict.fromkeys(int(number) for number in re.findall(r"[0-9]+", text[begin:]))
        valid = [number for number in numbers if 1 <= number <= len(self._passages)]
        self._cited.update(valid)
        before = text[:begin]
        return before + "".join(f"[{number}]" for number in valid) if valid else before.rstrip(" \t")
