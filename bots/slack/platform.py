"""Posts in one Slack workspace: streamed natively where that goes, edited where it does not."""

import json
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bots.inbox import Inbox
from bots.platform import Pace, PlatformRefused, Post, Question
from bots.slack.calls import call
from bots.slack.events import readable
from bots.slack.people import People
from bots.slack.posts import CHARACTERS, footer, message, metadata
from plugins import Exchange, Message

_log = logging.getLogger("deskhand.bots.slack")
_APPEND = 11_000
"""Characters that one call may append to a stream (12,000), with some to spare."""
_CLOSED_FENCE = re.compile(r"\n(?:`{3,}|~{3,})\s*$")
_SOURCES = re.compile(r"\n\n\[\d+\] [^\n]*(?:\n\[\d+\] [^\n]*)*\s*$")


@dataclass(slots=True)
class _Stream:
    """A message that is being written: what Slack has of it."""

    sent: str
    open: bool = True


class SlackPlatform:
    """Implements `bots.platform.Platform` for one workspace."""

    pace = Pace(CHARACTERS, post_seconds=1.0, edit_seconds=0.7)

    def __init__(
        self,
        name: str,
        client: AsyncWebClient,
        people: People,
        inbox: Inbox,
        team: str,
        bot_user: str,
        hand_over: bool = False,
    ) -> None:
        self.name = name
        self._client = client
        self._people = people
        self._inbox = inbox
        self._team = team
        self._hand_over = hand_over
        self._bot_user = bot_user
        self._streams: dict[tuple[str, str], _Stream] = {}

    def streams(self, question: Question) -> bool:
        return bool(question.message.place.thread) and not question.private

    async def with_groups(self, message: Message) -> Message:
        place, person = message.place, message.person
        person = replace(person, groups=await self._people.groups_of(person.id))
        if not place.direct:
            place = replace(place, groups=await self._people.groups_of_readers(place.channel))
        return replace(message, person=person, place=place)

    async def show_working(self, question: Question, status: str) -> None:
        place = question.message.place
        if question.private or not place.thread:
            return
        await call(
            self._client.assistant_threads_setStatus(channel_id=place.channel, thread_ts=place.thread, status=status)
        )

    async def post(self, question: Question, post: Post) -> str:
        place = question.message.place
        if question.private:
            return await self._respond(question, post)
        if not post.final and self.streams(question):
            return await self._start(question, post)
        arguments = message(question, post, self._hand_over)
        response = await call(
            self._client.chat_postMessage(channel=place.channel, thread_ts=place.thread or None, **arguments)
        )
        return str(response["ts"])

    async def edit(self, question: Question, post_id: str, post: Post) -> None:
        if question.private:
            await self._respond(question, post)
            return
        stream = self._streams.get((question.message.place.channel, post_id))
        if stream is not None and await self._grow(question, post_id, post, stream):
            return
        await self._stop(question, post_id)
        arguments = message(question, post, self._hand_over)
        for name in ("unfurl_links", "unfurl_media"):
            del arguments[name]
        await call(self._client.chat_update(channel=question.message.place.channel, ts=post_id, **arguments))

    async def delete(self, question: Question, post_id: str) -> None:
        await self._stop(question, post_id)
        try:
            await call(self._client.chat_delete(channel=question.message.place.channel, ts=post_id))
        except PlatformRefused as error:
            if "message_not_found" not in str(error):
                raise

    async def find_posts(self, question: Question) -> list[str]:
        """A stream carries its key only when it has ended: one without any that no other question owns is ours."""
        place = question.message.place
        if question.private or not place.thread:
            return []
        found = []
        for said in await self._replies(question):
            if said.get("user") != self._bot_user or said.get("ts", "") <= question.message.id:
                continue
            payload = (said.get("metadata") or {}).get("event_payload") or {}
            key = payload.get("key")
            if key == question.key:
                found.append((int(payload.get("number", 0)), str(said["ts"])))
            elif key is None and not await self._owned(question, str(said["ts"])):
                found.append((0, str(said["ts"])))
        return [ts for _, ts in sorted(found)]

    async def thread(self, question: Question) -> Sequence[Exchange]:
        place = question.message.place
        if question.private or not place.thread or place.thread == question.message.id:
            return []
        said = []
        for reply in await self._replies(question):
            if str(reply.get("ts", "")) >= question.message.id or reply.get("subtype"):
                continue
            own = reply.get("user") == self._bot_user
            text = _markdown_of(reply)
            said.append(Exchange("assistant" if own else "user", _SOURCES.sub("", text) if own else readable(text)))
        return [exchange for exchange in said if exchange.text.strip()]

    async def _replies(self, question: Question) -> list[dict[str, Any]]:
        place = question.message.place
        response = await call(
            self._client.conversations_replies(
                channel=place.channel, ts=place.thread, limit=200, include_all_metadata=True
            )
        )
        return list(response["messages"])

    async def _owned(self, question: Question, ts: str) -> bool:
        entry = await self._inbox.answered_by(self.name, question.message.place.channel, ts)
        return entry is not None and entry.question.id != question.id

    # streams

    async def _start(self, question: Question, post: Post) -> str:
        place = question.message.place
        text = _growing(post.text)
        response = await call(
            self._client.chat_startStream(
                channel=place.channel,
                thread_ts=place.thread,
                markdown_text=text[:_APPEND],
                recipient_user_id=None if place.direct else question.message.person.id,
                recipient_team_id=None if place.direct else place.workspace,
            )
        )
        ts = str(response["ts"])
        self._streams[place.channel, ts] = _Stream(text[:_APPEND])
        return ts

    async def _grow(self, question: Question, ts: str, post: Post, stream: _Stream) -> bool:
        """Append what is new; false where the message has to be edited as a whole."""
        text = post.text if post.final else _growing(post.text)
        if not text.startswith(stream.sent):
            return False
        place = question.message.place
        try:
            while len(text) - len(stream.sent) > (_APPEND if post.final else 0):
                new = text[len(stream.sent) : len(stream.sent) + _APPEND]
                await call(self._client.chat_appendStream(channel=place.channel, ts=ts, markdown_text=new))
                stream.sent += new
            if post.final:  # the last piece goes with it
                await call(
                    self._client.chat_stopStream(
                        channel=place.channel,
                        ts=ts,
                        markdown_text=text[len(stream.sent) :] or None,
                        blocks=footer(question, post, self._hand_over),
                        metadata=metadata(question, post),
                    )
                )
                del self._streams[place.channel, ts]
        except PlatformRefused as error:  # some five minutes after its start Slack ends every stream
            _log.info("%s: the stream of %s has ended: %s", self.name, ts, error)
            stream.open = False
            return False
        return True

    async def _stop(self, question: Question, ts: str) -> None:
        """A message cannot be edited while it is being streamed; one of an earlier process may still be."""
        stream = self._streams.pop((question.message.place.channel, ts), None)
        if stream is not None and not stream.open:
            return
        try:
            await call(self._client.chat_stopStream(channel=question.message.place.channel, ts=ts))
        except PlatformRefused:
            return  # it was none

    # private answers

    async def _respond(self, question: Question, post: Post) -> str:
        """A private answer goes to the address that came with the command, else as an ephemeral message."""
        place, arguments = question.message.place, message(question, post, self._hand_over)
        if question.reply_to:
            body = {"response_type": "ephemeral", "text": arguments["text"], "blocks": arguments["blocks"]}
            if await call(self._send(question.reply_to, body)):
                return f"response-{question.id}-{post.number}"
        response = await call(
            self._client.chat_postEphemeral(
                channel=place.channel,
                user=question.message.person.id,
                text=arguments["text"],
                blocks=arguments["blocks"],
            )
        )
        return str(response["message_ts"])

    async def _send(self, url: str, body: dict[str, Any]) -> bool:
        """Post to a response URL; false where it is used up."""
        session = self._client.session
        assert session is not None
        async with session.post(url, data=json.dumps(body), headers={"Content-Type": "application/json"}) as response:
            if response.status >= 500 or response.status == 429:
                raise TimeoutError
            return response.status == 200


def _growing(text: str) -> str:
    """A text that goes on: without the end of a code block that is still being written."""
    return _CLOSED_FENCE.sub("", text)


def _markdown_of(said: dict[str, Any]) -> str:
    blocks = said.get("blocks")
    parts = [block["text"] for block in blocks if block.get("type") == "markdown"] if isinstance(blocks, list) else []
    return "\n\n".join(parts) if parts else str(said.get("text", ""))
