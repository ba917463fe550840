"""`deskhand plugins check PATH`: whether a plugin's file can be used, before it is named in the chain."""

import asyncio
import logging
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bots import printable
from deskhand.console import Console
from deskhand.report import as_json
from deskhand.settings_check import NoSearch
from plugins.chain import Chain, Step
from plugins.contract import (
    CallNext,
    Context,
    Message,
    OptionError,
    Options,
    Outcome,
    Person,
    Place,
    Plugin,
    Reply,
    Turn,
)
from plugins.declaring import declaration_problems, make_tables
from plugins.limited import NotReady, limited
from plugins.loading import option_location, option_message, secret_reader
from plugins.models import Models
from plugins.origins import NotFound, defined_at, load_file, place_in
from settings import DeskhandError, Home, Settings, UsageError, load_settings
from settings.database import opened_database
from settings.yaml_file import show_location

_SECONDS = 5.0
_QUESTION = "how much leave do I have?"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that the plugin was asked, and what came of it."""

    question: str
    status: str
    answer: str


def check_plugin(
    home: Home, path: Path, questions: Sequence[str], groups: tuple[str, ...], as_object: bool, console: Console
) -> int:
    """Say what is wrong with the plugin, and what it was asked; returns the exit status."""
    file = path.expanduser().resolve()
    if not file.is_file():
        raise UsageError(f"there is no file {path}")
    problems, asked = asyncio.run(_checked(home, file, questions or (_QUESTION,), Person("check", groups=groups)))
    if as_object:
        console.out(as_json({"ok": not problems, "problems": problems, "asked": [asdict(one) for one in asked]}))
    else:
        lines = problems or [f"{path}: fine"]
        lines += [f"  asked “{one.question}”: {one.status} {_short(one.answer)}".rstrip() for one in asked]
        if asked and not questions:
            lines.append('  what it listens for: --ask "QUESTION", as often as you like')
        console.out(printable("\n".join(lines)))
    return int(bool(problems))


async def _checked(home: Home, file: Path, questions: Sequence[str], person: Person) -> tuple[list[str], list[Asked]]:
    """What is wrong; where nothing is before it is asked, what it was asked."""
    shown = home.shown(file)
    settings = load_settings(home)
    try:
        built = limited(_made, settings, file, shown)
    except NotFound as error:
        return [str(error.problem or error)], []
    except NotReady as late:
        return [f"{home.shown(late.file)}:{late.line}: {file.stem!r} {late}"], []
    except OptionError as error:
        return [f"{shown}: {f'{error.option}: ' if error.option else ''}{error}"], []
    except (Exception, SystemExit) as error:
        return [f"{shown}: cannot be made: {type(error).__name__}: {error}"], []
    step = Step(file.stem, built, _SECONDS, shown)
    found = [
        problem.message.removeprefix("plugins[0]: ")
        for problem in declaration_problems(settings, [step], {file.stem: 0})
    ]
    return ([f"{shown}: {message}" for message in found], []) if found else await _ask_all(step, questions, person)


def _made(settings: Settings, file: Path, shown: str) -> Plugin[Any]:
    plugin = load_file(file, shown)
    try:
        options = plugin.Options.model_validate(_options(settings, file.stem))
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False)
        wrong = [f"{show_location(option_location(detail))}: {option_message(detail, plugin)}" for detail in details]
        raise OptionError("with the options of settings/assistant.yaml, else none", "; ".join(wrong)) from None
    return plugin(options, _context(settings))


async def _ask_all(step: Step, questions: Sequence[str], person: Person) -> tuple[list[str], list[Asked]]:
    """Each question through the plugin, with an answer behind it."""
    problems: list[str] = []
    asked: list[Asked] = []
    try:
        with tempfile.TemporaryDirectory() as folder:  # the home's own database is not to be touched
            async with opened_database(Home(Path(folder))) as database:
                step.plugin.context = replace(step.plugin.context, database=database)
                await make_tables([step], database)
                async with asyncio.timeout(3 * _SECONDS * len(questions)), step.plugin.running():
                    for question in questions:
                        failed, one = await _ask(step, question, person)
                        problems += failed
                        asked.append(one)
    except DeskhandError as error:
        problems.append(f"{step.origin}: {error}")
    except (Exception, SystemExit) as error:
        problems.append(f"{_place(step, error)}: running() failed: {type(error).__name__}: {error}")
    return problems, asked


async def _ask(step: Step, question: str, person: Person) -> tuple[list[str], Asked]:
    """One question, and what failed."""
    failures = _Failures()
    log = logging.getLogger("deskhand.chain")
    log.addHandler(failures)
    log.propagate = False
    turn = Turn(Message("check", question, person, Place("terminal", direct=True)))
    answer = Step("answer", _Answer(Options(), step.plugin.context))
    try:
        reply = await Chain([step, answer], "nobody")(turn)
        text = await reply.read()
    finally:
        log.removeHandler(failures)
        log.propagate = True
    errors = [record.error for record in turn.trace.plugins if record.error]
    place = _place(step, *failures.errors, otherwise=defined_at(step.plugin))
    said = Asked(question, "failed", "") if errors else Asked(question, reply.outcome.status, text)
    return [f"{place}: {error}" for error in errors], said


class _Failures(logging.Handler):
    """What the chain logs instead of raising it."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[BaseException] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            self.errors.append(record.exc_info[1])


def _place(step: Step, *errors: BaseException, otherwise: str = "") -> str:
    """The plugin's file, with the line where it went wrong if that is known."""
    line = next((at for error in errors if (at := place_in(error, step.plugin))), otherwise).rpartition(":")[2]
    return f"{step.origin}:{line}" if line else step.origin


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f"“{line if len(line) <= 80 else f'{line[:77]}...'}”" if line else ""


class _Answer(Plugin[Options]):
    async def __call__(self, turn: Turn, call_next: CallNext) -> Reply:
        return Reply("Five weeks.", Outcome())


def _options(settings: Settings, name: str) -> dict[str, object]:
    """Those of the chain, where the plugin is in it."""
    return next((entry.options for entry in settings.assistant.plugins if entry.name == name), {})


def _context(settings: Settings) -> Context:
    def read_file(name: str) -> str:
        path = settings.file(name)
        if path is None:
            raise OptionError("", f"there is no file {name} below settings/")
        return path.read_text(encoding="utf-8")

    log = logging.getLogger("deskhand.plugins.check")
    return Context(
        settings.assistant.name,
        settings.assistant.contact,
        NoSearch(),
        Models(settings),
        read_file,
        log,
        secret=secret_reader(settings),
    )  # fmt: skip
