"""The stand-in is as strict as Qdrant's description of its interface, and stricter where Deskhand has no business."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.qdrant_server import QdrantServer

MADE = {
    "vectors": {"dense": {"size": 2, "distance": "Cosine"}},
    "sparse_vectors": {"bm25": {}},
    "shard_number": 1,
    "metadata": {"home": "x"},
}
POINT = {"id": 1, "vector": {"dense": [1.0, 0.0], "bm25": {"indices": [1], "values": [1.0]}}, "payload": {}}


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with QdrantServer(tmp_path) as server, httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        yield client


@pytest.mark.parametrize(
    ("query", "body", "status", "says"),
    [
        ("timeout=5", {}, 200, "ok"),
        ("timeout=5", {"unknown": 1}, 400, "Format error in JSON body: unknown"),
        ("timeout=5", {"vectors": {"dense": {"size": "2", "distance": "Cosine"}}}, 400, "Format error in JSON body"),
        ("timeout=5", {"vectors": {"dense": {"size": 0, "distance": "Cosine"}}}, 422, "Validation error in JSON body"),
        ("timeout=5", {"shard_number": True}, 400, "Format error in JSON body: shard_number"),
        ("timeout=0", {}, 422, "Validation error in query parameters: timeout"),
        ("timeout=soon", {}, 400, "Format error in query parameters: timeout"),
        ("timeout=5&unknown=1", {}, 400, "Format error in query parameters: unknown"),
        ("", {}, 400, "Format error in query parameters: timeout"),
    ],
)
async def test_a_collection(
    client: httpx.AsyncClient, query: str, body: dict[str, Any], status: int, says: str
) -> None:
    answer = await client.put(f"/collections/made?{query}", json={**MADE, **body})
    assert answer.status_code == status
    assert says in str(answer.json()["status"])


@pytest.mark.parametrize(
    ("query", "point", "status"),
    [
        ("wait=true&timeout=5", {}, 200),
        ("timeout=5", {}, 400),
        ("wait=false&timeout=5", {}, 400),
        ("wait=true&timeout=5", {"id": -1}, 422),
        ("wait=true&timeout=5", {"id": 1.5}, 400),
        ("wait=true&timeout=5", {"vector": {"dense": [1.0], "bm25": {"indices": [1], "values": [1.0]}}}, 400),
        ("wait=true&timeout=5", {"vector": {"dense": [1.0, 0.0]}}, 400),
    ],
)
async def test_points(client: httpx.AsyncClient, query: str, point: dict[str, Any], status: int) -> None:
    await client.put("/collections/made?timeout=5", json=MADE)
    answer = await client.put(f"/collections/made/points?{query}", json={"points": [{**POINT, **point}]})
    assert answer.status_code == status


@pytest.mark.parametrize(("groups", "status"), [(["everyone", "hr"], 200), ([], 200), (["hr", "hr"], 400)])
async def test_a_query(client: httpx.AsyncClient, groups: list[str], status: int) -> None:
    await client.put("/collections/made?timeout=5", json=MADE)
    query = {
        "query": {"nearest": [1.0, 0.0]},
        "using": "dense",
        "filter": {"must": [{"key": "audience", "match": {"any": groups}}]},
        "limit": 1,
        "with_payload": False,
        "with_vector": False,
    }
    answer = await client.post("/collections/made/points/query/batch?timeout=5", json={"searches": [query]})
    assert answer.status_code == status


async def test_aliases_change_all_or_not_at_all(client: httpx.AsyncClient) -> None:
    await client.put("/collections/made?timeout=5", json=MADE)

    def create(name: str) -> dict[str, Any]:
        return {"create_alias": {"alias_name": "live", "collection_name": name}}

    assert (await client.post("/collections/aliases?timeout=5", json={"actions": [create("made")]})).status_code == 200
    delete = {"delete_alias": {"alias_name": "live"}}
    answer = await client.post("/collections/aliases?timeout=5", json={"actions": [delete, create("missing")]})
    assert answer.status_code == 404
    assert (await client.get("/aliases")).json()["result"]["aliases"] == [
        {"alias_name": "live", "collection_name": "made"}
    ]
    assert (await client.get("/collections/live")).status_code == 200
