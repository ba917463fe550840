"""`deskhand lint`: what is wrong with the documents, as text with a chart, as JSON, or as a page."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from bots import printable
from deskhand.commands import CommandOptions
from deskhand.console import Console
from deskhand.report import as_json
from deskhand.session import Session
from knowledge.lint.findings import SEVERITIES, Finding, Severity
from knowledge.lint.folder import Linted, lint_folder
from knowledge.lint.page import PLURAL, lint_page
from knowledge.search import Found
from settings import UsageError
from settings.errors import IndexLocked, IndexUnusable

_SHOWN_NOTES = 10
_BAR = 40
_COLOUR: dict[Severity, str] = {"severe": "red", "warning": "yellow", "note": "blue"}


class Options(CommandOptions):
    """How to go about it. Paths that exist are absolute."""

    paths: tuple[str, ...] = ()
    html: str | None = None
    colour: bool = False
    json_output: bool = False


async def work(session: Session, options: Options, console: Console) -> int:
    """Print the findings; the exit status: 1 where a severe one is among them."""
    page = _page_file(options.html)
    linted = await run_lint(session, options.paths, console)
    if page is not None:
        _write_page(page, linted)
    if options.json_output:
        console.out(as_json(lint_as_dict(linted)))
    else:
        console.out(lint_as_text(linted, colour=options.colour))
        if page is not None:
            console.out(f"wrote {page}")
    return 1 if linted.count("severe") else 0


def _page_file(path: str | None) -> Path | None:
    if path is None:
        return None
    page = Path(path).expanduser()
    if not page.parent.is_dir():
        raise UsageError(f"--html: there is no folder {page.parent}")
    return page


def _write_page(page: Path, linted: Linted) -> None:
    text = lint_page(linted, datetime.now(UTC).astimezone())
    try:
        page.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise UsageError(f"--html: {page} cannot be written: {error.strerror}") from None


async def run_lint(session: Session, paths: Sequence[str], console: Console) -> Linted:
    """Look at the documents, with their index where there is one."""
    search, notice = None, ""
    try:
        index = await session.index()
        if await index.is_empty():
            notice = "nothing is indexed yet"
        elif not await index.matches_settings():
            notice = "the index was built with other settings"
        else:

            async def search(title: str, groups: Sequence[str]) -> Found:
                return await index.search(title, groups, 3, 1, judged=False)

    except IndexUnusable as error:
        if isinstance(error, IndexLocked):
            raise
        notice = str(error)
    linted = await lint_folder(session.settings, search, paths, console.progress)
    if notice:
        linted.notices.append(f"whether titles find their documents was not checked: {notice}")
    return linted


def lint_as_dict(linted: Linted) -> dict[str, Any]:
    """The output of `deskhand lint --json`."""
    return {
        "files": linted.files,
        "documents": linted.documents,
        **{PLURAL[severity]: linted.count(severity) for severity in SEVERITIES},
        "seconds": round(linted.seconds, 3),
        "notices": linted.notices,
        "findings": [
            {
                "check": finding.check,
                "severity": finding.severity,
                "source": finding.source,
                "line": finding.line,
                "page": finding.page,
                "reason": finding.reason,
                "fix": finding.fix,
            }
            for finding in linted.findings
        ],
    }


def lint_as_text(linted: Linted, colour: bool = False) -> str:
    """Figures, a chart of the checks, then every finding, the notes only as far as they fit."""
    from rich.console import Console
    from rich.text import Text

    out = io.StringIO()
    console = Console(file=out, force_terminal=colour, color_system="standard" if colour else None, width=2000)

    def put(*parts: tuple[str, str]) -> None:
        # what came from documents is made printable before it is coloured
        console.print(Text.assemble(*((printable(text), style) for text, style in parts)), soft_wrap=True)

    figures = ", ".join(_count(linted, severity) for severity in SEVERITIES)
    put((f"{linted.documents:,} documents: {figures if linted.findings else 'nothing to mend'}", "bold"))
    for notice in linted.notices:
        put((f"  {notice}", ""))
    rows = linted.checks()
    most = max((count for _, _, count in rows), default=0)
    for check, severity, count in rows:
        bar = "█" * max(1, round(_BAR * count / most))
        put((f"  {check:<21}", ""), (bar, _COLOUR[severity]), (f" {_many(count, severity)}", ""))
    for severity, findings in groupby(linted.findings, key=lambda finding: finding.severity):
        put()
        put((PLURAL[severity].capitalize(), f"bold {_COLOUR[severity]}"))
        some = list(findings)
        shown = some if severity != "note" else some[:_SHOWN_NOTES]
        for source, of_file in groupby(shown, key=lambda finding: finding.source):
            put((f"  {source}", "bold"))
            for finding in of_file:
                put((f"    {_place(finding)}{finding.reason}", ""), (f" [{finding.check}]", _COLOUR[severity]))
                put((f"      {finding.fix}", "dim"))
        if len(some) > len(shown):
            put((f"  and {len(some) - len(shown):,} more: `deskhand lint --json` lists all", ""))
    return out.getvalue().rstrip("\n")


def _count(linted: Linted, severity: Severity) -> str:
    return _many(linted.count(severity), severity)


def _many(count: int, severity: Severity) -> str:
    return f"{count:,} {severity if count == 1 else PLURAL[severity]}"


def _place(finding: Finding) -> str:
    return f"page {finding.page}: " if finding.page else f"line {finding.line}: " if finding.line else ""
