"""The table of checks, and what is done with it for one document.

The process that reads files runs the checks, so this imports nothing that is slow to load.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from knowledge.documents import Document
from knowledge.lint.dates import dates, expired
from knowledge.lint.findings import Finding, Subject
from knowledge.lint.instructions import instructions, invisible_text
from knowledge.lint.private import personal, secret
from knowledge.lint.structure import characters, empty, heading_without_text, large_table, long, title

if TYPE_CHECKING:
    from settings.sections import LintSettings
    from settings.sections.knowledge import CheckName

Check = Callable[[Subject], Iterator[Finding]]

DOCUMENT_CHECKS: "dict[CheckName, Check]" = {
    "secret": secret,
    "personal": personal,
    "instructions": instructions,
    "invisible-text": invisible_text,
    "empty": empty,
    "title": title,
    "heading-without-text": heading_without_text,
    "large-table": large_table,
    "long": long,
    "characters": characters,
    "expired": expired,
    "dates": dates,
}
"""What can be said of a document by itself. To add a check: write the function, name it here, in
`CheckName` and in `docs/lint.md`."""

CORPUS_CHECKS: "tuple[CheckName, ...]" = ("unreadable", "link", "versions", "duplicate", "unfindable")
"""What only the whole folder, or the index, can tell: `knowledge/lint/folder.py`."""

QUARANTINING: "tuple[CheckName, ...]" = ("secret", "personal", "instructions")
"""Checks that have severe findings."""


def accepted_checks(lint: "LintSettings", source: str) -> "frozenset[CheckName]":
    """Checks whose findings in a document are meant, by `lint.accept`; a folder stands for all in it."""
    return frozenset(
        check
        for pattern, checks in lint.accept.items()
        if fnmatchcase(source, pattern) or fnmatchcase(source, f"{pattern.rstrip('/')}/*")
        for check in checks
    )


def quarantine_rule(lint: "LintSettings", source: str) -> str:
    """What the settings say about keeping a document out: with another rule it has to be read again."""
    if not lint.quarantine:
        return "never"
    return " ".join(sorted(accepted_checks(lint, source) & set(QUARANTINING)))


def quarantine_checks(lint: "LintSettings", source: str) -> "tuple[CheckName, ...]":
    """The checks that may keep a document out of the answers."""
    accepted = accepted_checks(lint, source)
    return tuple(check for check in QUARANTINING if lint.quarantine and check not in accepted)


def lint_document(
    source: str, document: Document, checks: "Iterable[CheckName]" = tuple(DOCUMENT_CHECKS), size: int = 0
) -> list[Finding]:
    """What checks say of one document of `size` bytes."""
    subject = Subject(source, document, datetime.now(UTC).date(), size)
    return [found for name in checks for found in DOCUMENT_CHECKS[name](subject)]


def quarantine_reason(findings: Iterable[Finding]) -> str | None:
    """Why a document must not be answered from, None where it may be."""
    severe = [found for found in findings if found.severity == "severe"]
    if not severe:
        return None
    first = severe[0]
    place = f"page {first.page}: " if first.page else f"line {first.line}: " if first.line else ""
    more = f" (and {len(severe) - 1} more)" if len(severe) > 1 else ""
    return f"{place}{first.reason}{more}: {first.fix}. If it is meant: lint.accept in knowledge.yaml [{first.check}]"
