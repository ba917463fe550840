"""Which of Slack's messages are questions to the assistant, and how they read.

A mention arrives twice, as `app_mention` and as `message`; both give the same question, because its
identity is the message's own (channel and time stamp).
"""

import html
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from bots.platform import Kind, Question
from plugins import Message, Person, Place

_LINK = re.compile(r"<(https?://[^|>\s]+|mailto:[^|>\s]+)(?:\|([^>]*))?>")
_CHANNEL = re.compile(r"<#[A-Z0-9]+\|?([^>]*)>")
_PERSON = re.compile(r"<@([A-Z0-9]+)(?:\|[^>]*)?>")
_SPECIAL = re.compile(r"<!(?:subteam\^[A-Z0-9]+\|)?@?([^>|]*)[^>]*>")
_TAKEN = (None, "file_share", "thread_broadcast")
"""Subtypes of messages that people write; all others are Slack's own."""


def readable(text: str) -> str:
    """A message as its writer sees it, without the marks of Slack's own format."""
    text = _LINK.sub(lambda match: match[2] or match[1].removeprefix("mailto:"), text)
    text = _CHANNEL.sub(lambda match: f"#{match[1]}" if match[1] else "", text)
    text = _SPECIAL.sub(lambda match: match[1], text)
    return html.unescape(_PERSON.sub("", text)).strip()


def mentions(text: str) -> set[str]:
    """Ids of the people whom a message mentions."""
    return {match[1] for match in _PERSON.finditer(text)}


def is_written_by_somebody(event: Mapping[str, Any], bot_user: str, allowed_bots: Collection[str]) -> bool:
    """Whether a person wrote it, or a bot that may ask; never the assistant itself."""
    if event.get("user") == bot_user or event.get("subtype") not in (*_TAKEN, "bot_message"):
        return False
    bot = event.get("bot_id") or (event.get("bot_profile") or {}).get("id")
    if bot or event.get("subtype") == "bot_message":
        return bool({bot, event.get("user")} & set(allowed_bots))
    return bool(event.get("user"))


def question_of(event: Mapping[str, Any], team: str, kind: Kind) -> Question:
    """The question that a message asks. It is answered in its thread, or in one that it begins."""
    ts = str(event["ts"])
    direct = event.get("channel_type") == "im" or str(event["channel"]).startswith("D")
    place = Place("slack", team, str(event["channel"]), str(event.get("thread_ts") or ts), direct)
    person = Person(str(event.get("user") or event.get("bot_id")))
    return Question(Message(ts, readable(str(event.get("text", ""))), person, place, moment(ts)), kind)


def moment(ts: str) -> datetime:
    """When a message was sent, by its time stamp."""
    return datetime.fromtimestamp(float(ts), UTC)
