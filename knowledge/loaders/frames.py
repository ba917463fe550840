"""What passes between the reading process and its parent: a length and as many bytes, documents as JSON.

JSON and not pickle: a process that a hostile file took over can then send nonsense, but no code.
"""

import json
from collections.abc import Sequence
from dataclasses import astuple, fields
from datetime import date
from typing import Any, BinaryIO, NamedTuple

from knowledge.chunking import Chunk
from knowledge.documents import Block, Document, Heading
from knowledge.lint.findings import Finding

LARGEST = 2_000_000_000
"""Bytes of one frame, the most that `reading.largest_mb` allows; a longer one is an error of the sender."""


def write_frame(stream: BinaryIO, *contents: bytes) -> None:
    """Each content behind its length in eight bytes; the reader is woken once."""
    for content in contents:
        stream.write(len(content).to_bytes(8, "big"))
        stream.write(content)
    stream.flush()


def read_frame(stream: BinaryIO) -> bytes | None:
    """The next frame, None where the stream has ended, be it in the middle of one."""
    head = stream.read(8)
    length = int.from_bytes(head, "big")
    if len(head) < 8 or length > LARGEST:
        return None
    content = stream.read(length)
    return content if len(content) == length else None


class FromFile(NamedTuple):
    """What a file gave: its document, that cut into chunks, and what the checks that were asked for say of it."""

    document: Document
    chunks: tuple[Chunk, ...]
    findings: tuple[Finding, ...] = ()


def encode(document: Document, chunks: Sequence[Chunk], findings: Sequence[Finding] = ()) -> bytes:
    """A document, its chunks and its findings as bytes."""
    said = {
        **{field.name: getattr(document, field.name) for field in fields(document)},  # without copying every part
        "blocks": [[b.text, b.headings, b.kind, b.line, b.page] for b in document.blocks],
        "outline": [[h.text, h.level, h.line, h.page] for h in document.outline],
        "updated": document.updated.isoformat() if document.updated else None,
        "review_by": document.review_by.isoformat() if document.review_by else None,
    }
    cut = [[c.ordinal, c.text, c.searched, c.headings, c.line, c.page] for c in chunks]
    found = [list(astuple(finding)) for finding in findings]
    return json.dumps({"document": said, "chunks": cut, "findings": found}, ensure_ascii=False).encode(
        "utf-8", "replace"
    )


def decode(answer: dict[str, Any]) -> FromFile:
    """The document, its chunks and its findings again."""
    said = answer["document"]
    document = Document(
        title=said["title"],
        blocks=tuple(Block(text, tuple(headings), *rest) for text, headings, *rest in said["blocks"]),
        keywords=tuple(said["keywords"]),
        audience=None if said["audience"] is None else tuple(said["audience"]),
        updated=_date(said["updated"]),
        review_by=_date(said["review_by"]),
        outline=tuple(Heading(*heading) for heading in said["outline"]),
        pages=said["pages"],
        notes=tuple(said["notes"]),
    )
    chunks = tuple(
        Chunk(ordinal, text, searched, tuple(headings), line, page)
        for ordinal, text, searched, headings, line, page in answer["chunks"]
    )
    return FromFile(document, chunks, tuple(Finding(*found) for found in answer["findings"]))


def _date(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)
