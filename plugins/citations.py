"""Citation marks: only a passage that was retrieved can be cited.

A mark is `[2]` or `[1, 3]`. One that points nowhere is removed, with the space before it. Code is
left alone: `items[0]` is no citation.
"""

import re
from collections.abc import Sequence

from knowledge import Passage
from plugins.contract import Citation

_MARK = re.compile(r"([ \t]*)\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]")
_MAYBE = re.compile(r"[ \t]*(?:\[[\d\s,;]{0,24})?$")
_CODE = re.compile(r"(`+)")


class CitationFilter:
    """Feed it text as it comes; it gives back what is safe to show and notes what is cited."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages
        self._held = ""
        self._fence = ""
        self._cited: dict[int, None] = {}

    def feed(self, text: str) -> str:
        """The next piece that can be shown; the beginning of a mark is held back."""
        text = self._held + text
        at = _MAYBE.search(text)
        cut = at.start() if at else len(text)
        if text.endswith("`"):  # the rest of a fence may follow
            cut = min(cut, len(text.rstrip("`")))
        self._held = text[cut:]
        return self._clean(text[:cut])

    def end(self) -> str:
        """What was held back."""
        text, self._held = self._held, ""
        return self._clean(text)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The passages cited so far, by number."""
        return tuple(Citation(number, self._passages[number - 1]) for number in sorted(self._cited))

    def _clean(self, text: str) -> str:
        parts = _CODE.split(text)
        for index, part in enumerate(parts):
            if index % 2:
                self._fence = "" if part == self._fence else self._fence or part
            elif not self._fence:
                parts[index] = _MARK.sub(self._checked, part)
        return "".join(parts)

    def _checked(self, match: re.Match[str]) -> str:
        numbers = [int(number) for number in re.findall(r"\d+", match[2])]
        valid = [number for number in dict.fromkeys(numbers) if 1 <= number <= len(self._passages)]
        self._cited.update(dict.fromkeys(valid))
        return match[1] + "".join(f"[{number}]" for number in valid) if valid else ""
