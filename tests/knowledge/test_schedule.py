import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge import schedule as module
from knowledge.schedule import Schedule, keep_schedule
from settings.cron import Cron, parse_cron

SUNDAY = datetime(2026, 11, 22, tzinfo=UTC)


def _due(text: str, moment: datetime = SUNDAY, timezone: str = "UTC") -> str:
    due = Schedule(parse_cron(text), timezone).next_after(moment)
    assert due is not None
    return due.strftime("%a %d %b %H:%M")


def test_weekdays_are_those_of_cron() -> None:
    assert _due("0 3 * * 0") == _due("0 3 * * 7") == "Sun 22 Nov 03:00"
    assert _due("0 3 * * 1-5") == _due("0 3 * * mon-fri") == "Mon 23 Nov 03:00"


def test_the_moment_itself_is_over() -> None:
    assert _due("0 0 * * *") == "Mon 23 Nov 00:00"


def test_the_time_zone_counts() -> None:
    assert _due("0 3 * * *", SUNDAY, "Asia/Tokyo") == "Mon 23 Nov 03:00"
    assert Schedule(parse_cron("0 3 * * *"), "Asia/Tokyo").next_after(SUNDAY) == SUNDAY + timedelta(hours=18)


def _fits(cron: Cron, moment: datetime) -> bool:
    day, weekday = moment.day in cron.days, moment.isoweekday() % 7 in cron.weekdays
    return (
        moment.minute in cron.minutes
        and moment.hour in cron.hours
        and moment.month in cron.months
        and (day or weekday if cron.either_day else day and weekday)
    )


@settings(max_examples=60, deadline=None)
@given(
    hour=st.sampled_from(["*", "3", "*/6", "8-18/2"]),
    day=st.sampled_from(["*", "1", "15,31", "*/7"]),
    weekday=st.sampled_from(["*", "0", "7", "1-5", "6,0", "fri"]),
    start=st.integers(0, 365 * 24 * 60),
)
def test_the_next_time_is_the_first_minute_that_fits(hour: str, day: str, weekday: str, start: int) -> None:
    cron = parse_cron(f"30 {hour} {day} * {weekday}")
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=start, seconds=30)
    minute = moment.replace(second=0, minute=30) - timedelta(hours=1)
    while minute <= moment or not _fits(cron, minute):
        minute += timedelta(hours=1)
    assert Schedule(cron, "UTC").next_after(moment) == minute


async def test_times_that_were_slept_through_make_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    now = SUNDAY
    calls: list[datetime] = []
    enough = asyncio.Event()

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += timedelta(hours=5) if len(calls) == 1 else timedelta(seconds=seconds)

    def due() -> None:
        calls.append(now)
        if len(calls) == 3:
            enough.set()
            raise asyncio.CancelledError

    monkeypatch.setattr(module, "_now", lambda: now)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        await keep_schedule(Schedule(parse_cron("0 * * * *"), "UTC"), due)
    assert [call.hour for call in calls] == [1, 6, 7]
