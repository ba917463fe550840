"""Citation marks: only a passage that was retrieved can be cited.

A mark is `[2]` or `[1, 3]`. One that points nowhere is removed, with the space before it. Code is
left alone: `items[0]` is no citation. Whatever could still become a mark or code is held back, so
that the result does not depend on how the text is cut into pieces.
"""

import re
from collections.abc import Collection, Iterable, Sequence

from knowledge import Passage
from plugins.code_parts import CodeSplitter
from plugins.contract import Citation

_NUMBERS = re.compile(r"\s*[0-9]{1,3}(?:\s*[,;]\s*[0-9]{1,3})*\s*", re.ASCII)
_IN_A_MARK = "[0123456789,; \t\r\n\f\v"


class CitationFilter:
    """Feed it text as it comes; it gives back what is safe to show and notes what is cited."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages
        self._known = frozenset(range(1, len(passages) + 1))
        self._cited: set[int] = set()
        self._parts = CodeSplitter()
        self._held = ""  # the end of the prose so far, which may be the beginning of a mark

    def feed(self, text: str) -> str:
        """The next piece that can be shown."""
        return self._checked(self._parts.feed(text))

    def end(self) -> str:
        """What was held back."""
        return self._checked(self._parts.end()) + self._prose("", last=True)

    def only(self, numbers: Collection[int]) -> None:
        """Let nothing else be cited: the other passages were not shown to the model."""
        self._known = frozenset(numbers)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The passages cited so far, by number."""
        return tuple(Citation(number, self._passages[number - 1]) for number in sorted(self._cited))

    def _checked(self, parts: Iterable[tuple[str, bool]]) -> str:
        return "".join(self._prose("", last=True) + part if is_code else self._prose(part) for part, is_code in parts)

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
        valid = [number for number in numbers if number in self._known]
        self._cited.update(valid)
        before = text[:begin]
        return before + "".join(f"[{number}]" for number in valid) if valid else before.rstrip(" \t")
