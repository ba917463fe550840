"""What the plugins of a chain declare, together: commands that two want, tables, routes, times, checks."""

import asyncio
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from knowledge.schedule import Schedule, keep_schedule
from plugins.chain import Step
from plugins.declarations import Command, CommandCall, Job, checks_of, commands_of, jobs_of
from plugins.holding import Limit, hold
from settings import Problem, Settings
from settings.cron import parse_cron

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

_log = logging.getLogger("deskhand.plugins")


def declaration_problems(settings: Settings, steps: Sequence[Step], places: Mapping[str, int]) -> Iterator[Problem]:
    """Mistakes in what plugins declare, each at the plugin's line."""
    commands: dict[str, str] = {}
    tables: dict[str, str] = {}
    for step in steps:
        for message in _mistakes(settings, step, commands, tables):
            yield settings.problem(("assistant", "plugins", places[step.name]), message)


def _mistakes(settings: Settings, step: Step, commands: dict[str, str], tables: dict[str, str]) -> Iterator[str]:
    for command in commands_of(step.plugin):
        other = commands.setdefault(command.name, step.name)
        if other != step.name:
            yield f"{step.name!r} and {other!r} both ask for the command /deskhand {command.name}: only one can have it"
    for route in step.plugin.routes:
        if route not in settings.models.routes:
            known = ", ".join(settings.models.routes) or "none"
            yield f"{step.name!r} needs a route {route!r} in settings/models.yaml (known: {known})"
    prefix = table_prefix(step.name)
    for table in step.plugin.tables.tables if step.plugin.tables is not None else ():
        if not table.startswith(prefix):
            yield f"{step.name!r}: its table {table!r} must be named {prefix}..., so that no other plugin has it"
        elif tables.setdefault(table, step.name) != step.name:
            yield f"{step.name!r} and {tables[table]!r} both have the table {table!r}"
    try:
        jobs = jobs_of(step.plugin)
        for job in jobs:
            parse_cron(job.cron)
    except Exception as error:  # the time may come from a function of the plugin's
        yield f"{step.name!r}: its schedule: {error}"


def table_prefix(name: str) -> str:
    """What the names of a plugin's tables begin with: `remind_` for `remind` and for `my.module:Remind`."""
    return re.sub(r"\W+", "_", name.rpartition(":")[2]).lower() + "_"


async def make_tables(steps: Sequence[Step], database: "AsyncEngine | None") -> None:
    """Make the tables that are missing."""
    for step in steps:
        if step.plugin.tables is not None and database is not None:
            async with database.begin() as connection:
                await connection.run_sync(step.plugin.tables.create_all)


def command_of(steps: Sequence[Step], name: str) -> Command | None:
    """The command of that name, bound to its plugin."""
    return all_commands(steps).get(name)


def all_commands(steps: Sequence[Step]) -> dict[str, Command]:
    """All commands by name."""
    return {command.name: command for step in steps for command in commands_of(step.plugin)}


async def call_command(steps: Sequence[Step], name: str, call: CommandCall) -> str:
    """What a command says; where its plugin fails, that. Raises LookupError where there is none of that name."""
    for step in steps:
        for command in commands_of(step.plugin):
            if command.name == name:
                said, problem = await _limited(step, command.handler(call))
                return (
                    said if isinstance(said, str) and not problem else f"/{name} did not work: {problem or 'no text'}"
                )
    raise LookupError(name)


async def check_health(steps: Sequence[Step]) -> dict[str, str]:
    """What each check of each plugin says is wrong, by `plugin.check`; empty texts where nothing is."""
    found: dict[str, str] = {}
    for step in steps:
        for check in checks_of(step.plugin):
            said, problem = await _limited(step, check.handler())
            found[f"{step.name}.{check.name}"] = problem or (said if isinstance(said, str) else "")
    return found


async def run_jobs(steps: Sequence[Step], tell: Callable[[str], None], timezone: str | None = None) -> None:
    """Call every job at its times, until cancelled."""
    async with asyncio.TaskGroup() as group:
        for step in steps:
            for job in jobs_of(step.plugin):
                group.create_task(_keep(step, job, tell, timezone))


async def _keep(step: Step, job: Job, tell: Callable[[str], None], timezone: str | None) -> None:
    due = asyncio.Event()

    async def work() -> None:
        while True:
            await due.wait()
            due.clear()
            await run_job(step, job, tell)

    async with asyncio.TaskGroup() as group:
        group.create_task(work())
        group.create_task(keep_schedule(Schedule(parse_cron(job.cron), timezone), due.set))


async def run_job(step: Step, job: Job, tell: Callable[[str], None]) -> None:
    """One call of a job; administrators are told where it fails."""
    _, problem = await _limited(step, job.handler())
    if problem:
        tell(f"The job {job.name} of plugin {step.name} failed: {problem}")


async def _limited(step: Step, work: Any) -> tuple[Any, str]:
    """What a plugin's own code gives within its time limit, and why it gave nothing."""
    now = asyncio.get_running_loop().time
    ends = now() + step.seconds
    limit = Limit(lambda: ends - now())
    try:
        return await hold(step.name, work, limit, outermost=True), ""
    except Exception as error:
        timed_out = isinstance(error, TimeoutError) and limit.expired
        problem = f"it took over {step.seconds:g} s" if timed_out else f"{type(error).__name__}: {error}"
        _log.warning("plugin %s: %s", step.name, problem, exc_info=None if timed_out else error)
        return None, problem
