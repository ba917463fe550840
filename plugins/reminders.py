"""The table of the step `remind`: what somebody is to be reminded of, where, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Float, Integer, MetaData, String, Table, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from plugins.contract import Person, Place
from settings.redaction import redact

TABLES = MetaData()
_reminder = Table(
    "remind_reminder",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("platform", String, nullable=False),
    Column("workspace", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("thread", String, nullable=False),
    Column("person", String, nullable=False),
    Column("text", String, nullable=False),
    Column("due", Float, nullable=False, index=True),
)


@dataclass(frozen=True, slots=True)
class Reminder:
    """One row; `place` is where it is posted."""

    id: int
    place: Place
    text: str
    due: datetime


class Reminders:
    """All reminders; those of a person are theirs alone."""

    def __init__(self, database: AsyncEngine) -> None:
        self._database = database

    async def add(self, person: Person, place: Place, text: str, due: datetime) -> None:
        """Keep a reminder until it is removed, without secrets and numbers of persons."""
        values = {"platform": place.platform, "workspace": place.workspace, "channel": place.channel}
        values |= {"thread": place.thread, "person": person.id, "text": redact(text).text}
        async with self._database.begin() as connection:
            await connection.execute(insert(_reminder).values(due=due.timestamp(), **values))

    async def of(self, person: Person, place: Place) -> list[Reminder]:
        """Somebody's reminders, the next one first."""
        return await self._found(_own(person, place))

    async def due(self, now: datetime) -> list[Reminder]:
        """What is to be posted now, the oldest first."""
        return await self._found(_reminder.c.due <= now.timestamp())

    async def count(self, person: Person, place: Place) -> int:
        """How many somebody has."""
        async with self._database.connect() as connection:
            count = select(func.count()).select_from(_reminder).where(_own(person, place))
            return await connection.scalar(count) or 0

    async def remove(self, number: int, person: Person | None = None, place: Place | None = None) -> bool:
        """Remove one, of a person where that is given; false where there is none."""
        mine = _own(person, place) if person is not None and place is not None else True
        async with self._database.begin() as connection:
            removed = delete(_reminder).where((_reminder.c.id == number) & mine)
            return (await connection.execute(removed)).rowcount > 0

    async def _found(self, condition: ColumnElement[bool]) -> list[Reminder]:
        async with self._database.connect() as connection:
            rows = await connection.execute(select(_reminder).where(condition).order_by(_reminder.c.due))
            return _reminders(rows.mappings().all())


def _reminders(rows: Sequence[Any]) -> list[Reminder]:
    return [
        Reminder(
            row["id"],
            Place(row["platform"], row["workspace"], row["channel"], row["thread"], direct=True),
            row["text"],
            datetime.fromtimestamp(row["due"], UTC),
        )
        for row in rows
    ]


def _own(person: Person, place: Place) -> ColumnElement[bool]:
    theirs = _reminder.c.person == person.id
    return theirs & (_reminder.c.platform == place.platform) & (_reminder.c.workspace == place.workspace)
