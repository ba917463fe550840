"""Markdown: blocks under their headings, with the lines where they stand."""

import re
from functools import cache
from typing import TYPE_CHECKING

from knowledge.documents import Document, NothingToRead, plain, type_of_block
from knowledge.loaders.building import Builder
from knowledge.loaders.front_matter import read_front_matter, refuse_stray_audience
from knowledge.loaders.html import read_html
from knowledge.loaders.text import decode

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_KINDS: dict[str, type_of_block] = {
    "bullet_list_open": "list",
    "ordered_list_open": "list",
    "table_open": "table",
    "fence": "code",
    "code_block": "code",
}
_OPENING = re.compile(
    r"^[ \t>]*(?:[-*+][ \t]+|\d+[.)][ \t]+)?(?P<fence>`{3,}|~{3,})"
    r"|(?P<code>`+)|(?P<comment><!--)|(?P<template>\{%|\{\{)",
    re.M | re.S,
)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")


def load_markdown(content: bytes, name: str) -> Document:
    """A `.md` file. Its title is the front matter's, else its first heading, else its name."""
    text = decode(content)
    front = read_front_matter(text)
    refuse_stray_audience(text, front)
    builder = _read(text, front.lines)
    if not builder.blocks and front.lines:
        raise NothingToRead("no text below the front matter")
    return builder.document(front.title or builder.only_first_heading() or name, front)


def _read(text: str, skip: int) -> Builder:
    """Top-level blocks below the first `skip` lines; their text is the source's own lines."""
    lines = text.split("\n")
    body = _blank_out("\n".join(lines[skip:]))
    source = body.split("\n")
    builder = Builder()
    tokens = _parser().parse(body)
    for index, token in enumerate(tokens):
        if token.level or token.map is None:
            continue
        if token.type == "heading_open":
            heading = plain(_TAG.sub("", tokens[index + 1].content))
            builder.heading(heading, int(token.tag[1:]), skip + token.map[0] + 1)
        elif token.type == "html_block":
            text = "\n".join(source[token.map[0] : token.map[1]])
            read_html(text, builder, skip + token.map[0])
        elif block := _block_text(token, source):
            builder.block(block, _KINDS.get(token.type, "text"), skip + token.map[0] + 1)
    return builder


@cache
def _parser() -> "MarkdownIt":
    """Made once a process: that takes as long as reading a page."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.disable(["inline", "text_join"])  # only blocks are looked at; this is most of the time
    return parser


def _block_text(token: "Token", source: list[str]) -> str:
    if token.type == "hr" or token.map is None:
        return ""
    return "\n".join(source[token.map[0] : token.map[1]]).strip("\n").rstrip()


def _blank_out(body: str) -> str:
    """Remove comments and templating marks outside code, keeping every line where it is."""
    kept: list[str] = []
    done = position = 0
    ends = _Ends(body)
    while match := _OPENING.search(body, position):
        end = ends.of(match)
        if end is None:
            position = match.end()
            continue
        if match["code"] or match["fence"]:
            kept.append(body[done:end])
        else:
            kept += [body[done : match.start()], "\n" * body.count("\n", match.start(), end)]
        done = position = end
    return "".join([*kept, body[done:]])


class _Ends:
    """Finds where things end, asked from the start to the end of the text: no part is searched twice for the same."""

    def __init__(self, body: str) -> None:
        self._body = body
        self._known: dict[str, re.Match[str] | None] = {}

    def of(self, opening: re.Match[str]) -> int | None:
        """A fence ends at the latest with the file, all but comments with the paragraph."""
        start = opening.end()
        if fence := opening["fence"]:
            closing = self._next(rf"(?m)^[ \t>]*{fence[0]}{{{len(fence)},}}[ \t]*$", start)
            return closing.end() if closing else len(self._body)
        if opening["comment"]:
            closing = self._next("-->", start)
        elif code := opening["code"]:
            closing = self._in_paragraph(rf"(?<!`){code}(?!`)", start)
        else:
            closing = self._in_paragraph("%}" if opening.group() == "{%" else "}}", start)
        return closing.end() if closing else None

    def _in_paragraph(self, pattern: str, start: int) -> re.Match[str] | None:
        found, blank = self._next(pattern, start), self._next(r"\n[ \t]*\n", start)
        return None if found and blank and found.end() > blank.start() else found

    def _next(self, pattern: str, start: int) -> re.Match[str] | None:
        known = self._known.get(pattern)
        if pattern not in self._known or (known is not None and known.start() < start):
            self._known[pattern] = known = re.compile(pattern).search(self._body, start)
        return known
