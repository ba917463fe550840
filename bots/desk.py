"""The desk: takes questions from the platforms, answers them in turn, and loses none.

`receive` returns when the question is recorded, so that an adapter can acknowledge the event. What is
being answered is a task of the desk; what a crash or the end of the process interrupts is taken up
again by `recover` after the next start.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from math import inf
from typing import Any
from weakref import WeakValueDictionary

from sqlalchemy.exc import SQLAlchemyError

from bots.delivery import Delivery
from bots.inbox import Entry, Inbox
from bots.line import Line, LineFull
from bots.platform import Platform, PlatformAway, PlatformError, Question
from bots.text import clean_question
from plugins import Exchange, Message, Outcome, Reply
from settings import UsageError
from settings.redaction import redact
from settings.sections import AssistantSettings
from settings.sections.bots import LimitSettings
from settings.tasks import running

Ask = Callable[[Message, Sequence[Exchange]], Awaitable[Reply]]
Told = Callable[[], Awaitable[AssistantSettings]]

_log = logging.getLogger("deskhand.bots")
_LONGEST_SECONDS = 900.0
"""A question that takes longer than this has met a defect; others wait for its turn."""
_AGAIN_SECONDS = 60.0
"""Pause before an answer is tried again that a platform was away for."""
_PRUNE_SECONDS = 3600.0
_STATUS_SECONDS = 0.25
"""How often it is looked whether there is something new to say about a question that is worked on."""
_ORDINALS = ("next", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


class Desk:
    """Answers the questions of all platforms. Use it inside `async with desk.open()`.

    `told` gives the settings of the assistant in force, for every question anew. `why` tells how a reply came
    about, once it has ended; it is kept for administrators. `reading` is the document that a reply on its way is
    being made from, empty where nothing was found yet.
    """

    def __init__(
        self,
        ask: Ask,
        inbox: Inbox,
        limits: LimitSettings,
        told: Told,
        why: Callable[[Reply], str] = lambda _: "",
        reading: Callable[[Reply], str] = lambda _: "",
    ) -> None:
        self._ask = ask
        self._inbox = inbox
        self._limits = limits
        self._told = told
        self._why = why
        self._reading = reading
        self._replies: WeakValueDictionary[int, Reply] = WeakValueDictionary()
        self._line = Line(limits)
        self._deliveries: dict[str, Delivery] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._beside: set[asyncio.Task[None]] = set()
        self._changing: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._ending = True
        self._arriving: set[tuple[str, str, str, str]] = set()
        self.paused = False

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Work until the end of the block, then for the grace time finish what is under way."""
        await self._inbox.prune(self._limits.keep_days * 86_400)
        self._ending = False
        try:
            async with running(self._prune()):
                yield
        finally:
            await self.finish()

    async def finish(self) -> None:
        """Answer what is under way within the grace time, and nothing new: what is left, the next process answers.

        A bot whose answers need its connection calls this before it disconnects.
        """
        self._ending = True
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=self._limits.grace_seconds)
        left = {*self._tasks.values(), *self._beside}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def receive(
        self, platform: Platform, question: Question, acknowledge: Callable[[], Awaitable[object]] | None = None
    ) -> bool:
        """Record a question and answer it soon; false where it is known already.

        `acknowledge` is called in between, for platforms whose answer refers to it.
        """
        arriving = _identity(platform, question)
        mine = arriving not in self._arriving
        self._arriving.add(arriving)
        recorded = None
        try:
            recorded = await self._inbox.record(platform.name, question)
            if acknowledge is not None:
                await acknowledge()
        finally:
            if recorded is not None:
                self._start(platform, recorded)
            if mine:
                self._arriving.discard(arriving)
        return recorded is not None

    async def recover(self, platform: Platform) -> tuple[int, int]:
        """Take up what an earlier process left; returns how many are answered, and how many are too old.

        A platform may call this at every new connection, while questions of this process arrive.
        """
        oldest = self._oldest()
        taken = late = 0
        under_way, arriving = set(self._tasks), set(self._arriving)  # one may end while the rows are read
        for entry in await self._inbox.unfinished(platform.name):
            if entry.question.id in under_way | self._tasks.keys():
                continue
            if _identity(platform, entry.question) in arriving | self._arriving:
                continue
            too_old = entry.received_at < oldest
            late += too_old
            taken += not too_old
            self._start(platform, entry.question, entry, too_old)
        return taken, late

    async def change(self, platform: Platform, entry: Entry, text: str) -> None:
        """Answer an edited question anew, in the place of the earlier answer."""
        async with self._alone_with(entry):
            await self._stop(entry)
            latest = await self._inbox.get(entry.question.id)
            if latest is not None and latest.question.message.text != redact(text).text:
                self._start(platform, await self._inbox.change(latest.question, text), latest)

    async def withdraw(self, platform: Platform, entry: Entry) -> None:
        """The asker has deleted the question: its answer goes as well."""
        async with self._alone_with(entry):
            await self._stop(entry)
            latest = await self._inbox.get(entry.question.id)
            if latest is None:
                return
            delivery = self._delivery(platform)
            try:
                found = await delivery.insist(lambda: platform.find_posts(latest.question))
                for post in dict.fromkeys([*latest.posts, *found]):
                    await delivery.remove(latest.question, post)
            finally:
                await self._inbox.close(latest.question, "withdrawn by the asker")

    def _alone_with(self, entry: Entry) -> asyncio.Lock:
        """Edits and deletes of one question, one after the other."""
        return self._changing.setdefault(entry.question.id, asyncio.Lock())

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something for a platform beside the answers, such as a command of an administrator."""
        if self._ending:
            work.close()
            return
        task = _owned(_guarded(work))
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    @property
    def open_questions(self) -> int:
        """Number of questions that are being answered or wait in line."""
        return len(self._tasks)

    def _start(
        self, platform: Platform, question: Question, before: Entry | None = None, too_old: bool = False
    ) -> None:
        if self._ending:
            return  # it is recorded: the next process answers it
        task = _owned(self._handle(platform, question, before, too_old))
        self._tasks[question.id] = task
        task.add_done_callback(lambda done: self._forget(question.id, done))

    def _forget(self, number: int, task: "asyncio.Task[None]") -> None:
        if self._tasks.get(number) is task:
            del self._tasks[number]

    async def _stop(self, entry: Entry) -> None:
        task = self._tasks.get(entry.question.id)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _handle(self, platform: Platform, question: Question, before: Entry | None, too_old: bool) -> None:
        """Answer one question; whatever happens, it ends in an answer, a reason, or a line in the log."""
        try:
            if too_old:
                await self._deliver(platform, question, await self._apology("I was not running when you asked"), before)
                return
            async with (
                self._line.turn(question, lambda place: self._tell_place(platform, question, place)),
                asyncio.timeout(_LONGEST_SECONDS),
                running(self._keep_showing(platform, question)),
            ):
                reply = self._replies[question.id] = await self._reply(platform, question)
                await self._deliver(platform, question, reply, before)
        except LineFull:
            await self._decline(platform, question, "too many questions are waiting")
        except TimeoutError:
            await self._decline(platform, question, "it took too long")
        except PlatformAway as away:
            self._try_again(platform, question, away)
        except PlatformError as error:
            _log.warning("%s: question %s could not be answered there: %s", platform.name, question.id, error)
            await self._inbox.close(question, str(error))
        except Exception as error:
            _log.exception("%s: question %s failed", platform.name, question.id)
            await self._decline(platform, question, f"an internal error ({type(error).__name__})")

    async def _reply(self, platform: Platform, question: Question) -> Reply:
        if self.paused:
            return await self._apology("I am paused by an administrator")
        try:
            text = clean_question(question.message.text, (await self._told()).question_characters)
        except UsageError as error:
            return Reply(str(error), Outcome("refused", str(error)))
        message = await platform.with_groups(question.message)
        return await self._ask(replace(message, text=text), await self._history(platform, question))

    async def _history(self, platform: Platform, question: Question) -> Sequence[Exchange]:
        """What was said in the thread: by the platform's own account, else by the inbox's."""
        try:
            async with asyncio.timeout(5):
                return await platform.thread(question)
        except (PlatformError, TimeoutError):
            return await self._inbox.exchanges(platform.name, question)

    async def _deliver(self, platform: Platform, question: Question, reply: Reply, before: Entry | None) -> None:
        delivery = self._delivery(platform)
        if question.kind == "channel":  # asked of nobody: silence is better than a guess
            await reply.read()
            if reply.outcome.status != "answered" or not reply.outcome.citations:
                await self._inbox.close(question, f"not answered unasked: {reply.outcome.reason or 'no source'}")
                return
        posts, interrupted = (before.posts, before.state == "sending") if before else ((), False)
        answered = await delivery.deliver(question, reply, posts, interrupted)
        outcome = answered.outcome
        why = self._why(reply)
        await self._inbox.finish(question, answered.posts, answered.text, outcome.status, outcome.reason, why)
        if question.kind != "channel":
            await self._show(platform, question, "")

    async def _decline(self, platform: Platform, question: Question, reason: str) -> None:
        """Say why there is no answer, in the place of what was sent of it."""
        try:
            before = await self._inbox.get(question.id)
            await self._deliver(platform, question, await self._apology(reason), before)
        except PlatformAway as away:
            self._try_again(platform, question, away)
        except PlatformError as error:
            await self._inbox.close(question, str(error))

    def _try_again(self, platform: Platform, question: Question, away: PlatformAway) -> None:
        """A platform that stayed away for long gets the answer when it is back, or an apology if that is too late."""
        _log.warning("%s: question %s waits: %s", platform.name, question.id, away.reason)
        self.spawn(self._later(platform, question))

    async def _later(self, platform: Platform, question: Question) -> None:
        await asyncio.sleep(_AGAIN_SECONDS)
        entry = await self._inbox.get(question.id)
        if entry is not None and entry.state in ("waiting", "sending") and question.id not in self._tasks:
            self._start(platform, entry.question, entry, entry.received_at < self._oldest())

    def _oldest(self) -> float:
        return time.time() - self._limits.oldest_minutes * 60

    async def _prune(self) -> None:
        """Forget, from time to time, what was asked long ago."""
        while True:
            await asyncio.sleep(_PRUNE_SECONDS)
            try:
                await self._inbox.prune(self._limits.keep_days * 86_400)
            except SQLAlchemyError as error:
                _log.warning("old questions could not be removed: %s", error)

    async def _apology(self, reason: str) -> Reply:
        contact = (await self._told()).contact
        return Reply(f"I could not answer this: {reason}. Please ask {contact}.", Outcome("refused", reason))

    async def _show(self, platform: Platform, question: Question, status: str) -> None:
        """A status is a courtesy: the answer does not depend on it."""
        try:
            async with asyncio.timeout(3):
                await platform.show_working(question, status)
        except Exception as error:
            _log.debug("%s: no status shown: %s", platform.name, error)

    async def _keep_showing(self, platform: Platform, question: Question) -> None:
        """Say that it is being worked on, again and again where the platform forgets; nobody asked in a channel."""
        if question.kind == "channel" or self.paused:
            return
        now, pace = asyncio.get_running_loop().time, platform.pace
        shown, again = "", inf
        while True:
            reply = self._replies.get(question.id)
            source = self._reading(reply) if reply is not None and pace.status_words else ""
            status = f"is reading {source}" if source else "is looking it up"
            if status != shown or now() >= again:
                await self._show(platform, question, status)
                shown, again = status, now() + (pace.status_seconds or inf)
            await asyncio.sleep(_STATUS_SECONDS)

    def _tell_place(self, platform: Platform, question: Question, place: int) -> None:
        ordinal = _ORDINALS[place - 1] if place <= len(_ORDINALS) else f"number {place}"
        if question.kind != "channel":
            self.spawn(self._show(platform, question, f"will answer soon: you are {ordinal} in line"))

    def _delivery(self, platform: Platform) -> Delivery:
        known = self._deliveries.get(platform.name)
        if known is None or known.platform is not platform:
            known = self._deliveries[platform.name] = Delivery(platform, self._inbox)
        return known


def _identity(platform: Platform, question: Question) -> tuple[str, str, str, str]:
    """By which the inbox knows a question."""
    place = question.message.place
    return platform.name, place.workspace, place.channel, question.message.id


def _owned(work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
    return asyncio.create_task(work)  # noqa: TID251  # the owner is the desk, which ends it with its block


async def _guarded(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except PlatformError as error:
        _log.warning("%s", error)
    except Exception:
        _log.exception("a task beside the answers failed")
