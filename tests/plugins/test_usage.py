import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from plugins.contract import Outcome, Place
from plugins.usage import Call, UsageLog, open_usage, person_key
from settings.database import open_database
from tests.plugins.parts import ask


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    made = open_database(tmp_path / "usage.db")
    yield made
    await made.dispose()


async def test_what_is_not_written_yet_counts_as_spent(database: AsyncEngine) -> None:
    async with open_usage(database) as usage:
        usage.record_call(Call("answer", "main", cost_usd=2, person="slack/u1"))
        usage.record_call(Call("answer", "main", cost_usd=3, person="slack/u2"))
        assert await usage.spent("slack/u1") == (5, 2)
        await usage.flush()
        assert await usage.spent("slack/u1") == (5, 2)
    async with open_usage(database) as usage:
        assert await usage.spent("slack/u2") == (5, 3)


async def test_yesterday_is_not_todays_budget(database: AsyncEngine) -> None:
    async with open_usage(database) as usage:
        now = Call("answer", "main", cost_usd=2)
        usage.record_call(replace(now, at=now.at - 48 * 3600))
        usage.record_call(now)
        await usage.flush()
        assert await usage.spent() == (2, 2)


async def test_a_price_that_nobody_knows_counts_nothing(database: AsyncEngine) -> None:
    async with open_usage(database) as usage:
        usage.record_call(Call("answer", "main"))
        assert await usage.spent() == (0, 0)
        assert (await usage.totals())["main"].cost_usd == 0


async def test_replies_are_counted_by_status_and_reason(database: AsyncEngine) -> None:
    async with open_usage(database) as usage:
        for outcome in (Outcome(), Outcome(), Outcome("degraded", "main broke off")):
            usage.record_reply(ask().message, outcome)
        assert await usage.replies() == {("answered", ""): 2, ("degraded", "main broke off"): 1}


async def test_a_database_that_cannot_be_written_costs_no_answer_and_no_count(
    database: AsyncEngine, caplog: pytest.LogCaptureFixture
) -> None:
    usage = UsageLog(database)  # its tables were never made
    usage.record_call(Call("answer", "main", cost_usd=2))
    await usage.flush()
    assert await usage.spent("somebody") == (2, 0)
    assert "cannot be written" in caplog.text


async def test_without_a_database_it_counts_for_as_long_as_it_lives() -> None:
    usage = UsageLog()
    usage.record_call(Call("answer", "main", cost_usd=2, person="a"))
    assert await usage.spent("a") == (2, 2)


def test_the_same_id_on_two_platforms_is_two_people() -> None:
    message = ask().message
    assert person_key(message) != person_key(replace(message, place=Place("slack", "T1", "C1")))


async def test_what_plugins_count_is_kept_by_day(tmp_path: Path) -> None:
    database = open_database(tmp_path / "usage.db")
    async with open_usage(database) as usage:
        usage.record_events(["tone: facts", "tone: voiced", "tone: facts"])
        assert await usage.events() == {"tone: facts": 2, "tone: voiced": 1}
    await database.dispose()


async def test_a_flush_that_is_cancelled_at_any_moment_counts_once(database: AsyncEngine) -> None:
    async with open_usage(database) as usage:
        for number in range(40):
            usage.record_call(Call("answer", "main", cost_usd=1, person="a"))
            flush = asyncio.ensure_future(usage.flush())
            await asyncio.sleep(number * 0.0001)
            flush.cancel()
            await asyncio.wait([flush])
        assert (await usage.totals())["main"].calls == 40
        assert await usage.spent("a") == (40, 40)
