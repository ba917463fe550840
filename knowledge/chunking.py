"""Documents to chunks: cut along the structure, small sections kept together.

A chunk is what is embedded, found and cited. It follows headings, never cuts a table row or a list
item that fits, and carries the document's title and its heading path into the embedding, because a
paragraph such as "It expires after a year" means nothing without them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from knowledge.documents import Block, Document, count_words, plain

FORMAT = 1
"""Part of every file's version: raise it when the same document is cut differently."""


_LONGEST_WORD = 30
"""Characters; a text with fewer words than one in so many is measured by its length."""
_LONGEST_CHUNK = 10_000
"""Characters; ten times as many as usual. Lines without any word, such as rules, are limited by this alone."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A citable piece of a document. `searched` is the text that is embedded and matched."""

    ordinal: int
    text: str
    searched: str
    headings: tuple[str, ...]
    line: int | None
    page: int | None

    @property
    def heading(self) -> str:
        """The heading path as it is shown: `Leave > Carrying over`."""
        return " > ".join(self.headings)


@dataclass(frozen=True, slots=True)
class ChunkSize:
    """Limits in words: `most` for any chunk; sections are joined while they stay within `target`."""

    target: int = 120
    most: int = 160


def chunk_document(document: Document, size: ChunkSize) -> list[Chunk]:
    """Cut a document into chunks of at most `size.most` words each."""
    pieces = [piece for block in document.blocks for piece in _split(block, size)]
    chunks = []
    for ordinal, group in enumerate(_join(list(_pack(pieces, size)), size)):
        headings = _common_path([piece.headings for piece in group])
        text = _render(group, headings)
        head = [document.title, " > ".join(headings)]
        if ordinal == 0 and document.keywords:
            head.append(", ".join(document.keywords))
        searched = "\n".join([line for line in head if line] + [plain(text)])
        chunks.append(Chunk(ordinal, text, searched, headings, group[0].line, group[0].page))
    return chunks


@lru_cache(maxsize=1024)  # each piece is measured on its own, in its group and with its neighbours
def _length(text: str) -> int:
    """Words, or as many as would fill the space where a text has few of them."""
    return max(count_words(text), len(text) // _LONGEST_WORD)


def _split(block: Block, size: ChunkSize) -> Iterator[Block]:
    """A block as it is where it fits, else in parts: table rows, list items, sentences, words."""
    if _length(block.text) <= size.most:
        yield block
        return
    header, units = _units(block)
    if _length(header) > size.target // 2:  # too long to be repeated
        header, units = "", list(enumerate(block.text.split("\n")))
    room = size.target - count_words(header)
    for offset, text in _fill(units, room):
        line = None if block.line is None else block.line + offset
        yield replace(block, text=f"{header}\n{text}" if header else text, line=line)


def _units(block: Block) -> tuple[str, list[tuple[int, str]]]:
    """Indivisible parts with the line offset of each, and a head that every part repeats."""
    lines = block.text.split("\n")
    if block.kind == "table" and len(lines) > 2 and re.match(r"^[\s|:-]+$", lines[1]):
        return "\n".join(lines[:2]), [(number, line) for number, line in enumerate(lines[2:], 2)]
    if block.kind == "text":
        return "", _sentences(block.text)
    if block.kind == "list":
        starts = [i for i, line in enumerate(lines) if i == 0 or re.match(r"^\s{0,3}([-*+]|\d+[.)])\s", line)]
        ends = [*starts[1:], len(lines)]
        return "", [(start, "\n".join(lines[start:end])) for start, end in zip(starts, ends, strict=True)]
    return "", list(enumerate(lines))


_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+(?=[^\sa-z])|(?<=[。！？])|\n")


def _sentences(text: str) -> list[tuple[int, str]]:
    units = []
    start = line = 0
    for match in [*_SENTENCE_END.finditer(text), None]:
        end = match.end() if match else len(text)
        if text[start:end].strip():
            units.append((line, text[start:end].strip("\n")))
        line += text.count("\n", start, end)
        start = end
    return units


def _fill(units: Sequence[tuple[int, str]], room: int) -> Iterator[tuple[int, str]]:
    """Join units line by line while they fit in `room` words; cut a unit that alone does not."""
    group: list[tuple[int, str]] = []
    words = characters = 0
    for offset, unit in units:
        for line, part in _cut(unit, room):
            count = _length(part)
            if group and (words + count > room or characters + len(part) >= _LONGEST_CHUNK):
                yield group[0][0], "\n".join(text for _, text in group)
                group, words, characters = [], 0, 0
            group.append((offset + line, part))
            words += count
            characters += len(part) + 1
    if group:
        yield group[0][0], "\n".join(text for _, text in group)


def _cut(unit: str, room: int) -> Iterator[tuple[int, str]]:
    """Text without any inner boundary, cut between words, or between characters at the very last.

    Each part comes with the number of line ends before it.
    """
    if _length(unit) <= room:
        yield 0, unit
        return
    start = words = line = 0
    for begin, end in _tokens(unit, room):
        count = count_words(unit[begin:end])
        if begin > start and (words + count > room or end - start > room * _LONGEST_WORD):
            if part := unit[start:begin].rstrip():  # a run of spaces is as long as words
                yield line, part
            line += unit.count("\n", start, begin)
            start, words = begin, 0
        words += count
    if part := unit[start:].rstrip():
        yield line, part


def _tokens(unit: str, room: int) -> Iterator[tuple[int, int]]:
    """Begin and end of words with the space after them, none with more than `room` words in it."""
    for match in re.finditer(r"\s*\S{1,200}\s*", unit):
        step = room if count_words(match.group()) > room else 1000  # so many characters are at most so many words
        for begin in range(match.start(), match.end(), step):
            yield begin, min(begin + step, match.end())


def _pack(pieces: Sequence[Block], size: ChunkSize) -> Iterator[list[Block]]:
    """Consecutive pieces under the same heading, together while they stay within `most`."""
    group: list[Block] = []
    words = characters = 0
    for piece in pieces:
        count = _length(piece.text)
        elsewhere = group and (piece.headings, piece.page) != (group[-1].headings, group[-1].page)
        if elsewhere or (group and (words + count > size.most or characters + len(piece.text) >= _LONGEST_CHUNK)):
            yield group
            group, words, characters = [], 0, 0
        group.append(piece)
        words += count
        characters += len(piece.text) + 2
    if group:
        yield group


def _join(groups: Sequence[list[Block]], size: ChunkSize) -> Iterator[list[Block]]:
    """Neighbouring small sections in one chunk, within `target`."""
    current: list[Block] = []
    for group in groups:
        if current and (group[0].page != current[0].page or not _fits([*current, *group], size.target)):
            yield current
            current = []
        current = current + group
    if current:
        yield current


def _fits(group: Sequence[Block], words: int) -> bool:
    """Whether the pieces stay within so many words, headings included."""
    if sum(_length(piece.text) for piece in group) > words:
        return False
    return _length(_render(group, _common_path([piece.headings for piece in group]))) <= words


def _common_path(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    common = paths[0]
    for path in paths[1:]:
        while path[: len(common)] != common:
            common = common[:-1]
    return common


def _render(group: Sequence[Block], common: tuple[str, ...]) -> str:
    """The pieces' text, with the headings that the common path does not already say."""
    parts: list[str] = []
    last = common
    for piece in group:
        if piece.headings != last:
            shared = len(_common_path([piece.headings, last]))
            for depth in range(max(shared, len(common)), len(piece.headings)):
                parts.append(f"{'#' * min(depth + 2, 6)} {piece.headings[depth]}")
            last = piece.headings
        parts.append(piece.text)
    return "\n\n".join(parts)
