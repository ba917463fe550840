"""A plugin's file and its options change while the assistant is at work."""

import asyncio
import logging
import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bots import terminal_message
from deskhand.assistant import Assistant, open_assistant
from plugins import limited
from plugins.contract import Person, Place
from plugins.declarations import CommandCall
from plugins.declaring import all_commands
from settings import Home, SettingsError, load_settings
from tests.deskhand.conftest import Command, Running, said

Write = Callable[[str, str], Path]

SHOUT = """
from deskhand import Options, Plugin, Reply, command, job


class ShoutOptions(Options):
    mark: str = "!"


class Shout(Plugin[ShoutOptions]):
    Options = ShoutOptions

    async def __call__(self, turn, call_next):
        return Reply("WORD" + self.options.mark)

    @command("{command}", "says it")
    async def say(self, call):
        return "WORD " + call.text
"""
LIST = "plugins:\n- shout\n"
PLACE = Place("terminal", direct=True)


def shout(word: str = "one", command: str = "shout") -> str:
    return SHOUT.replace("WORD", word).replace("{command}", command)


class Told(list[str]):
    """What the administrators are told."""

    async def notify(self, text: str) -> None:
        self.append(text)


@pytest.fixture
def told() -> Told:
    return Told()


@asynccontextmanager
async def at_work(home: Home, told: Told, watch: bool = False) -> AsyncIterator[Assistant]:
    settings = load_settings(home)
    async with open_assistant(settings, watch=watch, notify=told.notify, tell=told.append, jobs=True) as assistant:
        yield assistant


@pytest.fixture
def company(company: Home, write: Write) -> Home:
    write("settings/assistant.yaml", LIST)
    write("plugins/shout.py", shout())
    return company


async def ask(assistant: Assistant) -> str:
    return await (await assistant.ask(terminal_message(1, "how long?", ()))).read()


async def until(condition: Callable[[], object], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def test_an_edited_file_and_edited_options_count_for_the_next_question(
    company: Home, write: Write, told: Told
) -> None:
    async with at_work(company, told) as assistant:
        assert await ask(assistant) == "one!"
        for number in range(3):  # the same size, within the same second: no cache of Python's may serve the old one
            write("plugins/shout.py", shout(f"no{number}"))
            assert await ask(assistant) == f"no{number}!"
        write("settings/assistant.yaml", "plugins:\n- shout:\n    mark: '?'\n")
        assert await ask(assistant) == "no2?"
    assert told == []
    assert not list(company.plugins.rglob("*.pyc"))


async def test_an_edit_is_taken_up_without_a_question_where_somebody_watches(
    company: Home, write: Write, told: Told
) -> None:
    async with at_work(company, told, watch=True) as assistant:
        await asyncio.sleep(0.3)
        write("plugins/shout.py", shout("two", "call"))
        await until(lambda: "call" in all_commands(assistant.chain.steps))


BROKEN = {
    "a syntax error": ("def :\n", "plugins/shout.py:1: SyntaxError: invalid syntax"),
    "an exception at the import": ("x = 1\ny = x / 0\n", "plugins/shout.py:2: ZeroDivisionError: division by zero"),
    "the end of the process at the import": ("import sys\n\nsys.exit(1)\n", "plugins/shout.py:3: SystemExit: 1"),
    "no plugin": ("x = 1\n", "plugins/shout.py:1: defines no plugin"),
    "no option that can be made": (
        shout().replace('mark: str = "!"', "mark: int"),
        "settings/assistant.yaml:2: plugins[0].shout.mark: is required",
    ),
    "an exception when it is made": (
        shout().replace('mark: str = "!"', 'mark: str = "!"\n\n    def model_post_init(self, _):\n        1 / 0'),
        "plugins/shout.py:9)",
    ),
    "an exception when it starts": (
        shout() + "\n    def running(self):\n        raise OSError('no port left')\n",
        "settings/assistant.yaml:2: plugins[0]: 'shout' does not start: running(): OSError: no port left",
    ),
    "a command of Deskhand's own": (shout(command="status"), "plugins/shout.py:15: ValueError: command 'status' is"),
}


@pytest.mark.parametrize("what", BROKEN)
async def test_a_broken_edit_keeps_the_old_one_running_and_says_where(
    company: Home, write: Write, told: Told, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    caplog.set_level(logging.WARNING)
    code, said = BROKEN[what]
    async with at_work(company, told) as assistant:
        write("plugins/shout.py", code)
        assert await ask(assistant) == "one!"
        assert await assistant.command("shout", CommandCall("x", Person("u1"), PLACE)) == "one x"
        await until(lambda: told)
        assert said in told[0]
        assert said in caplog.text
        write("plugins/shout.py", shout("two"))
        assert await ask(assistant) == "two!"
        await until(lambda: len(told) == 2)
    assert told[1] == "The settings can be used again and are in force."


@pytest.mark.parametrize("endless", ["while True:\n    pass", "time.sleep(20)"])
async def test_an_import_that_never_ends_keeps_the_old_one_and_says_where(
    company: Home, write: Write, told: Told, monkeypatch: pytest.MonkeyPatch, endless: str
) -> None:
    monkeypatch.setattr(limited, "SECONDS", 0.4)
    async with at_work(company, told) as assistant:
        write("plugins/shout.py", f"import time\n\n{endless}\n")
        assert await ask(assistant) == "one!"
        await until(lambda: told)
        assert re.search(r"plugins/shout.py:[34]: 'shout' is not ready after 0.4 s: this line does not end", told[0])
        write("plugins/shout.py", shout("two"))
        assert await ask(assistant) == "two!"


async def test_an_import_that_never_ends_is_a_mistake_at_the_start(
    company: Home, write: Write, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limited, "SECONDS", 0.4)
    write("plugins/shout.py", "import time\n\ntime.sleep(20)\n")
    with pytest.raises(SettingsError, match=r"plugins/shout.py:3: 'shout' is not ready after 0.4 s"):
        async with at_work(company, told):
            pass


async def test_a_wrong_option_is_refused_at_its_line(company: Home, write: Write, told: Told) -> None:
    async with at_work(company, told) as assistant:
        write("settings/assistant.yaml", "plugins:\n- shout:\n    mrak: '?'\n")
        assert await ask(assistant) == "one!"
        await until(lambda: told)
    assert "settings/assistant.yaml:3: plugins[0].shout.mrak: no such option (did you mean mark?)" in told[0]


async def test_one_that_never_starts_is_given_up_and_the_next_edit_counts(
    company: Home, write: Write, told: Told
) -> None:
    write("settings/assistant.yaml", "plugin_seconds: 0.2\n" + LIST)
    hangs = shout() + (
        "\n    from contextlib import asynccontextmanager\n\n    @asynccontextmanager\n    async def running(self):\n"
        "        import asyncio\n        await asyncio.Event().wait()\n        yield\n"
    )
    async with at_work(company, told) as assistant, asyncio.timeout(20):
        write("plugins/shout.py", hangs)
        assert await ask(assistant) == "one!"
        write("plugins/shout.py", shout("two"))
        assert await ask(assistant) == "two!"
    assert "'shout' does not start: running(): it took over 0.2 s" in told[0]


async def test_a_question_on_its_way_ends_in_the_file_it_began_in(company: Home, write: Write, told: Told) -> None:
    slow = (
        "import asyncio\nfrom deskhand import Outcome, Reply\nWORD = '{}'\nGATE = asyncio.Event()\n\n\n"
        "async def pieces():\n    yield WORD\n    await GATE.wait()\n    yield WORD\n    yield Outcome()\n\n\n"
        "async def shout(turn, call_next):\n    return Reply(pieces=pieces())\n"
    )
    write("plugins/shout.py", slow.format("old"))
    async with at_work(company, told) as assistant:
        gate = vars(sys.modules["deskhand_home_plugins.shout"])["GATE"]
        early = await assistant.ask(terminal_message(1, "how long?", ()))
        assert await anext(pieces := aiter(early)) == "old"
        write("plugins/shout.py", shout("new"))
        assert await ask(assistant) == "new!"
        gate.set()
        assert [piece async for piece in pieces] == ["old"]


async def test_one_that_was_switched_off_is_tried_again_after_an_edit(company: Home, write: Write, told: Told) -> None:
    write("settings/assistant.yaml", "plugins:\n- shout\n- answers\n")
    write(
        "plugins/answers.py",
        "from deskhand import Reply\n\n\nasync def answers(turn, call_next):\n    return Reply('plain')\n",
    )
    write("plugins/shout.py", shout().replace("return Reply(", "raise ValueError("))
    async with at_work(company, told) as assistant:
        for _ in range(6):
            assert await ask(assistant) == "plain"
        assert assistant.chain.breakers["shout"].off
        assert told[0].startswith("Plugin shout fails often and is switched off")
        write("plugins/shout.py", shout("mended"))
        assert await ask(assistant) == "mended!"


async def test_commands_follow_the_file(company: Home, write: Write, told: Told) -> None:
    async with at_work(company, told) as assistant:
        call = CommandCall("x", Person("u1"), PLACE)
        assert await assistant.command("shout", call) == "one x"
        write("plugins/shout.py", shout("two", "call"))
        assert await assistant.command("call", call) == "two x"
        with pytest.raises(LookupError):
            await assistant.command("shout", call)


def test_a_process_at_work_takes_up_edits_and_keeps_the_old_one_where_one_is_broken(
    company: Home, write: Write, running: Running, deskhand: Command
) -> None:
    at_work = running(company)
    ask_it = ("ask", "how long?", "--home", str(company.root))
    assert deskhand(*ask_it).out == "one!\n"
    write("plugins/shout.py", shout("two"))
    assert deskhand(*ask_it).out == "two!\n"
    write("settings/assistant.yaml", "plugins:\n- shout:\n    mark: '?'\n")
    assert deskhand(*ask_it).out == "two?\n"
    write("plugins/shout.py", "x = 1\ndef :\n")
    assert deskhand(*ask_it).out == "two?\n"
    assert "the settings before stay in force: plugins/shout.py:2: SyntaxError" in said(at_work, "SyntaxError")
    write("settings/assistant.yaml", "plugins:\n- shout:\n    mrak: '?'\n")
    write("plugins/shout.py", shout("three"))
    assert deskhand(*ask_it).out == "two?\n"
    assert "settings/assistant.yaml:3: plugins[0].shout.mrak: no such option" in said(at_work, "mrak")
    write("settings/assistant.yaml", LIST)
    assert deskhand(*ask_it).out == "three!\n"
    assert at_work.poll() is None


def test_a_process_at_work_is_ended_by_no_task_of_a_plugins(
    company: Home, write: Write, running: Running, deskhand: Command
) -> None:
    ends = "import asyncio, sys\n\n\nasync def end():\n    sys.exit(3)\n\n\n"
    write(
        "plugins/shout.py", ends + shout().replace("return Reply(", "asyncio.create_task(end())\n        return Reply(")
    )
    at_work = running(company)
    for _ in range(2):
        assert deskhand("ask", "how long?", "--home", str(company.root)).out == "one!\n"
        said(at_work, f"{company.plugins}/shout.py:5 raised SystemExit(3) in a task of its own: the process goes on")
    assert at_work.poll() is None


JOB = """
import asyncio

from deskhand import Options, Plugin, job

STARTED = []
GATE = asyncio.Event()


class Shout(Plugin[Options]):
    @job("* * * * *")
    async def tick(self):
        STARTED.append(1)
        await GATE.wait()
        self.context.notify("WORD has ended")
"""


async def test_a_job_under_way_ends_in_its_own_time_and_the_new_one_waits_for_it(
    company: Home, write: Write, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    from plugins import declaring

    async def often(_schedule: object, due: Callable[[], None]) -> None:
        while True:
            due()
            await asyncio.sleep(0.01)

    monkeypatch.setattr(declaring, "keep_schedule", often)
    write("plugins/shout.py", JOB.replace("WORD", "old"))
    async with at_work(company, told) as assistant:
        old = assistant.live.live
        module = vars(sys.modules["deskhand_home_plugins.shout"])
        await until(lambda: module["STARTED"])
        write("plugins/shout.py", JOB.replace("WORD", "new").replace("await GATE.wait()", ""))
        await ask(assistant)
        await asyncio.sleep(0.1)
        assert told == []
        assert not old.closed
        module["GATE"].set()
        await until(lambda: "new has ended" in told)
        await until(lambda: old.closed)
        assert told[0] == "old has ended"
        assert told.count("old has ended") == 1
