"""remind: "remind me on Friday at 10 to hand in my expenses".

A table, a command and a job of its own. Works in direct conversations, where nobody else reads the reminder.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from plugins.contract import CallNext, Options, Outcome, Person, Place, Plugin, PostError, Reply, Turn
from plugins.declarations import CommandCall, command, job
from plugins.reminders import TABLES, Reminders
from plugins.when import read_when

_ASKED = re.compile(r"\W*(?:please )?remind me (?P<what>.+)", re.I | re.S)
_USAGE = "Write a day or a time and what to say: `friday 10:00 hand in my expenses`, `in 2 hours call Dana`."


class RemindOptions(Options):
    """How often it is looked, and whose clock counts."""

    cron: str = "* * * * *"
    """When due reminders are looked for; every minute."""
    zone: str = "UTC"
    """Time zone of days and hours that people write, such as `Europe/London`."""
    most: int = Field(50, ge=1)
    """Open reminders of one person."""
    late_hours: float = Field(24, gt=0)
    """A reminder that cannot be posted is tried for so long."""

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ValueError, OSError, LookupError):
            raise ValueError("no such time zone (such as Europe/London, America/New_York, UTC)") from None
        return zone


class Remind(Plugin[RemindOptions]):
    """Keeps reminders, and posts them when they are due."""

    Options = RemindOptions
    tables = TABLES
    now: Callable[[], datetime] = staticmethod(lambda: datetime.now(UTC))

    @property
    def _reminders(self) -> Reminders:
        return Reminders(self.context.database)

    async def __call__(self, turn: Turn, call_next: CallNext) -> Reply:
        asked = _ASKED.fullmatch(turn.message.text)
        if asked is None or self._read(asked["what"]) is None:  # "remind me what the VPN is called"
            return await call_next(turn)
        return Reply(await self._add(asked["what"], turn.message.person, turn.message.place), Outcome("answered"))

    @command("remind", "set a reminder: `friday 10:00 hand in my expenses`; alone, list yours; `forget 3`")
    async def remind(self, call: CommandCall) -> str:
        """Set, list or forget reminders of the person who types it."""
        text = call.text.strip()
        if forget := re.fullmatch(r"forget (\d{1,9})", text, re.I):
            gone = await self._reminders.remove(int(forget[1]), call.person, call.place)
            return "Forgotten." if gone else f"You have no reminder {forget[1]}."
        if text:
            return await self._add(text, call.person, call.place)
        own = await self._reminders.of(call.person, call.place)
        shown = [f"{reminder.id}. {self._shown(reminder.due)}: {reminder.text}" for reminder in own]
        return "\n".join(shown) or f"You have no reminders. {_USAGE}"

    @job(lambda options: options.cron)
    async def post_due(self) -> None:
        """Post what is due; what cannot be posted is tried again until it is too late."""
        for reminder in await self._reminders.due(self.now()):
            try:
                await self.context.post(reminder.place, f"Reminder: {reminder.text}")
            except PostError as error:
                if self.now() - reminder.due < timedelta(hours=self.options.late_hours):
                    continue
                self.context.notify(f"A reminder on {reminder.place.platform} was never delivered: {error}")
            await self._reminders.remove(reminder.id)

    async def _add(self, text: str, person: Person, place: Place) -> str:
        read = self._read(text)
        if read is None:
            return _USAGE
        due, what = read
        if place.platform == "terminal":
            return "I cannot write to a terminal later: ask me in a chat."
        if not place.direct:
            return "Others would read it here: write to me directly, and I will remind you there."
        if due <= self.now():
            return "That has passed already."
        if (count := await self._reminders.count(person, place)) >= self.options.most:
            return f"You have {count} reminders already: forget one first."
        await self._reminders.add(person, place, what, due)
        return f"I will remind you on {self._shown(due)}: {what}"

    def _read(self, text: str) -> tuple[datetime, str] | None:
        return read_when(text, self.now(), ZoneInfo(self.options.zone))

    def _shown(self, due: datetime) -> str:
        return f"{due.astimezone(ZoneInfo(self.options.zone)):%A %d %B at %H:%M}"
