"""Markdown as Discord shows it: everything but tables, which become code where narrow, else lists."""

import re
from collections.abc import Iterator, Sequence

_RULE = re.compile(r"^\s*\|?(?:\s*:?-{2,}:?\s*\|)+\s*:?-*:?\s*\|?\s*$")
_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})")
_WIDEST = 56
"""Characters in a line of code on a telephone, roughly."""


def without_tables(text: str) -> str:
    """The text with each Markdown table turned into something that reads well."""
    return "\n".join(_lines(text.split("\n")))


def _lines(lines: Sequence[str]) -> Iterator[str]:
    fence = ""
    position = 0
    while position < len(lines):
        line = lines[position]
        mark = _FENCE.match(line)
        if mark and (not fence or (mark[1].startswith(fence) and line.strip() == mark[1])):
            fence = "" if fence else mark[1]
        if not fence and "|" in line and position + 1 < len(lines) and _RULE.match(lines[position + 1]):
            end = position + 2
            while end < len(lines) and "|" in lines[end]:
                end += 1
            yield from _table([_cells(row) for row in (line, *lines[position + 2 : end])])
            position = end
        else:
            yield line
            position += 1


def _cells(row: str) -> list[str]:
    text = row.strip().removeprefix("|").removesuffix("|")
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", text)]


def _table(rows: list[list[str]]) -> Iterator[str]:
    columns = len(rows[0])
    rows = [(row + [""] * columns)[:columns] for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(columns)]
    if sum(widths) + 2 * (columns - 1) <= _WIDEST and not any("`" in cell for row in rows for cell in row):
        yield "```"
        for number, row in enumerate(rows):
            yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            if number == 0:
                yield "  ".join("-" * width for width in widths)
        yield "```"
        return
    head, *body = rows
    for row in body:
        named = [f"{name}: {cell}" if name else cell for name, cell in zip(head[1:], row[1:], strict=True) if cell]
        yield f"- **{row[0]}**" + (f" ({'; '.join(named)})" if named else "")
