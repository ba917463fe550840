"""`settings/bots.yaml`: the chat platforms, and how much the assistant does at a time."""

from pydantic import Field

from settings.sections.base import Section


class LimitSettings(Section):
    """How many questions are answered at a time; the others wait in line, fairly."""

    at_a_time: int = Field(8, ge=1, le=200)
    """In all."""
    per_person: int = Field(1, ge=1, le=50)
    """For one person."""
    per_channel: int = Field(3, ge=1, le=50)
    """In one channel."""
    waiting: int = Field(500, ge=1, le=100_000)
    """A question that would make the line longer is turned down with a reason."""
    oldest_minutes: float = Field(30, gt=0, le=1440)
    """After a restart, an unanswered question older than this is closed with an apology."""
    grace_seconds: float = Field(10, ge=0, le=120)
    """At the end, time for what is being answered; what is left is answered after the next start."""


class BotSettings(Section):
    """Where the assistant can be asked."""

    limits: LimitSettings = LimitSettings()
