"""Text from and for Discord: marks read as names; tables become code where they are narrow, else lists."""

import re
from collections.abc import Iterator, Sequence

import discord

_RULE = re.compile(r"^\s*\|?(?:\s*:?-{2,}:?\s*\|)+\s*:?-*:?\s*\|?\s*$")
_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})")
_WIDEST = 56
"""Characters in a line of code on a telephone, roughly."""


_MARK = re.compile(r"<(?P<kind>@[!&]?|#|a?:\w+:)(?P<id>\d+)(?:>)")


def readable(message: discord.Message) -> str:
    """A message as its writer sees it; the mark that calls the bot itself is left out."""
    guild = message.guild
    own = guild.me.id if guild is not None and guild.me is not None else None
    people = {person.id: person.display_name for person in message.mentions}

    def name(match: re.Match[str]) -> str:
        kind, number = match["kind"], int(match["id"])
        if kind.endswith(":"):
            return kind.removeprefix("a")
        if kind == "@&":
            role = guild.get_role(number) if guild is not None else None
            return f"@{role.name}" if role is not None else ""
        if kind == "#":
            channel = guild.get_channel_or_thread(number) if guild is not None else None
            return f"#{channel.name}" if channel is not None else ""
        return "" if number == own else f"@{people[number]}" if number in people else ""

    return _MARK.sub(name, message.content).strip()


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
