"""A language model server on loopback, scripted by the test.

It speaks the OpenAI chat completions protocol over real HTTP, so that a plugin is tested through
the client library that it uses in earnest:

    async with ModelServer() as server:
        server.add("main", "Five weeks [1].")
        server.add("broken", fault="server_error")
        ...  # point `api_base` at server.url
        assert server.requests[0].messages[-1]["content"].endswith("how long?")
"""

import asyncio
import json
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from aiohttp import web

Fault = Literal[
    "rate_limit", "rate_limit_retry_after", "bad_key", "server_error", "context_window", "content_policy",
    "stall_first", "stall_midway", "cut_midway", "malformed", "empty",
]  # fmt: skip
"""What goes wrong: an HTTP error, silence before or within the answer, a dropped connection, a body
that is no JSON, or an answer without a word."""

_ERRORS: dict[Fault, tuple[int, str, str]] = {
    "rate_limit": (429, "rate_limit_exceeded", "Rate limit reached"),
    "rate_limit_retry_after": (429, "rate_limit_exceeded", "Rate limit reached"),
    "bad_key": (401, "invalid_api_key", "Incorrect API key provided: {key}"),
    "server_error": (500, "server_error", "The server had an error, your key was {key}"),
    "context_window": (400, "context_length_exceeded", "This model's maximum context length is 8192 tokens."),
    "content_policy": (400, "content_policy_violation", "The response was filtered by our content management policy"),
}


@dataclass(slots=True)
class ChatRequest:
    """One request as it arrived, and what became of it."""

    model: str
    messages: list[dict[str, Any]]
    body: dict[str, Any]
    key: str
    """The bearer token of the Authorization header."""
    answered: bool = False
    """The last piece has been sent."""
    disconnected: bool = False
    """The client went away before."""


Text = str | Sequence[str] | Callable[[ChatRequest], str]


@dataclass(frozen=True, slots=True)
class Script:
    """How one model answers."""

    text: Text = "Fine."
    """The answer, streamed word by word; a list is streamed as these pieces; a function sees the request."""
    latency: float = 0.0
    """Seconds before the first piece."""
    pieces_per_second: float | None = None
    """Pace of the stream; None sends as fast as it goes."""
    fault: Fault | None = None
    hold: asyncio.Event | None = None
    """The last piece is sent only when this is set."""
    finish: str = "stop"
    """Why the answer ends: `stop`, `length`, `content_filter`."""

    def pieces(self, request: ChatRequest) -> list[str]:
        """The answer as it is streamed."""
        text = self.text(request) if callable(self.text) else self.text
        return re.findall(r"\S+\s*|\s+", text) if isinstance(text, str) else list(text)


@dataclass(slots=True)
class ModelServer:
    """Answers for any number of models, each by its script; an async context manager."""

    url: str = ""
    requests: list[ChatRequest] = field(default_factory=list)
    _scripts: dict[str, Script] = field(default_factory=dict)
    _runner: web.AppRunner | None = None

    def add(
        self,
        model: str,
        text: Text = "Fine.",
        *,
        latency: float = 0.0,
        pieces_per_second: float | None = None,
        fault: Fault | None = None,
        hold: asyncio.Event | None = None,
        finish: str = "stop",
    ) -> None:
        """Script a model, or script it anew; see `Script`."""
        self._scripts[model] = Script(text, latency, pieces_per_second, fault, hold, finish)

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._chat)
        # a handler is cancelled when its client goes away: stalled ones do not outlive their test
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _chat(self, http: web.Request) -> web.StreamResponse:
        body = await http.json()
        key = http.headers.get("Authorization", "").removeprefix("Bearer ")
        request = ChatRequest(body["model"], body["messages"], body, key)
        self.requests.append(request)
        script = self._scripts.get(request.model)
        if script is None:
            return _error(404, "model_not_found", f"The model {request.model} does not exist")
        if script.fault in _ERRORS:
            status, code, message = _ERRORS[script.fault]
            after = {"Retry-After": "30"} if script.fault == "rate_limit_retry_after" else {}
            return _error(status, code, message.format(key=key), after)
        with _noticing(request):
            await asyncio.sleep(script.latency)
            if script.fault == "stall_first":
                await asyncio.Event().wait()
            if body.get("stream"):
                return await self._stream(http, request, script)
        if script.fault == "malformed":
            return web.Response(text='{"choices": [{"mess', content_type="application/json")
        text = "" if script.fault == "empty" else "".join(script.pieces(request))
        request.answered = True
        choice = {"index": 0, "finish_reason": script.finish, "message": {"role": "assistant", "content": text}}
        return web.json_response(
            _envelope(request, "chat.completion", choices=[choice], usage=_usage(request, script.pieces(request)))
        )

    async def _stream(self, http: web.Request, request: ChatRequest, script: Script) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(http)

        async def send(**fields: Any) -> None:
            await _send(response, json.dumps(_envelope(request, "chat.completion.chunk", **fields)))

        pieces = [] if script.fault == "empty" else script.pieces(request)
        for index, piece in enumerate(pieces):
            last = index == len(pieces) - 1
            if last and script.fault == "malformed":
                await _send(response, '{"choices": [{"del')
                return response
            if last and script.fault == "cut_midway":
                assert http.transport is not None
                http.transport.close()  # what was sent before arrives, the end of the body does not
                return response
            if last and script.fault == "stall_midway":
                await asyncio.Event().wait()
            if last and script.hold is not None:
                await script.hold.wait()
            await send(choices=[{"index": 0, "delta": {"content": piece}, "finish_reason": None}])
            if script.pieces_per_second:
                await asyncio.sleep(1 / script.pieces_per_second)
        request.answered = True
        await send(choices=[{"index": 0, "delta": {}, "finish_reason": script.finish}])
        if (request.body.get("stream_options") or {}).get("include_usage"):
            await send(choices=[], usage=_usage(request, pieces))
        await _send(response, "[DONE]")
        return response


def unused_url() -> str:
    """An address on loopback where nobody listens: the connection is refused."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/v1"


@contextmanager
def deaf_url() -> Iterator[str]:
    """An address on loopback that takes no connection and refuses none: connecting goes on for ever."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        waiting = []
        try:
            for _ in range(4):  # more than the queue holds
                waiting.append(socket.socket())
                waiting[-1].setblocking(False)
                waiting[-1].connect_ex(listening.getsockname())
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        finally:
            for client in waiting:
                client.close()


@contextmanager
def _noticing(request: ChatRequest) -> Iterator[None]:
    try:
        yield
    except (asyncio.CancelledError, ConnectionError):
        request.disconnected = True
        raise


async def _send(response: web.StreamResponse, data: str) -> None:
    await response.write(f"data: {data}\n\n".encode())


def _envelope(request: ChatRequest, kind: str, **fields: Any) -> dict[str, Any]:
    return {"id": "chat-1", "object": kind, "created": 1, "model": request.model, **fields}


def _usage(request: ChatRequest, pieces: Sequence[str]) -> dict[str, int]:
    """A token is a word of the prompt, or a piece of the answer."""
    asked = sum(len(str(message["content"]).split()) for message in request.messages)
    return {"prompt_tokens": asked, "completion_tokens": len(pieces), "total_tokens": asked + len(pieces)}


def _error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> web.Response:
    kind = "invalid_request_error" if status in (400, 401, 404) else "server_error" if status >= 500 else "requests"
    error = {"message": message, "type": kind, "code": code}
    return web.json_response({"error": error}, status=status, headers=headers)
