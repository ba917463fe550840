"""What the models were asked and what it cost, and how every question ended.

Calls and replies are written in the background, so that no reader waits for a disk. The budget counts
what is written and what is not written yet. Days are those of the machine's own time zone.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Float, Index, Integer, MetaData, String, Table, case, func, insert, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from plugins.contract import Message, Outcome
from settings.tasks import completed, running

_log = logging.getLogger("deskhand.usage")

_tables = MetaData()
_call = Table(
    "model_call",
    _tables,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("day", String, nullable=False),
    Column("person", String, nullable=False),
    Column("message", String, nullable=False),
    Column("route", String, nullable=False),
    Column("model", String, nullable=False),
    Column("problem", String, nullable=False),
    Column("prompt_tokens", Integer, nullable=False),
    Column("answer_tokens", Integer, nullable=False),
    Column("estimated", Integer, nullable=False),
    Column("cost_usd", Float),
    Column("seconds", Float, nullable=False),
    Column("first_seconds", Float),
    Index("model_call_by_day", "day", "person"),
)
_reply = Table(
    "reply",
    _tables,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("day", String, nullable=False),
    Column("person", String, nullable=False),
    Column("message", String, nullable=False),
    Column("status", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("route", String, nullable=False),
    Column("model", String, nullable=False),
    Index("reply_by_day", "day"),
)
_event = Table(
    "reply_event",
    _tables,
    Column("id", Integer, primary_key=True),
    Column("day", String, nullable=False),
    Column("name", String, nullable=False),
    Index("reply_event_by_day", "day"),
)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a model. `cost_usd` is None where nobody knows the price."""

    route: str
    model: str
    problem: str = ""
    prompt_tokens: int = 0
    answer_tokens: int = 0
    estimated: bool = False
    cost_usd: float | None = None
    seconds: float = 0.0
    first_seconds: float | None = None
    person: str = ""
    message: str = ""
    at: float = field(default_factory=lambda: datetime.now(UTC).timestamp())


@dataclass(frozen=True, slots=True)
class Total:
    """Calls of one model on one day."""

    calls: int
    failed: int
    prompt_tokens: int
    answer_tokens: int
    cost_usd: float


def person_key(message: Message) -> str:
    """Names a person across platforms: the same id may be somebody else on another one."""
    return "/".join(part for part in (message.place.platform, message.place.workspace, message.person.id) if part)


def day_of(at: float) -> str:
    """The day of a moment, in the machine's own time zone."""
    return datetime.fromtimestamp(at, UTC).astimezone().date().isoformat()


class UsageLog:
    """Made by `open_usage`. Without a database it counts for as long as it lives."""

    def __init__(self, database: AsyncEngine | None = None) -> None:
        self._database = database
        self._unwritten: list[tuple[Table, dict[str, Any]]] = []
        self._more = asyncio.Event()
        self._writing = asyncio.Lock()  # what is written must not be counted twice while it is

    def record_call(self, call: Call) -> None:
        """Note a call; it is written soon."""
        self._add(_call, {**asdict(call), "day": day_of(call.at), "estimated": int(call.estimated)})

    def record_reply(self, message: Message, outcome: Outcome) -> None:
        """Note how a question ended; it is written soon."""
        at = datetime.now(UTC).timestamp()
        row = {"at": at, "day": day_of(at), "person": person_key(message), "message": message.id}
        row |= {"status": outcome.status, "reason": outcome.reason, "route": outcome.route, "model": outcome.model}
        self._add(_reply, row)

    def record_events(self, names: Iterable[str]) -> None:
        """Note what plugins have counted in one turn; it is written soon."""
        day = day_of(datetime.now(UTC).timestamp())
        for name in names:
            self._add(_event, {"day": day, "name": name})

    async def events(self) -> dict[str, int]:
        """Today's events by name; needs a database."""
        await self.flush()
        day = day_of(datetime.now(UTC).timestamp())
        query = select(_event.c.name, func.count()).where(_event.c.day == day).group_by(_event.c.name)
        if self._database is None:
            return {}
        async with self._database.connect() as connection:
            return {row[0]: row[1] for row in await connection.execute(query)}

    async def spent(self, person: str = "") -> tuple[float, float]:
        """US dollars of today: of everybody, and of one person."""
        async with self._writing:
            return await self._spent(person)

    async def _spent(self, person: str) -> tuple[float, float]:
        day = day_of(datetime.now(UTC).timestamp())
        calls = [row for table, row in self._unwritten if table is _call and row["day"] == day]
        of_all = sum(row["cost_usd"] or 0.0 for row in calls)
        own = sum(row["cost_usd"] or 0.0 for row in calls if row["person"] == person)
        if self._database is None:
            return of_all, own
        mine = func.sum(case((_call.c.person == person, _call.c.cost_usd), else_=0.0))
        query = select(func.sum(_call.c.cost_usd), mine).where(_call.c.day == day)
        try:
            async with self._database.connect() as connection:
                stored_all, stored_own = (await connection.execute(query)).one()
        except (SQLAlchemyError, OSError) as error:
            _log.warning("the budget cannot be read: %s", _reason(error))
            return of_all, own
        return of_all + (stored_all or 0.0), own + (stored_own or 0.0)

    async def totals(self) -> dict[str, Total]:
        """Today's calls by model; needs a database."""
        await self.flush()
        day = day_of(datetime.now(UTC).timestamp())
        failed = func.sum(case((_call.c.problem != "", 1), else_=0))
        sums = [func.coalesce(func.sum(column), 0) for column in (_call.c.prompt_tokens, _call.c.answer_tokens)]
        columns = [func.count(), failed, *sums, func.coalesce(func.sum(_call.c.cost_usd), 0.0)]
        query = select(_call.c.model, *columns).where(_call.c.day == day).group_by(_call.c.model)
        if self._database is None:
            return {}
        async with self._database.connect() as connection:
            return {name: Total(*values) for name, *values in await connection.execute(query)}

    async def replies(self) -> dict[tuple[str, str], int]:
        """How many of today's questions ended in each status and reason; needs a database."""
        await self.flush()
        day = day_of(datetime.now(UTC).timestamp())
        query = select(_reply.c.status, _reply.c.reason, func.count()).where(_reply.c.day == day)
        if self._database is None:
            return {}
        async with self._database.connect() as connection:
            rows = await connection.execute(query.group_by(_reply.c.status, _reply.c.reason))
            return {(status, reason): count for status, reason, count in rows}

    async def prepare(self) -> None:
        """Make the tables where they are missing."""
        if self._database is not None:
            async with self._database.begin() as connection:
                await connection.run_sync(_tables.create_all)

    async def keep_writing(self) -> None:
        """Write what is noted, for ever."""
        while True:
            await self._more.wait()
            self._more.clear()
            await self.flush()

    async def flush(self) -> None:
        """Write what is noted so far. What cannot be written stays noted, and counted."""
        async with self._writing:
            await completed(self._write())  # cut off between commit and forgetting, it would be written twice

    async def _write(self) -> None:
        if self._database is None or not self._unwritten:
            return
        batch = list(self._unwritten)
        try:
            async with self._database.begin() as connection:
                for table in (_call, _reply, _event):
                    if rows := [row for of, row in batch if of is table]:
                        await connection.execute(insert(table), rows)
        except (SQLAlchemyError, OSError) as error:
            _log.warning("the usage of models cannot be written: %s", _reason(error))
            return
        del self._unwritten[: len(batch)]

    def _add(self, table: Table, row: dict[str, Any]) -> None:
        self._unwritten.append((table, row))
        self._more.set()


def _reason(error: Exception) -> str:
    """The database's own words, without the statement and its values."""
    return str(error.orig if isinstance(error, DBAPIError) else error)


@asynccontextmanager
async def open_usage(database: AsyncEngine | None) -> AsyncIterator[UsageLog]:
    """A log that writes for as long as the block lasts."""
    log = UsageLog(database)
    await log.prepare()
    async with running(log.keep_writing()):
        yield log
    await log.flush()
