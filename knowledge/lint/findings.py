"""What a check says, and what it is given to look at."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from knowledge.documents import Document
from settings.credentials import veil

if TYPE_CHECKING:
    from settings.sections.knowledge import CheckName

Severity = Literal["severe", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("severe", "warning", "note")
"""Worst first. Severe keeps a document out of the answers, so it is only for what is certain."""

_QUOTED = 60
_PIECE = 8000
"""Characters."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong with a document. `reason` never holds what was found where that is secret."""

    check: "CheckName"
    severity: Severity
    source: str
    reason: str
    fix: str
    line: int | None = None
    page: int | None = None

    @property
    def place(self) -> str:
        """`policies/leave.md:12`, `report.pdf page 3`."""
        if self.page is not None:
            return f"{self.source} page {self.page}"
        return self.source if self.line is None else f"{self.source}:{self.line}"


@dataclass(frozen=True)
class Subject:
    """A loaded document and the facts that it does not hold itself. `size` is in bytes."""

    source: str
    document: Document
    today: date
    size: int = 0
    chunk_words: int = 160

    def find(
        self,
        check: "CheckName",
        severity: Severity,
        reason: str,
        fix: str,
        place: "Line | None" = None,
    ) -> Finding:
        """A finding in this document."""
        line, page = (place.line, place.page) if place else (None, None)
        return Finding(check, severity, self.source, reason, fix, line, page)

    @cached_property
    def texts(self) -> "tuple[Line, ...]":
        """Everything in the document that a model may come to see, block by block, long ones in pieces.

        A search through a piece holds up the whole process, so none may be long.
        """
        return tuple(piece for line in self._texts() for piece in _pieces(line))

    @cached_property
    def is_ascii(self) -> bool:
        """Whether all texts are: then there is nothing to see of letters that are broken or hidden."""
        return all(line.text.isascii() for line in self.texts)

    def _texts(self) -> Iterator["Line"]:
        document = self.document
        yield Line(document.title)
        yield Line(", ".join(document.keywords))
        headings: set[str] = set()
        for heading in document.outline:
            headings.add(heading.text)
            yield Line(heading.text, heading.line, heading.page)
        for block in document.blocks:
            for text in block.headings:
                if text not in headings:
                    headings.add(text)
                    yield Line(text, block.line, block.page)
            yield Line(block.text, block.line, block.page, block.kind == "code")


@dataclass(frozen=True, slots=True)
class Line:
    """A piece of text and where it starts."""

    text: str
    line: int | None = None
    page: int | None = None
    code: bool = False

    def at(self, offset: int) -> "Line":
        """The place of a character of the text."""
        if self.line is None:
            return self
        return Line(self.text, self.line + self.text.count("\n", 0, offset), self.page, self.code)


def _pieces(line: Line) -> Iterator[Line]:
    start = 0
    while len(line.text) - start > _PIECE:
        cut = max(line.text.rfind("\n", start + _PIECE // 2, start + _PIECE), start + _PIECE // 2)
        yield replace(line.at(start), text=line.text[start:cut])
        start = cut
    yield replace(line.at(start), text=line.text[start:]) if start else line


def shown_path(source: str) -> str:
    """Another file as a reason may name it: of a long path the end tells most."""
    return shown(source) if len(source) <= _QUOTED else f"…{shown(source[2 - _QUOTED :])}"


def shown(text: str) -> str:
    """A title, heading or link as a reason may quote it: one line, short, without anything secret."""
    flat = " ".join("".join(char if char.isprintable() else " " for char in veil(text)).split())
    return flat if len(flat) <= _QUOTED else f"{flat[: _QUOTED - 1]}…"
