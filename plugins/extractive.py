"""The last resort of every route: the documents' own words, when no model is there to phrase them."""

from collections.abc import Sequence

from knowledge import Passage, Quote
from plugins.contract import Citation
from settings import EXTRACTIVE

__all__ = ["EXTRACTIVE", "quoted_answer"]


def quoted_answer(quotes: Sequence[Quote], passages: Sequence[Passage]) -> tuple[str, tuple[Citation, ...]]:
    """A readable answer of quotes, each with its citation, and the citations.

    Quotes of one passage stand together; lists and tables stay lists and tables.
    """
    numbers = {passage.id: number for number, passage in enumerate(passages, start=1)}
    paragraphs = []
    citations: dict[int, Citation] = {}
    for quote in quotes:
        number = numbers[quote.passage.id]
        citations[number] = Citation(number, quote.passage)
        separator = "\n\n" if quote.text.rstrip().rsplit("\n", 1)[-1].lstrip().startswith("|") else " "
        paragraphs.append(f"{quote.text}{separator}[{number}]")
    title = quotes[0].passage.title
    head = (
        f"This is what “{title}” says:"
        if len({quote.passage.source for quote in quotes}) == 1
        else "The documents say:"
    )
    return "\n\n".join([head, *paragraphs]), tuple(citations[number] for number in sorted(citations))
