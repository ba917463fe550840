"""What the plugins of a chain declare, together: commands that two want, tables, routes, times, checks."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from knowledge.schedule import Schedule, keep_schedule
from plugins.chain import Step
from plugins.declarations import Command, CommandCall, Job, checks_of, commands_of, jobs_of
from plugins.holding import Expired, Until, hold
from plugins.origins import place_in
from settings import Problem, Settings, SettingsError
from settings.cron import parse_cron
from settings.tasks import running

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
                return await _said(step, command, call)
    raise LookupError(name)


async def _said(step: Step, command: Command, call: CommandCall) -> str:
    said, problem = await _limited(step, lambda: command.handler(call))
    if isinstance(said, str) and not problem:
        return said
    return f"/{command.name} did not work: {problem or 'no text'}"


async def check_health(steps: Sequence[Step]) -> dict[str, str]:
    """What each check of each plugin says is wrong, by `plugin.check`; empty texts where nothing is."""
    found: dict[str, str] = {}
    for step in steps:
        for check in checks_of(step.plugin):
            said, problem = await _limited(step, check.handler)
            found[f"{step.name}.{check.name}"] = problem or (said if isinstance(said, str) else "")
    return found


class Jobs:
    """The jobs of a chain, called at their times while `run` runs.

    `busy` is shared by the chains that follow each other: a call that is under way when the chain changes ends in
    its own time, and the next chain's call of that job waits for it.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        tell: Callable[[str], None],
        timezone: str | None,
        busy: MutableMapping[str, asyncio.Lock],
    ) -> None:
        self._steps = steps
        self._tell = tell
        self._timezone = timezone
        self._busy = busy
        self._stopped = False
        self._due: list[asyncio.Event] = []

    def stop(self) -> None:
        """Begin no further call; `run` returns when those under way have ended."""
        self._stopped = True
        for due in self._due:
            due.set()

    async def run(self) -> None:
        """Call every job at its times, until stopped or cancelled."""
        async with asyncio.TaskGroup() as group:
            for step in self._steps:
                for job in jobs_of(step.plugin):
                    group.create_task(self._keep(step, job))

    async def _keep(self, step: Step, job: Job) -> None:
        due = asyncio.Event()
        self._due.append(due)
        lock = self._busy.setdefault(f"{step.name}.{job.name}", asyncio.Lock())
        async with running(keep_schedule(Schedule(parse_cron(job.cron), self._timezone), due.set)):
            while not self._stopped:
                await due.wait()
                due.clear()
                async with lock:
                    if not self._stopped:
                        await run_job(step, job, self._tell)


async def run_job(step: Step, job: Job, tell: Callable[[str], None]) -> None:
    """One call of a job; administrators are told where it fails."""
    _, problem = await _limited(step, job.handler)
    if problem:
        tell(f"The job {job.name} of plugin {step.name} failed: {problem}")


@asynccontextmanager
async def opened(step: Step, settings: Settings, place: int) -> AsyncIterator[None]:
    """A plugin that runs while the block does. Raises SettingsError where it does not open in its time."""
    manager: Any = None

    async def enter() -> None:
        nonlocal manager
        manager = step.plugin.running()
        await manager.__aenter__()

    _, problem = await _limited(step, enter)
    if problem:
        message = f"{step.name!r} does not start: running(): {problem}"
        raise SettingsError([settings.problem(("assistant", "plugins", place), message)])
    try:
        yield
    finally:
        await _limited(step, lambda: manager.__aexit__(None, None, None))


async def _limited(step: Step, work: Callable[[], Any]) -> tuple[Any, str]:
    """What a plugin's own code gives within its time limit, and why it gave nothing."""
    time = Until(asyncio.get_running_loop().time() + step.seconds)
    try:
        return await hold(step.name, work(), time, outermost=True), ""
    except (Exception, SystemExit) as error:
        late = isinstance(error, Expired)
        problem = f"it took over {step.seconds:g} s" if late else f"{type(error).__name__}: {error}"
        if not late and (at := place_in(error, step.plugin)):
            problem += f" ({at})"
        _log.warning("plugin %s: %s", step.name, problem, exc_info=None if late else error)
        return None, problem
