"""When people are there: weekdays, a time of the day, a time zone, days off; and in words."""

from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from plugins.contract import Options

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

_DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WEEKS_AHEAD = 5


class OfficeHours(Options):
    """Hours by the clock on the wall there, summer time included."""

    zone: str
    """Such as `Europe/London`; the names of https://en.wikipedia.org/wiki/List_of_tz_database_time_zones."""
    days: list[Day] = Field(default_factory=lambda: list(_DAYS[:5]), min_length=1)
    """Weekdays."""
    start: time = time(9)
    """From; write it in quotes: "09:00"."""
    end: time = time(17)
    """Until, on the same day."""
    closed: list[date] = Field(default_factory=list)
    """Days on which nobody is there."""

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ValueError, OSError, LookupError):
            raise ValueError("no such time zone (such as Europe/London, America/New_York, UTC)") from None
        return zone

    @model_validator(mode="after")
    def _in_order(self) -> "OfficeHours":
        if self.start >= self.end:
            raise ValueError("the start has to be before the end, on the same day")
        return self

    def open_until(self, now: datetime) -> datetime | None:
        """When they leave, where somebody is there now."""
        here = now.astimezone(ZoneInfo(self.zone))
        works = self._works(here.date()) and self.start <= here.time() < self.end
        return datetime.combine(here.date(), self.end, here.tzinfo) if works else None

    def next_opening(self, now: datetime) -> datetime | None:
        """When somebody will be there again; None where that is more than some weeks away."""
        here = now.astimezone(ZoneInfo(self.zone))
        for ahead in range(7 * _WEEKS_AHEAD):
            day = here.date() + timedelta(days=ahead)
            opening = datetime.combine(day, self.start, here.tzinfo)
            if self._works(day) and opening > now:
                return opening
        return None

    def in_words(self, now: datetime) -> str:
        """Such as "there until 17:00 (London)" or "there again on Monday at 09:00 (London)"."""
        city = self.zone.rsplit("/", 1)[-1].replace("_", " ")
        if (until := self.open_until(now)) is not None:
            return f"there now, until {until:%H:%M} ({city} time)"
        if (opening := self.next_opening(now)) is None:
            return "not there at the moment"
        days = (opening.date() - now.astimezone(ZoneInfo(self.zone)).date()).days
        name = _NAMES[opening.weekday()]
        when = "today" if days == 0 else "tomorrow" if days == 1 else f"on {name}"
        when += f" {opening.day} {opening:%B}" if days > 6 else ""
        return f"there again {when} at {opening:%H:%M} ({city} time)"

    def _works(self, day: date) -> bool:
        return _DAYS[day.weekday()] in self.days and day not in self.closed
