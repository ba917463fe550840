"""`deskhand plugins`, `plugins new`, `plugins check`, and `init`, as their users see them."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from plugins import limited
from settings import Home
from settings.home import CHECKOUT
from tests.deskhand.conftest import Command

Write = Callable[[str, str], Path]

SHOUT = """
from deskhand import Options, Plugin, Reply, command, job


class ShoutOptions(Options):
    mark: str = "!"


class Shout(Plugin[ShoutOptions]):
    Options = ShoutOptions
    required = True

    @command("shout", "shouts")
    async def shout(self, call):
        return "x"

    @job("0 9 * * *")
    async def work(self):
        pass
"""
CHAIN = "plugins:\n- shout: {mark: '?'}\n- persona\n- rag\n- output\n- answer\n"


def test_the_chain_as_it_will_run(company: Home, write: Write, deskhand: Command) -> None:
    write("plugins/shout.py", SHOUT)
    write("settings/assistant.yaml", "plugin_seconds: 7\n" + CHAIN)
    ran = deskhand("plugins", "--home", str(company.root))
    assert ran.status == 0
    lines = ran.out.splitlines()
    assert lines[0] == "The chain, outermost first; a question ends within 90 s."
    assert lines[2] == "  1  shout    plugins/shout.py, required, at most 7 s; not measured yet"
    assert lines[3:6] == ["       mark: ?", "       command /deskhand shout", "       job work at 0 9 * * *"]
    steps = [line.split()[:3] for line in lines[6:] if line[2].isdigit()]
    assert [" ".join(step) for step in steps] == [
        "2 persona shipped,", "3 rag shipped,", "4 output shipped,", "5 answer shipped,",
    ]  # fmt: skip
    report = json.loads(deskhand("plugins", "--json", "--home", str(company.root)).out)
    assert report["plugins"][0] == {
        "name": "shout", "origin": "plugins/shout.py", "required": True, "seconds": 7, "options": {"mark": "?"},
        "commands": ["shout"], "jobs": {"work": "0 9 * * *"}, "health_checks": [], "routes": [], "tables": [],
        "calls": 0, "failures": 0, "mean_ms": None, "share": None, "off_until": None, "last_failure": None,
    }  # fmt: skip


def test_a_process_at_work_says_what_each_step_took(
    company: Home, write: Write, deskhand: Command, start: Callable[..., "subprocess.Popen[bytes]"]
) -> None:
    write(
        "plugins/shout.py", SHOUT + "\n    async def __call__(self, turn, call_next):\n        raise OSError('away')\n"
    )
    write("settings/assistant.yaml", CHAIN.replace("required = True", ""))
    home = ("--home", str(company.root))
    chat = start("-m", "deskhand", "chat", *home)
    assert chat.stdin is not None
    assert chat.stdout is not None
    chat.stdin.write(b"How many days can I carry over?\n")
    chat.stdin.flush()
    assert b"I cannot answer at the moment: the required plugin shout failed" in chat.stdout.readline()
    report = json.loads(deskhand("plugins", "--json", *home).out)
    [shout] = [step for step in report["plugins"] if step["name"] == "shout"]
    assert (shout["calls"], shout["failures"], shout["share"]) == (1, 1, 1.0)
    assert (shout["off_until"], shout["last_failure"]) == (None, "OSError: away")
    text = deskhand("plugins", *home).out
    assert "100% of the time" in text
    assert "1 failures, the last one: OSError: away" in text
    chat.stdin.write(b"How many days can I carry over?\n" * 4)
    chat.stdin.flush()
    answers = [chat.stdout.readline() for _ in range(8)][1::2]
    assert all(b"the required plugin shout failed" in answer for answer in answers)
    text = deskhand("plugins", *home).out
    assert re.search(r"5 failures; switched off until \d\d:\d\d: OSError: away\n", text)
    shout = json.loads(deskhand("plugins", "--json", *home).out)["plugins"][0]
    assert datetime.fromisoformat(shout["off_until"]) > datetime.now().astimezone()
    write("settings/assistant.yaml", CHAIN.replace("mark", "mrak"))
    for command in (["plugins"], ["search", "leave"], ["ask", "How many days can I carry over?"]):
        assert deskhand(*command, *home).err == (
            "deskhand: note: the settings before stay in force: "
            "settings/assistant.yaml:2: plugins[0].shout.mrak: no such option (did you mean mark?)\n"
        )
    chat.stdin.write(b"exit\n")
    chat.stdin.flush()
    assert chat.wait(60) == 0


def test_a_mistake_in_the_chain_is_told_with_its_line(company: Home, write: Write, deskhand: Command) -> None:
    write("settings/assistant.yaml", "plugins:\n- shuot\n")
    ran = deskhand("plugins", "--home", str(company.root))
    assert ran.status == 1
    assert ran.error.startswith("settings/assistant.yaml:2: plugins[0]: no plugin named 'shuot' (known: ")


@pytest.mark.parametrize(("folder", "arguments"), [(".", []), (".", ["plugins"]), ("plugins", []), ("..", ["home"])])
def test_a_new_plugin_is_green_wherever_pytest_is_started(
    company: Home, deskhand: Command, folder: str, arguments: list[str]
) -> None:
    assert deskhand("plugins", "new", "office_hours", "--home", str(company.root)).status == 0
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "ignore", "-p", "no:cacheprovider", *arguments],
        cwd=company.root / folder, env={"PYTHONPATH": str(CHECKOUT), "PATH": ""},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout.splitlines()[-1].split(" in ")[0]) == (0, "2 passed"), ran.stdout + ran.stderr


def test_a_new_plugin_can_be_used_at_once(company: Home, write: Write, deskhand: Command) -> None:
    home = ("--home", str(company.root))
    made = deskhand("plugins", "new", "office_hours", *home)
    assert made.status == 0
    assert "office_hours.py" in made.out
    checked = deskhand("plugins", "check", str(company.plugins / "office_hours.py"), *home)
    assert (checked.status, checked.out.splitlines()[0].rpartition(": ")[2]) == (0, "fine")
    write("settings/assistant.yaml", "plugins:\n- office_hours:\n    text: Anything else?\n- rag\n- output\n- answer\n")
    asked = deskhand("ask", "How many days can I carry over?", *home)
    assert "Anything else?" in asked.out
    again = deskhand("plugins", "new", "office_hours", *home)
    assert (again.status, again.error) == (
        2,
        f"{company.plugins}/office_hours.py is there already: nothing was changed",
    )


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Shout", "'Shout' cannot be a plugin's name: small letters, digits and _, as in `office_hours`"),
        ("class", "'class' cannot be a plugin's name: small letters, digits and _, as in `office_hours`"),
        ("../x", "'../x' cannot be a plugin's name: small letters, digits and _, as in `office_hours`"),
        ("rag", "'rag' ships with Deskhand: choose another name"),
    ],
)
def test_a_name_that_cannot_be(company: Home, deskhand: Command, name: str, why: str) -> None:
    ran = deskhand("plugins", "new", name, "--home", str(company.root))
    assert (ran.status, ran.error) == (2, why)
    assert not company.plugins.exists()


STEP = "async def shout(turn, call_next):\n"


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("x = (\n", "plugins/shout.py:1: SyntaxError: '(' was never closed"),
        ("import sys\nsys.exit(3)\n", "plugins/shout.py:2: SystemExit: 3"),
        (STEP + "    return 'five'\n", "plugins/shout.py:1: TypeError: returned str, not a Reply"),
        (
            SHOUT + "\n    async def __call__(self, turn, call_next):\n        return 'five'\n",
            "plugins/shout.py:21: TypeError: returned str, not a Reply",
        ),
        (
            STEP + "    return call_next(turn)\n",
            "plugins/shout.py:1: TypeError: returned coroutine, not a Reply: is an `await` missing?",
        ),
        (STEP + "    raise OSError('away')\n", "plugins/shout.py:2: OSError: away"),
        (STEP + "    import sys\n    sys.exit(3)\n", "plugins/shout.py:3: RuntimeError: raised SystemExit"),
        (SHOUT.replace('"0 9 * * *"', '"0 99 * * *"'), "plugins/shout.py: 'shout': its schedule: "),
        (
            SHOUT + "\n    def running(self):\n        raise OSError('no port')\n",
            "plugins/shout.py:22: running() failed: OSError: no port",
        ),
        (
            SHOUT.replace('mark: str = "!"', "mark: str"),
            "plugins/shout.py: with the options of settings/assistant.yaml, else none: mark: is required\n",
        ),
    ],
)
def test_a_file_with_something_wrong(company: Home, write: Write, deskhand: Command, code: str, problem: str) -> None:
    file = write("plugins/shout.py", code)
    ran = deskhand("plugins", "check", str(file), "--home", str(company.root))
    assert ran.status == 1
    assert ran.out.startswith(problem)
    found = json.loads(deskhand("plugins", "check", str(file), "--json", "--home", str(company.root)).out)
    assert (found["ok"], found["problems"]) == (False, [ran.out.splitlines()[0]])


def test_one_that_hangs_is_given_up(
    company: Home, write: Write, deskhand: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deskhand import check_plugin

    monkeypatch.setattr(check_plugin, "_SECONDS", 0.2)
    file = write("plugins/shout.py", "import asyncio\n" + STEP + "    await asyncio.Event().wait()\n")
    ran = deskhand("plugins", "check", str(file), "--home", str(company.root))
    assert (ran.status, ran.out) == (
        1,
        "plugins/shout.py:2: took over 0.2 s\n"
        "  asked “how much leave do I have?”: failed\n"
        '  what it listens for: --ask "QUESTION", as often as you like\n',
    )


LUNCH = (
    "from deskhand import Reply\n\n\nasync def lunch(turn, call_next):\n    if 'lunch' in turn.message.text:\n"
    "        return 'soup'\n    return await call_next(turn)\n"
)


def test_it_is_asked_what_its_author_wants(company: Home, write: Write, deskhand: Command) -> None:
    file = str(write("plugins/lunch.py", LUNCH))
    home = ("--home", str(company.root))
    fine = deskhand("plugins", "check", file, *home)
    assert (fine.status, fine.out.splitlines()) == (
        0,
        [
            f"{file}: fine",
            "  asked “how much leave do I have?”: answered “Five weeks.”",
            '  what it listens for: --ask "QUESTION", as often as you like',
        ],
    )
    questions = ("--ask", "what is for lunch?", "--ask", "what is for dinner?")
    wrong = deskhand("plugins", "check", file, *questions, *home)
    assert (wrong.status, wrong.out.splitlines()) == (
        1,
        [
            "plugins/lunch.py:4: TypeError: returned str, not a Reply",
            "  asked “what is for lunch?”: failed",
            "  asked “what is for dinner?”: answered “Five weeks.”",
        ],
    )
    found = json.loads(deskhand("plugins", "check", file, *questions, "--json", *home).out)
    assert found["asked"] == [
        {"question": "what is for lunch?", "status": "failed", "answer": ""},
        {"question": "what is for dinner?", "status": "answered", "answer": "Five weeks."},
    ]


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("x = 1\nwhile x:\n    x = 2\n" + STEP + "    return await call_next(turn)\n", "[23]"),
        (SHOUT + "\n    def __init__(self, *arguments):\n        import time\n        time.sleep(60)\n", "23"),
    ],
)
def test_one_that_is_never_ready_is_given_up_at_its_line(
    company: Home, write: Write, deskhand: Command, monkeypatch: pytest.MonkeyPatch, code: str, line: str
) -> None:
    monkeypatch.setattr(limited, "SECONDS", 0.3)
    file = write("plugins/shout.py", code)
    ran = deskhand("plugins", "check", str(file), "--home", str(company.root))
    assert ran.status == 1
    assert re.fullmatch(
        rf"plugins/shout.py:{line}: 'shout' is not ready after 0.3 s: this line does not end\n", ran.out
    )


def test_a_file_that_is_not_there(company: Home, deskhand: Command) -> None:
    ran = deskhand("plugins", "check", "nowhere.py", "--home", str(company.root))
    assert (ran.status, ran.error) == (2, "there is no file nowhere.py")


def test_init_takes_its_folder_either_way(tmp_path: Path, deskhand: Command) -> None:
    assert deskhand("init", "--home", str(tmp_path / "a")).status == 0
    assert deskhand("--home", str(tmp_path / "b"), "init").status == 0
    assert deskhand("init", str(tmp_path / "c")).status == 0
    assert all((tmp_path / name / "settings" / "assistant.yaml").is_file() for name in "abc")
    assert deskhand("init").error == "name the new home once: `deskhand init DIR`"
    assert deskhand("init", "x", "--home", "y").status == 2
