"""`deskhand index`: runs, rollback and status."""

from typing import Any

from bots import printable
from deskhand.progress import IndexingBar
from deskhand.report import as_json, sync_as_dict, sync_as_text
from knowledge import GenerationStatus, IndexStatus, SyncReport, open_index
from knowledge.run_log import Run
from settings import find_home, load_settings

_SHOWN_FILES = 20


async def index_command(
    home: str | None, rebuild: bool, rollback: bool, confirm_removals: bool, as_object: bool
) -> bool:
    """Run and print what came of it; false where nothing at all could be done."""
    settings = load_settings(find_home(home))
    async with open_index(settings) as index:
        with IndexingBar() as bar:
            if rollback:
                report = await index.rollback(bar)
            else:
                report = await index.sync(bar, rebuild=rebuild, confirm_removals=confirm_removals)
    print(as_json(sync_as_dict(report)) if as_object else sync_as_text(report))
    return did_something(report)


def did_something(report: SyncReport) -> bool:
    """Whether there is any file that did not fail."""
    return any(receipt.state != "failed" for receipt in report.receipts) or not report.receipts


async def status_command(home: str | None, as_object: bool) -> None:
    """Print the state of the index."""
    async with open_index(load_settings(find_home(home))) as index:
        status = await index.status()
    print(as_json(status_as_dict(status)) if as_object else status_as_text(status))


def status_as_dict(status: IndexStatus) -> dict[str, Any]:
    """The output of `deskhand index --status --json`."""
    return {
        "running": status.running,
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


def status_as_text(status: IndexStatus) -> str:
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
    lines.append("a run goes on now" if status.running else "no run goes on")
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
