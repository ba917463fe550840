"""Posts on Discord: streamed by edits, in a thread on the question's message, sent with a nonce."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

import discord

from bots.discord.buttons import buttons
from bots.discord.calls import call
from bots.discord.formatting import readable, without_tables
from bots.discord.people import GuildChannel, People, groups_of_readers
from bots.inbox import Inbox
from bots.platform import Pace, PlatformRefused, Post, Question
from plugins import Exchange, Message

_log = logging.getLogger("deskhand.bots.discord")
CHARACTERS = 1900
"""A message may have 2,000; turning a table into text may make it a little longer."""
_THREAD_EXISTS, _MAY_NOT, _MAY_NOT_SEE = 160004, 50013, 50001
_GONE = (10003, 10008)
_KEPT_MINUTES: Literal[1440] = 1440
_RECENT = timedelta(minutes=30)
"""How far back a direct conversation is one."""
_CONTEXT = 40
"""Messages before a question that are read."""
_REMEMBERED = 10_000
_ORIGINAL = "@original"
_EPHEMERAL = 1 << 6

Channel = discord.abc.Messageable


class DiscordPlatform:
    """Implements `bots.platform.Platform` for all servers of one client."""

    pace = Pace(CHARACTERS, post_seconds=0.0, edit_seconds=1.3, status_seconds=8.0, status_words=False)
    """discord.py keeps to the rate limits of posts, which Discord tells with every answer."""

    def __init__(
        self, name: str, client: discord.Client, people: People, inbox: Inbox, hand_over: bool = False
    ) -> None:
        self.name = name
        self._client = client
        self._people = people
        self._inbox = inbox
        self._hand_over = hand_over
        self._without_thread: set[str] = set()

    def streams(self, question: Question) -> bool:
        return True

    async def with_groups(self, message: Message) -> Message:
        place, person = message.place, message.person
        guild = self._client.get_guild(int(place.workspace)) if place.workspace else None
        groups = await self._people.groups_of(int(person.id), guild)
        if not place.direct:
            channel = self._client.get_channel(int(place.channel))
            readable = isinstance(channel, GuildChannel)
            place = replace(place, groups=groups_of_readers(channel) if readable else ())  # type: ignore[arg-type]
        return replace(message, person=replace(person, groups=groups), place=place)

    async def show_working(self, question: Question, status: str) -> None:
        """Discord shows that somebody is typing, for ten seconds or until a message comes."""
        if status and not question.private:
            await call((await self._channel(question)).typing())

    async def post(self, question: Question, post: Post) -> str:
        if question.private:
            return await self._respond(question, post)
        channel = await self._channel(question)
        options: dict[str, Any] = {"nonce": f"{question.key}-{post.number}"[:25], "suppress_embeds": True}
        if (view := buttons(question, post, self._hand_over)) is not None:
            options["view"] = view
        if question.message.id.isdigit() and str(channel.id) != question.message.id:
            # by this a post is found again after a crash; in a question's own thread it is the only one to answer
            options["reference"] = discord.MessageReference(
                message_id=int(question.message.id), channel_id=channel.id, fail_if_not_exists=False
            )
        return str((await call(channel.send(without_tables(post.text) or "…", **options))).id)

    async def edit(self, question: Question, post_id: str, post: Post) -> None:
        if question.private:
            await self._change_response(question, post_id, post)
            return
        message = await self._partial(question, post_id)
        view = buttons(question, post, self._hand_over)
        await call(message.edit(content=without_tables(post.text) or "…", view=view))

    async def delete(self, question: Question, post_id: str) -> None:
        try:
            if question.private:
                await call(self._response("DELETE", f"/messages/{post_id}", question, None))
            else:
                await call((await self._partial(question, post_id)).delete())
        except PlatformRefused as error:
            if error.code not in _GONE:
                raise

    async def find_posts(self, question: Question) -> list[str]:
        """Own messages that reply to the question; without a reply, those in the thread that it began."""
        if question.private or not question.message.id.isdigit():
            return []
        channel = await self._channel(question, make=False)
        if channel is None:
            return []
        asked = int(question.message.id)
        found = []
        for said in await call(_listed(channel, after=discord.Object(asked), oldest_first=True)):
            replied = said.reference.message_id if said.reference is not None else channel.id
            if said.author == self._client.user and replied == asked:
                found.append(str(said.id))
        return found

    async def thread(self, question: Question) -> Sequence[Exchange]:
        """Earlier messages, where they can be read; else the inbox knows its own."""
        place = question.message.place
        if question.private or not self._client.intents.message_content or not question.message.id.isdigit():
            return await self._inbox.exchanges(self.name, question)
        if place.thread == question.message.id:
            return []
        before = discord.Object(int(question.message.id))
        since = discord.utils.snowflake_time(before.id) - _RECENT if place.direct else None
        channel = await self._channel(question, make=False)
        if channel is None:
            return []
        own = await self._inbox.answers_in(self.name, place)
        said = await call(_listed(channel, before=before, after=since, limit=_CONTEXT))
        said += await self._starter(channel) if len(said) < _CONTEXT else []
        exchanges = []
        for message in sorted(said, key=lambda message: message.id):
            if message.author != self._client.user:
                exchanges.append(Exchange("user", readable(message)))
            elif (entry := own.get(str(message.id))) is not None:
                exchanges.append(Exchange("assistant", entry.answer))
        once = dict.fromkeys(exchanges)  # an answer of several posts counts once
        return [exchange for exchange in once if exchange.text]

    async def _starter(self, channel: Any) -> list[discord.Message]:
        """The message that a thread began with, which stands in the channel."""
        if not isinstance(channel, discord.Thread) or not isinstance(channel.parent, discord.TextChannel):
            return []
        try:
            return [await call(channel.parent.fetch_message(channel.id))]
        except PlatformRefused:
            return []  # it was deleted, or the thread was begun without one

    # places

    async def _partial(self, question: Question, post_id: str) -> discord.PartialMessage:
        channel = await self._channel(question)
        return channel.get_partial_message(int(post_id))  # type: ignore[no-any-return]

    async def _channel(self, question: Question, make: bool = True) -> Any:
        """Where the answer goes: the thread, made on the question's message where there is none yet."""
        place = question.message.place
        if not place.thread or place.direct or place.thread in self._without_thread:
            return await self._fetched(int(place.channel))
        known = self._client.get_channel(int(place.thread))
        if known is None and make and place.thread == question.message.id:
            return await self._new_thread(question)
        try:
            return known or await self._fetched(int(place.thread))
        except PlatformRefused:
            if place.thread != question.message.id:
                raise
            return None

    async def _fetched(self, number: int) -> Any:
        return self._client.get_channel(number) or await call(self._client.fetch_channel(number))

    async def _new_thread(self, question: Question) -> Any:
        """A thread on the question; where there can be none, its channel."""
        place = question.message.place
        parent = await self._fetched(int(place.channel))
        if isinstance(parent, discord.TextChannel):
            message = parent.get_partial_message(int(question.message.id))
            name = " ".join(question.message.text.split())[:90] or "Question"
            try:
                return await call(message.create_thread(name=name, auto_archive_duration=_KEPT_MINUTES))
            except PlatformRefused as error:
                if error.code == _THREAD_EXISTS:
                    return await self._fetched(int(place.thread))
                if error.code not in (_MAY_NOT, _MAY_NOT_SEE):
                    raise
                _log.warning("%s: no thread in #%s, the answer stands there: %s", self.name, parent.name, error)
        if len(self._without_thread) >= _REMEMBERED:
            self._without_thread.clear()
        self._without_thread.add(place.thread)
        return parent

    # private answers: an interaction's token answers for a quarter of an hour, also in another process

    async def _respond(self, question: Question, post: Post) -> str:
        """The first post takes the place of what was deferred."""
        if post.number == 0:
            await self._change_response(question, _ORIGINAL, post)
            return _ORIGINAL
        sent = await call(self._response("POST", "?wait=true", question, post, flags=_EPHEMERAL))
        return str(sent["id"])

    async def _change_response(self, question: Question, post_id: str, post: Post) -> None:
        await call(self._response("PATCH", f"/messages/{post_id}", question, post))

    def _response(self, method: str, path: str, question: Question, post: Post | None, **more: Any) -> Any:
        options: dict[str, Any] = {}
        if post is not None:
            view = buttons(question, post, self._hand_over)
            options["json"] = {"content": without_tables(post.text) or "…", "allowed_mentions": {"parse": []},
                    "components": view.to_components() if view else [], **more}  # fmt: skip
        route = discord.http.Route(
            method, "/webhooks/{application_id}/{webhook_token}" + path,
            application_id=self._client.application_id, webhook_token=question.reply_to,
        )  # fmt: skip
        return self._client.http.request(route, **options)


async def _listed(channel: Any, **options: Any) -> list[discord.Message]:
    return [message async for message in channel.history(**({"limit": 100} | options))]
