"""Documents whose time is over, and dates that contradict each other."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

from knowledge.lint.findings import Finding, Subject, shown

_UNREVIEWED = timedelta(days=3 * 365)
_YEAR = re.compile(
    r"(?<![\d.:])(?P<century>19(?=[89])|20(?=[0-4]))(?P<year>\d\d)(?:[-/–](?P<until>\d\d)(?!\d))?(?!\d|\.\d)"
)
_OF_A_NAME = re.compile(
    r"\b(?:since|founded(?: in)?|established(?: in)?|seit|depuis|desde|office|windows|server|exchange|excel|word"
    r"|outlook|powerpoint|sharepoint|project|visio|studio|act|law|directive"
    r"|regulations?|code|standard|iso|iec|en|din|gesetz) "
    r"(?:of )?$",
    re.I,
)
"""Before a year that is part of a law's, a standard's or a product's name, or tells when something began."""
_STALE_YEARS = 2


def expired(subject: Subject) -> Iterator[Finding]:
    """`review_by` in the past; without one, not updated for years; a title of a year long past."""
    document, today = subject.document, subject.today
    if document.review_by is not None:
        if document.review_by < today:
            fix = "read it again, mend it, and set updated and review_by"
            reason = f"was to be reviewed by {document.review_by}"
            yield subject.find("expired", "warning", reason, fix)
            return
    elif document.updated is not None and today - document.updated > _UNREVIEWED:
        fix = "read it again, and set updated and review_by"
        yield subject.find("expired", "note", f"last updated {document.updated}, and no review_by", fix)
        return
    years = list(_years(document.title))
    if years and max(years) <= today.year - _STALE_YEARS:
        fix = "if it does not hold any more, move it out of the folder"
        yield subject.find("expired", "note", f"the title {shown(document.title)!r} is of {max(years)}", fix)


def _years(title: str) -> Iterator[int]:
    """The years that a title is of; of `2021-22` the second."""
    for match in _YEAR.finditer(title):
        if not _OF_A_NAME.search(title, 0, match.start()):
            until = match["until"] or ""
            yield int(match["century"] + max(match["year"], until))


def dates(subject: Subject) -> Iterator[Finding]:
    """`updated` in the future or after `review_by`; a later date of change in the text itself."""
    document = subject.document
    if document.updated is None:
        return
    fix = "correct the dates: answers prefer what was updated last"
    if document.updated > subject.today + timedelta(days=1):
        yield subject.find("dates", "warning", f"updated {document.updated} is in the future", fix)
    if document.review_by is not None and document.review_by < document.updated:
        reason = f"updated {document.updated} is after review_by {document.review_by}"
        yield subject.find("dates", "warning", reason, fix)
    for line in subject.texts:
        for match in _CHANGED.finditer(line.text):
            said = _date(match["date"])
            if said is not None and said > document.updated and said <= subject.today:
                reason = f"the text says that it was changed on {said}, the document's date is {document.updated}"
                yield subject.find("dates", "note", reason, fix, line.at(match.start()))
                return


_CHANGED = re.compile(
    r"\b(?:last (?:updated|changed|modified|revised|reviewed)|updated on|stand|zuletzt (?:geändert|aktualisiert))"
    r"(?: on)?[\s*_:]{1,6}(?P<date>\d{4}-\d\d-\d\d|\d{1,2}\.\d{1,2}\.\d{4})\b",
    re.I,
)


def _date(text: str) -> date | None:
    try:
        if "-" in text:
            return date.fromisoformat(text)
        day, month, year = map(int, text.split("."))
        return date(year, month, day)
    except ValueError:
        return None
