"""The server: HTTP with rate limits and faults, and a gateway with heartbeats, sessions and resuming."""

import asyncio
import itertools
import json
import random
import re
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import WSMsgType, web

from deskhand.testing.discord.rest import Refused, Rest
from deskhand.testing.discord.state import BOT, DIRECT, GUILD, OWNER, THREAD, Channel, Message, Payload, World

TOKEN = "bot.token.forthetests"
STAFF = 71
SAM, ALEX = 42, 43
GENERAL, STAFF_ONLY = 70, 73
_MESSAGE_CONTENT = 1 << 15


@dataclass(slots=True)
class Fault:
    """What the next requests run into whose method and path match."""

    pattern: str
    status: int = 200
    code: int = 0
    times: int = 1
    retry_after: float | None = None
    drop: bool = False
    """The request takes effect, but its answer is lost."""


@dataclass(slots=True)
class Session:
    """One connection's events, kept so that it can be resumed."""

    id: str
    events: list[Payload] = field(default_factory=list)
    socket: web.WebSocketResponse | None = None
    shard: int = 0


@dataclass
class FakeDiscord:
    """A running Discord with one server."""

    heartbeat_seconds: float = 30.0
    acknowledges_heartbeats: bool = True
    intents_granted: bool = True
    """Whether the message-content intent was switched on in the portal."""
    duplicates: float = 0.0
    """Share of events that are sent twice."""
    edits: tuple[int, float] | None = None
    """So many edits in a channel in so many seconds; None is no limit."""
    world: World = field(default_factory=World)
    calls: list[tuple[str, str, Payload]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    identified: list[Payload] = field(default_factory=list)
    resumed: list[Payload] = field(default_factory=list)
    heartbeats: list[float] = field(default_factory=list)
    limited: int = 0
    """Requests that were answered with 429."""

    def __post_init__(self) -> None:
        self.rest = Rest(self.world, self.emit, lambda: self.gateway_url)
        self._sessions: dict[str, Session] = {}
        self._numbers = itertools.count(1)
        self._chance = random.Random(7)
        self._changed = asyncio.Event()
        self._edited: dict[str, deque[float]] = defaultdict(deque)
        self._outbox: set[asyncio.Task[None]] = set()
        self._refusal: int | None = None
        self.add_person(BOT, "deskhand", bot=True)
        self.add_person(OWNER, "owner")

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=10_000_000)
        app.router.add_route("*", "/api/v10/{path:.*}", self._api)
        app.router.add_get("/gateway{slash:/?}", self._gateway)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.cut()
        for task in self._outbox:
            task.cancel()
        await asyncio.gather(*self._outbox, return_exceptions=True)
        await self._runner.cleanup()

    @property
    def api_url(self) -> str:
        """For the settings' `api_url`."""
        return f"http://127.0.0.1:{self._port}/api/v10"

    @property
    def gateway_url(self) -> str:
        return f"ws://127.0.0.1:{self._port}/gateway/"

    # who and where

    def add_person(self, user: int, name: str, roles: tuple[int, ...] = (), *, bot: bool = False) -> None:
        """A member of the server, with a conversation of their own with the bot."""
        self.world.users[user] = {"id": str(user), "username": name, "discriminator": "0", "avatar": None,
                                  "global_name": name.title(), "bot": bot}  # fmt: skip
        self.world.members[user] = roles
        self.world.channels[self.direct(user)] = Channel(self.direct(user), "", DIRECT, person=user)

    def add_channel(self, channel: int, name: str, shown_to: tuple[int, ...] | None = None) -> None:
        """A text channel."""
        self.world.channels[channel] = Channel(channel, name, shown_to=shown_to)

    def direct(self, user: int) -> int:
        """The conversation of a person with the bot."""
        return 100_000 + user

    # what people do

    def say(self, user: int, channel: int, content: str, reply_to: Message | None = None) -> Message:
        """Somebody writes."""
        reference = None if reply_to is None else {"message_id": str(reply_to.id), "channel_id": str(channel)}
        message = Message(self.world.next_id(), channel, user, content, reference=reference, versions=[content])
        self.world.messages.append(message)
        self.world.channels[channel].last_message = message.id
        self.emit("MESSAGE_CREATE", self.world.event(message))
        return message

    def edit(self, message: Message, content: str) -> None:
        """Somebody edits what they wrote."""
        message.content, message.edited_at = content, time.time()
        message.versions.append(content)
        self.emit("MESSAGE_UPDATE", self.world.event(message))

    def remove(self, message: Message) -> None:
        """Somebody deletes what they wrote."""
        self.world.messages.remove(message)
        data = {"id": str(message.id), "channel_id": str(message.channel)}
        self.emit("MESSAGE_DELETE", data if self._is_direct(message.channel) else data | {"guild_id": str(GUILD)})

    def command(self, user: int, channel: int, name: str, **options: str) -> str:
        """Somebody types a slash command; returns the interaction's token."""
        values = [{"name": option, "type": 3, "value": value} for option, value in options.items()]
        command, _, inner = name.partition(" ")
        if inner:
            values = [{"name": inner, "type": 1, "options": values}]
        return self._interact(user, channel, 2, {"id": "5000", "name": command, "type": 1, "options": values})

    def click(self, user: int, message: Message, label: str) -> str:
        """Somebody presses a button; returns the interaction's token."""
        data = {"custom_id": message.button(label), "component_type": 2}
        return self._interact(user, message.channel, 3, data, message=self.world.message(message))

    def _interact(self, user: int, channel: int, kind: int, data: Payload, **more: Any) -> str:
        number = self.world.next_id()
        token = f"interaction-{number}"
        self.rest.interactions[token] = {"user": user, "channel": channel}
        place = self.world.channels[channel]
        who: Payload = {"user": self.world.users[user]}
        if place.type != DIRECT:
            member = self.world.member(user) | {"user": self.world.users[user], "permissions": str((1 << 40) - 1)}
            who = {"member": member, "guild_id": str(GUILD)}
        self.emit("INTERACTION_CREATE", {
            "id": str(number), "application_id": str(BOT), "type": kind, "token": token, "version": 1,
            "channel_id": str(channel), "channel": self.world.channel(place), "app_permissions": str((1 << 40) - 1),
            "locale": "en-US", "entitlements": [], "authorizing_integration_owners": {}, "context": 0,
            "attachment_size_limit": 1, "data": data, **who, **more,
        })  # fmt: skip
        return token

    # what tests look at and do to it

    def posts(self, channel: int | None = None) -> list[Message]:
        """The bot's messages that everybody sees, in a channel and its threads."""
        places = {one.id for one in self.world.channels.values() if channel in (None, one.id, one.parent)}
        return [one for one in self.world.messages if one.author == BOT and one.channel in places and not one.seen_by]

    async def answers(self, channel: int | None = None, count: int = 1, seconds: float = 10.0) -> list[Message]:
        """Wait for so many finished answers: those with buttons."""

        def finished() -> list[Message]:
            return [one for one in self.posts(channel) if one.components]

        await self.until(lambda: len(finished()) >= count, seconds)
        return finished()

    async def until(self, condition: Callable[[], Any], seconds: float = 10.0) -> None:
        """Wait until `condition()` holds; it is looked at after every request of the bot."""
        async with asyncio.timeout(seconds):
            while not condition():
                self._changed.clear()
                try:
                    await asyncio.wait_for(self._changed.wait(), 0.05)
                except TimeoutError:
                    continue

    async def connected(self) -> None:
        """Wait for the bot."""
        await self.until(lambda: any(session.socket is not None for session in self._sessions.values()), 60)

    async def disconnected(self) -> None:
        """Wait until the bot has gone."""
        await self.until(lambda: all(session.socket is None for session in self._sessions.values()), 60)

    def fail(self, pattern: str, **fault: Any) -> None:
        """Let the next requests fail whose `METHOD /path` matches, see `Fault`."""
        self.faults.append(Fault(pattern, **fault))

    async def cut(self, forget: bool = False, code: int = 1006) -> None:
        """Drop the connection; with `forget` it cannot be resumed."""
        for session in list(self._sessions.values()):
            if session.socket is not None:
                socket, session.socket = session.socket, None
                if code == 1006 and socket._req is not None and socket._req.transport is not None:
                    socket._req.transport.abort()
                else:
                    await socket.close(code=code)
        if forget:
            self._sessions.clear()

    async def ask_to_reconnect(self) -> None:
        """Op 7, as Discord does every few hours."""
        await self._send_all({"op": 7, "d": None})

    async def invalidate(self) -> None:
        """Op 9: the session is over and cannot be resumed."""
        sockets = [session.socket for session in self._sessions.values() if session.socket is not None]
        self._sessions.clear()
        for socket in sockets:
            await socket.send_json({"op": 9, "d": False})

    def refuse(self, code: int | None) -> None:
        """Close every connection that identifies, with this code."""
        self._refusal = code

    def emit(self, event: str, data: Payload) -> None:
        """Send an event to the bot; while it is away, it is kept for a session that is resumed."""
        for session in self._sessions.values():
            if session.shard != 0:
                continue  # the server belongs to the first one, as direct conversations always do
            for _ in range(1 + (self._chance.random() < self.duplicates)):
                packet = {"op": 0, "s": len(session.events) + 1, "t": event, "d": data}
                session.events.append(packet)
                if session.socket is not None:
                    self._post(session.socket, packet)

    def _post(self, socket: web.WebSocketResponse, packet: Payload) -> None:
        async def send() -> None:
            try:
                await socket.send_str(text)
            except (ConnectionError, RuntimeError):
                return  # it has gone away: the session keeps the event

        text = json.dumps(packet)
        task = asyncio.ensure_future(send())
        self._outbox.add(task)
        task.add_done_callback(self._outbox.discard)

    async def _send_all(self, packet: Payload) -> None:
        for session in list(self._sessions.values()):
            if session.socket is not None:
                await session.socket.send_json(packet)

    def _is_direct(self, channel: int) -> bool:
        return self.world.channels[channel].type == DIRECT

    # the gateway

    async def _gateway(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"op": 10, "d": {"heartbeat_interval": int(self.heartbeat_seconds * 1000)}})
        session: Session | None = None
        try:
            async for frame in socket:
                if frame.type != WSMsgType.TEXT:
                    continue
                packet = json.loads(frame.data)
                match packet["op"]:
                    case 1:
                        self.heartbeats.append(time.monotonic())
                        if self.acknowledges_heartbeats:
                            await socket.send_json({"op": 11})
                    case 2:
                        session = await self._identify(socket, packet["d"])
                    case 6:
                        session = await self._resume(socket, packet["d"])
        finally:
            if session is not None and session.socket is socket:
                session.socket = None
        return socket

    async def _identify(self, socket: web.WebSocketResponse, data: Payload) -> Session | None:
        self.identified.append(data)
        code = self._refusal
        if data["token"] != TOKEN:
            code = 4004
        elif not self.intents_granted and data["intents"] & _MESSAGE_CONTENT:
            code = 4014
        if code is not None:
            await socket.close(code=code)
            return None
        shard = data.get("shard", [0, 1])
        session = Session(f"session{next(self._numbers)}", socket=socket, shard=shard[0])
        # a bot that starts anew has given up its other sessions
        self._sessions = {key: one for key, one in self._sessions.items() if one.shard != session.shard}
        self._sessions[session.id] = session
        mine = (GUILD >> 22) % shard[1] == session.shard
        self._to(session, "READY", {
            "v": 10, "user": self.world.users[BOT], "guilds": [{"id": str(GUILD), "unavailable": True}] if mine else [],
            "session_id": session.id, "resume_gateway_url": self.gateway_url.rstrip("/"),
            "application": {"id": str(BOT), "flags": self.rest.flags}, "relationships": [], "private_channels": [],
            "shard": shard,
        })  # fmt: skip
        if mine:
            self._to(session, "GUILD_CREATE", self.world.guild())
        self._changed.set()
        return session

    async def _resume(self, socket: web.WebSocketResponse, data: Payload) -> Session | None:
        self.resumed.append(data)
        session = self._sessions.get(data["session_id"])
        if session is None:
            await socket.send_json({"op": 9, "d": False})
            return None
        for packet in session.events[data["seq"] :]:
            await socket.send_json(packet)
        session.socket = socket
        self._to(session, "RESUMED", {})
        self._changed.set()
        return session

    def _to(self, session: Session, event: str, data: Payload) -> None:
        packet = {"op": 0, "s": len(session.events) + 1, "t": event, "d": data}
        session.events.append(packet)
        assert session.socket is not None
        self._post(session.socket, packet)

    # HTTP

    async def _api(self, request: web.Request) -> web.Response:
        path = "/" + request.match_info["path"]
        body = await request.json() if request.content_type == "application/json" and request.can_read_body else {}
        self.calls.append((request.method, path, body))
        try:
            if request.headers.get("Authorization", f"Bot {TOKEN}") != f"Bot {TOKEN}":
                raise Refused(401, 0, "401: Unauthorized")
            fault = self._fault(f"{request.method} {path}")
            if fault is not None and not fault.drop:
                return self._failed(fault)
            if (wait := self._too_fast(request.method, path)) is not None:
                return self._failed(Fault("", 429, retry_after=wait))
            answer = self.rest.call(request.method, path, dict(request.query), body)
            if fault is not None:
                assert request.transport is not None
                request.transport.abort()
            return web.Response(status=204) if answer is None else _json(answer)
        except Refused as error:
            return _json(error.answer, error.status)
        finally:
            self._changed.set()

    def _failed(self, fault: Fault) -> web.Response:
        if fault.status != 429:
            return _json({"code": fault.code, "message": "a fault"}, fault.status)
        self.limited += 1
        wait = fault.retry_after or 0.0
        return _json(
            {"message": "You are being rate limited.", "retry_after": wait, "global": False}, 429,
            Via="1.1 google",  # without it discord.py takes the answer for a ban by Cloudflare
        )  # fmt: skip

    def _fault(self, call: str) -> Fault | None:
        for fault in self.faults:
            if re.search(fault.pattern, call):
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
                return fault
        return None

    def _too_fast(self, method: str, path: str) -> float | None:
        """Seconds to wait, where a channel's messages are edited too often."""
        match = re.match(r"/channels/(\d+)/messages/", path)
        if self.edits is None or method != "PATCH" or match is None:
            return None
        most, seconds = self.edits
        times, now = self._edited[match[1]], time.monotonic()
        while times and now - times[0] >= seconds:
            times.popleft()
        if len(times) >= most:
            return seconds - (now - times[0])
        times.append(now)
        return None


def _json(data: Any, status: int = 200, **headers: str) -> web.Response:
    """The content type must be exactly this, else discord.py takes the body for text."""
    return web.Response(
        body=json.dumps(data).encode(), status=status, headers={"Content-Type": "application/json", **headers}
    )


@asynccontextmanager
async def fake_discord(**options: Any) -> AsyncIterator[FakeDiscord]:
    """A server with two people, a public channel and one for a role."""
    async with FakeDiscord(**options) as discord:
        discord.world.roles[STAFF] = "staff"
        discord.add_person(SAM, "sam", (STAFF,))
        discord.add_person(ALEX, "alex")
        discord.add_channel(GENERAL, "general")
        discord.add_channel(STAFF_ONLY, "staff-only", (STAFF,))
        yield discord


__all__ = ["ALEX", "BOT", "GENERAL", "SAM", "STAFF", "STAFF_ONLY", "THREAD", "TOKEN", "FakeDiscord", "Fault"]
