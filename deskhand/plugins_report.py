"""`deskhand plugins`: the chain as it will run."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bots import printable
from deskhand.commands import CommandOptions
from deskhand.console import Console
from deskhand.live import Timing
from deskhand.report import as_json
from deskhand.session import Session
from plugins.breaker import Breaker
from plugins.chain import Step
from plugins.declarations import checks_of, commands_of, jobs_of
from plugins.declaring import check_health
from plugins.loading import build_steps
from plugins.models import Models
from settings import Settings, load_settings


class Options(CommandOptions):
    """How to print."""

    json_output: bool = False


async def work(session: Session, options: Options, console: Console) -> int:
    """Print the chain; status 1 where a plugin's health check says that something is wrong.

    The process that answers tells what each step took since it was started; elsewhere nothing was measured.
    """
    assistant = session.opened
    if assistant is not None:
        await session.notes(console)
        chain, settings, timings = assistant.chain, assistant.settings, assistant.live.timings
        steps, breakers = chain.steps, chain.breakers
        health = await check_health(steps)
    else:
        from deskhand.settings_check import NoSearch

        settings = load_settings(session.home)
        steps, timings, health = tuple(build_steps(settings, NoSearch(), Models(settings))), {}, {}
        breakers = {}
    report = chain_as_dict(steps, settings, timings, health, breakers)
    console.out(as_json(report) if options.json_output else printable(chain_as_text(report)))
    return int(any(health.values()))


def chain_as_dict(
    steps: tuple[Step, ...],
    settings: Settings,
    timings: Mapping[str, Timing],
    health: dict[str, str],
    breakers: Mapping[str, Breaker],
) -> dict[str, Any]:
    """The output of `deskhand plugins --json`."""
    total = sum(timing.seconds for timing in timings.values())
    return {
        "plugins": [_step_as_dict(step, timings.get(step.name), total, breakers.get(step.name)) for step in steps],
        "deadline_seconds": settings.assistant.deadline_seconds,
        "health": health,
    }


def _step_as_dict(step: Step, timing: Timing | None, total: float, breaker: Breaker | None) -> dict[str, Any]:
    off = timedelta(seconds=breaker.off_seconds if breaker is not None else 0)
    return {
        "name": step.name,
        "origin": step.origin,
        "required": step.plugin.required,
        "seconds": step.seconds,
        "options": step.plugin.options.model_dump(mode="json"),
        "commands": [command.name for command in commands_of(step.plugin)],
        "jobs": {job.name: job.cron for job in jobs_of(step.plugin)},
        "health_checks": [check.name for check in checks_of(step.plugin)],
        "routes": list(step.plugin.routes),
        "tables": sorted(step.plugin.tables.tables) if step.plugin.tables is not None else [],
        "calls": timing.calls if timing else 0,
        "failures": timing.failures if timing else 0,
        "mean_ms": round(timing.seconds / timing.calls * 1000, 3) if timing and timing.calls else None,
        "share": round(timing.seconds / total, 4) if timing and total else None,
        "off_until": (datetime.now().astimezone() + off).isoformat(timespec="seconds") if off else None,
        "last_failure": (breaker.last_failure if breaker is not None else "") or None,
    }


def chain_as_text(report: dict[str, Any]) -> str:
    """For people: a line for each step, and what it declares below it."""
    lines = [f"The chain, outermost first; a question ends within {report['deadline_seconds']:g} s.", ""]
    width = max(len(step["name"]) for step in report["plugins"])
    for number, step in enumerate(report["plugins"], 1):
        share = "not measured yet" if step["share"] is None else f"{step['share']:.0%} of the time"
        if step["mean_ms"] is not None:
            share += f", {step['mean_ms']:.2f} ms a question, {step['calls']} questions, {step['failures']} failures"
        if step["off_until"] is not None:
            until = datetime.fromisoformat(step["off_until"])
            share += f"; switched off until {until:%H:%M}: {step['last_failure']}"
        elif step["last_failure"]:
            share += f", the last one: {step['last_failure']}"
        required = ", required" if step["required"] else ""
        lines.append(
            f"{number:>3}  {step['name']:<{width}}  {step['origin']}{required}, at most {step['seconds']:g} s; {share}"
        )
        for name, value in step["options"].items():
            if value not in (None, [], {}, ""):
                lines.append(f"{'':>7}{name}: {_short(value)}")
        lines += [f"{'':>7}command /deskhand {name}" for name in step["commands"]]
        lines += [f"{'':>7}job {name} at {cron}" for name, cron in step["jobs"].items()]
        lines += [f"{'':>7}table {name}" for name in step["tables"]]
    for check, problem in report["health"].items():
        lines.append(f"health {check}: {problem or 'fine'}")
    return "\n".join(lines)


def _short(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 80 else f"{text[:77]}..."
