"""The inbox: every question is recorded before the platform is told that it has arrived.

A question's identity is the platform's own (workspace, channel and message), so that a retry, the
same message in two kinds of event, and several sockets lead to one row and one answer. The row's
state says how far it has come:

    waiting -> sending -> done        an answer was delivered, or the reason why there is none
       |          |
       +----------+----> closed      withdrawn, too old, or the platform does not take the answer
"""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, cast

from sqlalchemy import (
    Boolean,
    Column,
    Executable,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from bots.platform import Kind, Question
from plugins import Exchange, Message, Person, Place
from settings.redaction import redact
from settings.tasks import completed

if TYPE_CHECKING:
    from sqlalchemy import Row, Select

State = Literal["waiting", "sending", "done", "closed"]

_tables = MetaData()
_inbox = Table(
    "inbox",
    _tables,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("bot", String, nullable=False),
    Column("workspace", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("message", String, nullable=False),
    Column("thread", String, nullable=False),
    Column("platform", String, nullable=False),
    Column("direct", Boolean, nullable=False),
    Column("person", String, nullable=False),
    Column("person_name", String, nullable=False),
    Column("text", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("private", Boolean, nullable=False),
    Column("reply_to", String, nullable=False),
    Column("sent_at", Float, nullable=False),
    Column("received_at", Float, nullable=False),
    Column("state", String, nullable=False),
    Column("posts", String, nullable=False),
    Column("answer", String, nullable=False),
    Column("status", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("why", String, nullable=False),
    Column("finished_at", Float),
    UniqueConstraint("bot", "workspace", "channel", "message"),
    Index("inbox_unfinished", "bot", "state"),
    Index("inbox_message", "bot", "message"),
    Index("inbox_thread", "bot", "channel", "thread"),
)

HANDED_OVER = "people have taken over"
"""Reason of a question that somebody else answers."""

# made once: building a statement takes longer than running it
_RECORD = insert(_inbox).on_conflict_do_nothing().returning(_inbox.c.id)
_CHANGE = update(_inbox).where(_inbox.c.id == bindparam("number"))
_HAND_OVER = (
    update(_inbox)
    .where((_inbox.c.id == bindparam("number")) & (_inbox.c.reason != HANDED_OVER))
    .values(reason=HANDED_OVER)
    .returning(_inbox.c.id)
)
_FRESH = {"state": "waiting", "posts": "[]", "answer": "", "status": "", "reason": "", "why": ""}

_Write = tuple[Executable, dict[str, object], "asyncio.Future[int | None]"]
"""A statement, its parameters, and who waits for it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A question with what has become of it. Times are seconds since the epoch; `why` is JSON."""

    question: Question
    bot: str
    state: State
    received_at: float
    posts: tuple[str, ...] = ()
    answer: str = ""
    status: str = ""
    reason: str = ""
    why: str = ""


class Inbox:
    """Questions by identity. Every method that writes has committed before it returns.

    What is written has no secret and no checked number of a person in it; what is returned to be answered
    now is as it was typed, and a question that a crash left is answered without them.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self._waiting: list[_Write] = []
        self._turn = asyncio.Lock()

    async def prepare(self) -> None:
        """Make the table where it is missing."""
        async with self.engine.begin() as connection:
            await connection.run_sync(_tables.create_all)

    async def record(self, bot: str, question: Question) -> Question | None:
        """Record a question; None where it is known already. The one returned has its number."""
        message = question.message
        number = await self._write(
            _RECORD,
            {
                **_FRESH,
                "bot": bot,
                "workspace": message.place.workspace,
                "channel": message.place.channel,
                "message": message.id,
                "thread": message.place.thread,
                "platform": message.place.platform,
                "direct": message.place.direct,
                "person": message.person.id,
                "person_name": message.person.name,
                "text": redact(message.text).text,
                "kind": question.kind,
                "private": question.private,
                "reply_to": question.reply_to,
                "sent_at": message.sent_at.timestamp(),
                "received_at": time.time(),
            },
        )
        return None if number is None else replace(question, id=number)

    async def sending(self, question: Question, posts: Sequence[str]) -> None:
        """An answer is under way; `posts` are the messages of it that the platform has taken so far."""
        await self._set(question, state="sending", posts=json.dumps(list(posts)))

    async def finish(
        self, question: Question, posts: Sequence[str], answer: str, status: str, reason: str, why: str = ""
    ) -> None:
        """The answer has been delivered."""
        said = {"answer": answer, "reason": reason, "why": why}
        values = {"status": status} | {name: redact(text).text for name, text in said.items()}
        await self._set(question, state="done", posts=json.dumps(list(posts)), finished_at=time.time(), **values)

    async def hand_over(self, question: Question) -> bool:
        """People take over the question, and its thread; false where that has been said before."""
        return await self._write(_HAND_OVER, {"number": question.id}) is not None

    async def close(self, question: Question, reason: str) -> None:
        """There will be no answer."""
        await self._set(question, state="closed", reason=reason, finished_at=time.time())

    async def change(self, question: Question, text: str) -> Question:
        """The asker has edited the question: a new answer replaces the posts of the old one.

        It counts as being sent: an answer that the edit interrupted may have posts that are not known.
        """
        await self._set(question, state="sending", text=redact(text).text, received_at=time.time(), reason="")
        return replace(question, message=replace(question.message, text=text))

    async def unfinished(self, bot: str) -> list[Entry]:
        """What an earlier process left, oldest first."""
        condition = (_inbox.c.bot == bot) & _inbox.c.state.in_(("waiting", "sending"))
        return await self._entries(select(_inbox).where(condition).order_by(_inbox.c.id))

    async def find(self, bot: str, workspace: str, channel: str, message: str) -> Entry | None:
        """The question with that identity."""
        condition = (
            (_inbox.c.bot == bot)
            & (_inbox.c.workspace == workspace)
            & (_inbox.c.channel == channel)
            & (_inbox.c.message == message)
        )
        return await self._first(select(_inbox).where(condition))

    async def find_message(self, bot: str, message: str) -> Entry | None:
        """The question asked by a message, on platforms whose ids are unique everywhere."""
        return await self._first(select(_inbox).where((_inbox.c.bot == bot) & (_inbox.c.message == message)))

    async def get(self, number: int) -> Entry | None:
        """The question with that number."""
        return await self._first(select(_inbox).where(_inbox.c.id == number))

    async def answered_by(self, bot: str, channel: str, post: str) -> Entry | None:
        """The question that a message of ours answers."""
        condition = (_inbox.c.bot == bot) & (_inbox.c.channel == channel) & _inbox.c.posts.contains(json.dumps(post))
        return await self._first(select(_inbox).where(condition).order_by(_inbox.c.id.desc()))

    async def answers_in(self, bot: str, place: Place, most: int = 100) -> dict[str, Entry]:
        """The latest answered questions of a thread, by each of the messages that answer them."""
        condition = (
            (_inbox.c.bot == bot)
            & (_inbox.c.channel == place.channel)
            & (_inbox.c.thread == place.thread)
            & (_inbox.c.state == "done")
        )
        recent = select(_inbox).where(condition).order_by(_inbox.c.id.desc()).limit(most)
        return {post: entry for entry in await self._entries(recent) for post in entry.posts}

    async def direct_channels(self, bot: str, since: float) -> list[str]:
        """Channels of direct conversations in which something was asked since then."""
        condition = (_inbox.c.bot == bot) & (_inbox.c.workspace == "") & (_inbox.c.received_at >= since)
        return [row.channel for row in await self._rows(select(_inbox.c.channel).where(condition).distinct())]

    async def threads(self, bot: str, since: float) -> list[tuple[str, str]]:
        """Channel and thread of what was asked since then, the latest first."""
        latest = func.max(_inbox.c.id).desc()
        condition = (_inbox.c.bot == bot) & (_inbox.c.received_at >= since)
        place = (_inbox.c.channel, _inbox.c.thread)
        rows = await self._rows(select(*place).where(condition).group_by(*place).order_by(latest))
        return [(row.channel, row.thread) for row in rows]

    async def prune(self, seconds: float) -> int:
        """Forget questions that were finished longer ago than this; returns how many."""
        statement = delete(_inbox).where(_inbox.c.finished_at < time.time() - seconds).returning(_inbox.c.id)
        return await completed(self._removed(statement))

    async def _removed(self, statement: Executable) -> int:
        async with self.engine.begin() as connection:
            return len((await connection.execute(statement)).all())

    async def askers(self, bot: str, place: Place) -> set[str]:
        """Ids of the people who have been answered in that thread, privately or not; none once people took it over."""
        condition = (
            (_inbox.c.bot == bot)
            & (_inbox.c.workspace == place.workspace)
            & (_inbox.c.channel == place.channel)
            & (_inbox.c.thread == place.thread)
            & (_inbox.c.state != "closed")
        )
        rows = await self._rows(select(_inbox.c.person, _inbox.c.reason).where(condition))
        return set() if any(row.reason == HANDED_OVER for row in rows) else {row.person for row in rows}

    async def exchanges(self, bot: str, question: Question, most: int = 20) -> list[Exchange]:
        """Earlier questions of the same thread with their answers, oldest first."""
        place = question.message.place
        condition = (
            (_inbox.c.bot == bot)
            & (_inbox.c.workspace == place.workspace)
            & (_inbox.c.channel == place.channel)
            & (_inbox.c.thread == place.thread)
            & (_inbox.c.state == "done")
            & (_inbox.c.id < question.id)
        )
        if not question.private:
            condition &= _inbox.c.private.is_(False)
        else:
            condition &= (_inbox.c.private.is_(False)) | (_inbox.c.person == question.message.person.id)
        recent = select(_inbox).where(condition).order_by(_inbox.c.id.desc()).limit(most)
        entries = await self._entries(recent)
        said: list[Exchange] = []
        for entry in reversed(entries):
            said += [Exchange("user", entry.question.message.text), Exchange("assistant", entry.answer)]
        return said

    async def counts(self) -> dict[str, int]:
        """Number of questions by state, and of delivered answers by status."""
        label = func.coalesce(func.nullif(_inbox.c.status, ""), _inbox.c.state)
        rows = await self._rows(select(label.label("name"), func.count().label("number")).group_by(label))
        return {row.name: row.number for row in rows}

    async def _set(self, question: Question, **values: object) -> None:
        await self._write(_CHANGE, {"number": question.id, **values})

    async def _write(self, statement: Executable, parameters: dict[str, object]) -> int | None:
        """Run a statement; what waits meanwhile is committed together, because a commit waits for the disk.

        Returns the first value of the first row, where there is one.
        """
        mine: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((statement, parameters, mine))
        async with self._turn:
            if not mine.done():
                batch, self._waiting = self._waiting, []
                await completed(self._commit(batch))  # others wait for it as well
        return mine.result()

    async def _commit(self, batch: "Sequence[_Write]") -> None:
        values: list[int | None] = []
        try:
            async with self.engine.begin() as connection:
                for statement, parameters, _ in batch:
                    result = await connection.execute(statement, parameters)
                    values.append(result.scalar() if result.returns_rows else None)
        except Exception as error:
            for _, _, waiting in batch:
                waiting.set_exception(error)
                waiting.exception()  # it is raised to whoever still waits
            return
        for (_, _, waiting), value in zip(batch, values, strict=True):
            waiting.set_result(value)

    async def _rows(self, statement: Executable) -> "Sequence[Row[Any]]":
        """The rows of a statement; a caller that is cancelled waits for it, so that no connection is left half open."""
        return await completed(self._fetch(statement))

    async def _fetch(self, statement: Executable) -> "Sequence[Row[Any]]":
        async with self.engine.connect() as connection:
            rows: Sequence[Row[Any]] = (await connection.execute(statement)).all()
            return rows

    async def _entries(self, statement: "Select[Any]") -> list[Entry]:
        return [_entry(row) for row in await self._rows(statement)]

    async def _first(self, statement: "Select[Any]") -> Entry | None:
        return next(iter(await self._entries(statement.limit(1))), None)


def _entry(row: "Row[Any]") -> Entry:
    values = row._mapping
    place = Place(values["platform"], values["workspace"], values["channel"], values["thread"], values["direct"])
    message = Message(
        id=values["message"],
        text=values["text"],
        person=Person(values["person"], values["person_name"]),
        place=place,
        sent_at=datetime.fromtimestamp(values["sent_at"], UTC),
    )
    question = Question(message, cast(Kind, values["kind"]), values["private"], values["reply_to"], values["id"])
    return Entry(
        question,
        values["bot"],
        values["state"],
        values["received_at"],
        tuple(json.loads(values["posts"])),
        values["answer"],
        values["status"],
        values["reason"],
        values["why"],
    )
