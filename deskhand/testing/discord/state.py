"""What Discord remembers: a server with roles, members and channels, threads, messages; as its payloads."""

import itertools
import time
from dataclasses import dataclass, field
from typing import Any

Payload = dict[str, Any]

GUILD, BOT, OWNER = 7, 99, 40
TEXT, DIRECT, THREAD = 0, 1, 11
_EPOCH_MS = 1_420_070_400_000
_VIEW = 1 << 10
_ALL = (1 << 40) - 1 - (1 << 3)
"""Every permission but administrator."""


@dataclass(slots=True)
class Message:
    """A message as everybody sees it now. `seen_by` is set on those that only one person sees."""

    id: int
    channel: int
    author: int
    content: str
    components: list[Payload] = field(default_factory=list)
    nonce: str = ""
    reference: Payload | None = None
    seen_by: int = 0
    edited_at: float | None = None
    versions: list[str] = field(default_factory=list)
    """Every text that it has had, the present one last."""
    allowed_mentions: Payload = field(default_factory=dict)

    def button(self, label: str) -> str:
        """The custom id of a button."""
        return next(
            str(part["custom_id"]) for row in self.components for part in row["components"] if part["label"] == label
        )


@dataclass(slots=True)
class Channel:
    """A channel, a conversation or a thread. `shown_to` are the roles that see it, everybody where it is None."""

    id: int
    name: str
    type: int = TEXT
    shown_to: tuple[int, ...] | None = None
    parent: int = 0
    person: int = 0
    last_message: int = 0


@dataclass(slots=True)
class World:
    """All of it."""

    users: dict[int, Payload] = field(default_factory=dict)
    roles: dict[int, str] = field(default_factory=dict)
    members: dict[int, tuple[int, ...]] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    commands: list[Payload] = field(default_factory=list)
    _count: "itertools.count[int]" = field(default_factory=itertools.count)
    _last: int = 0

    def next_id(self) -> int:
        """A snowflake: ids tell the time, and grow."""
        now = (int(time.time() * 1000) - _EPOCH_MS) << 22
        self._last = max(self._last + 1, now)
        return self._last

    def find(self, channel: int, message: int) -> Message | None:
        latest_first = reversed(self.messages)  # those of late are asked for most
        return next((one for one in latest_first if (one.id, one.channel) == (message, channel)), None)

    def guild(self) -> Payload:
        """For GUILD_CREATE."""
        places = list(self.channels.values())
        return {
            "id": str(GUILD), "name": "Larkfield", "icon": None, "owner_id": str(OWNER), "afk_timeout": 300,
            "verification_level": 0, "default_message_notifications": 0, "explicit_content_filter": 0, "mfa_level": 0,
            "system_channel_flags": 0, "premium_tier": 0, "preferred_locale": "en-US", "nsfw_level": 0,
            "premium_progress_bar_enabled": False, "features": [], "emojis": [], "stickers": [],
            "roles": [self._role(GUILD, "@everyone", _ALL), *(self._role(*role, 0) for role in self.roles.items())],
            "channels": [self.channel(one) for one in places if one.type == TEXT],
            "threads": [self.channel(one) for one in places if one.type == THREAD],
            "members": [self.member(BOT) | {"user": self.users[BOT]}], "presences": [], "voice_states": [],
            "stage_instances": [], "guild_scheduled_events": [], "soundboard_sounds": [],
            "member_count": len(self.members), "joined_at": "2026-01-01T00:00:00+00:00", "large": False,
        }  # fmt: skip

    def member(self, user: int) -> Payload:
        return {"roles": [str(role) for role in self.members[user]], "joined_at": "2026-01-01T00:00:00+00:00",
                "deaf": False, "mute": False, "flags": 0}  # fmt: skip

    def channel(self, one: Channel) -> Payload:
        last = str(one.last_message) if one.last_message else None
        data: Payload = {"id": str(one.id), "type": one.type, "last_message_id": last}
        if one.type == DIRECT:
            return data | {"recipients": [self.users[one.person]]}
        data |= {"guild_id": str(GUILD), "name": one.name}
        if one.type == THREAD:
            about = {"archived": False, "auto_archive_duration": 1440, "locked": False,
                     "archive_timestamp": "2026-01-01T00:00:00+00:00"}  # fmt: skip
            return data | {"parent_id": str(one.parent), "owner_id": str(BOT), "message_count": 0, "member_count": 1,
                           "thread_metadata": about}  # fmt: skip
        overwrites = []
        if one.shown_to is not None:
            overwrites = [{"id": str(GUILD), "type": 0, "allow": "0", "deny": str(_VIEW)}]
            overwrites += [{"id": str(role), "type": 0, "allow": str(_VIEW), "deny": "0"} for role in one.shown_to]
            overwrites.append({"id": str(BOT), "type": 1, "allow": str(_VIEW), "deny": "0"})
        return data | {"position": 0, "topic": None, "nsfw": False, "permission_overwrites": overwrites}

    def message(self, one: Message) -> Payload:
        """As REST returns it and events carry it."""
        data: Payload = {
            "id": str(one.id), "channel_id": str(one.channel), "author": self.users[one.author],
            "content": one.content, "timestamp": _moment((one.id >> 22) + _EPOCH_MS), "tts": False,
            "edited_timestamp": None if one.edited_at is None else _moment(one.edited_at * 1000),
            "mention_everyone": False, "mention_roles": [], "attachments": [], "embeds": [], "pinned": False,
            "mentions": [user for number, user in self.users.items() if f"<@{number}>" in one.content],
            "type": 19 if one.reference else 0, "components": one.components, "flags": 64 if one.seen_by else 0,
        }  # fmt: skip
        if one.reference:
            data["message_reference"] = one.reference
        return data

    def event(self, one: Message) -> Payload:
        """The message with what only events carry: the server, and its author's roles."""
        if self.channels[one.channel].type == DIRECT:
            return self.message(one)
        data = self.message(one) | {"guild_id": str(GUILD), "member": self.member(one.author)}
        data["mentions"] = [user | {"member": self.member(int(user["id"]))} for user in data["mentions"]]
        return data

    def _role(self, number: int, name: str, permissions: int) -> Payload:
        return {"id": str(number), "name": name, "permissions": str(permissions), "position": int(number != GUILD),
                "color": 0, "colors": {"primary_color": 0}, "hoist": False, "managed": False, "mentionable": False,
                "flags": 0}  # fmt: skip


def _moment(milliseconds: float) -> str:
    seconds, rest = divmod(int(milliseconds), 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:03d}000+00:00"
