"""`deskhand index`: the index is brought up to date with the documents."""

from deskhand.commands import CommandOptions
from deskhand.console import Console
from deskhand.report import as_json, sync_as_dict, sync_as_text
from deskhand.session import Session


class Options(CommandOptions):
    """How to go about it."""

    rebuild: bool = False
    json_output: bool = False


async def work(session: Session, options: Options, console: Console) -> int:
    """Print what became of the files."""
    report = await session.sync(console.progress, rebuild=options.rebuild)
    console.out(as_json(sync_as_dict(report)) if options.json_output else sync_as_text(report))
    return 0
