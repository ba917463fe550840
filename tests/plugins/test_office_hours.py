from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from plugins.office_hours import OfficeHours

LONDON = OfficeHours(zone="Europe/London", closed=[date(2026, 12, 25), date(2026, 12, 28)])


def utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (utc(11, 25, 9), "there now, until 17:00 (London time)"),
        (utc(11, 25, 16, 59), "there now, until 17:00 (London time)"),
        (utc(11, 25, 17), "there again tomorrow at 09:00 (London time)"),
        (utc(11, 25, 8, 59), "there again today at 09:00 (London time)"),
        (utc(11, 27, 18), "there again on Monday at 09:00 (London time)"),
        (utc(12, 24, 18), "there again on Tuesday at 09:00 (London time)"),
        (utc(7, 1, 8), "there now, until 17:00 (London time)"),  # summer time: 9 o'clock there
        (utc(7, 1, 16, 30), "there again tomorrow at 09:00 (London time)"),
    ],
)
def test_it_is_the_clock_on_their_wall_that_counts(now: datetime, said: str) -> None:
    assert LONDON.in_words(now) == said


def test_the_weekday_is_theirs_as_well() -> None:
    auckland = OfficeHours(zone="Pacific/Auckland")
    assert auckland.in_words(utc(11, 22, 21)) == "there now, until 17:00 (Auckland time)", "Monday there, Sunday here"
    assert OfficeHours(zone="America/New_York", days=["fri"]).in_words(utc(11, 28, 1)) == (
        "there again on Friday 4 December at 09:00 (New York time)"
    )


def test_far_away_is_not_promised() -> None:
    year = [date(2026, 1, 1) + timedelta(days=day) for day in range(730)]
    assert OfficeHours(zone="UTC", closed=year).in_words(utc(6, 1, 9)) == "not there at the moment"


@given(st.integers(0, 3_000_000), st.sampled_from(["Europe/London", "Asia/Kolkata", "UTC"]))
def test_when_they_are_there_again_they_are_there(minutes: int, zone: str) -> None:
    hours, now = OfficeHours(zone=zone, start=time(9, 30), end=time(12)), utc(1, 1, 0) + timedelta(minutes=minutes)
    opening = hours.next_opening(now)
    assert opening is not None
    assert opening > now
    assert hours.open_until(opening) == opening.replace(hour=12, minute=0)
    assert hours.open_until(opening - timedelta(minutes=1)) is None


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"zone": "Europe/Lndon"}, "no such time zone"),
        ({"zone": "../../etc/passwd"}, "no such time zone"),
        ({"zone": ""}, "no such time zone"),
        ({"zone": "UTC", "start": "17:00", "end": "09:00"}, "before the end"),
        ({"zone": "UTC", "days": ["monday"]}, "'mon'"),
    ],
)
def test_hours_that_cannot_be_are_refused(fields: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        OfficeHours.model_validate(fields)
