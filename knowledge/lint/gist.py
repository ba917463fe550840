"""What the checks of a whole folder need of each document, small enough to be kept for thousands of them.

Made in the process that has read the file, so that neither its text nor the work comes back to the parent.
"""

import base64
import json
from dataclasses import astuple, dataclass
from datetime import date
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np

from knowledge.documents import Document, count_words
from knowledge.lint.findings import Finding
from knowledge.lint.links import Link, anchors_of, links_of
from knowledge.lint.similar import SIZE, Signature, signature


@dataclass(frozen=True, slots=True)
class Gist:
    """A document without its text. `text_key` is the same for the same words, `audience` None where it names none."""

    title: str
    updated: date | None
    audience: tuple[str, ...] | None
    words: int
    text_key: bytes
    signature: Signature | None
    links: tuple[Link, ...]
    anchors: frozenset[str]


class LookedAt(NamedTuple):
    """What lint keeps of a file: the gist of its document, and what the checks say of it."""

    gist: Gist
    findings: tuple[Finding, ...]


def gist_of(document: Document) -> Gist:
    """The gist of a document that has been read."""
    text = "\n".join(block.text for block in document.blocks)
    key = blake2b(" ".join(text.split()).encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return Gist(
        document.title,
        document.updated,
        document.audience,
        sum(count_words(block.text) for block in document.blocks),
        key,
        signature(text),
        tuple(links_of(document)),
        anchors_of(document),
    )


def encode(looked: LookedAt) -> bytes:
    """A gist and findings as bytes."""
    gist, findings = looked
    said = [
        gist.title,
        gist.updated.isoformat() if gist.updated else None,
        gist.audience,
        gist.words,
        gist.text_key.hex(),
        None if gist.signature is None else base64.b64encode(gist.signature.astype("<u4").tobytes()).decode(),
        gist.links,
        sorted(gist.anchors),
    ]
    found = [astuple(finding) for finding in findings]
    return json.dumps({"gist": said, "findings": found}, ensure_ascii=False).encode("utf-8", "replace")


def decode(answer: dict[str, Any]) -> LookedAt:
    """The gist and the findings again. Raises ValueError, TypeError or KeyError where they make no sense."""
    title, updated, audience, words, key, signed, links, anchors = answer["gist"]
    lowest = None if signed is None else np.frombuffer(base64.b64decode(signed), "<u4").astype(np.uint32)
    if lowest is not None and len(lowest) != SIZE:
        raise ValueError("a signature of another length")
    gist = Gist(
        title,
        None if updated is None else date.fromisoformat(updated),
        None if audience is None else tuple(audience),
        words,
        bytes.fromhex(key),
        lowest,
        tuple(Link(*link) for link in links),
        frozenset(anchors),
    )
    return LookedAt(gist, tuple(Finding(*found) for found in answer["findings"]))
