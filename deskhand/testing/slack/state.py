"""What a workspace remembers: people, groups, channels, messages."""

import itertools
import time
from dataclasses import dataclass, field
from typing import Any

TEAM = "T1"
BOT_USER, BOT_ID = "UBOT", "B1"


@dataclass(slots=True)
class Message:
    """A message as everybody sees it now. `seen_by` is set on messages that only one person sees."""

    ts: str
    channel: str
    user: str
    text: str
    blocks: list[dict[str, Any]] = field(default_factory=list)
    thread_ts: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    bot: bool = False
    streaming: bool = False
    seen_by: str = ""
    versions: list[str] = field(default_factory=list)
    """Every text that it has had, the present one last."""
    unfurl: bool = True
    about: dict[str, Any] = field(default_factory=dict)
    """What else its event and its history say of it."""

    @property
    def shown(self) -> str:
        """What a reader reads: the Markdown of its blocks, else its text."""
        markdown = [block["text"] for block in self.blocks if block.get("type") == "markdown"]
        return "\n\n".join(markdown) if markdown else self.text

    def as_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {"type": "message", "ts": self.ts, "user": self.user, "text": self.text, "team": TEAM}
        if self.thread_ts:
            data["thread_ts"] = self.thread_ts
        if self.blocks:
            data["blocks"] = self.blocks
        if self.bot:
            data |= {"bot_id": BOT_ID, "app_id": "A1"}
        if self.metadata:
            data["metadata"] = self.metadata
        return data | self.about


@dataclass(slots=True)
class Channel:
    id: str
    members: list[str]
    private: bool = False
    direct: bool = False
    external: bool = False

    @property
    def type(self) -> str:
        return "im" if self.direct else "group" if self.private else "channel"


@dataclass(slots=True)
class Workspace:
    """All of it. Times of messages count up from when it was made, so that no two are equal."""

    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    homes: dict[str, dict[str, Any]] = field(default_factory=dict)
    statuses: list[tuple[str, str, str]] = field(default_factory=list)
    views: list[dict[str, Any]] = field(default_factory=list)
    prompts: list[dict[str, Any]] = field(default_factory=list)
    made_at: int = field(default_factory=lambda: int(time.time()))
    _clock: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def next_ts(self) -> str:
        return f"{self.made_at}.{next(self._clock):06d}"

    def find(self, channel: str, ts: str) -> Message | None:
        latest_first = reversed(self.messages)  # those of late are asked for most
        return next((message for message in latest_first if (message.ts, message.channel) == (ts, channel)), None)

    def thread(self, channel: str, ts: str) -> list[Message]:
        """The root and its replies, as everybody sees them."""
        return [
            message
            for message in self.messages
            if message.channel == channel and ts in (message.ts, message.thread_ts) and not message.seen_by
        ]
