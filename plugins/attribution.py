"""Sources for an answer that names none: small and tuned models forget the marks.

A passage is named only where the answer repeats it: every figure of the answer, and most of its
words. A paraphrase is not recognised, and stays an answer without a source.
"""

import re
from collections.abc import Mapping

from knowledge import Passage

_WORD = re.compile(r"\w+(?:[.,:/-]\w+)*")
_LEAST_SHARE = 0.6
"""Of the answer's words that a passage must have."""
_LEAST_WORDS = 4
_SHORTEST = 4
"""Letters; shorter words stand in every text."""


def repeated_passage(text: str, passages: Mapping[int, Passage]) -> int | None:
    """The number of the passage that an answer repeats most, None where it repeats none."""
    words, figures = _parts(text)
    if len(words) < _LEAST_WORDS:
        return None
    best: tuple[float, int] | None = None
    for number, passage in passages.items():
        said, known_figures = _parts(f"{passage.title}\n{passage.heading}\n{passage.text}")
        share = len(words & said) / len(words)
        if share >= _LEAST_SHARE and figures <= known_figures and (best is None or share > best[0]):
            best = (share, number)
    return best[1] if best else None


def _parts(text: str) -> tuple[set[str], set[str]]:
    """Longer words, and whatever has a digit in it."""
    found = {match[0].casefold() for match in _WORD.finditer(text)}
    figures = {word for word in found if any(character.isdigit() for character in word)}
    return {word for word in found if len(word) >= _SHORTEST} | figures, figures
