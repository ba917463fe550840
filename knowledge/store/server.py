"""A Qdrant server: one collection a generation, reached over HTTP.

For an index beyond some 100,000 chunks, or one that is to outlive the machine that Deskhand runs on.
Every request may be sent twice: points have fixed ids, and a deletion names what goes.

`models` is imported where it is used, because qdrant_client takes seconds to import; a store exists
only after `Connection` has done so.
"""

import asyncio
import re
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from knowledge.sparse import SparseVector
from knowledge.store import Nearest, Payload, Point, Scores, Where, check_points, payload_from_dict, payload_to_dict
from knowledge.store.connection import PAUSES, Connection
from settings.errors import IndexMismatch, IndexUnusable
from settings.home import Home
from settings.secrets import Secrets
from settings.sections import StoreSettings

if TYPE_CHECKING:
    from qdrant_client import models

_BATCH = 64
_DENSE = "dense"
_SPARSE = "bm25"
_INDEXED = ("version", "audience")
_SLOW_SECONDS = 60.0
"""Least limit for making and deleting collections and indexes."""


class ServerStore:
    """One generation of an index in a collection. Opened by `ServerStores`."""

    def __init__(self, server: Connection, collection: str, dimension: int) -> None:
        self._server = server
        self._collection = collection
        self._dimension = dimension

    async def upsert(self, points: Sequence[Point]) -> None:
        prepared = await asyncio.to_thread(_prepared, points, self._dimension)
        for start in range(0, len(prepared), _BATCH):
            await self._write(prepared[start : start + _BATCH])

    async def delete(self, version: str) -> None:
        from qdrant_client import models

        condition = models.FieldCondition(key="version", match=models.MatchValue(value=version))
        selector = models.FilterSelector(filter=models.Filter(must=[condition]))
        await self._server.write(
            lambda client, limit: client.delete(self._collection, selector, wait=True, timeout=limit)
        )

    async def query(self, queries: Sequence[Nearest], where: Where) -> list[Scores]:
        answers: list[Scores] = [{} for _ in queries]
        condition = _filter(where)
        asked = [place for place, query in enumerate(queries) if not _finds_nothing(query)]
        requests = [_request(queries[place], condition) for place in asked]
        if requests:
            found = await self._server.ask(
                lambda client, limit: client.query_batch_points(self._collection, requests, timeout=limit)
            )
            for place, response in zip(asked, found, strict=True):
                answers[place] = {int(point.id): point.score for point in response.points}
        return answers

    async def fetch(self, ids: Sequence[int]) -> dict[int, Payload]:
        if not ids:
            return {}
        records = await self._server.ask(
            lambda client, limit: client.retrieve(self._collection, ids, with_payload=True, timeout=limit)
        )
        return {int(record.id): payload_from_dict(record.payload or {}) for record in records}

    async def count(self) -> int:
        result = await self._server.ask(lambda client, limit: client.count(self._collection, exact=True, timeout=limit))
        return result.count

    async def flush(self) -> None:
        """Nothing is left to do: every write waited until the server had logged and applied it."""

    async def close(self) -> None:
        """The connection belongs to `ServerStores`."""

    async def _write(self, batch: "list[models.PointStruct]") -> None:
        await self._server.write(lambda client, limit: client.upsert(self._collection, batch, wait=True, timeout=limit))


class ServerStores:
    """Generations in collections `deskhand_g1`, `deskhand_g2`, ... of one server.

    The alias `deskhand` is for people and dashboards: it names the generation that answers. Deskhand itself
    goes by the catalogue, so an alias that a crash left behind misleads nobody's answer.

    Each collection carries the id of the home that made it, kept in the home's `data/`. Without it two
    homes under one name would delete each other's, and a home that lost its `data/` would take up an
    old collection with documents in it that were removed long ago.
    """

    def __init__(self, settings: StoreSettings, secrets: Secrets, home: Home, pauses: Sequence[float] = PAUSES) -> None:
        self._server = Connection(settings, secrets, home.root, pauses)
        self._prefix = settings.collection
        self._data = home.data
        self._open: dict[int, ServerStore] = {}
        self._lock = asyncio.Lock()

    async def open(self, generation: int, dimension: int) -> ServerStore:
        async with self._lock:
            if generation not in self._open:
                name = f"{self._prefix}_g{generation}"
                await self._prepare(name, dimension)
                self._open[generation] = ServerStore(self._server, name, dimension)
            return self._open[generation]

    async def publish(self, generation: int) -> None:
        """Let the alias name this generation: away from the old one and to the new one in a single change."""
        from qdrant_client import models

        name = f"{self._prefix}_g{generation}"
        async with self._lock:
            aliases = (await self._server.ask(lambda client, _: client.get_aliases())).aliases
            before = next((alias.collection_name for alias in aliases if alias.alias_name == self._prefix), None)
            if before == name:
                return
            changes: list[models.AliasOperations] = []
            if before is not None:
                self._check_home(before, await self._info(before))
                changes.append(models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=self._prefix)))
            create = models.CreateAlias(collection_name=name, alias_name=self._prefix)
            changes.append(models.CreateAliasOperation(create_alias=create))
            await self._server.ask(
                lambda client, limit: client.update_collection_aliases(changes, timeout=limit), _SLOW_SECONDS
            )

    async def discard(self, generation: int) -> None:
        async with self._lock:
            self._open.pop(generation, None)
            name = f"{self._prefix}_g{generation}"
            if await self._exists(name) and _home_of(await self._info(name)) == self._home_id():
                await self._drop(name)

    async def keep_only(self, generation: int | None, *others: int) -> None:
        """Delete this home's other collections; None deletes those of other homes under this name too."""
        kept = {generation, *others}
        async with self._lock:
            self._open = {number: store for number, store in self._open.items() if number in kept}
            numbers = "|".join(map(str, kept))
            own = re.compile(rf"{re.escape(self._prefix)}_g(?!(?:{numbers})$)\d+")
            for name in await self._names():
                if own.fullmatch(name):
                    home = _home_of(await self._info(name))
                    if home == self._home_id() or (home and generation is None):
                        await self._drop(name)

    async def close(self) -> None:
        self._open.clear()
        await self._server.close()

    async def _prepare(self, name: str, dimension: int) -> None:
        """Make the collection where it is missing, and what a crash left out of it."""
        if not await self._exists(name):
            await self._create(name, dimension)
        info = await self._info(name)
        self._check_home(name, info)
        _check_vectors(info, f"the collection {name} on {self._server}", dimension)
        for key in _INDEXED:
            if key not in info.payload_schema:
                await self._index(name, key)

    def _check_home(self, name: str, info: "models.CollectionInfo") -> None:
        if _home_of(info) is None:
            raise IndexUnusable(
                f"the collection {name} on {self._server} was not made by Deskhand: "
                "choose another name in knowledge.store.collection"
            )
        if _home_of(info) != self._home_id():
            raise IndexUnusable(
                f"the collection {name} on {self._server} was made by another home: give this one a name of its own "
                "in knowledge.store.collection. If that home is gone, `deskhand index --rebuild` removes its "
                "collections"
            )

    async def _create(self, name: str, dimension: int) -> None:
        from qdrant_client import models

        if self._prefix in await self._names():  # said before hours of work, not when the alias is to be made
            raise IndexUnusable(
                f"a collection on {self._server} is called {self._prefix}, and so cannot be the alias of this index: "
                "choose another name in knowledge.store.collection"
            )
        dense = {_DENSE: models.VectorParams(size=dimension, distance=models.Distance.COSINE)}
        sparse = {_SPARSE: models.SparseVectorParams()}
        try:
            await self._server.ask(
                lambda client, limit: client.create_collection(
                    name,
                    vectors_config=dense,
                    sparse_vectors_config=sparse,
                    shard_number=1,  # term statistics are kept by shard: with several, scores would differ
                    metadata={"home": self._home_id()},
                    timeout=limit,
                ),
                _SLOW_SECONDS,
            )
        except IndexUnusable:  # an attempt whose answer got lost may have made it
            if not await self._exists(name):
                raise

    async def _drop(self, name: str) -> None:
        await self._server.ask(lambda client, limit: client.delete_collection(name, timeout=limit), _SLOW_SECONDS)

    async def _index(self, name: str, key: str) -> None:
        """Payload indexes come before the points: the graph is built with them in mind."""
        from qdrant_client import models

        keyword = models.PayloadSchemaType.KEYWORD
        await self._server.write(
            lambda client, limit: client.create_payload_index(name, key, keyword, wait=True, timeout=limit),
            _SLOW_SECONDS,
        )

    async def _names(self) -> list[str]:
        listed = await self._server.ask(lambda client, _: client.get_collections())
        return sorted(collection.name for collection in listed.collections)

    async def _exists(self, name: str) -> bool:
        return await self._server.ask(lambda client, _: client.collection_exists(name))

    async def _info(self, name: str) -> "models.CollectionInfo":
        return await self._server.ask(lambda client, _: client.get_collection(name))

    def _home_id(self) -> str:
        path = self._data / "store-id"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{uuid.uuid4()}\n")
        return path.read_text().strip()


def _home_of(info: "models.CollectionInfo") -> str | None:
    home = (info.config.metadata or {}).get("home")
    return home if isinstance(home, str) else None


def _check_vectors(info: "models.CollectionInfo", what: str, dimension: int) -> None:
    params = info.config.params
    dense = params.vectors.get(_DENSE) if isinstance(params.vectors, dict) else None
    if dense is None or _SPARSE not in (params.sparse_vectors or {}):
        raise IndexUnusable(f"{what} was not made by Deskhand: choose another name in knowledge.store.collection")
    if dense.size != dimension:
        raise IndexMismatch(
            f"{what} holds vectors of {dense.size} numbers, the embedding model makes {dimension}: "
            "`deskhand index --rebuild` makes it anew"
        )


def _finds_nothing(query: Nearest) -> bool:
    return isinstance(query.vector, SparseVector) and not query.vector.indices


def _request(query: Nearest, condition: "models.Filter") -> "models.QueryRequest":
    from qdrant_client import models

    vector: models.SparseVector | list[float]
    if isinstance(query.vector, SparseVector):
        vector, name = _sparse(query.vector), _SPARSE
    else:
        vector, name = [float(number) for number in query.vector], _DENSE
    return models.QueryRequest(
        query=models.NearestQuery(nearest=vector),
        using=name,
        limit=query.limit,
        filter=condition,
        with_payload=False,
        with_vector=False,
    )


def _filter(where: Where) -> "models.Filter":
    from qdrant_client import models

    readable = models.FieldCondition(key="audience", match=models.MatchAny(any=list(where.audience)))
    if not where.hidden:
        return models.Filter(must=[readable])
    hidden = models.FieldCondition(key="version", match=models.MatchAny(any=list(where.hidden)))
    return models.Filter(must=[readable], must_not=[hidden])


def _prepared(points: Sequence[Point], dimension: int) -> "list[models.PointStruct]":
    check_points(points, dimension)
    return [_to_server(point) for point in points]


def _to_server(point: Point) -> "models.PointStruct":
    from qdrant_client import models

    dense = [float(number) for number in point.dense]
    return models.PointStruct(
        id=point.id, vector={_DENSE: dense, _SPARSE: _sparse(point.sparse)}, payload=payload_to_dict(point.payload)
    )


def _sparse(vector: SparseVector) -> "models.SparseVector":
    from qdrant_client import models

    return models.SparseVector(indices=list(vector.indices), values=[float(value) for value in vector.values])
