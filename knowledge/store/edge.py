"""The Qdrant engine inside this process: exact search, its files in one folder a generation.

Every call holds the interpreter lock, so calls run inline and writes in small batches; threads
would gain nothing, and one that was left behind by a cancelled run might write after it. What is
prepared for the engine is prepared in a thread. Exact search answers within milliseconds up to about 100,000 chunks.
"""

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import qdrant_edge as qe

from knowledge.sparse import SparseVector
from knowledge.store import Nearest, Payload, Point, Scores, Where, check_points, payload_from_dict, payload_to_dict
from settings.errors import IndexLocked, IndexUnusable

_BATCH = 16
"""Points that are written at a time: searches go on in between."""
_DENSE = "dense"
_SPARSE = "bm25"
_RESCORED = 100
"""Points that a scan of the short codes hands on to be scored by their real vectors, at the least."""


class EdgeStore:
    """One generation of an index in a folder. Opened by `EdgeStores`."""

    def __init__(self, shard: qe.EdgeShard, dimension: int) -> None:
        self._shard = shard
        self._dimension = dimension

    async def upsert(self, points: Sequence[Point]) -> None:
        for batch in await asyncio.to_thread(_batches, points, self._dimension):
            self._shard.update(batch)
            await asyncio.sleep(0)

    async def delete(self, version: str) -> None:
        condition = qe.FieldCondition(key="version", match=qe.MatchValue(version))
        self._shard.update(qe.UpdateOperation.delete_points_by_filter(qe.Filter(must=[condition])))

    async def query(self, queries: Sequence[Nearest], where: Where) -> list[Scores]:
        condition = _filter(where)
        requests = [_request(query, condition) for query in queries]
        found = self._shard.query_batch(qe.QueryBatchRequest(requests))
        return [{point.id: point.score for point in points} for points in found]  # type: ignore[misc]  # never a UUID

    async def fetch(self, ids: Sequence[int]) -> dict[int, Payload]:
        records = self._shard.retrieve(list(ids), with_payload=True, with_vector=False)
        return {cast(int, record.id): payload_from_dict(record.payload or {}) for record in records}

    async def count(self) -> int:
        return self._shard.count(qe.CountRequest(exact=True))

    async def flush(self) -> None:
        # holds the interpreter lock while the disk writes, so a thread would not keep the loop free either
        self._shard.flush()

    async def close(self) -> None:
        self._shard.close()


def open_edge(folder: Path, dimension: int) -> EdgeStore:
    """Open the store in `folder`, or make one there.

    Raises IndexLocked where another process has it open, IndexUnusable where its files are damaged.
    """
    config = qe.EdgeConfig(
        vectors={
            _DENSE: qe.EdgeVectorParams(
                size=dimension,
                distance=qe.Distance.Cosine,
                # the scan reads 4 bits a number instead of 32; what it finds is scored exactly
                quantization_config=qe.TurboQuantQuantizationConfig(
                    bits=qe.TurboQuantBitSize.Bits4, memory=qe.Memory.Pinned
                ),
            )
        },
        sparse_vectors={_SPARSE: qe.EdgeSparseVectorParams()},
        # no HNSW graph below a billion kilobytes of vectors: exact search
        optimizers=qe.EdgeOptimizersConfig(indexing_threshold=10**9, default_segment_number=1),
    )
    marker = folder / "complete"
    try:
        if marker.exists():
            return EdgeStore(qe.EdgeShard.load(str(folder), config), dimension)
        return EdgeStore(_create(folder, config, marker), dimension)
    except OSError:
        raise
    except Exception as error:  # the engine raises plain exceptions
        if "WouldBlock" in str(error):
            raise IndexLocked("another process has the index open") from None
        reason = " ".join(str(error).split())[:200]
        raise IndexUnusable(
            f"the index in {folder} cannot be opened ({reason}): `deskhand index --rebuild` makes it anew"
        ) from None


class EdgeStores:
    """Generations in folders `g1`, `g2`, ... below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[int, EdgeStore] = {}

    async def open(self, generation: int, dimension: int) -> EdgeStore:
        if generation not in self._open:
            self._open[generation] = open_edge(self._folder / f"g{generation}", dimension)
        return self._open[generation]

    async def publish(self, generation: int) -> None:
        """Nobody else can look into these files while they are open: the catalogue alone knows."""

    async def discard(self, generation: int) -> None:
        if (store := self._open.pop(generation, None)) is not None:
            await store.close()
        folder = self._folder / f"g{generation}"
        if folder.exists():
            await asyncio.to_thread(shutil.rmtree, folder)

    async def keep_only(self, generation: int | None, *others: int) -> None:
        kept = {generation, *others}
        for number in [number for number in self._open if number not in kept]:
            await self._open.pop(number).close()
        names = {f"g{number}" for number in kept}
        for folder in self._folder.glob("g*"):
            if folder.name not in names:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def close(self) -> None:
        while self._open:
            await self._open.popitem()[1].close()


def _create(folder: Path, config: qe.EdgeConfig, marker: Path) -> qe.EdgeShard:
    """A new store; what a crash left of an earlier attempt is removed first."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shard = qe.EdgeShard.create(str(folder), config)
    for key in ("version", "audience"):
        shard.update(qe.UpdateOperation.create_field_index(key, qe.PayloadSchemaType.Keyword))
    shard.flush()
    marker.touch()
    return shard


def _request(query: Nearest, condition: qe.Filter) -> qe.QueryRequest:
    if isinstance(query.vector, SparseVector):
        vector: Any = qe.SparseVector(indices=query.vector.indices, values=query.vector.values)
        name = _SPARSE
    else:
        vector, name = list(query.vector), _DENSE
    return qe.QueryRequest(
        query=qe.Query.Nearest(vector, using=name),
        limit=query.limit,
        filter=condition,
        params=_params(query.limit),
        with_payload=False,
        with_vector=False,
    )


def _filter(where: Where) -> qe.Filter:
    """At least one group fits. One condition a group: the engine checks them faster than one any-of.

    No groups at all must not become no condition at all.
    """
    nobody = qe.FieldCondition(key="audience", match=qe.MatchAny(any=[]))
    return qe.Filter(
        must=None if where.audience else [nobody],
        should=[qe.FieldCondition(key="audience", match=qe.MatchValue(group)) for group in where.audience] or None,
        must_not=[qe.FieldCondition(key="version", match=qe.MatchAny(any=list(where.hidden)))]
        if where.hidden
        else None,
    )


def _params(limit: int) -> qe.SearchParams:
    oversampling = max(2.0, _RESCORED / limit)
    return qe.SearchParams(quantization=qe.QuantizationSearchParams(rescore=True, oversampling=oversampling))


def _batches(points: Sequence[Point], dimension: int) -> list[qe.UpdateOperation]:
    """What the engine has to do, in parts. Raises ValueError before any of it for a point that it could not take."""
    check_points(points, dimension)
    return [
        qe.UpdateOperation.upsert_points([_to_engine(point) for point in points[start : start + _BATCH]])
        for start in range(0, len(points), _BATCH)
    ]


def _to_engine(point: Point) -> qe.Point:
    sparse = qe.SparseVector(indices=point.sparse.indices, values=point.sparse.values)
    return qe.Point(point.id, {_DENSE: list(point.dense), _SPARSE: sparse}, payload_to_dict(point.payload))
