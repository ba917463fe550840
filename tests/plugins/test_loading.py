import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from plugins.chain import Step
from plugins.contract import CallNext, Options, Plugin, Reply, Turn
from plugins.loading import SHIPPED, build_steps, open_chain
from plugins.models import Models
from settings import Home, Settings, SettingsError, load_settings
from tests.plugins.parts import ListedKnowledge, ask

Write = Callable[[str, str | bytes], Path]
EVENTS: list[str] = []


@pytest.fixture
def build(home: Home, write: Write, knowledge: ListedKnowledge) -> Callable[[str], list[Step]]:
    """Steps of an assistant.yaml."""

    def build_from(assistant: str) -> list[Step]:
        write("settings/assistant.yaml", assistant)
        settings = load_settings(home)
        return build_steps(settings, knowledge, Models(settings))

    return build_from


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Modules of somebody else's, by name."""
    monkeypatch.syspath_prepend(tmp_path)

    def add(name: str, code: str) -> None:
        (tmp_path / f"{name}.py").write_text(code)
        monkeypatch.delitem(sys.modules, name, raising=False)

    return add


def problems(build: Callable[[str], list[Step]], assistant: str) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        build(assistant)
    return [str(problem) for problem in raised.value.problems]


class Door(Plugin[Options]):
    """Notes when it is opened and closed."""

    name = "door"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        EVENTS.append(f"{self.name} opens")
        yield
        EVENTS.append(f"{self.name} closes")


class Window(Door):
    name = "window"


def test_the_default_chain_is_persona_history_rag_output_answer(settings: Settings, knowledge: ListedKnowledge) -> None:
    steps = build_steps(settings, knowledge, Models(settings))
    assert [step.name for step in steps] == ["guard", "persona", "history", "rag", "output", "answer"]


def test_the_order_of_the_list_is_the_order_of_the_chain(build: Callable[[str], list[Step]]) -> None:
    steps = build("plugins: [answer, rag, persona]\nplugin_seconds: 7")
    assert [(step.name, type(step.plugin), step.seconds) for step in steps] == [
        (name, SHIPPED[name], 7) for name in ("answer", "rag", "persona")
    ]


def test_an_unknown_name_is_reported_with_its_line_and_the_one_that_may_be_meant(
    build: Callable[[str], list[Step]],
) -> None:
    assert problems(build, "name: Desk\nplugins:\n  - rag\n  - ansver\n") == [
        "settings/assistant.yaml:4: plugins[1]: no plugin named 'ansver' (did you mean answer?)"
    ]


def test_a_repeated_name_is_reported_with_its_line(build: Callable[[str], list[Step]]) -> None:
    assert problems(build, "plugins:\n  - rag\n  - answer\n  - rag:\n      passages: 3\n") == [
        "settings/assistant.yaml:4: plugins[2]: 'rag' is already number 1 of the chain"
    ]


def test_an_unknown_option_is_reported_with_its_line_and_the_known_ones(build: Callable[[str], list[Step]]) -> None:
    assert problems(build, "plugins:\n  - rag:\n      passages: 3\n      passage: 4\n  - answer: {mood: good}\n") == [
        "settings/assistant.yaml:4: plugins[0].rag.passage: no such option (did you mean passages?)",
        "settings/assistant.yaml:5: plugins[1].answer.mood: no such option (known: sure_evidence)",
    ]


def test_a_wrong_value_is_reported_with_its_line_and_the_value(build: Callable[[str], list[Step]]) -> None:
    assert problems(build, "plugins:\n  - history:\n      messages: 500\n  - rag: {passages: many}\n") == [
        "settings/assistant.yaml:3: plugins[0].history.messages: 500: input should be less than or equal to 100",
        "settings/assistant.yaml:4: plugins[1].rag.passages: 'many': input should be a valid integer, "
        "unable to parse string as an integer",
    ]


def test_wrong_nested_options_are_reported_at_their_own_line(build: Callable[[str], list[Step]]) -> None:
    lines = "plugins:\n  - persona:\n      examples:\n        - question: badge?\n          reply: two days\n"
    assert problems(build, lines) == [
        "settings/assistant.yaml:4: plugins[0].persona.examples[0].answer: is required",
        "settings/assistant.yaml:5: plugins[0].persona.examples[0].reply: no such option (known: question, answer)",
    ]


def test_all_mistakes_are_reported_together(build: Callable[[str], list[Step]]) -> None:
    found = problems(build, "plugins:\n  - nope\n  - rag: {a: 1}\n  - persona: {prompt: nowhere.md}\n  - nope\n")
    assert [line.split(": ")[0] for line in found] == [f"settings/assistant.yaml:{line}" for line in (2, 3, 4, 5)]


def test_the_value_of_an_option_that_may_be_a_secret_is_not_shown(
    build: Callable[[str], list[Step]], modules: Callable[[str, str], None]
) -> None:
    modules(
        "calendar_plugin",
        "from plugins import Options, Plugin\n"
        "class CalendarOptions(Options):\n    api_key: int\n"
        "class Calendar(Plugin[CalendarOptions]):\n    Options = CalendarOptions\n",
    )
    [line] = problems(build, "plugins:\n  - calendar_plugin:Calendar: {api_key: hunter2}\n")
    assert "api_key" in line
    assert "hunter2" not in line


def test_a_missing_persona_file_is_reported_with_its_line(build: Callable[[str], list[Step]]) -> None:
    lines = "plugins:\n  - persona:\n      prompt: personas/nowhere.md\n  - answer\n"
    assert problems(build, lines) == [
        "settings/assistant.yaml:3: plugins[0].persona.prompt: there is no file personas/nowhere.md below settings/"
    ]


def test_a_missing_persona_file_of_a_place_is_reported_with_its_line(build: Callable[[str], list[Step]]) -> None:
    lines = (
        "plugins:\n  - persona:\n      places:\n        - platform: slack\n"
        "        - channel: C1\n          prompt: personas/nowhere.md\n"
    )
    assert problems(build, lines) == [
        "settings/assistant.yaml:6: plugins[0].persona.places[1].prompt: "
        "there is no file personas/nowhere.md below settings/"
    ]


def test_a_persona_file_that_is_no_text_is_reported(build: Callable[[str], list[Step]], write: Write) -> None:
    write("settings/personas/odd.md", b"\xff\xfe\xff")
    [line] = problems(build, "plugins:\n  - persona: {prompt: personas/odd.md}\n")
    assert line.startswith("settings/assistant.yaml:2: plugins[0].persona.prompt: personas/odd.md:1: is not UTF-8")


def test_a_persona_file_outside_of_the_settings_is_not_read(build: Callable[[str], list[Step]], write: Write) -> None:
    write("secret.md", "nothing to see")
    [line] = problems(build, "plugins:\n  - persona: {prompt: ../secret.md}\n")
    assert "there is no file ../secret.md below settings/" in line


def test_a_persona_of_the_home_goes_before_the_one_that_ships(build: Callable[[str], list[Step]], write: Write) -> None:
    write("settings/personas/default.md", "You are the home's own.")
    [step] = build("plugins: [persona]")
    assert step.plugin.context.read_file("personas/default.md") == "You are the home's own."


async def test_a_plugin_of_somebody_elses_is_named_by_module_and_class(
    build: Callable[[str], list[Step]], modules: Callable[[str, str], None]
) -> None:
    modules(
        "greeting_plugin",
        "from plugins import Options, Plugin, Reply\n"
        "class GreetingOptions(Options):\n    word: str = 'Hello'\n"
        "class Greeting(Plugin[GreetingOptions]):\n"
        "    Options = GreetingOptions\n"
        "    async def __call__(self, turn, call_next):\n"
        "        return Reply(self.options.word)\n",
    )
    [step] = build("plugins:\n  - greeting_plugin:Greeting: {word: Moin}\n")
    assert step.name == "greeting_plugin:Greeting"

    async def nobody(turn: object) -> object:
        raise AssertionError("the plugin answers itself")

    assert (await step.plugin(ask(), nobody)).text == "Moin"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "code", "why"),
    [
        ("missing_plugin:Thing", None, "ModuleNotFoundError: No module named 'missing_plugin'"),
        ("empty_plugin:Thing", "", "empty_plugin has no plugin class 'Thing'"),
        ("empty_plugin:", "", "empty_plugin has no plugin class ''"),
        ("other_plugin:Thing", "class Thing: ...", "other_plugin has no plugin class 'Thing'"),
        ("needy_plugin:Thing", "import not_installed", "ModuleNotFoundError: No module named 'not_installed'"),
        ("broken_plugin:Thing", "def", "SyntaxError: invalid syntax (broken_plugin.py, line 1)"),
        ("dying_plugin:Thing", "1 / 0", "ZeroDivisionError: division by zero"),
        (":Thing", None, "ValueError: Empty module name"),
    ],
)
def test_a_plugin_that_cannot_be_imported_is_reported_with_the_cause(
    build: Callable[[str], list[Step]], modules: Callable[[str, str], None], name: str, code: str | None, why: str
) -> None:
    if code is not None:
        modules(name.partition(":")[0], code)
    assert problems(build, f"plugins:\n  - answer\n  - '{name}'\n") == [
        f"settings/assistant.yaml:3: plugins[1]: no plugin named {name!r}: {why}"
    ]


def test_an_option_that_a_plugin_itself_finds_wrong_is_reported_with_its_line(
    build: Callable[[str], list[Step]], modules: Callable[[str, str], None]
) -> None:
    modules(
        "picky_plugin",
        "from plugins import Options, OptionError, Plugin\n"
        "class PickyOptions(Options):\n    file: str = ''\n    day: str = ''\n"
        "class Picky(Plugin[PickyOptions]):\n"
        "    Options = PickyOptions\n"
        "    def __init__(self, options, context):\n"
        "        super().__init__(options, context)\n"
        "        if options.day:\n            raise OptionError('day', 'no such day')\n"
        "        context.read_file(options.file)\n",
    )
    assert problems(build, "plugins:\n  - picky_plugin:Picky:\n      day: Blursday\n") == [
        "settings/assistant.yaml:3: plugins[0].picky_plugin:Picky.day: no such day"
    ]
    assert problems(build, "plugins:\n  - picky_plugin:Picky:\n      file: nowhere.txt\n") == [
        "settings/assistant.yaml:2: plugins[0].picky_plugin:Picky: there is no file nowhere.txt below settings/"
    ]


async def test_plugins_are_opened_in_order_and_closed_in_reverse(
    home: Home, write: Write, knowledge: ListedKnowledge
) -> None:
    EVENTS.clear()
    write("settings/assistant.yaml", f"plugins: ['{__name__}:Door', '{__name__}:Window']\n")
    async with open_chain(load_settings(home), knowledge) as chain:
        assert len(chain.steps) == 2
        assert EVENTS == ["door opens", "window opens"]
    assert EVENTS[2:] == ["window closes", "door closes"]


async def test_the_chain_that_is_opened_answers_with_the_contact_and_the_deadline_of_the_settings(
    home: Home, write: Write, knowledge: ListedKnowledge
) -> None:
    write("settings/assistant.yaml", f"contact: Jo\ndeadline_seconds: 0.05\nplugins: ['{__name__}:Sleeper']\n")
    async with open_chain(load_settings(home), knowledge) as chain:
        reply = await chain(ask())
        assert await reply.read() == "I could not answer this: no answer within 0.05 seconds. Please ask Jo."


class Sleeper(Plugin[Options]):
    async def __call__(self, turn: Turn, call_next: CallNext) -> Reply:
        await asyncio.Event().wait()
        return await call_next(turn)


@pytest.mark.parametrize(
    ("chain", "problem"),
    [
        (["language", "persona", "rag", "answer"], "'language' must come after 'persona'"),
        (["persona", "rag", "language", "answer"], "'language' must come before 'rag'"),
        (["rag", "guard", "answer"], "'guard' must come before 'rag'"),
        (["cache", "rag", "answer"], "'cache' must come after 'rag'"),
        (["rag", "output", "cache", "answer"], "'cache' must come before 'output'"),
    ],
)
def test_a_step_that_could_not_do_its_work_there_is_a_mistake(
    build: Callable[[str], list[Step]], chain: list[str], problem: str
) -> None:
    text = "plugins:\n" + "".join(f"  - {name}\n" for name in chain)
    [found] = problems(build, text)
    assert found.endswith(problem)
    assert found.startswith("settings/assistant.yaml:")


MENUS = """
from typing import Literal
from deskhand import Options, Plugin
Day = Literal["monday", "friday"]
class MenusOptions(Options):
    menus: dict[str, dict[Day, str]] = {}
class Menus(Plugin[MenusOptions]):
    Options = MenusOptions
"""


def test_a_wrong_name_in_a_mapping_is_shown_by_its_path(
    build: Callable[[str], list[Step]], write: Callable[[str, str], Path]
) -> None:
    write("plugins/menus.py", MENUS)
    lines = "plugins:\n  - menus:\n      menus:\n        berlin:\n          fryday: soup\n"
    assert problems(build, lines) == [
        "settings/assistant.yaml:5: plugins[0].menus.menus.berlin.fryday: 'fryday': as a name, "
        "should be 'monday' or 'friday'"
    ]


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (MENUS.replace("    Options = MenusOptions", "    pass"),
         "the class Menus declares none (is `Options = ...` missing in it?)"),
        ("async def menus(turn, call_next):\n    return await call_next(turn)\n",
         "a plugin that is a function has none, write a class"),
    ],
)  # fmt: skip
def test_options_for_one_that_has_none(
    build: Callable[[str], list[Step]], write: Callable[[str, str], Path], code: str, why: str
) -> None:
    write("plugins/menus.py", code)
    assert problems(build, "plugins:\n  - menus: {menus: {}}\n") == [
        f"settings/assistant.yaml:2: plugins[0].menus.menus: no such option: {why}"
    ]


KEYED = """
from deskhand import Options, Plugin
class Keyed(Plugin[Options]):
    def __init__(self, options, context):
        super().__init__(options, context)
        self.key = context.secret("CANTEEN_KEY")
"""


def test_a_plugin_has_its_key_by_name(
    build: Callable[[str], list[Step]], write: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("plugins/keyed.py", KEYED)
    assert problems(build, "plugins:\n  - keyed\n") == [
        "settings/assistant.yaml:2: plugins[0].keyed: there is no CANTEEN_KEY: "
        "set it in the environment, in settings/secrets/ or in .env"
    ]
    write("settings/secrets/CANTEEN_KEY", "from-a-file\n")
    [step] = build("plugins:\n  - keyed\n")
    assert vars(step.plugin)["key"] == "from-a-file"
    monkeypatch.setenv("CANTEEN_KEY", "from-outside")
    [step] = build("plugins:\n  - keyed\n")
    assert vars(step.plugin)["key"] == "from-outside"
