"""What commands print: JSON objects for scripts, short text for people."""

import json
from collections import Counter
from typing import Any

from bots import place_of, printable, printable_json
from knowledge import Found, SyncReport
from plugins import Citation, Outcome
from plugins.contract import Trace

_SHOWN_RECEIPTS = 20


def as_json(data: dict[str, Any]) -> str:
    """One JSON object on one line."""
    return printable_json(json.dumps(data, ensure_ascii=False))


def answer_as_dict(text: str, outcome: Outcome, trace: Trace) -> dict[str, Any]:
    """The output of `deskhand ask --json`."""
    return {
        "answer": text,
        "status": outcome.status,
        "reason": outcome.reason or None,
        "citations": [_citation(citation) for citation in outcome.citations],
        "route": outcome.route or None,
        "model": outcome.model or None,
        "cost_usd": outcome.cost_usd,
        "timings_ms": {step.plugin: round(step.seconds * 1000, 2) for step in reversed(trace.plugins)},
    }


def _citation(citation: Citation) -> dict[str, Any]:
    passage = citation.passage
    return {
        "number": citation.number,
        "source": passage.source,
        "title": passage.title,
        "heading": passage.heading,
        "page": passage.page,
        "line": passage.line,
        "score": round(passage.score, 4),
        "link": passage.link or None,
    }


def found_as_dict(found: Found) -> dict[str, Any]:
    """The output of `deskhand search --json`."""
    return {
        "results": [
            {
                "source": passage.source,
                "title": passage.title,
                "heading": passage.heading,
                "text": passage.text,
                "score": round(passage.score, 4),
                "page": passage.page,
                "line": passage.line,
                "link": passage.link or None,
            }
            for passage in found.passages
        ],
        "evidence": round(found.evidence, 4),
    }


def found_as_text(found: Found, width: int = 200) -> str:
    """Results a paragraph each."""
    if not found.passages:
        return "nothing found"
    parts = []
    for number, passage in enumerate(found.passages, start=1):
        head = " > ".join(part for part in (passage.title, passage.heading) if part)
        text = " ".join(passage.text.split())
        text = f"{text[:width].rstrip()}…" if len(text) > width else text
        place = f"{place_of(Citation(number, passage))} {passage.link}".rstrip()
        parts.append(f"{number}. {head}  ({place}, score {passage.score:.2f})\n   {text}")
    return printable("\n".join(parts))


def sync_as_dict(report: SyncReport) -> dict[str, Any]:
    """The output of `deskhand index --json`."""
    return {
        "added": report.added,
        "updated": report.updated,
        "unchanged": report.count("unchanged"),
        "removed": report.count("removed"),
        "failed": report.count("failed"),
        "quarantined": report.count("quarantined"),
        "skipped": report.count("skipped"),
        "waiting": report.waiting,
        "notes": report.notes,
        "embedded_chunks": report.embedded,
        "seconds": round(report.seconds, 3),
        "files": [
            {
                "source": receipt.source,
                "state": receipt.state,
                "reason": receipt.reason or None,
                "chunks": receipt.chunks,
            }
            for receipt in report.receipts
        ],
    }


def sync_as_text(report: SyncReport) -> str:
    """A line of figures, then a line for each file that needs somebody's eye."""
    counts = Counter({"added": report.added, "updated": report.updated})
    counts += Counter(receipt.state for receipt in report.receipts if receipt.state != "indexed")
    figures = ", ".join(f"{number} {name}" for name, number in counts.items() if number)
    lines = [f"{figures or 'nothing to do'}; {report.embedded} chunks embedded in {report.seconds:.1f} s"]
    noted = [
        receipt
        for receipt in report.receipts
        if receipt.state in ("failed", "quarantined", "skipped")
        or receipt.waiting
        or (receipt.state == "indexed" and receipt.reason)
    ]
    noted.sort(
        key=lambda receipt: (receipt.state == "skipped", receipt.state == "indexed", receipt.waiting, receipt.source)
    )
    for receipt in noted[:_SHOWN_RECEIPTS]:
        lines.append(f"  {'missing' if receipt.waiting else receipt.state}: {receipt.source}: {receipt.reason}")
    if len(noted) > _SHOWN_RECEIPTS:
        lines.append(f"  and {len(noted) - _SHOWN_RECEIPTS} more: `deskhand index --json` lists all")
    lines += [f"note: {note}" for note in report.notes]
    return printable("\n".join(lines))
