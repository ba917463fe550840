"""What plugins declare besides their step, together."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select

from plugins.chain import Step
from plugins.contract import Context, Options, Person, Place, Plugin
from plugins.declarations import CommandCall, command, health_check, job, jobs_of
from plugins.declaring import all_commands, call_command, check_health, make_tables, run_job
from plugins.loading import build_steps
from plugins.models import Models
from settings import Home, Settings, SettingsError, load_settings
from settings.database import opened_database
from tests.plugins.parts import ListedKnowledge

Write = Callable[[str, str | bytes], Path]
CALL = CommandCall("Sam", Person("u1"), Place("terminal", direct=True))
METADATA = MetaData()
WORDS = Table("declares_words", METADATA, Column("id", Integer, primary_key=True))


class Declares(Plugin[Options]):
    tables = METADATA

    @command("hello", "greets")
    async def hello(self, call: CommandCall) -> str:
        return f"Hello {call.text}"

    @command("fails", "fails")
    async def fails(self, call: CommandCall) -> str:
        raise LookupError("no such person")

    @command("hangs", "hangs")
    async def hangs(self, call: CommandCall) -> str:
        await asyncio.Event().wait()
        return ""

    @command("lies", "gives no text")
    async def lies(self, call: CommandCall) -> int:
        return 5

    @command("wrong", "takes no call")
    async def wrong(self) -> str:
        return "x"

    @job("*/5 * * * *")
    async def work(self) -> None:
        raise OSError("the calendar is away")

    @health_check
    async def fine(self) -> str:
        return ""

    @health_check
    async def ill(self) -> str:
        return "the calendar is away"

    @health_check
    async def worse(self) -> str:
        raise OSError("no route to host")


@pytest.fixture
def steps(context: Context) -> list[Step]:
    return [Step("declares", Declares(Options(), context), 0.05, "shipped")]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("hello", "Hello Sam"),
        ("fails", "/fails did not work: LookupError: no such person ("),
        ("hangs", "/hangs did not work: it took over 0.05 s"),
        ("lies", "/lies did not work: no text"),
        ("wrong", "/wrong did not work: TypeError: "),
    ],
)
async def test_a_command_always_says_something(steps: list[Step], name: str, said: str) -> None:
    assert (await call_command(steps, name, CALL)).startswith(said)


async def test_a_command_that_nobody_has(steps: list[Step]) -> None:
    assert sorted(all_commands(steps)) == ["fails", "hangs", "hello", "lies", "wrong"]
    with pytest.raises(LookupError):
        await call_command(steps, "dance", CALL)


async def test_health_is_what_each_check_says(steps: list[Step]) -> None:
    health = await check_health(steps)
    assert health.pop("declares.worse").startswith("OSError: no route to host (")
    assert health == {"declares.fine": "", "declares.ill": "the calendar is away"}


async def test_a_job_that_fails_is_told(steps: list[Step]) -> None:
    told: list[str] = []
    await run_job(steps[0], jobs_of(steps[0].plugin)[0], told.append)
    [line] = told
    assert line.startswith("The job work of plugin declares failed: OSError: the calendar is away (")
    assert f"{__file__}:" in line


async def test_a_table_is_made_and_can_be_used(steps: list[Step], settings: Settings) -> None:
    async with opened_database(settings.home) as database:
        for _ in range(2):
            await make_tables(steps, database)
        async with database.begin() as connection:
            await connection.execute(insert(WORDS).values(id=7))
            assert (await connection.execute(select(WORDS.c.id))).scalars().all() == [7]


FILE = """
from sqlalchemy import Column, Integer, MetaData, Table

from deskhand import Options, Plugin, command, job

METADATA = MetaData()
TABLE = Table("{table}", METADATA, Column("id", Integer, primary_key=True))


class Thing(Plugin[Options]):
    routes = ("{route}",)
    tables = METADATA

    @command("{command}", "does it")
    async def do(self, call):
        return "done"

    @job("{cron}")
    async def work(self):
        pass
"""
FINE = {"table": "one_words", "route": "answer", "command": "one", "cron": "0 3 * * *"}


def problems(home: Home, write: Write, **other: str) -> list[str]:
    write("plugins/one.py", FILE.format(**FINE))
    write("plugins/two.py", FILE.format(**({**FINE, "table": "two_words", "command": "two"} | other)))
    write("settings/assistant.yaml", "plugins:\n  - one\n  - two\n")
    settings = load_settings(home)
    try:
        build_steps(settings, ListedKnowledge(), Models(settings))
    except SettingsError as error:
        return [str(problem) for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        ({}, None),
        ({"command": "one"}, "'two' and 'one' both ask for the command /deskhand one: only one can have it"),
        ({"route": "nowhere"}, "'two' needs a route 'nowhere' in settings/models.yaml (known: answer"),
        ({"table": "words"}, "'two': its table 'words' must be named two_..., so that no other plugin has it"),
        ({"cron": "0 25 * * *"}, "'two': its schedule: "),
    ],
)
def test_mistakes_are_told_at_the_plugins_line(
    home: Home, write: Write, other: dict[str, str], problem: str | None
) -> None:
    found = problems(home, write, **other)
    if problem is None:
        assert found == []
    else:
        [line] = found
        assert line.startswith(f"settings/assistant.yaml:3: plugins[1]: {problem}")
