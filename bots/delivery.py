"""From a reply to posts: streamed by edits, split within the platform's limits, delivered once.

Before anything is sent the inbox says so, and after each post it knows its id. Where a crash came
between the two, the thread is looked at first: what is found there is edited, never sent again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from bots.inbox import Inbox
from bots.platform import Answered, Platform, PlatformAway, Post, Question
from bots.splitting import split_text
from bots.text import harmless, sources
from plugins import Outcome, Replace, Reply

T = TypeVar("T")

_log = logging.getLogger("deskhand.bots")
_PATIENCE_SECONDS = 600.0
_LONGEST_PAUSE = 60.0
_FIRST_CHARACTERS = 24
"""A first piece shorter than this waits for the next one: nobody can read it."""


class Pacer:
    """Keeps requests of one kind to one place apart, in the order in which they come."""

    def __init__(self) -> None:
        self._next: dict[str, float] = {}

    async def wait(self, place: str, seconds: float) -> None:
        """Return when `seconds` have passed since the one before."""
        now = asyncio.get_running_loop().time()
        at = max(now, self._next.get(place, 0.0))
        self._next[place] = at + seconds
        if len(self._next) > 10_000:
            self._next = {key: time for key, time in self._next.items() if time > now}
        if at > now:
            await asyncio.sleep(at - now)


async def insist(name: str, request: Callable[[], Awaitable[T]], patience_seconds: float = _PATIENCE_SECONDS) -> T:
    """Repeat a request while the platform is away; raises PlatformAway when it has been for too long."""
    now = asyncio.get_running_loop().time
    gives_up = now() + patience_seconds
    pause = 0.5
    while True:
        try:
            return await request()
        except PlatformAway as away:
            wait = max(away.seconds, pause)
            if now() + wait > gives_up:
                raise
            _log.info("%s: %s; trying again in %.1f s", name, away.reason, wait)
            await asyncio.sleep(wait)
            pause = min(2 * pause, _LONGEST_PAUSE)


class Delivery:
    """Delivers the answers of one platform."""

    def __init__(self, platform: Platform, inbox: Inbox, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        self.platform = platform
        self._inbox = inbox
        self._pacer = Pacer()
        self._patience = patience_seconds

    async def deliver(
        self, question: Question, reply: Reply, posts: Sequence[str] = (), interrupted: bool = False
    ) -> Answered:
        """Send a reply as it comes.

        `posts` are messages of an earlier answer to the same question, which this one replaces;
        `interrupted` says that there may be more of them. Raises PlatformRefused where the platform
        does not take it, PlatformAway where it stayed away for longer than anyone would wait.
        """
        found = await self.insist(lambda: self.platform.find_posts(question)) if interrupted else []
        answer = _Answer(self, question, list(dict.fromkeys([*posts, *found])))
        await self._inbox.sending(question, answer.posts)
        async for piece in reply:
            await answer.add(piece)
        return await answer.end(reply.outcome)

    async def insist(self, request: Callable[[], Awaitable[T]]) -> T:
        """Repeat a request while the platform is away."""
        return await insist(self.platform.name, request, self._patience)

    async def send(self, question: Question, post: Post, known: Sequence[str]) -> str:
        """Send a new message, at the pace of its channel; `known` are those of the same answer before it.

        A request whose answer got lost may have arrived: before it is repeated, the platform is asked.
        """
        await self._pacer.wait(question.message.place.channel, self.platform.pace.post_seconds)
        tried = False

        async def request() -> str:
            nonlocal tried
            if tried and (arrived := [id_ for id_ in await self.platform.find_posts(question) if id_ not in known]):
                await self.platform.edit(question, arrived[0], post)
                return arrived[0]
            tried = True
            return await self.platform.post(question, post)

        return await self.insist(request)

    async def change(self, question: Question, post_id: str, post: Post) -> None:
        """Edit a message that was sent before."""
        await self.insist(lambda: self.platform.edit(question, post_id, post))

    async def remove(self, question: Question, post_id: str) -> None:
        """Delete a message that was sent before."""
        await self.insist(lambda: self.platform.delete(question, post_id))

    async def record(self, question: Question, posts: Sequence[str]) -> None:
        """Note which messages the platform has taken."""
        await self._inbox.sending(question, posts)

    def streams(self, question: Question) -> bool:
        """Whether an answer is shown while it is being written."""
        return question.kind != "channel" and self.platform.streams(question)

    @property
    def pace(self) -> tuple[int, float]:
        """Characters of a post, seconds between two edits."""
        return self.platform.pace.characters, self.platform.pace.edit_seconds


class _Answer:
    """One answer on its way: the text so far, and what of it the platform shows."""

    def __init__(self, delivery: Delivery, question: Question, posts: list[str]) -> None:
        self._delivery = delivery
        self._question = question
        self.posts = posts
        self._shown: list[str | None] = [None] * len(posts)
        self._text = ""
        self._next = 0.0
        self._streams = delivery.streams(question)

    async def add(self, piece: str | Replace) -> None:
        """Show the text so far, where enough of it is new and the platform's pace allows it."""
        self._text = piece.text if isinstance(piece, Replace) else self._text + piece
        characters, seconds = self._delivery.pace
        now = asyncio.get_running_loop().time()
        if now < self._next or len(self._text.strip()) < _FIRST_CHARACTERS or not self._streams:
            return
        await self._show([Post(part, number) for number, part in enumerate(_parts(self._text, characters))])
        self._next = asyncio.get_running_loop().time() + seconds

    async def end(self, outcome: Outcome) -> Answered:
        """Show the whole answer with its sources, and nothing besides."""
        text = "\n\n".join(part for part in (self._text.strip(), sources(outcome.citations)) if part)
        parts = _parts(text, self._delivery.pace[0])
        posts = [Post(part, number, final=True) for number, part in enumerate(parts)]
        posts[-1] = replace(posts[-1], outcome=outcome)
        await self._show(posts)
        while len(self.posts) > len(posts):
            await self._delivery.remove(self._question, self.posts[-1])
            self.posts.pop()
        return Answered(self._question, tuple(self.posts), self._text.strip(), outcome)

    async def _show(self, posts: Sequence[Post]) -> None:
        for post in posts:
            if post.number < len(self.posts):
                if post.final or self._shown[post.number] != post.text:
                    await self._delivery.change(self._question, self.posts[post.number], post)
                    self._shown[post.number] = post.text
            else:
                self.posts.append(await self._delivery.send(self._question, post, self.posts))
                self._shown.append(post.text)
                await self._delivery.record(self._question, self.posts)


def _parts(text: str, characters: int) -> list[str]:
    return split_text(harmless(text), characters)
