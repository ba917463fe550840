"""The command line: `deskhand COMMAND`. Commands stay thin; what they do lives elsewhere.

Heavy imports happen inside the commands, so that `deskhand --help` and wrong use answer at once.
"""

import asyncio
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from deskhand.guard import check_rooms
from settings.errors import DeskhandError, UsageError
from settings.masking import mask

_INTERRUPTED = 130

app = typer.Typer(
    name="deskhand",
    help="Answers employees' questions from the company's own documents, with citations.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
settings_app = typer.Typer(help="Check the settings, show what they would change, or print their schema.")
app.add_typer(settings_app, name="settings")

HomeOption = Annotated[
    str | None, typer.Option("--home", metavar="DIR", help="The home to work on (default: DESKHAND_HOME, else here).")
]
GroupsOption = Annotated[
    str, typer.Option("--groups", metavar="A,B", help="Groups of the person asking; they decide what may be read.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


@app.callback()
def _common(context: typer.Context, home: HomeOption = None) -> None:
    context.obj = home


@app.command()
def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(help="What you would like to know; `-` reads standard input.")],
    home: HomeOption = None,
    groups: GroupsOption = "",
    json: JsonOption = False,
    why: Annotated[bool, typer.Option("--why", help="Show how the answer came about, and what it cost.")] = False,
) -> None:
    """Answer one question."""
    from deskhand.commands import ask_command

    text = sys.stdin.read() if question == "-" else question
    _run(ask_command(_home(context, home), text, _groups(groups), json, why))


@app.command()
def chat(context: typer.Context, home: HomeOption = None, groups: GroupsOption = "") -> None:
    """Talk with the assistant in this terminal."""
    from deskhand.commands import chat_command

    _run(chat_command(_home(context, home), _groups(groups)))


@app.command()
def search(
    context: typer.Context,
    question: Annotated[str, typer.Argument(help="What to look for.")],
    k: Annotated[int, typer.Option("-k", min=1, max=100, help="How many results.")] = 5,
    per_document: Annotated[int, typer.Option(min=1, help="At most so many of one document.")] = 1,
    home: HomeOption = None,
    groups: GroupsOption = "",
    json: JsonOption = False,
) -> None:
    """Show the passages that a question finds, best first."""
    from deskhand.commands import search_command

    _run(search_command(_home(context, home), question, k, per_document, _groups(groups), json))


@app.command()
def index(
    context: typer.Context,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Throw the index away and make it anew.")] = False,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Go back to the index before the last change of model, chunks, language.")
    ] = False,
    confirm_removals: Annotated[
        bool, typer.Option("--confirm-removals", help="Remove all missing files, however many they are.")
    ] = False,
    status: Annotated[bool, typer.Option("--status", help="Only show the index, its last runs and its files.")] = False,
    home: HomeOption = None,
    groups: GroupsOption = "",
    json: JsonOption = False,
) -> None:
    """Bring the index up to date with the documents; files that fail are listed, the others go on (status 0)."""
    from deskhand.indexing import index_command, status_command

    if status + rollback + (rebuild or confirm_removals) > 1:
        raise UsageError("--status and --rollback stand alone: run one after the other")
    if status:
        _run(status_command(_home(context, home), json))
    elif not _run(index_command(_home(context, home), rebuild, rollback, confirm_removals, json)):
        raise typer.Exit(1)


@app.command()
def doctor(
    context: typer.Context, home: HomeOption = None, groups: GroupsOption = "", json: JsonOption = False
) -> None:
    """Check settings, documents, models, keys and index, and say what to do next."""
    from deskhand.doctor import doctor_command

    if not _run(doctor_command(_home(context, home), json)):
        raise typer.Exit(1)


@app.command()
def models(
    context: typer.Context,
    ping: Annotated[bool, typer.Option("--ping", help="Ask every model for a word: does it answer, how fast?")] = False,
    home: HomeOption = None,
    groups: GroupsOption = "",
    json: JsonOption = False,
) -> None:
    """List the language models, routes and rules, and what they cost today."""
    from deskhand.commands import models_command

    if not _run(models_command(_home(context, home), ping, json)):
        raise typer.Exit(1)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The new home; made where missing.")],
    sample: Annotated[bool, typer.Option("--sample", help="With the documents of a fictional company.")] = False,
    home: HomeOption = None,
    groups: GroupsOption = "",
) -> None:
    """Make a new home: settings, a persona and an empty folder for documents."""
    from deskhand.new_home import make_home

    print(make_home(folder, sample))


@settings_app.command("check")
def settings_check(
    context: typer.Context, home: HomeOption = None, groups: GroupsOption = "", json: JsonOption = False
) -> None:
    """Check every settings file and plugin option; a line for every mistake."""
    from deskhand.commands import settings_check_command

    _run(settings_check_command(_home(context, home), json))


@settings_app.command("diff")
def settings_diff(
    context: typer.Context, home: HomeOption = None, groups: GroupsOption = "", json: JsonOption = False
) -> None:
    """Show what the settings files would change of the settings in force."""
    from deskhand.commands import settings_diff_command

    _run(settings_diff_command(_home(context, home), json))


@settings_app.command("schema")
def settings_schema(
    file: Annotated[str | None, typer.Argument(metavar="[FILE]", help="assistant, knowledge or models.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Write the schema files beside the settings.")] = False,
    context: typer.Context = None,  # type: ignore[assignment]  # typer fills it in
    home: HomeOption = None,
    groups: GroupsOption = "",
) -> None:
    """Print the JSON Schema of the settings files, for editors."""
    from deskhand.commands import settings_schema_command

    print(settings_schema_command(_home(context, home), file, write))


def _home(context: typer.Context, home: str | None) -> str | None:
    root = context.find_root().obj
    return home if home is not None else root


def _groups(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a command's coroutine; Ctrl-C cancels it and waits until it has cleaned up."""
    return asyncio.run(work)


def main() -> NoReturn:
    """The entry point: every error that a person can act on becomes one line on standard error."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        check_rooms()
        status = app(sys.argv[1:] or ["--help"], prog_name="deskhand", standalone_mode=False)
        sys.stdout.flush()
        if status == _INTERRUPTED:  # typer makes this of Ctrl-C
            raise KeyboardInterrupt
        sys.exit(status if isinstance(status, int) else 0)
    except DeskhandError as error:
        _fail(str(error), error.exit_status)
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "deskhand"
        message = " ".join(error.format_message().split())
        _fail(f"{message} (`{command} --help` shows what there is)", UsageError.exit_status)
    except (KeyboardInterrupt, typer.Abort):
        _fail("stopped; what was done so far is kept, the same command goes on from there", _INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else the interpreter flushes once more
        sys.exit(1)  # as typer does where a command itself meets the closed pipe
    except Exception as error:
        _defect(error)


def _fail(message: str, status: int) -> NoReturn:
    for line in message.splitlines():
        print(f"deskhand: {line}", file=sys.stderr)
    sys.exit(status)


def _defect(error: Exception) -> NoReturn:
    """Not the user's mistake: one line for the user, the details in a file for the report."""
    import tempfile
    import traceback

    details = mask("".join(traceback.format_exception(error)))
    try:
        with tempfile.NamedTemporaryFile("w", prefix="deskhand-", suffix=".log", delete=False, encoding="utf-8") as log:
            log.write(details)
        where = f"Please report it with {log.name}"
    except OSError as full:
        where = f"Please report it (the details could not be saved: {full.strerror})"
    message = " ".join(mask(str(error)).split())[:300]
    _fail(f"a defect in Deskhand: {type(error).__name__}: {message}. {where}", 70)
