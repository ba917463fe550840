"""Where vectors live: one small protocol, Qdrant behind it.

A store holds one generation of an index. It knows nothing of files or models, only of points: an id,
a dense vector, a sparse vector and a payload. `EdgeStores` is the Qdrant engine inside this process,
`ServerStores` a Qdrant server; the same contract tests hold for both.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import Any, Protocol

from knowledge.embedding import Vector
from knowledge.sparse import SparseVector


@dataclass(frozen=True, slots=True)
class Payload:
    """What a point carries besides its vectors: enough to show and cite it."""

    source: str
    version: str
    ordinal: int
    title: str
    headings: tuple[str, ...]
    text: str
    line: int | None
    page: int | None
    audience: tuple[str, ...]
    updated: date | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """A chunk in the store. `id` is made from its file's version and its ordinal."""

    id: int
    dense: Vector
    sparse: SparseVector
    payload: Payload


@dataclass(frozen=True, slots=True)
class Where:
    """Which points a query may see: readable by one of `audience`, of no version in `hidden`."""

    audience: tuple[str, ...]
    hidden: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Nearest:
    """One query: the `limit` points nearest to a dense vector, or best for a sparse one."""

    vector: Vector | SparseVector
    limit: int


Scores = dict[int, float]
"""Points found, by id, best first: their cosines, or the sums of the products of their terms' weights."""


class Store(Protocol):
    """What every store does. Contract tests: `tests/knowledge/store/contract.py`."""

    async def upsert(self, points: Sequence[Point]) -> None:
        """Write points; raises ValueError for one that the engine could not take back."""

    async def delete(self, version: str) -> None:
        """Remove all points of a file's version."""

    async def query(self, queries: Sequence[Nearest], where: Where) -> list[Scores]:
        """Run queries together; `where` applies inside every one of them."""

    async def fetch(self, ids: Sequence[int]) -> dict[int, Payload]:
        """Payloads by id; ids that are not there are left out."""

    async def count(self) -> int:
        """Number of points, hidden ones included."""

    async def flush(self) -> None:
        """Return when everything written so far survives a crash."""

    async def close(self) -> None:
        """Release files and connections."""


class Stores(Protocol):
    """All generations of one home's index, each a store of its own, by number."""

    async def open(self, generation: int, dimension: int) -> Store:
        """Open a generation, made where missing; the same object as long as it stays open."""

    async def publish(self, generation: int) -> None:
        """Show to whoever looks into the store that this generation answers now; once is enough, twice no harm."""

    async def discard(self, generation: int) -> None:
        """Delete what is left of a generation of that number; nothing where there is none."""

    async def keep_only(self, generation: int | None, *others: int) -> None:
        """Close and delete all generations but these; None deletes all."""

    async def close(self) -> None:
        """Close everything that is open."""


_IDS = 2**63


def point_id(version: str, ordinal: int) -> int:
    """The id of a chunk: the same for the same version of the same file, always.

    A number, because the engine gives numbers back several times faster than UUIDs. 63 bits of a
    hash: among a million chunks two share an id once in some 18 million indexes.
    """
    return int.from_bytes(blake2b(f"{version}/{ordinal}".encode(), digest_size=8).digest()) % _IDS


def check_points(points: Sequence[Point], dimension: int) -> None:
    """Refuse what the engine would accept and half apply (its log keeps rejected updates)."""
    for point in points:
        if not 0 <= point.id < _IDS:
            raise ValueError(f"the id of a chunk of {point.payload.source} is not an unsigned number of 63 bits")
        if len(point.dense) != dimension or not all(map(math.isfinite, point.dense)):
            raise ValueError(f"dense vector of {point.payload.source} is not {dimension} finite numbers")
        indices, values = point.sparse.indices, point.sparse.values
        if len(indices) != len(values) or len(set(indices)) != len(indices) or not all(map(math.isfinite, values)):
            raise ValueError(f"sparse vector of {point.payload.source} is not one finite number a term")
        payload = point.payload
        texts = (payload.source, payload.version, payload.title, *payload.headings, payload.text, *payload.audience)
        try:
            "".join(texts).encode()
        except UnicodeEncodeError:
            raise ValueError(f"the text of {payload.source!a} holds characters that are not Unicode") from None


def payload_to_dict(payload: Payload) -> dict[str, Any]:
    """A payload as JSON types."""
    return {
        "source": payload.source,
        "version": payload.version,
        "ordinal": payload.ordinal,
        "title": payload.title,
        "headings": list(payload.headings),
        "text": payload.text,
        "line": payload.line,
        "page": payload.page,
        "audience": list(payload.audience),
        "updated": payload.updated.isoformat() if payload.updated else None,
    }


def payload_from_dict(data: dict[str, Any]) -> Payload:
    """The reverse of `payload_to_dict`."""
    updated = data.get("updated")
    return Payload(
        data["source"],
        data["version"],
        data["ordinal"],
        data["title"],
        tuple(data["headings"]),
        data["text"],
        data["line"],
        data["page"],
        tuple(data["audience"]),
        date.fromisoformat(updated) if updated else None,
    )
