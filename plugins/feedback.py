"""What people think of answers: a verdict for an answer and person, with a reason where they give one."""

import time
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Column, Float, Integer, MetaData, String, Table, UniqueConstraint, func, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from settings.redaction import redact

Verdict = Literal["up", "down"]

_tables = MetaData()
_feedback = Table(
    "feedback",
    _tables,
    Column("id", Integer, primary_key=True),
    Column("answer", Integer, nullable=False),
    Column("person", String, nullable=False),
    Column("verdict", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("given_at", Float, nullable=False),
    UniqueConstraint("answer", "person"),
)


@dataclass(frozen=True, slots=True)
class Opinion:
    """One person's verdict on one answer; `answer` is the question's number in the inbox."""

    answer: int
    person: str
    verdict: Verdict
    reason: str = ""


class Feedback:
    """The table of verdicts; a person may change theirs."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def prepare(self) -> None:
        """Make the table where it is missing."""
        async with self._engine.begin() as connection:
            await connection.run_sync(_tables.create_all)

    async def give(self, answer: int, person: str, verdict: Verdict) -> None:
        """Record a verdict in the place of an earlier one of the same person."""
        values = {"answer": answer, "person": person, "verdict": verdict, "reason": "", "given_at": time.time()}
        statement = insert(_feedback).values(values)
        change = {"verdict": verdict, "reason": "", "given_at": values["given_at"]}
        async with self._engine.begin() as connection:
            await connection.execute(statement.on_conflict_do_update(index_elements=["answer", "person"], set_=change))

    async def explain(self, answer: int, person: str, reason: str) -> None:
        """Add the reason to a verdict, without secrets and numbers of persons."""
        own = (_feedback.c.answer == answer) & (_feedback.c.person == person)
        async with self._engine.begin() as connection:
            await connection.execute(update(_feedback).where(own).values(reason=redact(reason).text))

    async def opinions(self, answer: int) -> list[Opinion]:
        """All verdicts on an answer."""
        columns = (_feedback.c.answer, _feedback.c.person, _feedback.c.verdict, _feedback.c.reason)
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(*columns).where(_feedback.c.answer == answer))
            return [Opinion(*row) for row in rows]

    async def counts(self) -> dict[str, int]:
        """Number of verdicts by kind."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(_feedback.c.verdict, func.count()).group_by(_feedback.c.verdict))
            return {row[0]: row[1] for row in rows}
