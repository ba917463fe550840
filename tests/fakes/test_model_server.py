import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from deskhand.testing.model_server import Fault, ModelServer, unused_url

ASKED: dict[str, Any] = {"model": "main", "messages": [{"role": "user", "content": "How long is it?"}]}


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer() as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers={"Authorization": "Bearer a-key"}) as session:
        yield session


async def events(client: aiohttp.ClientSession, server: ModelServer, **fields: Any) -> list[str]:
    async with client.post(f"{server.url}/chat/completions", json=ASKED | {"stream": True} | fields) as response:
        assert response.content_type == "text/event-stream"
        return [line.decode().strip().removeprefix("data: ") async for line in response.content if line.strip()]


async def test_a_whole_answer_comes_with_its_usage(server: ModelServer, client: aiohttp.ClientSession) -> None:
    server.add("main", "Five weeks.")
    async with client.post(f"{server.url}/chat/completions", json=ASKED) as response:
        answer = await response.json()
    assert answer["choices"][0]["message"] == {"role": "assistant", "content": "Five weeks."}
    assert answer["usage"] == {"prompt_tokens": 4, "completion_tokens": 2, "total_tokens": 6}


async def test_a_stream_ends_with_its_usage_only_where_that_was_asked_for(
    server: ModelServer, client: aiohttp.ClientSession
) -> None:
    server.add("main", "Five weeks.")
    *chunks, done = await events(client, server)
    assert [json.loads(chunk)["choices"][0]["delta"].get("content") for chunk in chunks] == ["Five ", "weeks.", None]
    assert done == "[DONE]"
    *_, last, _ = await events(client, server, stream_options={"include_usage": True})
    assert json.loads(last)["usage"]["completion_tokens"] == 2


async def test_a_function_answers_by_the_request_and_requests_are_recorded(
    server: ModelServer, client: aiohttp.ClientSession
) -> None:
    server.add("main", lambda request: f"You asked: {request.messages[0]['content']}")
    async with client.post(f"{server.url}/chat/completions", json=ASKED) as response:
        assert (await response.json())["choices"][0]["message"]["content"] == "You asked: How long is it?"
    [request] = server.requests
    assert (request.model, request.key, request.messages) == ("main", "a-key", ASKED["messages"])
    assert request.answered


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("rate_limit", 429, "rate_limit_exceeded"),
        ("bad_key", 401, "invalid_api_key"),
        ("server_error", 500, "server_error"),
        ("context_window", 400, "context_length_exceeded"),
        ("content_policy", 400, "content_policy_violation"),
        (None, 404, "model_not_found"),
    ],
)
async def test_errors_have_the_status_and_code_of_the_protocol(
    server: ModelServer, client: aiohttp.ClientSession, fault: Fault | None, status: int, code: str
) -> None:
    server.add("main" if fault else "other", fault=fault)
    async with client.post(f"{server.url}/chat/completions", json=ASKED) as response:
        assert response.status == status
        assert (await response.json())["error"]["code"] == code
        assert "Retry-After" not in response.headers


async def test_a_rate_limit_may_say_how_long_to_wait(server: ModelServer, client: aiohttp.ClientSession) -> None:
    server.add("main", fault="rate_limit_retry_after")
    async with client.post(f"{server.url}/chat/completions", json=ASKED) as response:
        assert (response.status, response.headers["Retry-After"]) == (429, "30")


async def test_a_cut_stream_arrives_up_to_the_cut(server: ModelServer, client: aiohttp.ClientSession) -> None:
    server.add("main", "Five weeks.", fault="cut_midway")
    async with client.post(f"{server.url}/chat/completions", json=ASKED | {"stream": True}) as response:
        assert b"Five " in await response.content.readline()
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.content.read()


async def test_a_stalled_request_ends_with_its_client_and_says_so(
    server: ModelServer, client: aiohttp.ClientSession
) -> None:
    server.add("main", fault="stall_first")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2), client.post(f"{server.url}/chat/completions", json=ASKED):
            pass
    async with asyncio.timeout(10):
        while not server.requests[0].disconnected:
            await asyncio.sleep(0.01)


async def test_nobody_listens_at_an_unused_address(client: aiohttp.ClientSession) -> None:
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.post(f"{unused_url()}/chat/completions", json=ASKED)
