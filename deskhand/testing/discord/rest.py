"""The REST API's routes that a bot uses, with the errors and limits that it runs into (Discord's reference, v10)."""

import re
import time
from collections.abc import Callable
from typing import Any

from deskhand.testing.discord.state import BOT, DIRECT, GUILD, THREAD, Channel, Message, Payload, World

_CONTENT = 2000


class Refused(Exception):
    """An error with Discord's own code."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.answer: Payload = {"code": code, "message": message}


class Rest:
    """What requests do to the world. `emit` sends an event to the bot."""

    def __init__(self, world: World, emit: Callable[[str, Payload], None], url: Callable[[], str]) -> None:
        self._world = world
        self._emit = emit
        self._url = url
        self._by_nonce: dict[tuple[int, str], Message] = {}
        self.public_bot = False
        self.permissions = (1 << 40) - 1
        self.flags = 1 << 18  # the message-content intent is granted
        self.typing: list[int] = []
        self.interactions: dict[str, Payload] = {}
        """By token: `user` and `channel`, and what was answered: `callback` and `message`, the original response."""

    def call(self, method: str, path: str, query: dict[str, str], body: Payload) -> Any:
        """The answer to a request; None is `204 No Content`."""
        for verb, pattern, name in _ROUTES:
            match = re.fullmatch(pattern, path) if verb == method else None
            if match:
                return getattr(self, name)(query=query, body=body, **match.groupdict())
        raise Refused(404, 0, f"404: {method} {path}")

    def _me(self, **_: Any) -> Payload:
        return self._world.users[BOT]

    def _application(self, **_: Any) -> Payload:
        return {"id": str(BOT), "name": "deskhand", "icon": None, "description": "", "bot_public": self.public_bot,
                "bot_require_code_grant": False, "verify_key": "x", "owner": self._world.users[BOT],
                "flags": self.flags}  # fmt: skip

    def _guilds(self, **_: Any) -> list[Payload]:
        return [{"id": str(GUILD), "name": "Larkfield", "permissions": str(self.permissions)}]

    def _gateway(self, **_: Any) -> Payload:
        limit = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
        return {"url": self._url(), "shards": 1, "session_start_limit": limit}

    def _commands(self, body: Any, **_: Any) -> list[Payload]:
        self._world.commands = [
            {"description": ""} | command | {"id": str(number), "application_id": str(BOT), "version": "1"}
            for number, command in enumerate(body, start=5000)
        ]
        return self._world.commands

    def _member(self, user: str, **_: Any) -> Payload:
        if int(user) not in self._world.members:
            raise Refused(404, 10007, "Unknown Member")
        return self._world.member(int(user)) | {"user": self._world.users[int(user)]}

    # channels

    def _channel(self, channel: str, **_: Any) -> Payload:
        return self._world.channel(self._found(channel))

    def _typing(self, channel: str, **_: Any) -> None:
        self.typing.append(self._found(channel).id)

    def _history(self, channel: str, query: dict[str, str], **_: Any) -> list[Payload]:
        place = self._found(channel)
        said = [one for one in self._world.messages if one.channel == place.id and not one.seen_by]
        limit = int(query.get("limit", 50))
        if "after" in query:
            said = [one for one in said if one.id > int(query["after"])][:limit]
        else:
            said = [one for one in said if one.id < int(query.get("before", 1 << 63))][-limit:]
        return [self._world.message(one) for one in reversed(said)]

    def _one(self, channel: str, message: str, **_: Any) -> Payload:
        return self._world.message(self._message(channel, message))

    def _send(self, channel: str, body: Payload, **_: Any) -> Payload:
        place = self._found(channel)
        nonce = str(body.get("nonce", ""))
        if nonce and body.get("enforce_nonce") and (sent := self._by_nonce.get((place.id, nonce))) is not None:
            return self._world.message(sent)
        message = Message(
            self._world.next_id(), place.id, BOT, "", nonce=nonce, reference=body.get("message_reference")
        )
        self._write(message, body)
        self._world.messages.append(message)
        self._by_nonce[place.id, nonce] = message
        place.last_message = message.id
        self._emit("MESSAGE_CREATE", self._world.event(message))
        return self._world.message(message)

    def _edit(self, channel: str, message: str, body: Payload, **_: Any) -> Payload:
        found = self._message(channel, message)
        if found.author != BOT:
            raise Refused(403, 50005, "Cannot edit a message authored by another user")
        self._write(found, body)
        found.edited_at = time.time()
        self._emit("MESSAGE_UPDATE", self._world.event(found))
        return self._world.message(found)

    def _delete(self, channel: str, message: str, **_: Any) -> None:
        found = self._message(channel, message)
        self._world.messages.remove(found)
        self._emit("MESSAGE_DELETE", {"id": str(found.id), "channel_id": str(found.channel), "guild_id": str(GUILD)})

    def _thread(self, channel: str, message: str, body: Payload, **_: Any) -> Payload:
        parent = self._found(channel)
        found = self._message(channel, message)
        if parent.type in (THREAD, DIRECT):
            raise Refused(400, 50024, "Cannot execute action on this channel type")
        if found.id in self._world.channels:
            raise Refused(400, 160004, "A thread has already been created for this message")
        if not 1 <= len(body["name"]) <= 100:
            raise Refused(400, 50035, "Invalid Form Body: name")
        thread = Channel(found.id, body["name"], THREAD, parent=parent.id)
        self._world.channels[thread.id] = thread
        self._emit("THREAD_CREATE", self._world.channel(thread) | {"newly_created": True})
        return self._world.channel(thread)

    # interactions

    def _callback(self, token: str, body: Payload, **_: Any) -> Payload:
        interaction = self._interaction(token)
        if "callback" in interaction:
            raise Refused(400, 40060, "Interaction has already been acknowledged.")
        interaction["callback"] = body
        answer: Payload = {"interaction": {"id": "1", "type": 2}, "resource": {"type": body["type"]}}
        if body["type"] in (4, 5):
            message = Message(self._world.next_id(), interaction["channel"], BOT, "", seen_by=interaction["user"])
            if body["type"] == 4:
                self._write(message, body["data"])
            interaction["message"] = message
            self._world.messages.append(message)
            answer["resource"]["message"] = self._world.message(message)
        return answer

    def _response(self, token: str, message: str, body: Payload, **_: Any) -> Payload:
        self._write(found := self._original(token, message), body)
        return self._world.message(found)

    def _remove_response(self, token: str, message: str, **_: Any) -> None:
        self._world.messages.remove(self._original(token, message))

    def _follow_up(self, token: str, body: Payload, **_: Any) -> Payload:
        interaction = self._interaction(token)
        message = Message(self._world.next_id(), interaction["channel"], BOT, "", seen_by=interaction["user"])
        self._write(message, body)
        self._world.messages.append(message)
        return self._world.message(message)

    def _original(self, token: str, message: str) -> Message:
        interaction = self._interaction(token)
        if message == "@original":
            if "message" not in interaction:
                raise Refused(404, 10015, "Unknown Webhook")
            found: Message = interaction["message"]
            return found
        return self._message(str(interaction["channel"]), message)

    def _interaction(self, token: str) -> Payload:
        if token not in self.interactions:
            raise Refused(401, 50027, "Invalid Webhook Token")
        return self.interactions[token]

    def _found(self, channel: str) -> Channel:
        if int(channel) not in self._world.channels:
            raise Refused(404, 10003, "Unknown Channel")
        return self._world.channels[int(channel)]

    def _message(self, channel: str, message: str) -> Message:
        found = self._world.find(self._found(channel).id, int(message))
        if found is None:
            raise Refused(404, 10008, "Unknown Message")
        return found

    def _write(self, message: Message, body: Payload) -> None:
        content = body.get("content")
        if content is not None:
            if not content and not message.components:
                raise Refused(400, 50006, "Cannot send an empty message")
            if len(content) > _CONTENT:
                raise Refused(400, 50035, "Invalid Form Body: content: Must be 2000 or fewer in length.")
            message.content = content.strip()
            message.versions.append(message.content)
        message.components = body.get("components", message.components)
        message.allowed_mentions = body.get("allowed_mentions", message.allowed_mentions)


_MESSAGE = r"/channels/(?P<channel>\d+)/messages/(?P<message>\d+)"
_WEBHOOK = rf"/webhooks/{BOT}/(?P<token>[^/]+)"
_ROUTES = [
    ("GET", "/users/@me", "_me"),
    ("GET", "/(?:oauth2/)?applications/@me", "_application"),
    ("GET", "/users/@me/guilds", "_guilds"),
    ("GET", "/gateway(?:/bot)?", "_gateway"),
    ("PUT", rf"/applications/{BOT}/commands", "_commands"),
    ("GET", rf"/guilds/{GUILD}/members/(?P<user>\d+)", "_member"),
    ("GET", r"/channels/(?P<channel>\d+)", "_channel"),
    ("POST", r"/channels/(?P<channel>\d+)/typing", "_typing"),
    ("GET", r"/channels/(?P<channel>\d+)/messages", "_history"),
    ("POST", r"/channels/(?P<channel>\d+)/messages", "_send"),
    ("GET", _MESSAGE, "_one"),
    ("PATCH", _MESSAGE, "_edit"),
    ("DELETE", _MESSAGE, "_delete"),
    ("POST", _MESSAGE + "/threads", "_thread"),
    ("POST", r"/interactions/\d+/(?P<token>[^/]+)/callback", "_callback"),
    ("PATCH", _WEBHOOK + r"/messages/(?P<message>@original|\d+)", "_response"),
    ("DELETE", _WEBHOOK + r"/messages/(?P<message>@original|\d+)", "_remove_response"),
    ("POST", _WEBHOOK, "_follow_up"),
]
