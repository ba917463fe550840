"""A Qdrant server on loopback: the endpoints that Deskhand uses, strictly, over the real engine.

Requests arrive over real HTTP from the real client. Whatever the protocol does not know, or Deskhand
has no business to send, is refused with 400; the rest is applied to the embedded engine in a folder,
so scores are those of a server.

    async with QdrantServer(folder) as server:
        server.fail_next("error")
        ...  # point `knowledge.store.url` at server.url
        assert server.seen("PUT", "/points")
"""

import asyncio
import json
import shutil
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import qdrant_edge as qe
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

Fault = Literal["error", "overloaded", "overloaded_retry_after", "cut", "slow", "nonsense"]
"""What goes wrong with one request: 500, 429, a dropped connection, no answer, an answer that is no JSON."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Dense(_Strict):
    size: int = Field(ge=1)
    distance: Literal["Cosine"]


class _SparseParams(_Strict):
    modifier: Literal["idf"]


class _CreateCollection(_Strict):
    vectors: dict[str, _Dense]
    sparse_vectors: dict[str, _SparseParams]
    shard_number: Literal[1]
    metadata: dict[str, str]


class _CreateIndex(_Strict):
    field_name: str
    field_schema: Literal["keyword"]


class _Sparse(_Strict):
    indices: list[Annotated[int, Field(ge=0, lt=2**32)]]
    values: list[float]


class _Point(_Strict):
    id: int
    vector: dict[str, list[float] | _Sparse]
    payload: dict[str, Any]


class _Points(_Strict):
    points: list[_Point] = Field(min_length=1, max_length=64)


class _Any(_Strict):
    any: list[str]


class _Value(_Strict):
    value: str


class _Condition(_Strict):
    key: str
    match: _Any | _Value


class _Filter(_Strict):
    must: list[_Condition] = []
    must_not: list[_Condition] = []


class _Selector(_Strict):
    filter: _Filter


class _Nearest(_Strict):
    nearest: list[float] | _Sparse


class _Query(_Strict):
    query: _Nearest
    using: str
    filter: _Filter
    limit: int = Field(ge=1)
    with_payload: Literal[False]
    with_vector: list[str] | Literal[False]


class _Queries(_Strict):
    searches: list[_Query] = Field(min_length=1)


class _Ids(_Strict):
    ids: list[int]
    with_payload: Literal[True]
    with_vector: Literal[False]


class _Count(_Strict):
    exact: Literal[True]


class _Refused(Exception):
    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it arrived."""

    method: str
    path: str
    body: Any
    key: str | None


class _Collection:
    def __init__(self, folder: Path, made_of: _CreateCollection) -> None:
        self.made_of = made_of
        self.indexed: list[str] = []
        vectors = {
            name: qe.EdgeVectorParams(size=params.size, distance=qe.Distance.Cosine)
            for name, params in made_of.vectors.items()
        }
        sparse = {name: qe.EdgeSparseVectorParams(modifier=qe.Modifier.Idf) for name in made_of.sparse_vectors}
        folder.mkdir(parents=True)
        self.shard = qe.EdgeShard.create(str(folder), qe.EdgeConfig(vectors=vectors, sparse_vectors=sparse))

    def upsert(self, points: _Points) -> None:
        self.shard.update(qe.UpdateOperation.upsert_points([self._point(point) for point in points.points]))

    def _point(self, point: _Point) -> qe.Point:
        names = {*self.made_of.vectors, *self.made_of.sparse_vectors}
        if set(point.vector) != names:
            raise _Refused(400, f"Wrong input: vectors {sorted(point.vector)} instead of {sorted(names)}")
        vectors = {name: self.vector(name, vector) for name, vector in point.vector.items()}
        return qe.Point(point.id, vectors, point.payload)

    def vector(self, name: str, vector: list[float] | _Sparse) -> Any:
        if isinstance(vector, _Sparse):
            if name not in self.made_of.sparse_vectors:
                raise _Refused(400, f"Wrong input: Not existing vector name error: {name}")
            if len(set(vector.indices)) != len(vector.indices) or len(vector.indices) != len(vector.values):
                raise _Refused(400, "Validation error: indices must be unique, one for each value")
            return qe.SparseVector(indices=vector.indices, values=vector.values)
        if name not in self.made_of.vectors:
            raise _Refused(400, f"Wrong input: Not existing vector name error: {name}")
        if len(vector) != self.made_of.vectors[name].size:
            raise _Refused(400, f"Wrong input: Vector dimension error: got {len(vector)}")
        return vector

    def query(self, query: _Query) -> list[dict[str, Any]]:
        request = qe.QueryRequest(
            query=qe.Query.Nearest(self.vector(query.using, query.query.nearest), using=query.using),
            limit=query.limit,
            filter=_engine_filter(query.filter),
            with_payload=False,
            with_vector=query.with_vector,
        )
        return [_scored(point) for point in self.shard.query(request)]

    def info(self) -> dict[str, Any]:
        params = self.made_of.model_dump(mode="json", include={"vectors", "sparse_vectors", "shard_number"})
        count = self.shard.count(qe.CountRequest(exact=True))
        return {
            "status": "green",
            "optimizer_status": "ok",
            "points_count": count,
            "segments_count": 1,
            "config": {
                "params": params,
                "hnsw_config": {"m": 16, "ef_construct": 100, "full_scan_threshold": 10000},
                "optimizer_config": {
                    "deleted_threshold": 0.2,
                    "vacuum_min_vector_number": 1000,
                    "default_segment_number": 0,
                    "flush_interval_sec": 5,
                },
                "metadata": self.made_of.metadata,
            },
            "payload_schema": {name: {"data_type": "keyword", "points": count} for name in self.indexed},
        }


class QdrantServer:
    """The server. `key` is the API key that it asks for, `version` what it says it is."""

    def __init__(self, folder: Path, key: str | None = None, version: str = "1.19.1") -> None:
        self.key = key
        self.version = version
        self.requests: list[Request] = []
        self._folder = folder
        self._collections: dict[str, _Collection] = {}
        self._faults: list[Fault] = []
        self._lost: list[tuple[str, str]] = []
        self._stopping = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._made = 0
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port: int = probe.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def fail_next(self, *faults: Fault) -> None:
        """Let the next requests go wrong, one fault each."""
        self._faults += faults

    def lose_answers_to(self, method: str, path: str) -> None:
        """Do what the next such request asks, and drop the connection before the answer."""
        self._lost.append((method, path))

    def forget_index(self, collection: str, field: str) -> None:
        """Be as if whoever made the collection had ended before making this index."""
        self._collections[collection].indexed.remove(field)

    def seen(self, method: str, end: str) -> list[Request]:
        """Requests of a method whose path ends so."""
        return [request for request in self.requests if request.method == method and request.path.endswith(end)]

    def collections(self) -> set[str]:
        return set(self._collections)

    def make(self, name: str, **body: Any) -> None:
        """Make a collection as somebody else would."""
        self._make(name, _CreateCollection.model_validate(body))

    async def start(self) -> None:
        self._stopping.clear()
        app = web.Application(middlewares=[self._guard])
        collection = "/collections/{name}"
        app.add_routes(
            [
                web.get("/", self._root),
                web.get("/collections", self._list),
                web.get(collection, self._info),
                web.put(collection, self._create),
                web.delete(collection, self._drop),
                web.get(f"{collection}/exists", self._exists),
                web.put(f"{collection}/index", self._index),
                web.put(f"{collection}/points", self._upsert),
                web.post(f"{collection}/points", self._retrieve),
                web.post(f"{collection}/points/delete", self._delete),
                web.post(f"{collection}/points/query/batch", self._query),
                web.post(f"{collection}/points/count", self._count),
            ]
        )
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()

    async def stop(self) -> None:
        """Be away: connections are refused. What was stored stays."""
        self._stopping.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        while self._collections:
            self._collections.popitem()[1].shard.close()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Log the request, go wrong where asked to, check the key, and turn refusals into Qdrant's own."""
        key = request.headers.get("api-key")
        body = json.loads(await request.read() or b"null")
        self.requests.append(Request(request.method, request.path, body, key))
        try:
            if self._faults:
                return await self._fail(self._faults.pop(0), request)
            if self.key is not None and key != self.key and request.path != "/":  # the version is for everybody
                return web.Response(status=401, text=f"Invalid API key or JWT: {key}")
            response = await handler(request)
            if (request.method, request.path) in self._lost:
                self._lost.remove((request.method, request.path))
                return await self._fail("cut", request)
            return response
        except _Refused as refused:
            return _refusal(refused.status, refused.reason)
        except ValidationError as error:
            return _refusal(400, f"Format error in JSON body: {error}")
        except web.HTTPNotFound:
            return web.Response(status=404)

    async def _fail(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        if fault == "error":
            return _refusal(500, f"Service internal error: your key was {self.key}")
        if fault in ("overloaded", "overloaded_retry_after"):
            response = _refusal(429, "Rate limiting exceeded")
            if fault == "overloaded_retry_after":
                response.headers["Retry-After"] = "0"
            return response
        if fault == "nonsense":
            return web.Response(text="<html>It works!</html>", content_type="text/html")
        if fault == "cut":
            assert request.transport is not None
            request.transport.abort()
        else:
            await self._stopping.wait()
        return web.Response()

    async def _root(self, request: web.Request) -> web.Response:
        return web.json_response({"title": "qdrant - vector search engine", "version": self.version})

    async def _list(self, request: web.Request) -> web.Response:
        return _result({"collections": [{"name": name} for name in self._collections]})

    async def _info(self, request: web.Request) -> web.Response:
        return _result(self._collection(request).info())

    async def _create(self, request: web.Request) -> web.Response:
        _check_parameters(request)
        self._make(request.match_info["name"], _CreateCollection.model_validate_json(await request.read()))
        return _result(True)

    async def _drop(self, request: web.Request) -> web.Response:
        _check_parameters(request)
        collection = self._collections.pop(request.match_info["name"], None)
        if collection is not None:
            collection.shard.close()
        return _result(collection is not None)

    async def _exists(self, request: web.Request) -> web.Response:
        return _result({"exists": request.match_info["name"] in self._collections})

    async def _index(self, request: web.Request) -> web.Response:
        collection = self._collection(request)
        _check_parameters(request, writes=True)
        index = _CreateIndex.model_validate_json(await request.read())
        operation = qe.UpdateOperation.create_field_index(index.field_name, qe.PayloadSchemaType.Keyword)
        collection.shard.update(operation)
        collection.indexed.append(index.field_name)
        return _completed()

    async def _upsert(self, request: web.Request) -> web.Response:
        collection = self._collection(request)
        _check_parameters(request, writes=True)
        collection.upsert(_Points.model_validate_json(await request.read()))
        return _completed()

    async def _delete(self, request: web.Request) -> web.Response:
        collection = self._collection(request)
        _check_parameters(request, writes=True)
        selector = _Selector.model_validate_json(await request.read())
        collection.shard.update(qe.UpdateOperation.delete_points_by_filter(_engine_filter(selector.filter)))
        return _completed()

    async def _retrieve(self, request: web.Request) -> web.Response:
        collection = self._collection(request)
        _check_parameters(request)
        wanted = _Ids.model_validate_json(await request.read())
        records = collection.shard.retrieve(list(wanted.ids), with_payload=True, with_vector=False)
        return _result([{"id": record.id, "payload": record.payload} for record in records])

    async def _query(self, request: web.Request) -> web.Response:
        collection = self._collection(request)
        _check_parameters(request)
        queries = _Queries.model_validate_json(await request.read())
        return _result([{"points": collection.query(query)} for query in queries.searches])

    async def _count(self, request: web.Request) -> web.Response:
        collection = self._collection(request)
        _check_parameters(request)
        _Count.model_validate_json(await request.read())
        return _result({"count": collection.shard.count(qe.CountRequest(exact=True))})

    def _collection(self, request: web.Request) -> _Collection:
        name = request.match_info["name"]
        if name not in self._collections:
            raise _Refused(404, f"Not found: Collection `{name}` doesn't exist!")
        return self._collections[name]

    def _make(self, name: str, made_of: _CreateCollection) -> None:
        if name in self._collections:
            raise _Refused(409, f"Wrong input: Collection `{name}` already exists!")
        self._made += 1
        folder = self._folder / str(self._made)
        shutil.rmtree(folder, ignore_errors=True)
        self._collections[name] = _Collection(folder, made_of)


def _check_parameters(request: web.Request, writes: bool = False) -> None:
    """Every request has a time limit, and every write waits until it is applied."""
    parameters = dict(request.query)
    if not parameters.pop("timeout", "").isdigit():
        raise _Refused(400, "Format error: timeout is not a number of seconds")
    if writes and parameters.pop("wait", "") != "true":
        raise _Refused(400, "this stand-in takes waiting writes only")
    if parameters:
        raise _Refused(400, f"unknown parameters: {sorted(parameters)}")


def _engine_filter(filter_: _Filter) -> qe.Filter:
    return qe.Filter(must=_conditions(filter_.must), must_not=_conditions(filter_.must_not))


def _conditions(conditions: list[_Condition]) -> list[Any] | None:
    return [
        qe.FieldCondition(
            key=condition.key,
            match=qe.MatchAny(any=condition.match.any)
            if isinstance(condition.match, _Any)
            else qe.MatchValue(condition.match.value),
        )
        for condition in conditions
    ] or None


def _scored(point: qe.ScoredPoint) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": point.id, "version": 0, "score": point.score}
    if isinstance(point.vector, dict):
        shown["vector"] = {
            name: {"indices": list(vector.indices), "values": list(vector.values)}
            for name, vector in point.vector.items()
            if isinstance(vector, qe.SparseVector)
        }
    return shown


def _result(result: Any) -> web.Response:
    return web.json_response({"time": 0.0, "status": "ok", "result": result})


def _completed() -> web.Response:
    return _result({"operation_id": 1, "status": "completed"})


def _refusal(status: int, reason: str) -> web.Response:
    return web.json_response({"time": 0.0, "status": {"error": reason}}, status=status)
