"""Words of a page to paragraphs and tables in the order in which a person reads them."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from knowledge.loaders.building import markdown_table
from knowledge.loaders.pdf_words import HYPHEN, Word

_GAP = 1.4
"""Of the height: words further apart stand in different columns or cells."""
_BULLET = re.compile(r"(?:[•▪●○◦‣■□–—*·-])\s+(?=\S)")
_NUMBER = re.compile(r"(?:\d{1,2}|[a-zA-Z]|[ivx]{1,4})[.)]\s+\S")
_FEWEST_LINES = 5
_MOST_LINES = 2000
"""A page with more pieces is a drawing: its text is taken row by row."""


@dataclass(slots=True)
class Line:
    """Words that stand side by side without a wide gap."""

    words: list[Word]
    left: float
    bottom: float
    right: float
    top: float

    @property
    def height(self) -> float:
        """Of its words, most of them."""
        return median(word.height for word in self.words)

    @property
    def aside(self) -> bool:
        """Whether it stands sideways on the page."""
        return self.words[0].quarters != 0

    @property
    def bold(self) -> bool:
        """Whether most words are."""
        return sum(word.bold for word in self.words) > 0.7 * len(self.words)

    @property
    def text(self) -> str:
        """The words with their links as Markdown."""
        parts: list[str] = []
        start = 0
        for end in range(1, len(self.words) + 1):
            if end < len(self.words) and self.words[end].link == self.words[start].link:
                continue
            text, link = " ".join(word.text for word in self.words[start:end]), self.words[start].link
            shown = text.strip(".,;:()").lower().removeprefix("mailto:")
            parts.append(f"[{text}]({link})" if link and shown not in link.lower() else text)
            start = end
        return " ".join(parts)


@dataclass(slots=True)
class Paragraph:
    """Lines that belong together; `table` where they are rows, `aside` where they stand sideways."""

    text: str
    height: float
    bold: bool
    lines: int
    table: bool = False
    aside: bool = False


def lines_of(words: Iterable[Word]) -> list[Line]:
    """Neighbouring words as lines, in the order in which they were drawn."""
    lines: list[Line] = []
    for word in words:
        line = lines[-1] if lines else None
        if line is not None and _same_row(line, word) and _continues(line, word):
            line.words.append(word)
            line.left, line.right = min(line.left, word.left), max(line.right, word.right)
            line.bottom, line.top = min(line.bottom, word.bottom), max(line.top, word.top)
        else:
            lines.append(Line([word], word.left, word.bottom, word.right, word.top))
    return lines


def _continues(line: Line, word: Word) -> bool:
    last = line.words[-1]
    if last.quarters != word.quarters:
        return False
    size = max(last.height, word.height)
    return -0.5 * size < word.left - last.right < _GAP * size


def _same_row(one: Line | Word, other: Line | Word) -> bool:
    """Whether they overlap in height by more than half of the lower one."""
    common = min(one.top, other.top) - max(one.bottom, other.bottom)
    return common > 0.5 * min(one.top - one.bottom, other.top - other.bottom)


def in_columns(lines: list[Line]) -> list[list[Line]]:
    """Parts of a page one after the other as they are read, the lines of each from top to bottom."""
    gutter = _gutter(lines) if 2 * _FEWEST_LINES <= len(lines) <= _MOST_LINES else None
    if gutter is None:
        if len(lines) > 2 and all(one.top < two.bottom for one, two in pairwise(lines)):
            return [[line] for line in lines]  # drawn from bottom to top, with a purpose
        return [sorted(lines, key=lambda line: (-line.top, line.left))] if lines else []
    parts: list[list[Line]] = []
    band: list[Line] = []
    for line in sorted(lines, key=lambda line: -line.top):
        if line.left < gutter < line.right:  # a heading or figure over all columns
            parts += _columns(band, gutter)
            band = []
            parts.append([line])
        else:
            band.append(line)
    return parts + _columns(band, gutter)


def _columns(band: list[Line], gutter: float) -> list[list[Line]]:
    left = [line for line in band if line.right <= gutter]
    right = [line for line in band if line.right > gutter]
    return in_columns(left) + in_columns(right)


def _gutter(lines: list[Line]) -> float | None:
    """Where a page of prose parts into columns: hardly a line crosses it, and lines fill the space on both sides."""
    best: tuple[int, float] | None = None
    for x in sorted({round(line.right, 1) for line in lines}):
        left = [line for line in lines if line.right <= x + 0.1]
        right = [line for line in lines if line.left > x + 0.1]
        crossing = len(lines) - len(left) - len(right)
        if min(len(left), len(right)) < _FEWEST_LINES or crossing > 0.3 * len(lines):
            continue
        gap = min(line.left for line in right) - x
        if gap > 0.4 * median(line.height for line in right) and _is_prose(left) and _is_prose(right):
            if max(line.bottom for line in left) < min(line.top for line in right):
                continue
            if best is None or crossing < best[0]:
                best = (crossing, x + gap / 2)
    return best[1] if best else None


def _is_prose(lines: list[Line]) -> bool:
    """Whether lines that begin at the same place mostly fill their column; cells of a table do not."""
    [(start, _)] = Counter(round(line.left) for line in lines).most_common(1)
    column = [line for line in lines if abs(line.left - start) < 3]
    width = max(line.right for line in column) - start
    long = [line for line in column if line.right - line.left > 0.6 * width and len(line.text) > 15]
    return len(column) >= _FEWEST_LINES and 2 * len(long) > len(column)


def paragraphs_of(lines: Sequence[Line]) -> Iterator[Paragraph]:
    """One column as paragraphs and tables."""
    rows = list(_rows(lines))
    right = max((line.right for line in lines), default=0)
    width = right - min((line.left for line in lines), default=0)
    start = 0
    while start < len(rows):
        end = start
        while end < len(rows) and len(rows[end]) > 1 and (end == start or _near(rows[end - 1], rows[end])):
            end += 1
        if end - start >= 2:
            yield _table(rows[start:end])
            start = end
            continue
        end = start + 1
        while end < len(rows) and len(rows[end]) == 1 and _goes_on(rows[end - 1], rows[end], right - 0.25 * width):
            end += 1
        yield _paragraph([line for row in rows[start:end] for line in row])
        start = end


def _rows(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Lines at the same height, from left to right."""
    row: list[Line] = []
    for line in lines:
        if row and not _same_row(row[0], line):
            yield sorted(row, key=lambda line: line.left)
            row = []
        row.append(line)
    if row:
        yield sorted(row, key=lambda line: line.left)


def _near(above: list[Line], below: list[Line]) -> bool:
    height = max(line.height for line in [*above, *below])
    return min(line.bottom for line in above) - max(line.top for line in below) < 1.5 * height


def _goes_on(above: list[Line], below: list[Line], short: float) -> bool:
    """Whether a line belongs to the paragraph of the line above it."""
    one, two = above[-1], below[0]
    if abs(one.height - two.height) > 0.12 * one.height or one.bold != two.bold:
        return False
    if one.bottom - two.top > 0.55 * one.height or one.bottom < two.bottom:
        return False
    if _BULLET.match(two.text) or _NUMBER.match(two.text):
        return False
    return not (one.right < short and one.text.endswith((".", "!", "?", ":")))


def _paragraph(lines: list[Line]) -> Paragraph:
    text = ""
    for line in lines:
        text = _joined(text, line.text)
    if bullet := _BULLET.match(text):
        text = f"- {text[bullet.end() :]}"
    bold = all(line.bold for line in lines)
    return Paragraph(text, median(line.height for line in lines), bold, len(lines))


def _joined(text: str, more: str) -> str:
    """Two lines as one; a word that was parted between them keeps the mark of it, see `pdf_hyphens`."""
    if text.endswith(HYPHEN):
        return text[:-1] + (HYPHEN if more[:1].islower() else "-") + more
    if text.endswith("-") and text[-2:-1].isalpha() and more[:1].islower():
        return text + more
    return f"{text} {more}" if text else more


def _table(rows: Sequence[Sequence[Line]]) -> Paragraph:
    """Rows as a Markdown table: cells that overlap sideways stand in one column."""
    columns: list[tuple[float, float]] = []
    for cell in sorted((cell for row in rows for cell in row), key=lambda cell: cell.right - cell.left):
        hit = [column for column in columns if cell.left < column[1] and column[0] < cell.right]
        if not hit:
            columns.append((cell.left, cell.right))
        elif len(hit) == 1:
            columns.remove(hit[0])
            columns.append((min(cell.left, hit[0][0]), max(cell.right, hit[0][1])))
    columns.sort()
    grid = []
    for row in rows:
        cells = [""] * len(columns)
        for cell in row:
            place = max(
                range(len(columns)), key=lambda i: min(cell.right, columns[i][1]) - max(cell.left, columns[i][0])
            )
            cells[place] = f"{cells[place]} {cell.text}".strip().replace(HYPHEN, "-")
        grid.append(cells)
    lines = [cell for row in rows for cell in row]
    return Paragraph(markdown_table(grid), median(line.height for line in lines), False, len(rows), table=True)
