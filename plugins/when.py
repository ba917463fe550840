"""A day or a time as people write it: "friday 10:00", "in 2 hours", "tomorrow at 3pm", "2026-12-24"."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CLOCK = r"(?:at )?\d{1,2}:\d\d(?: ?[ap]m)?|at \d{1,2}(?: ?[ap]m)?|\d{1,2} ?[ap]m"
_WHEN = re.compile(
    rf"(?:on |this |next )?(?:(?P<date>\d{{4}}-\d\d-\d\d)|(?P<day>today|tomorrow|{'|'.join(_DAYS)})"
    rf"|in (?P<count>\d{{1,3}}) (?P<unit>minute|hour|day|week)s?)\b"
    rf"(?:,? (?P<clock>{_CLOCK})\b)?[,:]? (?:to |that )?(?P<rest>\S.*)",
    re.I | re.S,
)
_MORNING = time(9)
"""The hour of a day that is named alone."""


def read_when(text: str, now: datetime, zone: ZoneInfo) -> tuple[datetime, str] | None:
    """The moment that a text begins with, and the rest of it; None where it begins with none."""
    match = _WHEN.fullmatch(text.strip())
    if match is None:
        return None
    here = now.astimezone(zone)
    try:
        if match["unit"] and not (match["clock"] and match["unit"].lower() in ("day", "week")):
            moment = now + timedelta(**{f"{match['unit'].lower()}s": int(match["count"])})
        else:
            moment = datetime.combine(_day(match, here.date()), _clock(match["clock"]), zone)
    except ValueError:  # 2026-02-30, 25:00
        return None
    return moment.astimezone(UTC), match["rest"].strip()


def _day(match: re.Match[str], today: date) -> date:
    if match["date"]:
        return date.fromisoformat(match["date"])
    if match["unit"]:
        return today + timedelta(**{f"{match['unit'].lower()}s": int(match["count"])})
    name = match["day"].lower()
    if name in ("today", "tomorrow"):
        return today + timedelta(days=name == "tomorrow")
    return today + timedelta(days=(_DAYS.index(name) - today.weekday() - 1) % 7 + 1)


def _clock(text: str | None) -> time:
    if text is None:
        return _MORNING
    hour, minute, half = re.fullmatch(r"(?:at )?(\d+)(?::(\d\d))? ?([ap]m)?", text, re.I).groups()  # type: ignore[union-attr]
    hours = int(hour)
    if half is not None:
        if not 1 <= hours <= 12:
            raise ValueError(text)
        hours = hours % 12 + (12 if half.lower() == "pm" else 0)
    return time(hours, int(minute or 0))
