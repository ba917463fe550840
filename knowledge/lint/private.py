"""Secrets and personal data in documents."""

import re
from collections.abc import Callable, Iterator

from knowledge.lint.findings import Finding, Line, Subject
from knowledge.lint.veil import secrets_of

_MANY_ADDRESSES = 15
_MANY_NUMBERS = 5
"""So many different checked numbers in one document are a list of people."""


def secret(subject: Subject) -> Iterator[Finding]:
    """Keys, tokens, private keys, addresses with a password, `password: ...`."""
    told: set[tuple[str, int | None]] = set()
    for text in subject.texts():
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
    for text in subject.texts():
        for kind, pattern, valid in _NUMBERS if _DIGITS.search(text.text) else ():
            for match in pattern.finditer(text.text):
                value = re.sub(r"[\s-]", "", match.group()).upper()
                if valid(value):
                    found.setdefault(kind, set()).add(value)
                    first.setdefault(kind, text.at(match.start()))
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


_DIGITS = re.compile(r"\d[\d -]?\d")
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


def _luhn(number: str) -> bool:
    """ISO/IEC 7812-1: payment cards; the numbers that payment services publish for tests are none."""
    if len(set(number)) < 4 or number in _TEST_CARDS or not number.isascii():
        return False
    digits = [int(digit) for digit in reversed(number)]
    return sum(digits[0::2]) % 10 == -sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2]) % 10


_TEST_CARDS = {
    "4111111111111111", "4242424242424242", "4012888888881881", "4000056655665556", "5555555555554444",
    "5105105105105100", "2223003122003222", "378282246310005", "371449635398431", "6011111111111117",
    "6011000990139424", "30569309025904", "38520000023237", "3530111333300000", "3566002020360505",
}  # fmt: skip


def _iban(number: str) -> bool:
    """ISO 13616: the first four characters moved to the end, letters as numbers, modulo 97 is 1."""
    if number in _EXAMPLE_IBANS or len(set(number[4:])) < 4:
        return False
    return int("".join(str(int(char, 36)) for char in number[4:] + number[:4])) % 97 == 1


_EXAMPLE_IBANS = {
    "GB82WEST12345698765432",
    "DE89370400440532013000",
    "FR1420041010050500013M02606",
    "GB29NWBK60161331926819",
}


def _dni(number: str) -> bool:
    """Spain: the letter is the number modulo 23."""
    digits = number[:-1].replace("X", "0").replace("Y", "1").replace("Z", "2")
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(digits) % 23] == number[-1] and len(set(digits)) > 3 and digits != "12345678"


def _nir(number: str) -> bool:
    """France: the last two digits are 97 minus the rest modulo 97."""
    return 97 - int(number[:13]) % 97 == int(number[13:])


def _codice_fiscale(code: str) -> bool:
    """Italy: DM 23/12/1976, the last letter sums the others, those at odd places by their own table."""
    odd = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
    values = [int(char) if char.isdigit() else ord(char) - ord("A") for char in code]
    total = sum(odd[value] if index % 2 == 0 else value for index, value in enumerate(values[:15]))
    return total % 26 == values[15]


def _ssn(number: str) -> bool:
    """United States: no area 000, 666 or 9xx, no group 00, no serial 0000, none of the printed samples."""
    area, group, serial = number[:3], number[3:5], number[5:]
    fits = area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"
    return fits and number not in ("123456789", "078051120", "219099999") and len(set(number)) > 3


def _always(_: str) -> bool:
    return True


_NUMBERS: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = (
    (
        "payment card number",
        re.compile(
            r"(?<![\w.-])(?<![0-9] )(?:4[0-9]{3}|5[1-5][0-9]{2}|2[2-7][0-9]{2}|6011"
            r"|65[0-9]{2})([ -]?)[0-9]{4}\1[0-9]{4}\1[0-9]{4}(?![\w-]| ?[0-9])"
            r"|(?<![\w.-])3[47][0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{5}(?![\w-])"
        ),
        _luhn,
    ),
    (
        "bank account number (IBAN)",
        re.compile(r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", re.A),
        _iban,
    ),
    ("social security number", re.compile(r"(?<![\w-])[0-9]{3}-[0-9]{2}-[0-9]{4}(?![\w-])"), _ssn),
    (
        "national insurance number",
        re.compile(
            r"\b(?!BG|GB|NK|KN|TN|NT|ZZ|QQ|AB ?12)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?"
            r"[0-9]{2} ?[0-9]{2} ?[A-D]\b",
            re.A,
        ),
        _always,
    ),
    ("Spanish identity number", re.compile(r"(?<![\w-])(?:[0-9]{8}|[XYZ]-?[0-9]{7})-?[A-HJ-NP-TV-Z](?![\w-])"), _dni),
    ("French security number", re.compile(r"(?<![\w.-])[12][0-9]{2}(?:0[1-9]|1[0-2])[0-9]{10}(?![\w.-])"), _nir),
    (
        "Italian tax code",
        re.compile(r"\b[A-Z]{6}[0-9]{2}[A-EHLMPR-T][0-9]{2}[A-Z][0-9]{3}[A-Z]\b", re.A),
        _codice_fiscale,
    ),
)  # fmt: skip
