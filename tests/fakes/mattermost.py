"""A small Mattermost-like server on loopback: posts, threads, a WebSocket with their events."""

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

TOKEN = "token-of-the-bot"
BOT, SAM = "bot1", "sam1"
TOWN, DIRECT = "town", "direct"
_CHARACTERS = 16_383


@dataclass
class FakeMattermost:
    """A channel for everybody, a direct conversation, one person in the group `staff`."""

    posts: dict[str, dict[str, Any]] = field(default_factory=dict)
    versions: dict[str, list[str]] = field(default_factory=dict)
    typing: list[str] = field(default_factory=list)
    faults: list[tuple[int, bool]] = field(default_factory=list)
    """Status of the next posts; true lets one take effect and loses its answer."""
    copies: int = 1
    url: str = ""
    _sockets: list[web.WebSocketResponse] = field(default_factory=list)
    _waiting: list[str] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    async def say(self, channel: str, text: str, root: str = "") -> dict[str, Any]:
        """The person writes."""
        post = self._new(SAM, {"channel_id": channel, "message": text, "root_id": root})
        await self._emit("posted", post)
        return post

    async def edit(self, post: dict[str, Any], text: str) -> None:
        post |= {"message": text, "edit_at": _now()}
        await self._emit("post_edited", post)

    async def delete(self, post: dict[str, Any]) -> None:
        del self.posts[post["id"]]
        await self._emit("post_deleted", post)

    def own(self) -> list[dict[str, Any]]:
        """What the bot has posted."""
        return [post for post in self.posts.values() if post["user_id"] == BOT]

    def _new(self, user: str, body: dict[str, Any]) -> dict[str, Any]:
        number = f"post{next(self._numbers)}"
        post = {"id": number, "user_id": user, "create_at": _now(), "edit_at": 0, "root_id": "", "props": {}, **body}
        self.posts[number] = post
        self.versions[number] = [post["message"]]
        return post

    async def _emit(self, event: str, post: dict[str, Any]) -> None:
        kind = "D" if post["channel_id"] == DIRECT else "O"
        data = json.dumps({"event": event, "data": {"post": json.dumps(post), "channel_type": kind}})
        for _ in range(self.copies):
            if not self._sockets:
                self._waiting.append(data)
            for socket in self._sockets:
                await socket.send_str(data)

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.append(socket)
        for data in self._waiting:
            await socket.send_str(data)
        self._waiting.clear()
        async for frame in socket:
            if frame.type == WSMsgType.CLOSE:
                break
        self._sockets.remove(socket)
        return socket

    async def api(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"message": "Invalid or expired session"}, status=401)
        body = await request.json() if request.can_read_body else {}
        match [request.method, *request.match_info["path"].split("/")]:
            case ["GET", "users", "me"]:
                return web.json_response({"id": BOT, "username": "deskhand"})
            case ["GET", "users", user, "groups"]:
                return web.json_response([{"name": "staff"}] if user == SAM else [])
            case ["POST", "users", "me", "typing"]:
                self.typing.append(body["parent_id"])
                return web.json_response({"status": "OK"})
            case ["POST", "posts"]:
                return self._create(request, body)
            case ["PUT", "posts", number, "patch"] if number in self.posts:
                self.posts[number] |= body
                self.versions[number].append(body["message"])
                return web.json_response(self.posts[number])
            case ["DELETE", "posts", number] if number in self.posts:
                del self.posts[number]
                return web.json_response({"status": "OK"})
            case ["GET", "posts", root, "thread"]:
                thread = {number: post for number, post in self.posts.items() if root in (number, post["root_id"])}
                return web.json_response({"order": list(thread), "posts": thread})
        return web.json_response({"message": "Unable to find the post"}, status=404)

    def _create(self, request: web.Request, body: dict[str, Any]) -> web.Response:
        status, lost = self.faults.pop(0) if self.faults else (200, False)
        if status != 200:
            headers = {"X-Ratelimit-Reset": "0"}
            return web.json_response({"message": "no permission"}, status=status, headers=headers)
        if len(body["message"]) > _CHARACTERS:
            return web.json_response({"message": "Post is too long"}, status=400)
        post = self._new(BOT, body)
        if lost:
            assert request.transport is not None
            request.transport.abort()
        return web.json_response(post, status=201)


def _now() -> int:
    return time.time_ns() // 1_000_000


@asynccontextmanager
async def fake_mattermost() -> AsyncIterator[FakeMattermost]:
    server = FakeMattermost()
    app = web.Application(client_max_size=10_000_000)
    app.router.add_get("/api/v4/websocket", server.socket)
    app.router.add_route("*", "/api/v4/{path:.*}", server.api)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await asyncio.sleep(0)
        await runner.cleanup()
