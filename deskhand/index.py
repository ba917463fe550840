"""`deskhand index`: runs, rollback and status."""

from typing import Any

from bots import printable
from deskhand.commands import CommandOptions
from deskhand.console import Console
from deskhand.report import as_json, sync_as_dict, sync_as_text
from deskhand.session import Session
from knowledge import GenerationStatus, IndexStatus, SyncReport, Upkeep
from knowledge.run_log import Run

_SHOWN_FILES = 20


class Options(CommandOptions):
    """How to go about it."""

    rebuild: bool = False
    rollback: bool = False
    confirm_removals: bool = False
    status: bool = False
    json_output: bool = False


async def work(session: Session, options: Options, console: Console) -> int:
    """Run and print what came of it; status 1 where nothing at all could be done."""
    if options.status:
        status, upkeep = await (await session.index()).status(), await session.upkeep()
        shown = as_json(status_as_dict(status, upkeep)) if options.json_output else status_as_text(status, upkeep)
        console.out(shown)
        return 0
    if options.rollback:
        report = await (await session.upkeep()).rollback(console.progress)
    else:
        report = await session.sync(
            console.progress, rebuild=options.rebuild, confirm_removals=options.confirm_removals
        )
    console.out(as_json(sync_as_dict(report)) if options.json_output else sync_as_text(report))
    return 0 if did_something(report) else 1


def did_something(report: SyncReport) -> bool:
    """Whether there is any file that did not fail."""
    return any(receipt.state != "failed" for receipt in report.receipts) or not report.receipts


def status_as_dict(status: IndexStatus, upkeep: Upkeep) -> dict[str, Any]:
    """The output of `deskhand index --status --json`."""
    now, due = upkeep.under_way, upkeep.next_run
    return {
        "running": {"trigger": now.trigger, "since": now.since.isoformat(timespec="seconds")} if now else None,
        "next_run": due.isoformat(timespec="minutes") if due else None,
        "current": _generation(status.current),
        "previous": _generation(status.previous),
        "building": _generation(status.building),
        "runs": [_run(run) for run in status.runs],
        "receipts": [
            {"source": receipt.source, "state": receipt.state, "reason": receipt.reason or None}
            for receipt in status.receipts
        ],
        "files": [
            {
                "source": row.source,
                "state": row.state,
                "reason": row.reason or None,
                "chunks": row.chunks,
                "missing": row.missing_ns > 0,
            }
            for row in status.attention
        ],
        "notes": list(status.notes),
    }


def _generation(generation: GenerationStatus | None) -> dict[str, Any] | None:
    if generation is None:
        return None
    return {
        "number": generation.id,
        "made_with": generation.made_with,
        "documents": generation.documents,
        "chunks": generation.chunks,
    }


def _run(run: Run) -> dict[str, Any]:
    return {
        "started": run.started.isoformat(timespec="seconds"),
        "trigger": run.trigger,
        "seconds": None if run.seconds is None else round(run.seconds, 3),
        "error": run.error or None,
        **{name: getattr(run, name) for name in _COUNTS},
    }


_COUNTS = ("added", "updated", "unchanged", "removed", "failed", "quarantined", "skipped", "waiting", "embedded")


def status_as_text(status: IndexStatus, upkeep: Upkeep) -> str:
    """The same for people: the index, its files that need an eye, its last runs."""
    lines = []
    named = (("index", status.current), ("before it", status.previous), ("being built", status.building))
    for name, generation in named:
        if generation is not None:
            what = f"{generation.documents} documents, {generation.chunks} chunks; {generation.made_with}"
            lines.append(f"{name}: {what}")
    if status.current is None:
        lines.append("nothing has been indexed yet: run `deskhand index`")
    lines += [f"note: {note}" for note in status.notes]
    rows = sorted(status.attention, key=lambda row: (row.state == "skipped", row.source))
    for row in rows[:_SHOWN_FILES]:
        reason = "no longer in the folder; its removal waits" if row.missing_ns else row.reason
        lines.append(f"  {'missing' if row.missing_ns else row.state}: {row.source}: {reason}")
    if len(rows) > _SHOWN_FILES:
        lines.append(f"  and {len(rows) - _SHOWN_FILES} more: `deskhand index --status --json` lists all")
    now, due = upkeep.under_way, upkeep.next_run
    lines.append(f"a run ({now.trigger}) goes on since {now.since:%H:%M:%S}" if now else "no run goes on")
    lines.append(f"next run: {due:%a %d %b %H:%M}" if due else "next run: none, for no `deskhand run` keeps a schedule")
    lines += [_run_as_text(run) for run in status.runs]
    return printable("\n".join(lines))


def _run_as_text(run: Run) -> str:
    when = run.started.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    if run.error:
        outcome = run.error
    elif run.seconds is None:
        outcome = "goes on"
    else:
        counts = ", ".join(f"{number} {name}" for name in _COUNTS if (number := getattr(run, name)))
        outcome = f"{counts or 'nothing there'} in {run.seconds:.1f} s"
    return f"  {when}  {run.trigger}: {outcome}"
