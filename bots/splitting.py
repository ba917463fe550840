"""Long answers in several posts: cut between paragraphs, never inside what would break by it.

Cut as late as it goes, in this order: between blocks (paragraphs, lists, tables, code), between the
lines of one, between sentences, between words. A code block that goes on in the next post is closed
and opened again; the head of a table is repeated.
"""

import re
from collections.abc import Iterator

_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[^\n`]*$")
_TABLE_RULE = re.compile(r"^\s*\|?(?:\s*:?-{2,}:?\s*\|)+\s*:?-*:?\s*\|?\s*$")
_SENTENCE = re.compile(r"(?<=[.!?…])\s+")
_LEAST = 60
"""Characters; no platform's limit is near it, and head and end of a cut block must fit."""


def split_text(text: str, most: int) -> list[str]:
    """Parts of at most `most` characters that read like the whole; at least one, which may be empty."""
    if most < _LEAST:
        raise ValueError(f"posts of {most} characters are too short to be read")
    parts: list[str] = []
    for block in _blocks(text):
        for piece in [block] if len(block) <= most else _cut(block, most):
            if parts and len(parts[-1]) + 2 + len(piece) <= most:
                parts[-1] += f"\n\n{piece}"
            else:
                parts.append(piece)
    return parts or [""]


def _blocks(text: str) -> Iterator[str]:
    """What stands between blank lines; a code block is one block with the blank lines inside it."""
    block: list[str] = []
    fence = ""
    for line in text.strip("\n").split("\n"):
        mark = _FENCE.match(line)
        if fence:
            block.append(line)
            if mark and mark[1].startswith(fence) and line.strip() == mark[1]:
                yield "\n".join(block)
                block, fence = [], ""
            continue
        if mark:
            if block:
                yield "\n".join(block)
            block, fence = [line], mark[1]
        elif line.strip():
            block.append(line)
        elif block:
            yield "\n".join(block)
            block = []
    if block:
        yield "\n".join([*block, fence] if fence else block)


def _cut(block: str, most: int) -> Iterator[str]:
    """A block that is too long alone, line by line."""
    lines = block.split("\n")
    head, end, lines = _frame(lines, most)
    room = most - len(head) - len(end)
    piece = ""
    for line in lines:
        for part in [line] if len(line) <= room else _cut_line(line, room):
            if piece and len(piece) + 1 + len(part) > room:
                yield head + piece + end
                piece = part
            else:
                piece = f"{piece}\n{part}" if piece else part
    if piece:
        yield head + piece + end


def _frame(lines: list[str], most: int) -> tuple[str, str, list[str]]:
    """What every part begins and ends with, and the lines between; nothing where it would fill a part."""
    head, end, inner = "", "", lines
    if mark := _FENCE.match(lines[0]):
        head, end, inner = f"{lines[0]}\n", f"\n{mark[1]}", lines[1:-1]
    elif len(lines) > 2 and "|" in lines[0] and _TABLE_RULE.match(lines[1]):
        head, inner = f"{lines[0]}\n{lines[1]}\n", lines[2:]
    return (head, end, inner) if len(head) + len(end) <= most // 2 else ("", "", lines)


def _cut_line(line: str, room: int) -> Iterator[str]:
    """Sentences together while they fit; words where one does not; characters at the very last."""
    piece = ""
    for sentence in _SENTENCE.split(line.rstrip()):
        for part in [sentence] if len(sentence) <= room else _cut_words(sentence, room):
            if piece and len(piece) + 1 + len(part) > room:
                yield piece
                piece = part
            else:
                piece = f"{piece} {part}" if piece else part
    if piece:
        yield piece


def _cut_words(text: str, room: int) -> Iterator[str]:
    piece = ""
    for word in text.split(" "):
        for start in range(0, max(len(word), 1), room):
            part = word[start : start + room]
            if piece and len(piece) + 1 + len(part) > room:
                yield piece
                piece = part
            else:
                piece = f"{piece} {part}" if piece else part
    if piece:
        yield piece
