"""Numbers that belong to one person: cards, bank accounts, national ids. Each is known by its check digits."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PersonalNumber:
    """A number that was found, where it begins in the text, and of which kind it is."""

    kind: str
    value: str
    start: int

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + len(self.value)


def numbers_of(text: str) -> Iterator[PersonalNumber]:
    """Every number in a text whose form and check digits fit a kind; published examples are none."""
    if not _DIGITS.search(text):  # most paragraphs
        return
    for kind, pattern, valid in _KINDS:
        for match in pattern.finditer(text):
            if valid(re.sub(r"[\s-]", "", match.group()).upper()):
                yield PersonalNumber(kind, match.group(), match.start())


_DIGITS = re.compile(r"\d\D?\d\D?\d\D?\d\D?\d\D?\d")
"""Six digits, with at most one other character between two: every kind has them."""


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


WITHOUT_CHECK_DIGITS = frozenset({"social security number", "national insurance number"})


def _always(_: str) -> bool:
    return True


_KINDS: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = (
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
