"""Words that were parted at the end of a line: joined, or compounds that keep their hyphen."""

import re
from collections.abc import Sequence

from knowledge.loaders.pdf_layout import Paragraph
from knowledge.loaders.pdf_words import HYPHEN

_PARTED = re.compile(rf"(\w+){HYPHEN}(\w+)")
_WORD = re.compile(rf"[\w{HYPHEN}]+(?:-[\w{HYPHEN}]+)*")
_SHORTEST = 4
"""Letters of each half of a compound that is told by its halves: "with" and "out" stand alone in every text."""


def join_parted(paragraphs: Sequence[Paragraph]) -> None:
    """Settle every mark of a parted word in the paragraphs of a document.

    A PDF says of no hyphen at the end of a line whether the word has it: the document's other words do.
    """
    if not any(HYPHEN in paragraph.text for paragraph in paragraphs):
        return
    known: set[str] = set()
    for paragraph in paragraphs:
        for word in _WORD.findall(paragraph.text.casefold()):
            if HYPHEN not in word:
                known |= {word, *word.split("-")}

    def settled(match: re.Match[str]) -> str:
        first, second = match[1].casefold(), match[2].casefold()
        if f"{first}-{second}" in known:
            return f"{match[1]}-{match[2]}"
        halves = {first, second} <= known and min(len(first), len(second)) >= _SHORTEST
        return f"{match[1]}-{match[2]}" if halves and first + second not in known else match[1] + match[2]

    for paragraph in paragraphs:
        paragraph.text = _PARTED.sub(settled, paragraph.text).replace(HYPHEN, "-")
