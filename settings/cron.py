"""Cron expressions as crontab(5) means them: `minute hour day-of-month month day-of-week`.

Weekdays count from Sunday, 0 or 7. Where both the day of the month and the weekday are restricted, a day
that fits either is taken. Names (`mon`, `jan`), lists, ranges, steps and `@daily` and the like are known.
"""

import re
from dataclasses import dataclass

_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


@dataclass(frozen=True, slots=True)
class Cron:
    """A checked expression: the values of each field, sorted. Weekdays are 0 (Sunday) to 6."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    either_day: bool
    """Whether a day of the month or a weekday is enough."""


def parse_cron(text: str) -> Cron:
    """Read an expression; raises ValueError that says what is wrong with it."""
    fields = _NICKNAMES.get(text.strip().lower(), text).split()
    if len(fields) != 5:
        raise ValueError(
            "a schedule has five fields: minute, hour, day of month, month, day of week; "
            f"this has {len(fields)} (each night at half past three: `30 3 * * *`)"
        )
    minute, hour, day, month, weekday = fields
    days = _values(day, "day of month", 1, 31)
    months = _values(month, "month", 1, 12, _MONTHS)
    weekdays = tuple(sorted({value % 7 for value in _values(weekday, "day of week", 0, 7, _WEEKDAYS)}))
    either = not day.startswith("*") and not weekday.startswith("*")
    if not either and min(days) > max(_LONGEST[month - 1] for month in months):
        raise ValueError(f"no such day: {min(days)} in month {months[0]}")
    return Cron(
        _values(minute, "minute", 0, 59), _values(hour, "hour", 0, 23), days, months, weekdays, either
    )  # fmt: skip


def _values(text: str, name: str, low: int, high: int, names: tuple[str, ...] = ()) -> tuple[int, ...]:
    values: set[int] = set()
    for part in text.lower().split(","):
        match = re.fullmatch(r"(\*|\w+)(?:-(\w+))?(?:/(\d+))?", part)
        if match is None or (match[1] == "*" and match[2]):
            raise ValueError(f"{name}: {part!r} is no number, range or step")
        step = int(match[3] or 1)
        if match[1] == "*":
            first, last = low, high if high != 7 else 6
        else:
            first = _value(match[1], name, low, high, names)
            last = _value(match[2], name, low, high, names) if match[2] else (high if match[3] else first)
        if step == 0 or last < first:
            raise ValueError(f"{name}: {part!r} is empty")
        values.update(range(first, last + 1, step))
    return tuple(sorted(values))


def _value(text: str, name: str, low: int, high: int, names: tuple[str, ...]) -> int:
    if text in names:
        return names.index(text) + low
    if not text.isdecimal() or not low <= int(text) <= high:
        known = f" or {names[0]} to {names[-1]}" if names else ""
        raise ValueError(f"{name}: {text!r} is not {low} to {high}{known}")
    return int(text)
