"""Links from one document to another that lead nowhere."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import unquote

from knowledge.documents import Document
from knowledge.lint.findings import Finding, shown

_LINK = re.compile(
    r"(?<!!)\[(?:[^\[\]]|!?\[[^\[\]]*\](?:\([^()]*\))?)*\]\(\s*(?:<([^<>\n]+)>|((?:[^()\s]|\([^()\s]*\))+))(?:\s+(?:\"[^\"]*\"|'[^']*'))?\s*\)"
)
_DEFINITION = re.compile(r"^ {0,3}\[[^\]\n]+\]:\s*<?([^\s<>]+)", re.M)
_CODE = re.compile(r"(`+)[^`\n]+\1")
_ID = re.compile(r"\b(?:id|name)=[\"']([^\"']+)|\{[:#]+([\w-]+)\}")
_ENDINGS = ("", ".md", ".html", ".htm", "/index.md", "/index.html", "/README.md")


class Link(NamedTuple):
    """A link to another file, or to a place in one, as it is written."""

    target: str
    line: int | None
    page: int | None


def links_of(document: Document) -> Iterator[Link]:
    """The relative links of a document. Where a site's root is cannot be known, so `/path` is not looked at."""
    for block in document.blocks:
        if block.kind == "code" or ("](" not in block.text and "]:" not in block.text):
            continue
        text = _CODE.sub(lambda match: " " * len(match.group()), block.text)
        for match in [*_LINK.finditer(text), *_DEFINITION.finditer(text)]:
            target = next(group for group in match.groups() if group)
            if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|/|\\|\{|\$|www\.|[^/]+@", target):
                continue
            line = None if block.line is None else block.line + text.count("\n", 0, match.start())
            yield Link(target, line, block.page)


def anchors_of(document: Document) -> frozenset[str]:
    """What a link may name after `#`: headings and ids, reduced to letters and digits."""
    texts = [heading.text for heading in document.outline]
    texts += [text for block in document.blocks for text in block.headings]
    for block in document.blocks:
        if "=" in block.text or "{" in block.text:
            texts += [match[1] or match[2] for match in _ID.finditer(block.text)]
    return frozenset(_reduced(text) for text in [document.title, *texts])


def _reduced(anchor: str) -> str:
    return "".join(char for char in anchor.casefold() if char.isalnum())


class Files:
    """All files there are, whatever their type, and how their names are written."""

    def __init__(self, sources: Iterator[str] | list[str]) -> None:
        self._all = set(sources)
        self._folders = {parent for source in self._all for parent in _parents(source)}
        self._by_lower = {source.casefold(): source for source in self._all}

    def resolve(self, source: str, path: str) -> tuple[str | None, str | None]:
        """The file that a link leads to, or else the one that it would lead to with other capitals."""
        prefix, colon, inner = source.partition(":")
        if not colon:
            prefix, inner = "", source
        joined = posixpath.normpath(posixpath.join(posixpath.dirname(inner), path))
        wanted = f"{prefix}:{joined}" if colon else joined
        for ending in _ENDINGS:
            if wanted + ending in self._all:
                return wanted + ending, None
        if wanted in self._folders or joined in (".", "..") or joined.startswith("../"):
            return wanted, None
        for ending in _ENDINGS:
            if near := self._by_lower.get((wanted + ending).casefold()):
                return None, near
        return None, None


def _parents(source: str) -> Iterator[str]:
    while "/" in source:
        source = source.rpartition("/")[0]
        yield source


def broken(
    source: str, links: tuple[Link, ...], files: Files, anchors: Mapping[str, frozenset[str]]
) -> Iterator[Finding]:
    """Relative links to files and headings that are not there, or are written otherwise."""
    told: set[str] = set()
    for link in links:
        if link.target in told:
            continue
        told.add(link.target)
        path, _, anchor = unquote(link.target).partition("#")
        path = path.partition("?")[0]
        found, near = files.resolve(source, path) if path else (source, None)
        if near is not None:
            yield Finding(
                "link", "note", source, f"the link to {shown(path)!r} is written otherwise than {shown(near)!r}",
                "write it as the file is written: on most servers capitals matter", link.line, link.page,
            )  # fmt: skip
        elif found is None:
            yield Finding(
                "link", "note" if path.endswith("/") else "warning", source,
                f"the link to {shown(path)!r} leads to no file",
                "correct the path, or remove the link", link.line, link.page,
            )  # fmt: skip
        elif anchor and found in anchors and found.endswith((".md", ".markdown")):
            wanted = _reduced(anchor)
            if wanted and wanted not in anchors[found] and wanted.rstrip("0123456789") not in anchors[found]:
                yield Finding(
                    "link", "note", source, f"the link to {shown(link.target)!r} leads to no heading",
                    "name a heading that is there: its words in small letters, joined by hyphens", link.line, link.page,
                )  # fmt: skip
