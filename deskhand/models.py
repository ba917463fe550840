"""`deskhand models`: the models, routes and rules, what they cost today, and whether each one answers."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from bots import printable
from deskhand.commands import CommandOptions
from deskhand.console import Console
from deskhand.report import as_json
from deskhand.session import Session
from plugins.models import Models
from plugins.trace import Attempt
from plugins.usage import Total, UsageLog, open_usage
from settings import Settings
from settings.database import open_database, storage_errors
from settings.sections import ModelEntry

_PING_SECONDS = 30.0


class Options(CommandOptions):
    """Whether to ask them."""

    ping: bool = False
    json_output: bool = False


async def work(session: Session, options: Options, console: Console) -> int:
    """Print the report; status 1 where a model that was asked has not answered."""
    report = await models_report(session.settings, options.ping)
    console.out(as_json(report_as_dict(report)) if options.json_output else report_as_text(report))
    return 0 if report.fine else 1


@dataclass(frozen=True, slots=True)
class ModelsReport:
    """Everything that there is to know of the models of a home."""

    settings: Settings
    spent_today: float
    totals: dict[str, Total] = field(default_factory=dict)
    replies: dict[tuple[str, str], int] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)
    pings: dict[str, Attempt] = field(default_factory=dict)

    @property
    def fine(self) -> bool:
        """Whether every model that was asked has answered."""
        return not any(ping.problem for ping in self.pings.values())


async def models_report(settings: Settings, ping: bool) -> ModelsReport:
    """Read what is recorded; with `ping`, ask every model for a word, all at once."""
    async with AsyncExitStack() as stack:
        usage = await _usage(settings, stack)
        pings = await _pings(settings, usage) if ping else {}
        spent, _ = await usage.spent()
        return ModelsReport(settings, spent, await usage.totals(), await usage.replies(), await usage.events(), pings)


async def _usage(settings: Settings, stack: AsyncExitStack) -> UsageLog:
    """The log of the home; one in memory where nothing was ever asked. Needs no lock: a bot may be at work."""
    if not settings.home.database.exists():
        return await stack.enter_async_context(open_usage(None))
    with storage_errors(settings.home.data):
        database = open_database(settings.home.database)
        stack.push_async_callback(database.dispose)
        return await stack.enter_async_context(open_usage(database))


async def _pings(settings: Settings, usage: UsageLog) -> dict[str, Attempt]:
    models = Models(settings, usage)
    try:
        names = list(settings.models.models)
        return dict(
            zip(names, await asyncio.gather(*(models.ping(name, _PING_SECONDS) for name in names)), strict=True)
        )
    finally:
        await models.close()


def report_as_dict(report: ModelsReport) -> dict[str, Any]:
    """The output of `deskhand models --json`."""
    settings = report.settings.models
    return {
        "models": {name: _model(report, name, entry) for name, entry in settings.models.items()},
        "routes": {name: list(models) for name, models in settings.routes.items()},
        "rules": [
            {"route": rule.route, "when": rule.when.model_dump(exclude_defaults=True), "use": rule.use}
            for rule in settings.rules
        ],
        "budget": {
            "per_day": settings.budget.per_day,
            "per_person_per_day": settings.budget.per_person_per_day,
            "spent_today_usd": round(report.spent_today, 6),
        },
        "replies_today": [
            {"status": status, "reason": reason or None, "count": count}
            for (status, reason), count in sorted(report.replies.items())
        ],
        "events_today": dict(sorted(report.events.items())),
    }


def _model(report: ModelsReport, name: str, entry: ModelEntry) -> dict[str, Any]:
    total = report.totals.get(name, Total(0, 0, 0, 0, 0.0))
    shown: dict[str, Any] = {
        "model": entry.model,
        "api_base": entry.api_base,
        "key": _key_state(report.settings, entry),
        "routes": [route for route, names in report.settings.models.routes.items() if name in names],
        "today": {
            "calls": total.calls,
            "failed": total.failed,
            "prompt_tokens": total.prompt_tokens,
            "answer_tokens": total.answer_tokens,
            "cost_usd": round(total.cost_usd, 6),
        },
    }
    if (ping := report.pings.get(name)) is not None:
        shown["ping"] = {
            "ok": not ping.problem,
            "problem": ping.problem or None,
            "first_ms": None if ping.first_seconds is None else round(ping.first_seconds * 1000, 1),
            "ms": round(ping.seconds * 1000, 1),
            "tokens": ping.usage.prompt_tokens + ping.usage.answer_tokens,
            "cost_usd": ping.cost_usd,
        }
    return shown


def _key_state(settings: Settings, entry: ModelEntry) -> str:
    if entry.api_key_env is None:
        return "none needed"
    there = settings.secrets.get(entry.api_key_env) is not None
    return f"{entry.api_key_env} is {'set' if there else 'not set'}"


def report_as_text(report: ModelsReport) -> str:
    """The same for people."""
    settings = report.settings.models
    lines = []
    for name, entry in settings.models.items():
        at = f" at {entry.api_base}" if entry.api_base else ""
        lines.append(f"{name}: {entry.model}{at}; key: {_key_state(report.settings, entry)}")
        if (total := report.totals.get(name)) is not None:
            tokens = f"{total.prompt_tokens} + {total.answer_tokens} tokens"
            lines.append(f"  today: {total.calls} calls, {total.failed} failed, {tokens}, ${total.cost_usd:.4f}")
        if (ping := report.pings.get(name)) is not None:
            lines.append(f"  {_ping_line(ping)}")
    if not settings.models:
        lines.append("no language model is named: answers are quotes from the documents")
    lines += [f"route {route}: {' > '.join(names)}" for route, names in settings.routes.items()]
    for number, rule in enumerate(settings.rules, start=1):
        when = ", ".join(f"{name} {value}" for name, value in rule.when.model_dump(exclude_defaults=True).items())
        lines.append(f"rule {number}: {rule.route} -> {rule.use} when {when}")
    budget = settings.budget
    limit = "no limit" if budget.per_day is None else f"of ${budget.per_day:.2f}"
    each = "" if budget.per_person_per_day is None else f", ${budget.per_person_per_day:.2f} a person"
    lines.append(f"budget: ${report.spent_today:.4f} spent today, {limit}{each}")
    for (status, reason), count in sorted(report.replies.items()):
        lines.append(f"answers today: {count} {status}{f' ({reason})' if reason else ''}")
    lines += [f"today {name}: {count}" for name, count in sorted(report.events.items())]
    return printable("\n".join(lines))


def _ping_line(ping: Attempt) -> str:
    if ping.problem:
        return f"does not answer: {ping.problem}"
    cost = "price unknown" if ping.cost_usd is None else f"${ping.cost_usd:.6f}"
    first = ping.seconds if ping.first_seconds is None else ping.first_seconds
    return f"answers: first piece after {first * 1000:.0f} ms, all after {ping.seconds * 1000:.0f} ms, {cost}"
