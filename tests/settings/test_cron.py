from collections.abc import Callable
from pathlib import Path

import pytest

from settings import Home, SettingsError, load_settings
from settings.cron import parse_cron

Write = Callable[[str, str | bytes], Path]


def test_weekdays_count_from_sunday_which_is_0_and_7() -> None:
    assert parse_cron("0 3 * * 0").weekdays == parse_cron("0 3 * * 7").weekdays == parse_cron("0 3 * * sun").weekdays
    assert parse_cron("0 3 * * 1-5").weekdays == parse_cron("0 3 * * mon-fri").weekdays == (1, 2, 3, 4, 5)
    assert parse_cron("0 3 * * 5-7").weekdays == (0, 5, 6)


def test_lists_ranges_steps_and_names() -> None:
    cron = parse_cron("*/20,7 8-18/5 1,15 JAN,jun-jul *")
    assert (cron.minutes, cron.hours, cron.days, cron.months) == ((0, 7, 20, 40), (8, 13, 18), (1, 15), (1, 6, 7))
    assert cron.weekdays == (0, 1, 2, 3, 4, 5, 6)
    assert parse_cron("5/15 * * * *").minutes == (5, 20, 35, 50)
    assert parse_cron("@daily") == parse_cron("0 0 * * *")


@pytest.mark.parametrize(
    ("text", "either"), [("0 0 1 * 1", True), ("0 0 * * 1", False), ("0 0 1 * *", False), ("0 0 */2 * 1", False)]
)
def test_either_day_is_enough_where_both_are_restricted(text: str, either: bool) -> None:
    assert parse_cron(text).either_day is either


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a schedule has five fields"),
        ("* * *", "this has 3"),
        ("61 * * * *", "minute: '61' is not 0 to 59"),
        ("0 3 * * 8", "day of week: '8' is not 0 to 7 or sun to sat"),
        ("0 3 0 * *", "day of month: '0' is not 1 to 31"),
        ("0 3 * foo *", "month: 'foo' is not 1 to 12 or jan to dec"),
        ("5-1 * * * *", "minute: '5-1' is empty"),
        ("*/0 * * * *", "minute: '*/0' is empty"),
        ("1,,2 * * * *", "minute: '' is no number, range or step"),
        ("*-3 * * * *", "minute: '*-3' is no number, range or step"),
        ("0 0 30 2 *", "no such day: 30 in month 2"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r".+") as told:
        parse_cron(text)
    assert said in str(told.value)


def test_a_bad_schedule_or_time_zone_is_a_problem_with_its_line(home: Home, write: Write) -> None:
    write("settings/knowledge.yaml", "sync:\n  schedule: 0 3 * * 8\n  timezone: Mars/Base\n")
    with pytest.raises(SettingsError) as told:
        load_settings(home)
    assert [problem.place for problem in told.value.problems] == [
        "settings/knowledge.yaml:2",
        "settings/knowledge.yaml:3",
    ]
    assert "day of week" in told.value.problems[0].message
    assert "no such time zone" in told.value.problems[1].message
