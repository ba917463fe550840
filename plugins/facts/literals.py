"""What must be kept letter by letter: code, addresses, quotations, citation marks, identifiers, names."""

import re

from plugins.facts.logic import asks
from plugins.facts.text import BLANK, STOP, Reading, plain

_CODE_BLOCK = re.compile(r"^[ \t]*(`{3,}|~{3,})[^\n]*\n(.*?)\n[ \t]*\1[ \t]*$", re.DOTALL | re.MULTILINE)
_LIST_NUMBER = re.compile(r"^[ \t]*\d{1,2}[.)](?=\s)", re.MULTILINE)
_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)([^\n]+?)(?<!`)\1(?!`)")
_URL = re.compile(r"\b(?:https?://|www\.)[^\s<>()\[\]\"'`]+(?:\([^\s<>()]*\)[^\s<>()\[\]\"'`]*)*", re.I)
_EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")
_MARK = re.compile(r"\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\](?!\()")
_QUOTE = re.compile(r"“([^”\n]{2,200})”|„([^“”\n]{2,200})[“”]|«\s*([^»\n]{2,200}?)\s*»|(?<![\w\"])\"([^\"\n]{2,200})\"")
_PHONE = re.compile(r"(?<![\w.])(?:\+|\(?0)\d?[\d ()/.-]{5,}\d(?![\w])")
_IDENTIFIER = re.compile(
    r"(?<![\w/])(?:#[\w-]+|[A-Z]{2,}[-_]\w+|~?/[\w.-]+(?:/[\w.-]+)+|[A-Za-z]+[-_]?\d[\w-]*(?:\.\d+)*|\d+[A-Z][\w-]*"
    r"|v?\d+(?:\.\d+){2,}|[\w-]+\.(?:pdf|docx?|xlsx?|pptx?|csv|txt|md|html?|exe|zip|ya?ml|json)"
    r"|[A-Za-z]+_[\w]+|[a-z]+[A-Z]\w*|[A-Z][a-z]+[A-Z]\w*)\b"
)
_NOT_IDENTIFIERS = re.compile(r"\d+(?:AM|PM|K|M|GB|MB|KB|TB|H|KG|KM)|[a-z]+['’]s", re.I)
_ACRONYM = re.compile(r"(?<![\w&])[A-Z](?:[A-Z]|&[A-Z])+(?:s\b|\b)(?!['’]t)")
_NAME = re.compile(r"(?<![\w'’])[A-Z][a-z]+(?:['’]s)?\b(?:-[A-Z][a-z]+\b)?")
_BEGINS = re.compile(rf"(?:^|[.!?:…•|–—>(\"“\n{BLANK}*_-]|\d[.)])[\s*_>#-]*$")
_SHOUTED = frozenset(
    "MUST NOT NEVER ONLY ALL NO ANY AND OR DO SHOULD MAY BEFORE AFTER ALWAYS OK FYI PS NB TLDR EVERY REQUIRED CANNOT "
    "IF UNLESS THE IS ARE BE TL DR HI GBP EUR USD CHF JPY AM PM ASAP EG IE".split()
)
_COMMON = frozenset(
    """i ok hi hey hello dear yes no sure thanks thank great good please sorry just note tip quick short here there
    everyone everybody team folks remember heads never always also english german french spanish""".split()
)


def read_literals(reading: Reading) -> None:
    """Take code, addresses, marks, quotations and phone numbers."""
    reading.rest = _LIST_NUMBER.sub(lambda match: " " * len(match[0]), reading.rest)
    reading.take(_CODE_BLOCK, lambda m: [("code", m[2].strip(), False)])
    reading.take(_CODE_SPAN, lambda m: [("code", m[2].strip(), False)])
    reading.take(_URL, lambda m: [("link", url_key(m[0]), False)])
    reading.take(_EMAIL, lambda m: [("address", m[0].casefold(), False)])
    reading.take(_MARK, lambda m: [("citation", number, False) for number in re.findall(r"\d+", m[1])])
    reading.take(_QUOTE, lambda m: [("quotation", _words(next(filter(None, m.groups()))), False)])


def read_identifiers(reading: Reading) -> None:
    """Take phone numbers, codes and names; dates have been taken before."""
    reading.take(_PHONE, _phone)
    reading.take(_IDENTIFIER, lambda m: [] if _NOT_IDENTIFIERS.fullmatch(m[0]) else [("code", m[0].casefold(), False)])
    reading.take(_ACRONYM, lambda m: [] if m[0] in _SHOUTED else [("name", plain(m[0].rstrip("s")), False)])


def read_names(reading: Reading) -> None:
    """Take capitalised words that do not begin a sentence; not in German, where every noun is one."""
    if looks_german(reading.rest):
        return
    text = reading.rest
    reading.take(_NAME, lambda m: _name(m, text))


def _name(match: re.Match[str], text: str) -> list[tuple[str, str, bool]]:
    word = plain(re.sub(r"['’]s$", "", match[0]))
    if word in _COMMON or match[0].upper() in _SHOUTED:
        return []
    begins = bool(_BEGINS.search(text[max(0, match.start() - 12) : match.start()]))
    followed = _NAME.match(text, match.end() + 1) is not None and text[match.end() : match.end() + 1] == " "
    if begins and (not followed or word in STOP or asks(word)):
        return []
    return [("name", word, begins)]


def _phone(match: re.Match[str]) -> list[tuple[str, str, bool]]:
    digits = re.sub(r"\D", "", match[0])
    return [("phone", digits, False)] if len(digits) >= 7 else []


def url_key(url: str) -> str:
    """An address without what makes no difference: final punctuation, a final slash, the letter case of its host."""
    url = url.rstrip(".,;:!?*_'\"")
    match = re.match(r"(?:(https?)://)?([^/?#]*)(.*)", url, re.I | re.S)
    assert match is not None
    return f"{(match[1] or 'http').lower()}://{match[2].lower()}{match[3].rstrip('/')}"


def looks_german(text: str) -> bool:
    """Whether capital letters mean nothing."""
    found = re.findall(
        r"\b(?:der|die|das|und|nicht|ist|sind|ein|eine|mit|fur|bis|muss|mussen|von|auf|zu|im|sie|haben|ihr|den|dem|zum|zur|vor|nach|oder|wird|werden|kann|konnen|darf|ohne|nur)\b",
        text.lower(),
    )
    return len(found) >= 2 and len(found) * 12 >= len(text.split())


def _words(text: str) -> str:
    return " ".join(plain(text).split()).rstrip(".,;!?")
