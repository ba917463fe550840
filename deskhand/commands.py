"""The work behind the commands of the command line."""

import json
import sys
from typing import Any

from bots import TerminalBot, clean_question, print_reply, printable, terminal_message
from deskhand.assistant import open_assistant
from deskhand.models import models_report, report_as_dict, report_as_text
from deskhand.progress import IndexingBar
from deskhand.report import answer_as_dict, as_json, found_as_dict, found_as_text
from deskhand.settings_diff import diff_as_dict, diff_as_text
from deskhand.why import why_as_dict, why_as_text
from knowledge import Index, open_index
from plugins.loading import build_steps
from plugins.models import Models
from settings import Settings, SettingsError, UsageError, find_home, load_settings
from settings.database import storage_errors
from settings.schema import schema_files


async def ask_command(
    home: str | None, question: str, groups: tuple[str, ...], as_object: bool, why: bool = False
) -> None:
    """`deskhand ask`."""
    settings = load_settings(find_home(home))
    question = clean_question(question, settings.assistant.question_characters)
    with IndexingBar() as bar:
        async with open_assistant(settings, bar) as assistant:
            await say_notes(assistant.index)
            reply, trace = await assistant.ask_traced(terminal_message(1, question, groups))
            if as_object:
                answer = answer_as_dict(await reply.read(), reply.outcome, trace)
                print(as_json(answer | ({"why": why_as_dict(trace)} if why else {})))
                return
            await print_reply(reply, sys.stdout)
            if why:
                print(f"\n{why_as_text(trace)}")


async def chat_command(home: str | None, groups: tuple[str, ...]) -> None:
    """`deskhand chat`."""
    settings = load_settings(find_home(home))
    with IndexingBar() as bar:
        async with open_assistant(settings, bar, watch=True) as assistant:
            assistant.warm_up()
            options = settings.assistant
            await TerminalBot(assistant.ask, options.name, groups, options.question_characters).run()


async def search_command(
    home: str | None, question: str, k: int, per_document: int, groups: tuple[str, ...], as_object: bool
) -> None:
    """`deskhand search`."""
    settings = load_settings(find_home(home))
    question = clean_question(question, settings.assistant.question_characters)
    async with open_index(settings) as index:
        index.warm_up()
        if await index.is_empty():
            with IndexingBar() as bar:
                await index.sync(bar)
        await say_notes(index)
        found = await index.search(question, groups, k, per_document)
    print(as_json(found_as_dict(found)) if as_object else found_as_text(found))


async def say_notes(index: Index) -> None:
    """Where what answers is not what the settings ask for, on standard error."""
    for note in await index.notes():
        print(f"deskhand: note: {printable(note)}", file=sys.stderr)


async def settings_check_command(home: str | None, as_object: bool) -> None:
    """`deskhand settings check`."""
    try:
        settings = load_settings(find_home(home))
        check_chain(settings)
    except SettingsError as error:
        if as_object:
            problems = [{"place": problem.place, "message": problem.message} for problem in error.problems]
            print(as_json({"ok": False, "problems": problems}))
        raise
    files = [file.shown for file in settings.files.values()]
    if as_object:
        print(as_json({"ok": True, "files": files}))
    else:
        print(f"{', '.join(files) or 'no settings files: the defaults apply'}: fine")


async def settings_diff_command(home: str | None, as_object: bool) -> None:
    """`deskhand settings diff`."""
    settings = load_settings(find_home(home))
    check_chain(settings)
    print(as_json(diff_as_dict(settings)) if as_object else diff_as_text(settings))


async def models_command(home: str | None, ping: bool, as_object: bool) -> bool:
    """`deskhand models`; true where every model that was asked has answered."""
    report = await models_report(load_settings(find_home(home)), ping)
    print(as_json(report_as_dict(report)) if as_object else report_as_text(report))
    return report.fine


def check_chain(settings: Settings) -> None:
    """Check plugin names and options; raises SettingsError. Opens nothing."""
    build_steps(settings, _NoSearch(), Models(settings))


def settings_schema_command(home: str | None, file: str | None, write: bool) -> str:
    """`deskhand settings schema`."""
    schemas = schema_files()
    if file is not None:
        name = file.removesuffix(".yaml")
        if name not in schemas:
            raise UsageError(f"no settings file named {file!r} (known: {', '.join(schemas)})")
        schemas = {name: schemas[name]}
    if not write:
        shown: Any = next(iter(schemas.values())) if file is not None else schemas
        return json.dumps(shown, indent=2)
    folder = find_home(home).settings
    with storage_errors(folder):
        folder.mkdir(exist_ok=True)
        for name, schema in schemas.items():
            (folder / f"{name}.schema.json").write_text(json.dumps(schema, indent=2) + "\n", encoding="utf-8")
    return "\n".join(f"wrote {folder / name}.schema.json" for name in schemas)


class _NoSearch:
    """Stands in for the index where plugins are only checked, never run."""

    async def search(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError("plugins are only being checked")

    async def quote(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError("plugins are only being checked")
