"""The last resort of every route: the documents' own words, when no model is there to phrase them."""

import re
from collections.abc import Sequence

from knowledge import Passage, Quote
from plugins.contract import Citation
from settings import EXTRACTIVE

__all__ = ["EXTRACTIVE", "quoted_answer"]

_BLOCKS = ("|", "```", "~~~")
"""Begin the last line of a table or of code, where nothing can be added to the line."""


_INNER_LINK = re.compile(r"(?<!!)\[([^\]\n]+)\]\((?!https?:|mailto:)[^)\s]*\)")
_OWN_MARK = re.compile(r"\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\](?!\()")


def quoted_answer(
    quotes: Sequence[Quote], passages: Sequence[Passage], unsure: bool = False
) -> tuple[str, tuple[Citation, ...]]:
    """A readable answer of quotes, each with its citation, and the citations.

    Quotes of one passage stand together; lists, tables and code stay what they are. `unsure` says so.
    """
    numbers = {passage.id: number for number, passage in enumerate(passages, start=1)}
    paragraphs = []
    citations: dict[int, Citation] = {}
    for quote in quotes:
        number = numbers[quote.passage.id]
        citations[number] = Citation(number, quote.passage)
        last_line = quote.text.rstrip().rsplit("\n", 1)[-1].lstrip()
        separator = "\n\n" if last_line.startswith(_BLOCKS) else " "
        paragraphs.append(f"{_outside(quote.text)}{separator}[{number}]")
    title = quotes[0].passage.title
    head = (
        "I am not sure that the documents answer this. The nearest they say:"
        if unsure
        else f"This is what “{title}” says:"
        if len({quote.passage.source for quote in quotes}) == 1
        else "The documents say:"
    )
    return "\n\n".join([head, *paragraphs]), tuple(citations[number] for number in sorted(citations))


def _outside(text: str) -> str:
    """A quote that stands outside its document: links to its neighbours and its own `[1]` lead nowhere."""
    return _OWN_MARK.sub(r"(\1)", _INNER_LINK.sub(r"\1", text))
