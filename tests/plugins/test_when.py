from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.when import read_when

NOW = datetime(2026, 11, 25, 13, 30, tzinfo=UTC)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("friday 10:00 pay", "2026-11-27 10:00"),
        ("on Friday at 10 to pay", "2026-11-27 10:00"),
        ("friday pay", "2026-11-27 09:00"),
        ("wednesday: pay", "2026-12-02 09:00"),
        ("today at 5pm pay", "2026-11-25 17:00"),
        ("tomorrow, 12 am to pay", "2026-11-26 00:00"),
        ("in 20 minutes pay", "2026-11-25 13:50"),
        ("in 1 hour pay", "2026-11-25 14:30"),
        ("in 2 days pay", "2026-11-27 13:30"),
        ("in 2 weeks at 8:15 pay", "2026-12-09 08:15"),
        ("2026-12-24 14:00 that pay", "2026-12-24 14:00"),
    ],
)
def test_days_and_times_as_people_write_them(text: str, due: str) -> None:
    read = read_when(text, NOW, ZoneInfo("UTC"))
    assert read is not None
    assert (f"{read[0]:%Y-%m-%d %H:%M}", read[1]) == (due, "pay")


@pytest.mark.parametrize(
    "text",
    ["what the vpn is called", "2026-02-30 pay", "friday 25:00 pay", "friday at 13pm pay", "friday", "fridays pay"],
)
def test_what_is_no_time_is_none(text: str) -> None:
    assert read_when(text, NOW, ZoneInfo("UTC")) is None


def test_a_number_behind_a_day_is_no_hour() -> None:
    read = read_when("friday 3 invoices", NOW, ZoneInfo("UTC"))
    assert read == (datetime(2026, 11, 27, 9, tzinfo=UTC), "3 invoices")


def test_it_is_the_hour_there_in_winter_and_in_summer() -> None:
    zone = ZoneInfo("America/New_York")
    assert read_when("2026-12-01 09:00 pay", NOW, zone) == (datetime(2026, 12, 1, 14, tzinfo=UTC), "pay")
    assert read_when("2027-07-01 09:00 pay", NOW, zone) == (datetime(2027, 7, 1, 13, tzinfo=UTC), "pay")


@given(st.sampled_from(["monday", "friday", "sunday", "tomorrow"]), st.integers(0, 23))
def test_a_named_day_is_ahead_and_within_a_week(day: str, hour: int) -> None:
    read = read_when(f"{day} {hour}:00 x", NOW, ZoneInfo("UTC"))
    assert read is not None
    assert 0 < (read[0] - NOW).total_seconds() <= 8 * 86_400
