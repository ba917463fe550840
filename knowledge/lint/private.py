"""Secrets and personal data in documents."""

import re
from collections.abc import Iterator

from knowledge.lint.findings import Finding, Line, Subject
from settings.credentials import is_chosen, secrets_of
from settings.personal_numbers import WITHOUT_CHECK_DIGITS, numbers_of

_MANY_ADDRESSES = 15
_MANY_NUMBERS = 5
"""So many different checked numbers in one document are a list of people."""


def secret(subject: Subject) -> Iterator[Finding]:
    """Keys, tokens, private keys, addresses with a password, `password: ...`."""
    told: set[tuple[str, int | None]] = set()
    fix = "take it out and change it, for it may have been read; name the place where it is kept instead"
    for text in subject.texts:
        for found in secrets_of(text.text):
            place = text.at(found.start)
            if (found.kind, place.line) in told:
                continue
            told.add((found.kind, place.line))
            yield subject.find("secret", "severe" if found.certain else "warning", found.kind, fix, place)
    for block in subject.document.blocks:
        if block.kind == "table" and (row := _row_with_password(block.text)) is not None:
            place = Line(block.text, block.line, block.page).at(row)
            if not any(line is not None and line == place.line for _, line in told):
                yield subject.find(
                    "secret", "warning", "a table with a column of what looks like passwords", fix, place
                )


def _row_with_password(table: str) -> int | None:
    """Where in a table the first row begins that holds a password under a heading that says so."""
    start, columns = 0, None
    for row in table.split("\n"):
        cells = [cell.strip(" `*") for cell in row.strip().strip("|").split("|")]
        if columns is None:
            columns = [number for number, cell in enumerate(cells) if _PASSWORD_COLUMN.fullmatch(cell)]
            if not columns:
                return None
        elif any(is_chosen(cells[number]) and " " not in cells[number] for number in columns if number < len(cells)):
            return start
        start += len(row) + 1
    return None


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
        count = f"{len(values)} {_several(kind) if len(values) > 1 else kind}"
        if kind != "e-mail address":
            yield subject.find(
                "personal",
                "severe" if len(values) >= _MANY_NUMBERS else "warning",
                f"{count} ({'the form fits' if kind in WITHOUT_CHECK_DIGITS else 'the check digits fit'})",
                "take out what is of a single person; keep such lists where access to them is logged",
                first[kind],
            )
        elif len(values) >= _MANY_ADDRESSES:
            fix = "link to the directory instead: such a list is out of date soon, and is of people"
            yield subject.find("personal", "warning", f"{count} of people", fix, first[kind])


_PASSWORD_COLUMN = re.compile(
    r"(?:(?:user|login|initial|default|current|admin|wi-?fi) )?(?:pass ?(?:word|wd|phrase|code)?|pwd|pw|pin"
    r"|passwort|kennwort|mot de passe|contrase[nñ]a|senha|wachtwoord|secret|(?:api|access|secret)[ _-]?key|token)",
    re.I,
)
_EMAIL = re.compile(r"(?<![\w.+-])(?P<name>[\w.+-]{1,64})@(?P<host>[\w-]+(?:\.[\w-]+)+)")
_ROLE = re.compile(
    r"^(?:help|support|info|hr|it|people|team|office|contact|sales|security|privacy|legal|finance|payroll|admin"
    r"|no-?reply"
    r"|abuse|press|jobs|careers|service|desk|facilities|travel|accounts?|billing|hello|mail|user(?:name)?|name"
    r"|first.*"
    r"|postmaster|webmaster|compliance|training|benefits|expenses|invoices?)",
    re.I,
)


def _several(kind: str) -> str:
    name, space, bracket = kind.partition(" (")
    return f"{name}{'es' if name.endswith('s') else 's'}{space}{bracket}"


def _is_of_person(name: str, host: str) -> bool:
    return not _ROLE.match(name) and "-" not in name
