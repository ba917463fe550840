"""`deskhand index`: the index is brought up to date with the documents, or its state is shown."""

from collections import Counter
from typing import Any

from bots import printable
from deskhand.commands import CommandOptions
from deskhand.console import Console
from deskhand.report import as_json, sync_as_dict, sync_as_text
from deskhand.session import Session


class Options(CommandOptions):
    """How to go about it."""

    rebuild: bool = False
    status: bool = False
    json_output: bool = False


async def work(session: Session, options: Options, console: Console) -> int:
    """Print what became of the files."""
    if options.status:
        status = await _status(session)
        console.out(as_json(status) if options.json_output else printable(_status_as_text(status)))
        return 0
    report = await session.sync(console.progress, rebuild=options.rebuild)
    console.out(as_json(sync_as_dict(report)) if options.json_output else sync_as_text(report))
    return 0


async def _status(session: Session) -> dict[str, Any]:
    upkeep = await session.upkeep()
    rows = (await (await session.index()).files()).values()
    now, due = upkeep.under_way, upkeep.next_run
    return {
        "documents": sum(row.version is not None for row in rows),
        "states": dict(sorted(Counter(row.state for row in rows).items())),
        "running": {"trigger": now.trigger, "since": now.since.isoformat(timespec="seconds")} if now else None,
        "next_run": due.isoformat(timespec="minutes") if due else None,
    }


def _status_as_text(status: dict[str, Any]) -> str:
    running, due = status["running"], status["next_run"]
    states = ", ".join(f"{number} {state}" for state, number in status["states"].items())
    return "\n".join(
        [
            f"documents: {status['documents']} ({states or 'nothing has been indexed yet'})",
            f"running:   {running['trigger']}, since {running['since']}" if running else "running:   no",
            f"next run:  {due or 'none is scheduled, or no `deskhand run` is at work'}",
        ]
    )
