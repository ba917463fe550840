"""Secrets and personal data in documents."""

import re
from collections.abc import Iterator

from knowledge.lint.findings import Finding, Line, Subject
from settings.credentials import secrets_of
from settings.personal_numbers import numbers_of

_MANY_ADDRESSES = 15
_MANY_NUMBERS = 5
"""So many different checked numbers in one document are a list of people."""


def secret(subject: Subject) -> Iterator[Finding]:
    """Keys, tokens, private keys, addresses with a password, `password: ...`."""
    told: set[tuple[str, int | None]] = set()
    for text in subject.texts:
        for found in secrets_of(text.text):
            place = text.at(found.start)
            if (found.kind, place.line) in told:
                continue
            told.add((found.kind, place.line))
            fix = "take it out and change it, for it may have been read; name the place where it is kept instead"
            yield subject.find("secret", "severe" if found.certain else "warning", found.kind, fix, place)


def personal(subject: Subject) -> Iterator[Finding]:
    """Card numbers, bank accounts and national ids, each by its check digits; long lists of e-mail addresses."""
    found: dict[str, set[str]] = {}
    first: dict[str, Line] = {}
    for text in subject.texts:
        for number in numbers_of(text.text):
            found.setdefault(number.kind, set()).add(re.sub(r"[\s-]", "", number.value).upper())
            first.setdefault(number.kind, text.at(number.start))
        for match in _EMAIL.finditer(text.text) if "@" in text.text else ():
            if _is_of_person(match["name"], match["host"]):
                found.setdefault("e-mail address", set()).add(match.group().lower())
                first.setdefault("e-mail address", text.at(match.start()))
    for kind, values in found.items():
        count = f"{len(values)} {kind}{'' if len(values) == 1 else 's' if kind[-1] != 's' else 'es'}"
        if kind != "e-mail address":
            yield subject.find(
                "personal",
                "severe" if len(values) >= _MANY_NUMBERS else "warning",
                f"{count} (the check digits fit)",
                "take out what is of a single person; keep such lists where access to them is logged",
                first[kind],
            )
        elif len(values) >= _MANY_ADDRESSES:
            fix = "link to the directory instead: such a list is out of date soon, and is of people"
            yield subject.find("personal", "warning", f"{count} of people", fix, first[kind])


_EMAIL = re.compile(r"(?<![\w.+-])(?P<name>[\w.+-]{1,64})@(?P<host>[\w-]+(?:\.[\w-]+)+)")
_ROLE = re.compile(
    r"^(?:help|support|info|hr|it|people|team|office|contact|sales|security|privacy|legal|finance|payroll|admin"
    r"|no-?reply"
    r"|abuse|press|jobs|careers|service|desk|facilities|travel|accounts?|billing|hello|mail|user(?:name)?|name"
    r"|first.*"
    r"|postmaster|webmaster|compliance|training|benefits|expenses|invoices?)",
    re.I,
)


def _is_of_person(name: str, host: str) -> bool:
    return not _ROLE.match(name) and "-" not in name
