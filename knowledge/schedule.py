"""The next time of a cron schedule, by APScheduler's triggers.

Its scheduler is not used: that one sleeps on a clock which stands still while a machine is suspended.
Its own reading of expressions is not used either: there 0 is Monday, and both days have to fit.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from settings.cron import Cron, parse_cron
from settings.sections import SyncSettings

_LONGEST_SLEEP = 30.0
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


class Schedule:
    """When runs are due."""

    def __init__(self, cron: Cron, timezone: str | None = None) -> None:
        self._cron = cron
        self._timezone = timezone

    def next_after(self, moment: datetime) -> datetime | None:
        """The first due time after a moment, in the schedule's time zone; None where there is none."""
        second = moment.astimezone(self._zone) + timedelta(seconds=1)
        due: datetime | None = self._trigger.get_next_fire_time(None, second)
        return due

    @cached_property
    def _zone(self) -> tzinfo:
        if self._timezone is not None:
            return ZoneInfo(self._timezone)
        from tzlocal import get_localzone

        return get_localzone()

    @cached_property
    def _trigger(self) -> Any:
        from apscheduler.triggers.combining import OrTrigger

        cron = self._cron
        days = ",".join(map(str, cron.days))
        weekdays = ",".join(_WEEKDAYS[day] for day in cron.weekdays)
        if cron.either_day:
            return OrTrigger([self._cron_trigger(days, "*"), self._cron_trigger("*", weekdays)])
        return self._cron_trigger(days, weekdays)

    def _cron_trigger(self, days: str, weekdays: str) -> Any:
        from apscheduler.triggers.cron import CronTrigger

        minute, hour, month = (
            ",".join(map(str, values)) for values in (self._cron.minutes, self._cron.hours, self._cron.months)
        )
        return CronTrigger(
            minute=minute, hour=hour, day=days, month=month, day_of_week=weekdays, timezone=self._zone
        )  # fmt: skip


def schedule_of(options: SyncSettings) -> Schedule | None:
    """The schedule of the settings, None where there is none."""
    if options.schedule is None:
        return None
    return Schedule(parse_cron(options.schedule), options.timezone)


async def keep_schedule(schedule: Schedule, due: Callable[[], None]) -> None:
    """Call `due` at each time, for ever; times that were slept through are made up for by one call."""
    moment = _now()
    while (at := schedule.next_after(moment)) is not None:
        while (left := (at - _now()).total_seconds()) > 0:  # noqa: ASYNC110  # a clock has no event to wait for
            await asyncio.sleep(min(left, _LONGEST_SLEEP))
        due()
        moment = max(at, _now())
    await asyncio.get_running_loop().create_future()


def _now() -> datetime:
    return datetime.now().astimezone()
