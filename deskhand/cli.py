"""The command line: `deskhand COMMAND`. Commands stay thin; what they do lives elsewhere.

Heavy imports happen inside the commands, so that `deskhand --help` and wrong use answer at once.
"""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from deskhand.failing import failure
from deskhand.guard import check_rooms
from settings.errors import DeskhandError, NotServed, UsageError
from settings.home import Home, find_home

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
plugins_app = typer.Typer(help="Show the chain as it will run, make a new plugin, or check one.")
app.add_typer(plugins_app, name="plugins")
slack_app = typer.Typer(help="Set Slack up.")
app.add_typer(slack_app, name="slack")
discord_app = typer.Typer(help="Set Discord up.")
app.add_typer(discord_app, name="discord")

HomeOption = Annotated[
    str | None, typer.Option("--home", metavar="DIR", help="The home to work on (default: DESKHAND_HOME, else here).")
]
GroupsOption = Annotated[
    str, typer.Option("--groups", metavar="A,B", help="Groups of the person asking; they decide what may be read.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


class Level(StrEnum):
    """What is worth a line in the log."""

    debug = "debug"
    info = "info"
    warning = "warning"
    error = "error"


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
    text = sys.stdin.read() if question == "-" else question
    _run(context, home, "ask", question=text, groups=_groups(groups), why=why, json_output=json)


@app.command()
def run(
    context: typer.Context,
    level: Annotated[Level, typer.Option("--log-level", help="What is worth a line in the log.")] = Level.info,
    home: HomeOption = None,
    groups: GroupsOption = "",
) -> None:
    """Be at work until stopped: keep the index up to date, and serve the other commands."""
    from deskhand.run import run

    raise typer.Exit(run(_home(context, home), level.value))


@app.command()
def health(
    context: typer.Context, home: HomeOption = None, groups: GroupsOption = "", json: JsonOption = False
) -> None:
    """Ask whether `deskhand run` is at work on the home; exit status 1 where it is not."""
    from deskhand.client import run_there

    found = _home(context, home)
    status = run_there(found.data, "health", {"json_output": json})
    if status is None:
        raise NotServed(f"nothing is at work on {found.root}: start `deskhand run`")
    raise typer.Exit(status)


@app.command()
def chat(context: typer.Context, home: HomeOption = None, groups: GroupsOption = "") -> None:
    """Talk with the assistant in this terminal."""
    _run(context, home, "chat", groups=_groups(groups))


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
    options = {"question": question, "k": k, "per_document": per_document}
    _run(context, home, "search", **options, groups=_groups(groups), json_output=json)


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
    if status + rollback + (rebuild or confirm_removals) > 1:
        raise UsageError("--status and --rollback stand alone: run one after the other")
    chosen = {"rebuild": rebuild, "rollback": rollback, "confirm_removals": confirm_removals, "status": status}
    _run(context, home, "index", **chosen, json_output=json)


@app.command()
def lint(
    context: typer.Context,
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATH]...", help="Only these: documents, folders or patterns; or files elsewhere."),
    ] = None,
    html: Annotated[str | None, typer.Option("--html", metavar="FILE", help="Write a page for people as well.")] = None,
    home: HomeOption = None,
    groups: GroupsOption = "",
    json: JsonOption = False,
) -> None:
    """Say what is wrong with the documents; exit status 1 where something is severe."""
    # made absolute here: the process that serves it may be at work in another folder
    chosen = tuple(os.path.abspath(path) if os.path.exists(path) else path for path in paths or ())
    page = os.path.abspath(os.path.expanduser(html)) if html else None
    _run(context, home, "lint", paths=chosen, html=page, colour=sys.stdout.isatty(), json_output=json)


@app.command()
def doctor(
    context: typer.Context, home: HomeOption = None, groups: GroupsOption = "", json: JsonOption = False
) -> None:
    """Check settings, documents, models, keys and index, and say what to do next."""
    _run(context, home, "doctor", json_output=json)


@app.command()
def models(
    context: typer.Context,
    ping: Annotated[bool, typer.Option("--ping", help="Ask every model for a word: does it answer, how fast?")] = False,
    home: HomeOption = None,
    groups: GroupsOption = "",
    json: JsonOption = False,
) -> None:
    """List the language models, routes and rules, and what they cost today."""
    _run(context, home, "models", ping=ping, json_output=json)


@app.command()
def init(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="The new home; made where missing. `--home DIR` is the same.")
    ] = None,
    sample: Annotated[bool, typer.Option("--sample", help="With the documents of a fictional company.")] = False,
    home: HomeOption = None,
    groups: GroupsOption = "",
) -> None:
    """Make a new home: settings, a persona and an empty folder for documents."""
    from deskhand.new_home import make_home

    named = home if home is not None else context.find_root().obj
    if (folder is None) == (named is None):
        raise UsageError("name the new home once: `deskhand init DIR`")
    print(make_home(folder if folder is not None else Path(named), sample))


@settings_app.command("check")
def settings_check(
    context: typer.Context, home: HomeOption = None, groups: GroupsOption = "", json: JsonOption = False
) -> None:
    """Check every settings file and plugin option; a line for every mistake."""
    from deskhand.console import LocalConsole
    from deskhand.settings_check import check

    check(_home(context, home), json, LocalConsole())


@settings_app.command("diff")
def settings_diff(
    context: typer.Context, home: HomeOption = None, groups: GroupsOption = "", json: JsonOption = False
) -> None:
    """Show what the settings files would change of the settings in force."""
    from deskhand.console import LocalConsole
    from deskhand.settings_diff import diff

    diff(_home(context, home), json, LocalConsole())


@settings_app.command("schema")
def settings_schema(
    file: Annotated[str | None, typer.Argument(metavar="[FILE]", help="assistant, bots, knowledge or models.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Write the schema files beside the settings.")] = False,
    context: typer.Context = None,  # type: ignore[assignment]  # typer fills it in
    home: HomeOption = None,
    groups: GroupsOption = "",
) -> None:
    """Print the JSON Schema of the settings files, for editors."""
    from deskhand.console import LocalConsole
    from deskhand.settings_check import schema

    schema(_home(context, home), file, write, LocalConsole())


@plugins_app.callback(invoke_without_command=True)
def plugins(
    context: typer.Context, home: HomeOption = None, groups: GroupsOption = "", json: JsonOption = False
) -> None:
    """Show the chain as it will run: origin, options, limits, and what each step takes."""
    if context.invoked_subcommand is None:
        _run(context, home, "plugins_report", json_output=json)


@plugins_app.command("new")
def plugins_new(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Of the plugin and its file, such as `shout`.")],
    home: HomeOption = None,
    groups: GroupsOption = "",
) -> None:
    """Write a plugin with its test into the home's plugins/, ready to be changed."""
    from deskhand.new_plugin import make_plugin

    print(make_plugin(_home(context, home), name))


@plugins_app.command("check")
def plugins_check(
    context: typer.Context,
    path: Annotated[str, typer.Argument(help="A plugin's file.")],
    ask: Annotated[
        list[str] | None, typer.Option("--ask", metavar="QUESTION", help="Ask it this, as often as you like.")
    ] = None,
    home: HomeOption = None,
    groups: GroupsOption = "",
    json: JsonOption = False,
) -> None:
    """Load a plugin's file, ask it something, and say what is wrong with it; exit status 1 where something is."""
    from deskhand.check_plugin import check_plugin
    from deskhand.console import LocalConsole

    raise typer.Exit(check_plugin(_home(context, home), Path(path), ask or (), _groups(groups), json, LocalConsole()))


@slack_app.command("manifest")
def slack_manifest(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Option("--name", help="Which workspace of bots.yaml (default: the first).")
    ] = None,
    url: Annotated[
        str, typer.Option("--url", help="Where Slack reaches you, for mode http.")
    ] = "https://deskhand.example.com/slack/events",
    home: HomeOption = None,
    groups: GroupsOption = "",
) -> None:
    """Print the app manifest to paste at api.slack.com/apps."""
    from deskhand.set_up import slack_manifest_text

    print(slack_manifest_text(_home(context, home), name, url))


@discord_app.command("invite")
def discord_invite(context: typer.Context, home: HomeOption = None, groups: GroupsOption = "") -> None:
    """Print the link by which a server's owner invites the bot."""
    from deskhand.set_up import discord_invitation

    print(discord_invitation(_home(context, home)))


def _home(context: typer.Context, home: str | None) -> Home:
    return find_home(home if home is not None else context.find_root().obj)


def _groups(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))


def _run(context: typer.Context, home: str | None, command: str, **options: Any) -> NoReturn:
    """Have a command served by the process that holds the home, else run it here.

    Ctrl-C cancels it, and waits here until it has cleaned up.
    """
    from deskhand.client import run_there

    found = _home(context, home)
    status = run_there(found.data, command, options)
    if status is None:
        from deskhand.local import run_here

        status = run_here(found, command, options)
    raise typer.Exit(status)


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
        status, message = failure(error)
        _fail(message, status)


def _fail(message: str, status: int) -> NoReturn:
    for line in message.splitlines():
        print(f"deskhand: {line}", file=sys.stderr)
    sys.exit(status)
