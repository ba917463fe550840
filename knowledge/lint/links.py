"""Links from one document to another that lead nowhere."""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import unquote

from knowledge.documents import Document
from knowledge.lint.findings import Finding, shown, shown_path

_LINK = re.compile(
    r"(?<!!)\[(?:[^\[\]]|!?\[[^\[\]]*\](?:\([^()]*\))?)*\]\(\s*(?:<([^<>\n]+)>|((?:[^()\s]|\([^()\s]*\))+))(?:\s+(?:\"[^\"]*\"|'[^']*'))?\s*\)"
)
_DEFINITION = re.compile(r"^ {0,3}\[(?!\^)[^\]\n]+\]:\s*<?([^\s<>]+)", re.M)
_CODE = re.compile(r"(`+)[^`\n]+\1")
_ID = re.compile(r"\b(?:id|name)=[\"']([^\"']+)|\{:?[ ]?#+([^\s{}#][^\s{}]*)(?:\s[^{}\n]{0,200})?\}")
_HOST = re.compile(r"(?:[\w-]+\.)+(?:(?:com|org|net|io|gov|edu|info|dev|app)(?:/|$)|[a-z]{2}/)", re.I)
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
    ids: list[str] = []
    texts = [heading.text for heading in document.outline]
    texts += [text for block in document.blocks for text in block.headings]
    for text in [*texts, *(block.text for block in document.blocks)]:
        if "=" in text or "{" in text:
            ids += [match[1] or match[2] for match in _ID.finditer(text)]
    return frozenset(map(_reduced, [document.title, *ids, *(_ID.sub("", text) for text in texts)]))


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
        found, near = self._resolve(source, path)
        if found is None and (path.endswith("/") or "." not in posixpath.basename(path)):
            # many sites serve `help/vpn.md` as the folder `help/vpn/`, and links start there
            found = self._resolve(f"{posixpath.splitext(source)[0]}/", path)[0]
        return found, None if found else near

    def _resolve(self, source: str, path: str) -> tuple[str | None, str | None]:
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
    source: str,
    links: tuple[Link, ...],
    files: Files,
    anchors: Mapping[str, frozenset[str]],
    elsewhere: Mapping[str, Sequence[str]],
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
                "link", "warning" if posixpath.splitext(path)[1] else "note", source,
                f"the link to {shown(path)!r} leads to no file",
                _WITHOUT_SCHEME if _HOST.match(path) else "correct the path, or remove the link", link.line, link.page,
            )  # fmt: skip
        elif anchor and found in anchors and found.endswith((".md", ".markdown")):
            wanted = _reduced(anchor)
            if wanted and wanted not in anchors[found] and wanted.rstrip("0123456789") not in anchors[found]:
                other = next((name for name in elsewhere.get(wanted, ()) if name != found), None)
                there = f", but {shown_path(other)} has it" if other else ""
                yield Finding(
                    "link", "note", source, f"the link to {shown(link.target)!r} leads to no heading{there}",
                    f"name the file before the #: {shown_path(other)}" if other and not path
                    else "name a heading that is there: its words in small letters, joined by hyphens",
                    link.line, link.page,
                )  # fmt: skip


def headings_of(anchors: Mapping[str, frozenset[str]]) -> dict[str, list[str]]:
    """In which files each heading stands, of those that stand in few."""
    files: dict[str, list[str]] = {}
    for source, names in anchors.items():
        for name in names:
            some = files.setdefault(name, [])
            if len(some) < _FEW:
                some.append(source)
    return {name: some for name, some in files.items() if len(some) < _FEW}


_WITHOUT_SCHEME = "if it leads to a site, write it with https://; else correct the path"
_FEW = 3
"""A heading that stands in so many files says nothing of which was meant."""
