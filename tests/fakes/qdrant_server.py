"""A Qdrant server on loopback: the endpoints that Deskhand uses, strictly, over the real engine.

Requests arrive over real HTTP from the real client. Whatever the protocol does not know, or Deskhand
has no business to send, is refused with 400 or 422, in the server's words; the rest is applied to the
embedded engine in a folder, so scores are those of a server. It is stricter than Qdrant, which passes over
fields that it does not know.

    async with QdrantServer(folder) as server:
        server.fail_next("error")
        ...  # point `knowledge.store.url` at server.url
        assert server.seen("PUT", "/points")
"""

import asyncio
import json
import shutil
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import qdrant_edge as qe
from aiohttp import web
from pydantic import ValidationError

from tests.fakes.qdrant_requests import (
    AnyOf,
    ChangeAliases,
    Condition,
    Count,
    CreateCollection,
    CreateIndex,
    DeleteAlias,
    Filter,
    Ids,
    Parameters,
    Point,
    Points,
    Queries,
    Query,
    Selector,
    Sparse,
    WriteParameters,
)

Fault = Literal[
    "error",
    "overloaded",
    "overloaded_retry_after",
    "overloaded_until",
    "starting",
    "gateway",
    "cut",
    "slow",
    "late",
    "noted",
    "full",
    "full_before_it",
    "nonsense",
]
"""What goes wrong with one request: 500, 429 (with seconds or a date to wait for), 503, a proxy's page of 502, a
dropped connection, no answer, 408, a change that is not applied within the limit, a full disk there (500) or
of what stands before it (507), an answer that is no JSON."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


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
    def __init__(self, folder: Path, made_of: CreateCollection) -> None:
        self.made_of = made_of
        self.folder = folder
        self.indexed: list[str] = []
        vectors = {
            name: qe.EdgeVectorParams(size=params.size, distance=qe.Distance.Cosine)
            for name, params in made_of.vectors.items()
        }
        sparse = {name: qe.EdgeSparseVectorParams() for name in made_of.sparse_vectors}
        folder.mkdir(parents=True)
        self.shard = qe.EdgeShard.create(str(folder), qe.EdgeConfig(vectors=vectors, sparse_vectors=sparse))

    def upsert(self, points: Points) -> None:
        self.shard.update(qe.UpdateOperation.upsert_points([self._point(point) for point in points.points]))

    def _point(self, point: Point) -> qe.Point:
        names = {*self.made_of.vectors, *self.made_of.sparse_vectors}
        if set(point.vector) != names:
            raise _Refused(400, f"Wrong input: vectors {sorted(point.vector)} instead of {sorted(names)}")
        vectors = {name: self.vector(name, vector) for name, vector in point.vector.items()}
        return qe.Point(point.id, vectors, point.payload)

    def vector(self, name: str, vector: list[float] | Sparse) -> Any:
        if isinstance(vector, Sparse):
            if name not in self.made_of.sparse_vectors:
                raise _Refused(400, f"Wrong input: Not existing vector name error: {name}")
            if len(set(vector.indices)) != len(vector.indices) or len(vector.indices) != len(vector.values):
                raise _Refused(400, "Validation error: indices must be unique, one for each value")
            return qe.SparseVector(indices=vector.indices, values=vector.values)
        if name not in self.made_of.vectors:
            raise _Refused(400, f"Wrong input: Not existing vector name error: {name}")
        if len(vector) != (size := self.made_of.vectors[name].size):
            raise _Refused(400, f"Wrong input: Vector dimension error: expected dim: {size}, got {len(vector)}")
        return vector

    def query(self, query: Query) -> list[dict[str, Any]]:
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
    """The server.

    `key` is the API key that it asks for, `read_only_key` another one that changes nothing, `version` what
    it says it is. With `tls` it speaks nothing else.
    """

    def __init__(
        self, folder: Path, key: str | None = None, version: str = "1.19.1", tls: ssl.SSLContext | None = None
    ) -> None:
        self.key = key
        self.read_only_key: str | None = None
        self.version = version
        self.aliases: dict[str, str] = {}
        self._tls = tls
        self.requests: list[Request] = []
        self._folder = folder
        self._collections: dict[str, _Collection] = {}
        self._faults: list[Fault] = []
        self._failing: tuple[str, str, int, Fault] | None = None
        self._lost: list[tuple[str, str]] = []
        self._stopping = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._made = 0
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port: int = probe.getsockname()[1]

    @property
    def url(self) -> str:
        return f"{'http' if self._tls is None else 'https'}://127.0.0.1:{self._port}"

    def fail_next(self, *faults: Fault) -> None:
        """Let the next requests go wrong, one fault each."""
        self._faults += faults

    def fail_after(self, method: str, end: str, count: int, fault: Fault | None = None) -> None:
        """Let all such requests go wrong after the next `count`; without a fault, none any more."""
        self._failing = (method, end, count, fault) if fault else None

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

    def clear(self) -> None:
        """Be as new: no collections, no faults, no requests so far."""
        for name in self.collections():
            self._remove(name)
        self.requests.clear()
        self._faults.clear()
        self._failing = None
        self._lost.clear()

    def make(self, name: str, **body: Any) -> None:
        """Make a collection as somebody else would."""
        self._make(name, CreateCollection.model_validate(body))

    async def start(self) -> None:
        self._stopping.clear()
        app = web.Application(middlewares=[self._guard])
        collection = "/collections/{name}"
        app.add_routes(
            [
                web.get("/", self._root),
                web.get("/collections", self._list),
                web.get("/aliases", self._list_aliases),
                web.post("/collections/aliases", self._change_aliases),
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
        await web.TCPSite(self._runner, "127.0.0.1", self._port, ssl_context=self._tls).start()

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
        self.clear()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Log the request, go wrong where asked to, check the key, and turn refusals into Qdrant's own."""
        key = request.headers.get("api-key")
        body = json.loads(await request.read() or b"null")
        self.requests.append(Request(request.method, request.path, body, key))
        try:
            if self._faults:
                return await self._fail(self._faults.pop(0), request)
            if self._failing and request.method == self._failing[0] and request.path.endswith(self._failing[1]):
                method, end, count, fault = self._failing
                if not count:
                    return await self._fail(fault, request)
                self._failing = (method, end, count - 1, fault)
            if self.key is not None and request.path != "/":  # the version is for everybody
                if key not in (self.key, self.read_only_key):
                    return web.Response(status=401, text=f"Invalid API key or JWT: {key}")
                if key == self.read_only_key and not _only_reads(request):
                    raise _Refused(403, "Forbidden: Global manage access is required")
            response = await handler(request)
            if (request.method, request.path) in self._lost:
                self._lost.remove((request.method, request.path))
                return await self._fail("cut", request)
            return response
        except _Refused as refused:
            return _refusal(refused.status, refused.reason)
        except ValidationError as error:
            return _refusal(*_said_of(error))
        except web.HTTPNotFound:
            return web.Response(status=404)

    async def _fail(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        if fault == "error":
            return _refusal(500, f"Service internal error: your key was {self.key}")
        if fault in ("overloaded", "overloaded_retry_after", "overloaded_until"):
            response = _refusal(429, "Rate limiting exceeded")
            if fault == "overloaded_retry_after":
                response.headers["Retry-After"] = "0"
            if fault == "overloaded_until":
                response.headers["Retry-After"] = "Wed, 21 Oct 2026 07:28:00 GMT"
            return response
        if fault == "starting":
            return web.Response(status=503, text="Service is not ready", headers={"Retry-After": "0"})
        if fault == "gateway":
            page = "<html><head><title>502 Bad Gateway</title></head></html>"
            return web.Response(status=502, text=page, content_type="text/html")
        if fault == "late":
            return _refusal(408, "Timeout error: Operation 'update' timed out after 10 seconds")
        if fault == "noted":
            return _result({"operation_id": 1, "status": "wait_timeout"})
        if fault == "full":
            space = "No space left on device: WAL buffer size exceeds available disk space"
            return _refusal(500, f"Service internal error: {space}")
        if fault == "full_before_it":
            return web.Response(status=507)
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

    async def _list_aliases(self, request: web.Request) -> web.Response:
        named = [{"alias_name": alias, "collection_name": name} for alias, name in self.aliases.items()]
        return _result({"aliases": named})

    async def _change_aliases(self, request: web.Request) -> web.Response:
        """All of the changes, or none."""
        _check_parameters(request)
        aliases = dict(self.aliases)
        for action in ChangeAliases.model_validate_json(await request.read()).actions:
            if isinstance(action, DeleteAlias):
                aliases.pop(action.delete_alias.alias_name, None)
                continue
            alias, name = action.create_alias.alias_name, action.create_alias.collection_name
            if name not in self._collections:
                raise _Refused(404, f"Not found: Collection `{name}` doesn't exist!")
            if alias in self._collections:
                raise _Refused(409, f"Wrong input: Collection `{alias}` already exists!")
            aliases[alias] = name
        self.aliases = aliases
        return _result(True)

    async def _info(self, request: web.Request) -> web.Response:
        return _result(self._collection(request).info())

    async def _create(self, request: web.Request) -> web.Response:
        _check_parameters(request)
        self._make(request.match_info["name"], CreateCollection.model_validate_json(await request.read()))
        return _result(True)

    async def _drop(self, request: web.Request) -> web.Response:
        _check_parameters(request)
        return _result(self._remove(request.match_info["name"]))

    async def _exists(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        return _result({"exists": name in self._collections or name in self.aliases})

    async def _index(self, request: web.Request) -> web.Response:
        collection = self._collection(request)
        _check_parameters(request, writes=True)
        index = CreateIndex.model_validate_json(await request.read())
        operation = qe.UpdateOperation.create_field_index(index.field_name, qe.PayloadSchemaType.Keyword)
        collection.shard.update(operation)
        collection.indexed.append(index.field_name)
        return _completed()

    async def _upsert(self, request: web.Request) -> web.Response:
        collection = self._collection(request)
        _check_parameters(request, writes=True)
        collection.upsert(Points.model_validate_json(await request.read()))
        return _completed()

    async def _delete(self, request: web.Request) -> web.Response:
        collection = self._collection(request)
        _check_parameters(request, writes=True)
        selector = Selector.model_validate_json(await request.read())
        collection.shard.update(qe.UpdateOperation.delete_points_by_filter(_engine_filter(selector.filter)))
        return _completed()

    async def _retrieve(self, request: web.Request) -> web.Response:
        collection = self._collection(request)
        _check_parameters(request)
        wanted = Ids.model_validate_json(await request.read())
        records = collection.shard.retrieve(list(wanted.ids), with_payload=True, with_vector=False)
        return _result([{"id": record.id, "payload": record.payload} for record in records])

    async def _query(self, request: web.Request) -> web.Response:
        collection = self._collection(request)
        _check_parameters(request)
        queries = Queries.model_validate_json(await request.read())
        return _result([{"points": collection.query(query)} for query in queries.searches])

    async def _count(self, request: web.Request) -> web.Response:
        collection = self._collection(request)
        _check_parameters(request)
        Count.model_validate_json(await request.read())
        return _result({"count": collection.shard.count(qe.CountRequest(exact=True))})

    def _collection(self, request: web.Request) -> _Collection:
        name = request.match_info["name"]
        name = self.aliases.get(name, name)
        if name not in self._collections:
            raise _Refused(404, f"Not found: Collection `{name}` doesn't exist!")
        return self._collections[name]

    def _make(self, name: str, made_of: CreateCollection) -> None:
        if name in self._collections:
            raise _Refused(409, f"Wrong input: Collection `{name}` already exists!")
        if name in self.aliases:
            raise _Refused(409, f"Wrong input: Alias `{name}` already exists!")
        self._made += 1
        folder = self._folder / str(self._made)
        shutil.rmtree(folder, ignore_errors=True)
        self._collections[name] = _Collection(folder, made_of)

    def _remove(self, name: str) -> bool:
        """A collection goes, and the aliases that name it."""
        collection = self._collections.pop(name, None)
        self.aliases = {alias: named for alias, named in self.aliases.items() if named != name}
        if collection is not None:
            collection.shard.close()
            shutil.rmtree(collection.folder)
        return collection is not None


def _only_reads(request: web.Request) -> bool:
    end = request.path.rpartition("/")[2]
    return request.method == "GET" or (request.method == "POST" and end in ("points", "batch", "count"))


def _check_parameters(request: web.Request, writes: bool = False) -> None:
    """Refuse a query string that is not as it has to be."""
    try:
        (WriteParameters if writes else Parameters).model_validate(dict(request.query))
    except ValidationError as error:
        status, reason = _said_of(error)
        raise _Refused(status, reason.replace("JSON body", "query parameters")) from None


def _said_of(error: ValidationError) -> tuple[int, str]:
    """Status and reason: 400 for what has another form, 422 for a number or a length out of bounds."""
    bounds = {"greater_than_equal", "less_than", "too_short", "too_long"}
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    kind = "Validation" if first["type"] in bounds else "Format"
    return (422 if kind == "Validation" else 400), f"{kind} error in JSON body: {where}: {first['msg']}"


def _engine_filter(filter_: Filter) -> qe.Filter:
    return qe.Filter(must=_conditions(filter_.must), must_not=_conditions(filter_.must_not))


def _conditions(conditions: list[Condition]) -> list[Any] | None:
    return [
        qe.FieldCondition(
            key=condition.key,
            match=qe.MatchAny(any=condition.match.any)
            if isinstance(condition.match, AnyOf)
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
