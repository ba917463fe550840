"""What loaders share: blocks gathered under their headings, tables as Markdown, titles that are some."""

import re
from collections.abc import Iterable, Sequence
from datetime import date

from knowledge.documents import Block, Document, DocumentError, Heading, NothingToRead, plain, type_of_block
from knowledge.loaders.front_matter import FrontMatter

MOST_CHARACTERS = 20_000_000
MOST_BLOCKS = 200_000
"""Limits of what one document may give: about 7,000 printed pages."""

LONGEST_HEADING = 300
"""Characters; a longer one is cut, and stands below itself as text."""
_SPACE = re.compile(r"[^\S\n]+")
_GENERATED = re.compile(
    r"microsoft (word|excel|powerpoint)\b.*|(powerpoint )?(presentation|präsentation)|untitled\b.*|unbenannt.*"
    r"|(document|dokument|doc|book|slide|folie|presentation|sheet)\s*\d*|title|titel|.*\.\w{2,4}",
    re.I,
)


class Builder:
    """Gathers blocks and headings in reading order; knows the path of headings that is open."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.outline: list[Heading] = []
        self._path: list[tuple[int, str]] = []
        self._characters = 0

    def heading(self, text: str, level: int, line: int | None = None, page: int | None = None) -> None:
        """Open a heading; it ends those of its own level and below."""
        self._path = [entry for entry in self._path if entry[0] < level]
        text = " ".join(text.split())
        whole = text
        if len(text) > LONGEST_HEADING:  # it would stand before every passage below it
            text = f"{text[:LONGEST_HEADING].rstrip()}…"
        if text:
            self._path.append((level, text))
            self.outline.append(Heading(text, level, line, page))
            self._count(text)
        if text != whole:
            self.block(whole, line=line, page=page)

    def block(self, text: str, kind: type_of_block = "text", line: int | None = None, page: int | None = None) -> None:
        """Add a block under the headings that are open; one without text is left out."""
        text = text.strip("\n").rstrip()
        if text.strip():
            self.blocks.append(Block(text, tuple(heading for _, heading in self._path), kind, line, page))
            self._count(text)

    def _count(self, text: str) -> None:
        self._characters += len(text)
        if self._characters > MOST_CHARACTERS or len(self.blocks) + len(self.outline) > MOST_BLOCKS:
            raise DocumentError(
                f"more than {MOST_CHARACTERS // 1_000_000} million characters or {MOST_BLOCKS:,} paragraphs: "
                "split the document"
            )

    def only_first_heading(self) -> str | None:
        """The heading that everything stands under, None where there are several or none."""
        first = {block.headings[:1] for block in self.blocks}
        return next(iter(first))[0] if len(first) == 1 and first != {()} else None

    def document(self, title: str, front: FrontMatter | None = None, pages: int | None = None) -> Document:
        """The finished document. Raises NothingToRead where there is no block."""
        if not self.blocks:
            raise NothingToRead("the file has no text")
        return (front or FrontMatter()).document(title, self.blocks, self.outline, pages)


def tidy(text: str) -> str:
    """Text of an office file in one line a line: no double spaces, soft hyphens or control characters."""
    text = "".join(c for c in text if c in "\n\t" or (c.isprintable() or c.isspace())).replace("\u00ad", "")
    return "\n".join(_SPACE.sub(" ", line).strip() for line in text.split("\n")).strip("\n")


def markdown_table(rows: Iterable[Sequence[str]]) -> str:
    """Rows as a Markdown table with the first as its header; empty rows and columns are left out."""
    filled = [[" ".join(cell.split()).replace("|", "\\|") for cell in row] for row in rows]
    filled = [row for row in filled if any(row)]
    width = max(map(len, filled), default=0)
    used = [column for column in range(width) if any(column < len(row) and row[column] for row in filled)]
    if not used:
        return ""
    if len(filled) == 1 or len(used) == 1:  # no table: a line, or a column of lines
        return "\n".join(" | ".join(row[c] for c in used if c < len(row) and row[c]) for row in filled)
    lines = ["| " + " | ".join(row[c] if c < len(row) else "" for c in used) + " |" for row in filled]
    return "\n".join([lines[0], "|" + " --- |" * len(used), *lines[1:]])


def sensible_title(title: object) -> str | None:
    """A title from a file's properties, None where a program made it up: `Microsoft Word - Document1`."""
    text = " ".join(plain(str(title or "")).split())
    letters = sum(c.isalpha() for c in text)
    return text if 3 <= len(text) <= 150 and letters >= 3 and not _GENERATED.fullmatch(text) else None


def sheet_blocks(builder: Builder, rows: Sequence[Sequence[str]], lines: Sequence[int] = ()) -> None:
    """A grid of cells as blocks: empty rows part tables, rows with a single cell above a table are text.

    `lines` are those of the file on which the rows begin, where it has lines.
    """
    start = 0
    for end in range(len(rows) + 1):
        if end < len(rows) and any(cell.strip() for cell in rows[end]):
            continue
        _region(builder, rows, start, end, lines)
        start = end + 1


def _region(builder: Builder, rows: Sequence[Sequence[str]], start: int, end: int, lines: Sequence[int]) -> None:
    while start < end and sum(1 for cell in rows[start] if cell.strip()) == 1 and _widest(rows[start:end]) > 1:
        text = next(cell for cell in rows[start] if cell.strip())
        builder.block(tidy(text), line=lines[start] if lines else None)
        start += 1
    if start == end:
        return
    if _widest(rows[start:end]) == 1:
        items = [tidy(cell) for row in rows[start:end] for cell in row if cell.strip()]
        builder.block("\n".join(items), line=lines[start] if lines else None)
    else:
        builder.block(markdown_table(rows[start:end]), "table", lines[start] if lines else None)


def _widest(rows: Sequence[Sequence[str]]) -> int:
    return max((sum(1 for cell in row if cell.strip()) for row in rows), default=0)


def date_of(value: object) -> date | None:
    """The day of an ISO time stamp such as `2024-05-01T10:00:00Z`, None where it is none."""
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None
