"""The server: Web API, Socket Mode and Events API with acknowledgements, retries and signatures."""

import asyncio
import hashlib
import hmac
import itertools
import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp
from aiohttp import WSMsgType, web

from deskhand.testing.slack.methods import Methods, SlackFault
from deskhand.testing.slack.state import BOT_ID, BOT_USER, TEAM, Channel, Message, Workspace

SCOPES = {
    "app_mentions:read", "assistant:write", "channels:history", "channels:read", "chat:write", "commands",
    "groups:history", "groups:read", "im:history", "im:read", "usergroups:read", "users:read",
}  # fmt: skip
SIGNING_SECRET = "shhh-this-is-a-test"
BOT_TOKEN, APP_TOKEN = "xoxb-test-bot", "xapp-test-app"


@dataclass(slots=True)
class Fault:
    """What the next calls of a method run into. `after` calls are let through first."""

    status: int = 200
    error: str = "internal_error"
    times: int = 1
    retry_after: float | None = None
    drop: bool = False
    """The call takes effect, but its answer is lost."""


@dataclass
class FakeSlack:
    """A running workspace.

    `ack_seconds` is how long an event may stay unacknowledged, `retries` the pauses before it is sent
    again (Slack: 3 s; at once, one minute, five minutes).
    """

    ack_seconds: float = 3.0
    retries: tuple[float, ...] = (0.01, 0.2, 0.5)
    events_url: str = ""
    """Set for the Events API: where events are posted instead of to sockets."""
    duplicates: float = 0.0
    """Share of events that are sent twice although they were acknowledged."""
    scopes: set[str] = field(default_factory=lambda: set(SCOPES))
    workspace: Workspace = field(default_factory=Workspace)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    faults: dict[str, list[Fault]] = field(default_factory=lambda: defaultdict(list))
    acknowledged: Counter[str] = field(default_factory=Counter)
    delivered: Counter[str] = field(default_factory=Counter)
    ack_times: list[float] = field(default_factory=list)
    responses: list[dict[str, Any]] = field(default_factory=list)
    """What was posted to response URLs."""
    bot_user: str = BOT_USER

    def __post_init__(self) -> None:
        self._methods = Methods(self.workspace, self.scopes, lambda: self.base_url)
        self._sockets: list[web.WebSocketResponse] = []
        self._tickets: set[str] = set()
        self._acks: dict[str, asyncio.Future[Any]] = {}
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._chance = random.Random(7)
        self._changed = asyncio.Event()
        self._opened = asyncio.Event()
        self.add_channel("CGENERAL", [BOT_USER])

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=10_000_000)
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_get("/link", self._link)
        app.router.add_post("/response/{user}/{channel}", self._response)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self._http = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for socket in self._sockets:
            await socket.close()
        await self._http.close()
        await self._runner.cleanup()

    @property
    def base_url(self) -> str:
        """For `AsyncWebClient(base_url=...)`."""
        return f"http://127.0.0.1:{self._port}/api/"

    # who and where

    def add_person(self, user: str, name: str = "", *, guest: bool = False, bot: bool = False) -> None:
        """Somebody, with the conversation that they have with the bot."""
        self.workspace.people[user] = {
            "id": user, "name": name or user.lower(), "real_name": name or user, "is_bot": bot,
            "is_restricted": guest, "is_ultra_restricted": False, "deleted": False, "team_id": TEAM,
        }  # fmt: skip
        self.workspace.channels[f"D{user}"] = Channel(f"D{user}", [user, BOT_USER], private=True, direct=True)

    def add_channel(
        self, channel: str, members: Sequence[str], *, private: bool = False, external: bool = False
    ) -> None:
        """A channel; `external` is shared with another company."""
        self.workspace.channels[channel] = Channel(channel, list(members), private, external=external)

    def add_group(self, handle: str, users: Sequence[str]) -> None:
        """A user group."""
        self.workspace.groups[handle] = list(users)

    # what people do

    async def say(self, user: str, channel: str, text: str, thread: str = "", **more: Any) -> Message:
        """Somebody writes; the bot hears it where it is a member, a mention twice as Slack has it."""
        message = Message(self.workspace.next_ts(), channel, user, text, thread_ts=thread, versions=[text], about=more)
        self.workspace.messages.append(message)
        if BOT_USER in self.workspace.channels[channel].members:
            event = {**message.as_json(), "channel": channel, "channel_type": self.workspace.channels[channel].type,
                     "event_ts": message.ts}  # fmt: skip
            events = [event]
            if f"<@{BOT_USER}>" in text and not self.workspace.channels[channel].direct:
                events.append(
                    {key: value for key, value in event.items() if key != "channel_type"} | {"type": "app_mention"}
                )
            self._chance.shuffle(events)
            for item in events:
                self.send_event(item)
        return message

    async def edit(self, message: Message, text: str) -> None:
        """Somebody edits what they wrote."""
        before = message.as_json()
        message.text = text
        message.versions.append(text)
        edited = message.as_json() | {"edited": {"user": message.user, "ts": self.workspace.next_ts()}}
        self._message_event(message.channel, "message_changed", message=edited, previous_message=before)

    async def remove(self, message: Message) -> None:
        """Somebody deletes what they wrote."""
        self.workspace.messages.remove(message)
        self._message_event(
            message.channel, "message_deleted", deleted_ts=message.ts, previous_message=message.as_json()
        )

    async def command(self, user: str, command: str, text: str, channel: str = "CGENERAL") -> Any:
        """Somebody types a slash command; returns what the acknowledgement says."""
        payload = {
            "command": command, "text": text, "team_id": TEAM, "user_id": user, "user_name": user.lower(),
            "channel_id": channel, "channel_name": "x", "response_url": self._response_url(user, channel),
            "trigger_id": f"trigger{next(self._numbers)}", "api_app_id": "A1", "is_enterprise_install": "false",
        }  # fmt: skip
        return await self._interact("slash_commands", payload)

    async def shortcut(self, user: str, message: Message, callback: str) -> Any:
        """Somebody chooses a shortcut in a message's menu."""
        return await self._interact("interactive", self._interaction(user, message) | {
            "type": "message_action", "callback_id": callback, "message": message.as_json(), "message_ts": message.ts,
        })  # fmt: skip

    async def click(self, user: str, message: Message, action: dict[str, Any]) -> Any:
        """Somebody presses a button of a message."""
        return await self._interact("interactive", self._interaction(user, message) | {
            "type": "block_actions", "message": message.as_json(), "actions": [{"block_id": "b", **action}],
            "container": {"type": "message", "message_ts": message.ts, "channel_id": message.channel},
        })  # fmt: skip

    async def submit(self, user: str, view: dict[str, Any], values: dict[str, Any]) -> Any:
        """Somebody sends a form."""
        payload = {"type": "view_submission", "team": {"id": TEAM}, "user": {"id": user},
                   "view": view | {"id": "V1", "state": {"values": values}}}  # fmt: skip
        return await self._interact("interactive", payload)

    def open_home(self, user: str, tab: str = "home") -> None:
        """Somebody opens the app."""
        self.send_event({"type": "app_home_opened", "user": user, "channel": f"D{user}", "tab": tab,
                         "event_ts": self.workspace.next_ts()})  # fmt: skip

    # what tests look at

    async def until(self, condition: Any, seconds: float = 10.0) -> None:
        """Wait until `condition()` holds; it is looked at after every call of the bot."""
        async with asyncio.timeout(seconds):
            while not condition():
                self._changed.clear()
                try:
                    await asyncio.wait_for(self._changed.wait(), 0.05)
                except TimeoutError:
                    continue

    @property
    def undelivered(self) -> int:
        """Events that have neither been acknowledged nor given up."""
        return len(self._tasks)

    def posts(self, channel: str | None = None) -> list[Message]:
        """The bot's messages, finished ones and others."""
        return [message for message in self.workspace.messages if message.bot and channel in (None, message.channel)]

    async def answers(self, channel: str | None = None, count: int = 1, seconds: float = 10.0) -> list[Message]:
        """Wait for so many finished messages of the bot."""

        def finished() -> list[Message]:
            return [message for message in self.posts(channel) if not message.streaming and message.metadata]

        await self.until(lambda: len(finished()) >= count, seconds)
        return finished()

    def fail(self, method: str, **fault: Any) -> None:
        """Let the next calls of a method fail, see `Fault`."""
        self.faults[method].append(Fault(**fault))

    async def connected(self, sockets: int = 1) -> None:
        """Wait for the bot's sockets."""
        await self.until(lambda: len(self._sockets) >= sockets, 60)

    async def disconnected(self) -> None:
        """Wait until the last socket has gone."""
        await self.until(lambda: not self._sockets, 60)

    async def refresh(self) -> None:
        """Ask every socket to reconnect, as Slack does every few hours."""
        for socket in list(self._sockets):
            await socket.send_str(json.dumps({"type": "disconnect", "reason": "refresh_requested", "debug_info": {}}))

    async def cut(self) -> None:
        """Drop every socket without a word."""
        for socket in list(self._sockets):
            await socket.close()

    # the wire

    def send_event(self, event: dict[str, Any]) -> None:
        """Deliver an event until it is acknowledged."""
        number = next(self._numbers)
        payload = {
            "token": "x", "team_id": TEAM, "api_app_id": "A1", "type": "event_callback", "event": event,
            "event_id": f"Ev{number:08d}", "event_time": int(time.time()),
            "authorizations": [{"enterprise_id": None, "team_id": TEAM, "user_id": BOT_USER, "is_bot": True}],
        }  # fmt: skip
        self._task(self._deliver("events_api", payload, retries=self.retries))
        if self._chance.random() < self.duplicates:
            self._task(self._deliver("events_api", payload, retries=()))

    def _message_event(self, channel: str, subtype: str, **more: Any) -> None:
        ts = self.workspace.next_ts()
        self.send_event({"type": "message", "subtype": subtype, "channel": channel, "ts": ts, "event_ts": ts,
                         "channel_type": self.workspace.channels[channel].type, "hidden": True, **more})  # fmt: skip

    def _interaction(self, user: str, message: Message) -> dict[str, Any]:
        return {
            "team": {"id": TEAM, "domain": "larkfield"}, "user": {"id": user, "name": user.lower(), "team_id": TEAM},
            "channel": {"id": message.channel, "name": "x"}, "api_app_id": "A1", "token": "x",
            "trigger_id": f"trigger{next(self._numbers)}",
            "response_url": self._response_url(user, message.channel),
        }  # fmt: skip

    def _response_url(self, user: str, channel: str) -> str:
        return f"http://127.0.0.1:{self._port}/response/{user}/{channel}"

    async def _interact(self, kind: str, payload: dict[str, Any]) -> Any:
        return await self._deliver(kind, payload, retries=())

    async def _deliver(self, kind: str, payload: dict[str, Any], retries: Sequence[float]) -> Any:
        for attempt, pause in enumerate([0.0, *retries]):
            await asyncio.sleep(pause)
            try:
                started = time.perf_counter()
                if self.events_url:
                    answer = await self._post(kind, payload, attempt)
                else:
                    answer = await self._through_socket(kind, payload, attempt)
            except (TimeoutError, aiohttp.ClientError, ConnectionError):
                continue
            self.ack_times.append(time.perf_counter() - started)
            self.acknowledged[payload.get("event_id", kind)] += 1
            return answer
        return None

    async def _through_socket(self, kind: str, payload: dict[str, Any], attempt: int) -> Any:
        async with asyncio.timeout(self.ack_seconds):
            while not (open_ones := [socket for socket in self._sockets if not socket.closed]):
                self._opened.clear()
                await self._opened.wait()
            envelope = f"envelope{next(self._numbers)}"
            data = {"type": kind, "envelope_id": envelope, "payload": payload,
                    "accepts_response_payload": kind != "events_api"}  # fmt: skip
            if kind == "events_api":
                data |= {"retry_attempt": attempt, "retry_reason": "timeout" if attempt else ""}
            self._acks[envelope] = asyncio.get_running_loop().create_future()
            self.delivered[payload.get("event_id", kind)] += 1
            await self._chance.choice(open_ones).send_str(json.dumps(data))
            try:
                return await self._acks[envelope]
            finally:
                del self._acks[envelope]

    async def _post(self, kind: str, payload: dict[str, Any], attempt: int) -> Any:
        if kind == "events_api":
            body, content_type = json.dumps(payload), "application/json"
        else:
            form = {"payload": json.dumps(payload)} if kind == "interactive" else payload
            body, content_type = urlencode(form), "application/x-www-form-urlencoded"
        headers = sign(body) | {"Content-Type": content_type}
        if attempt:
            headers |= {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": "http_timeout"}
        self.delivered[payload.get("event_id", kind)] += 1
        limit = aiohttp.ClientTimeout(total=self.ack_seconds)
        async with self._http.post(self.events_url, data=body, headers=headers, timeout=limit) as response:
            if response.status != 200:
                raise aiohttp.ClientError(f"status {response.status}")
            text = await response.text()
            return json.loads(text) if text.startswith("{") else {"text": text}

    async def _link(self, request: web.Request) -> web.WebSocketResponse:
        if (ticket := request.query.get("ticket", "")) not in self._tickets:
            raise web.HTTPForbidden
        self._tickets.remove(ticket)  # a socket's address is good for one connection
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        hello = {"type": "hello", "num_connections": len(self._sockets) + 1, "connection_info": {"app_id": "A1"},
                 "debug_info": {"host": "x", "approximate_connection_time": 18060}}  # fmt: skip
        await socket.send_str(json.dumps(hello))
        self._sockets.append(socket)
        self._opened.set()
        self._changed.set()
        try:
            async for frame in socket:
                if frame.type == WSMsgType.TEXT:
                    data = json.loads(frame.data)
                    future = self._acks.get(data.get("envelope_id"))
                    if future is not None and not future.done():
                        future.set_result(data.get("payload"))
        finally:
            self._sockets.remove(socket)
        return socket

    async def _api(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        arguments: dict[str, Any] = dict(request.query)
        if request.content_type == "application/json":
            arguments |= await request.json()
        elif request.method == "POST":
            arguments |= dict(await request.post())
        token = request.headers.get("Authorization", "").removeprefix("Bearer ") or arguments.pop("token", "")
        self.calls.append((method, arguments))
        try:
            fault = self._fault(method)
            if fault is not None and not fault.drop:
                headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
                error = "ratelimited" if fault.status == 429 else fault.error
                return web.json_response({"ok": False, "error": error}, status=fault.status, headers=headers)
            answer = self._answer(method, token, {key: _decoded(value) for key, value in arguments.items()})
            if fault is not None:
                assert request.transport is not None
                request.transport.abort()
            scopes = {"x-oauth-scopes": ",".join(sorted(self.scopes))}  # of the token that was used
            return web.json_response(answer, headers=scopes)
        except SlackFault as error:
            return web.json_response(error.answer)
        finally:
            self._changed.set()

    def _answer(self, method: str, token: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if method == "apps.connections.open":
            if token != APP_TOKEN:
                raise SlackFault("invalid_auth")
            self._tickets.add(ticket := f"ticket{next(self._numbers)}")
            return {"ok": True, "url": f"ws://127.0.0.1:{self._port}/link?ticket={ticket}"}
        if token != BOT_TOKEN:
            raise SlackFault("invalid_auth")
        return self._methods.call(method, arguments)

    def _fault(self, method: str) -> Fault | None:
        waiting = self.faults[method]
        if not waiting:
            return None
        waiting[0].times -= 1
        return waiting.pop(0) if waiting[0].times <= 0 else waiting[0]

    async def _response(self, request: web.Request) -> web.Response:
        data = await request.json()
        self.responses.append(data | {"user": request.match_info["user"], "channel": request.match_info["channel"]})
        self._changed.set()
        return web.Response(text="ok")

    def _task(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def sign(body: str, secret: str = SIGNING_SECRET, at: float | None = None) -> dict[str, str]:
    """The headers by which a request of Slack's is known to be one."""
    moment = str(int(time.time() if at is None else at))
    digest = hmac.new(secret.encode(), f"v0:{moment}:{body}".encode(), hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": moment, "X-Slack-Signature": f"v0={digest}"}


def _decoded(value: Any) -> Any:
    """Forms carry blocks and metadata as JSON in a string."""
    if isinstance(value, str) and value[:1] in "[{":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


@asynccontextmanager
async def fake_slack(**options: Any) -> AsyncIterator[FakeSlack]:
    """A workspace with two people in a channel."""
    async with FakeSlack(**options) as slack:
        slack.add_person("U1", "Sam")
        slack.add_person("U2", "Alex")
        slack.add_channel("C1", ["U1", "U2", BOT_USER])
        yield slack


__all__ = ["APP_TOKEN", "BOT_ID", "BOT_TOKEN", "SIGNING_SECRET", "FakeSlack", "Fault", "fake_slack", "sign"]
