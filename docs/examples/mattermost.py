"""An adapter for a Mattermost-like server: mentions, direct messages and follow-ups, by REST and a WebSocket.

docs/new-platform.md walks through it; tests/docs/test_mattermost.py runs it through the contract of all adapters.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import aiohttp

from bots.conversation import says_nothing
from bots.desk import Desk
from bots.inbox import Inbox
from bots.platform import Kind, Pace, PlatformAway, PlatformRefused, Post, Question
from plugins import Exchange, Message, Person, Place
from settings.tasks import running

_log = logging.getLogger("deskhand.bots.mattermost")
_SECONDS = aiohttp.ClientTimeout(total=30)
_EDITED_MS = 60_000


class MattermostPlatform:
    """Implements `bots.platform.Platform` with REST calls."""

    pace = Pace(16_000, post_seconds=0.2, edit_seconds=1.0, status_seconds=5.0)

    def __init__(self, name: str, session: aiohttp.ClientSession, url: str, user: Mapping[str, Any]) -> None:
        self.name = name
        self.user = user
        self._session = session
        self._url = url

    def streams(self, question: Question) -> bool:
        return True

    async def with_groups(self, message: Message) -> Message:
        """Groups of the asker; a channel may be joined by anybody, so there only public documents are used."""
        try:
            groups = await self._call("GET", f"users/{message.person.id}/groups")
        except (PlatformAway, PlatformRefused) as error:
            _log.warning("groups of %s are not known: %s", message.person.id, error)
            return message
        names = tuple(sorted(str(group["name"]) for group in groups))
        return replace(message, person=replace(message.person, groups=names))

    async def show_working(self, question: Question, status: str) -> None:
        place = question.message.place
        if status:
            await self._call("POST", "users/me/typing", {"channel_id": place.channel, "parent_id": place.thread})

    async def post(self, question: Question, post: Post) -> str:
        """A reply in the thread; its properties carry the key by which it is found again."""
        place = question.message.place
        body = {"channel_id": place.channel, "root_id": place.thread, "message": post.text or "…",
                "props": {"deskhand_key": question.key}}  # fmt: skip
        return str((await self._call("POST", "posts", body))["id"])

    async def edit(self, question: Question, post_id: str, post: Post) -> None:
        await self._call("PUT", f"posts/{post_id}/patch", {"message": post.text or "…"})

    async def delete(self, question: Question, post_id: str) -> None:
        try:
            await self._call("DELETE", f"posts/{post_id}")
        except PlatformRefused as error:
            if error.code != 404:
                raise

    async def find_posts(self, question: Question) -> list[str]:
        said = await self._thread(question.message.place.thread)
        return [str(post["id"]) for post in said if post["props"].get("deskhand_key") == question.key]

    async def thread(self, question: Question) -> Sequence[Exchange]:
        before = question.message.sent_at.timestamp() * 1000
        exchanges = []
        for post in await self._thread(question.message.place.thread):
            own = post["user_id"] == self.user["id"]
            if post["create_at"] < before:
                exchanges.append(Exchange("assistant" if own else "user", without_name(post, self.user)))
        return exchanges

    async def _thread(self, root: str) -> list[dict[str, Any]]:
        try:
            found = await self._call("GET", f"posts/{root}/thread")
        except PlatformRefused as error:
            if error.code == 404:
                return []
            raise
        return [found["posts"][number] for number in found["order"]]

    async def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """A REST call, with errors as the desk understands them."""
        try:
            async with self._session.request(
                method, f"{self._url}/api/v4/{path}", json=body, timeout=_SECONDS
            ) as reply:
                if reply.status == 429 or reply.status >= 500:
                    wait = float(reply.headers.get("X-Ratelimit-Reset", 1))
                    raise PlatformAway(f"the server has a fault ({reply.status})", wait)
                if reply.status >= 400:
                    reason = str((await reply.json()).get("message", ""))[:100]
                    raise PlatformRefused(f"the server refuses it: {reason}", reply.status)
                return await reply.json()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise PlatformAway(f"the server cannot be reached ({type(error).__name__})") from None


class MattermostBot:
    """Listens on the WebSocket and hands questions to the desk."""

    def __init__(self, url: str, token: str, desk: Desk, inbox: Inbox) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"}
        self._desk = desk
        self._inbox = inbox

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Connect, take up what was left, and listen until the end of the block."""
        async with aiohttp.ClientSession(headers=self._headers) as session:
            platform = MattermostPlatform("mattermost", session, self._url, {})
            platform.user = await platform._call("GET", "users/me")
            await self._desk.recover(platform)
            async with running(self._listen(session, platform)):
                try:
                    yield
                finally:
                    await self._desk.finish()  # answers need the session

    async def _listen(self, session: aiohttp.ClientSession, platform: MattermostPlatform) -> None:
        while True:
            try:
                async with session.ws_connect(f"{self._url}/api/v4/websocket") as socket:
                    async for frame in socket:
                        event = json.loads(frame.data)
                        await self._on_event(platform, event["event"], event["data"])
            except (aiohttp.ClientError, OSError) as error:
                _log.warning("the connection is lost, trying again: %s", error)
            await asyncio.sleep(1)

    async def _on_event(self, platform: MattermostPlatform, event: str, data: Mapping[str, Any]) -> None:
        post = json.loads(data["post"])
        if post["user_id"] == platform.user["id"] or post["props"].get("from_bot"):
            return
        known = await self._inbox.find_message(platform.name, post["id"])
        match event:
            case "post_deleted" if known is not None:
                self._desk.spawn(self._desk.withdraw(platform, known))
            case "post_edited" if known is not None and post["edit_at"] - post["create_at"] < _EDITED_MS:
                self._desk.spawn(self._desk.change(platform, known, without_name(post, platform.user)))
            case "posted":
                question = question_of(post, str(data["channel_type"]), platform.user)
                if (kind := await self._kind(platform, question, post)) is not None:
                    await self._desk.receive(platform, replace(question, kind=kind))

    async def _kind(self, platform: MattermostPlatform, question: Question, post: Mapping[str, Any]) -> Kind | None:
        """How a post asks the assistant, None where it does not."""
        message = question.message
        if message.place.direct:
            return "direct"
        if f"@{platform.user['username']}" in post["message"]:
            return "mention"
        if says_nothing(message.text) or "@" in message.text:
            return None
        askers = await self._inbox.askers(platform.name, message.place)
        return "follow_up" if message.person.id in askers else None


def question_of(post: Mapping[str, Any], channel_type: str, user: Mapping[str, Any]) -> Question:
    """The question that a post asks; it is answered in its thread, or in one that it begins."""
    place = Place("mattermost", "", post["channel_id"], post["root_id"] or post["id"], direct=channel_type == "D")
    sent = datetime.fromtimestamp(post["create_at"] / 1000, UTC)
    return Question(Message(post["id"], without_name(post, user), Person(post["user_id"]), place, sent))


def without_name(post: Mapping[str, Any], user: Mapping[str, Any]) -> str:
    """A post's text without the mark that calls the assistant."""
    return str(post["message"]).replace(f"@{user['username']}", "").strip()
