"""Dates, times of day and weekdays, however they are written."""

import re

from plugins.facts.text import Reading, plain

_MONTHS = {
    form: number
    for number, forms in enumerate(
        (
            "january jan januar janvier enero", "february feb februar fevrier febrero", "march mar marz mars marzo",
            "april apr avril abril", "may mai mayo", "june jun juni juin junio", "july jul juli juillet julio",
            "august aug aout agosto", "september sep sept septembre septiembre", "october oct oktober octobre octubre",
            "november nov novembre noviembre", "december dec dezember dez decembre diciembre",
        ),
        start=1,
    )
    for form in forms.split()
}  # fmt: skip
_WEEKDAYS = {
    form: number
    for number, forms in enumerate(
        (
            "monday mon montag lundi lunes", "tuesday tue tues dienstag mardi martes",
            "wednesday wed mittwoch mercredi miercoles", "thursday thu thur thurs donnerstag jeudi jueves",
            "friday fri freitag vendredi viernes", "saturday sat samstag samedi sabado",
            "sunday sun sonntag dimanche domingo",
        ),
        start=1,
    )
    for form in forms.split()
}  # fmt: skip
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_WEEKDAY = "|".join(sorted(_WEEKDAYS, key=len, reverse=True))

_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_NUMERIC = re.compile(r"\b(\d{1,2})[./](\d{1,2})[./](\d{4}|\d{2})\b")
_NO_YEAR = re.compile(r"\b(\d{1,2})(?:/(\d{2})\b(?!/)|\.(\d{1,2})\.(?!\d))")
_DAY_FIRST = re.compile(
    rf"\b(\d{{1,2}})(?:st|nd|rd|th|er|\.)?\s+(?:of\s+|de\s+)?({_MONTH})\b\.?(?:,?\s+(?:de\s+)?((?:19|20)\d\d)\b)?", re.I
)
_MONTH_FIRST = re.compile(
    rf"\b({_MONTH})\b\.?\s+(?:the\s+)?(\d{{1,2}})(?:st|nd|rd|th)?\b(?!\s*(?:people|%|days))(?:,?\s+((?:19|20)\d\d)\b)?",
    re.I,
)
_MONTH_ALONE = re.compile(rf"\b({_MONTH})\b(?:\s+((?:19|20)\d\d)\b)?", re.I)
_CLOCK = re.compile(
    r"\b(?P<hour>\d{1,2})(?:(?::|\s?h\s?)(?P<minute>[0-5]\d)\b|h\b)?(?:\s?(?P<half>a\.?m\.?|p\.?m\.?)(?![a-z]))?"
    r"(?P<uhr>\s?(?:Uhr|o['’]clock|horas)\b)?",
    re.I,
)
_CLOCK_DOT = re.compile(r"\b(\d{1,2})\.([0-5]\d)\s?(?:(a\.?m\.?|p\.?m\.?)(?![a-z])|Uhr\b)", re.I)
_HALF_SHARED = re.compile(
    r"\b(\d{1,2})(?:[:.]([0-5]\d))?(?=\s*(?:[-–—]|to|and|until)\s*\d{1,2}(?:[:.][0-5]\d)?\s?(a|p)\.?m\b)", re.I
)
_NAMED = re.compile(r"\b(noon|midday|midnight|mittags?|mitternacht|midi|minuit|mediodia|medianoche)\b", re.I)
_DAY_OF_WEEK = re.compile(rf"\b({_WEEKDAY})s?\b\.?", re.I)
_WEEKEND = re.compile(r"\b(weekends?|weekdays?|Wochenenden?|week-ends?|tomorrow|today|yesterday|tonight)\b", re.I)


def read_dates(reading: Reading) -> None:
    """Take all dates and times; must run before the numbers are taken."""
    reading.take(_ISO, lambda m: _date(m[1], int(m[2]), m[3]))
    reading.take(_NUMERIC, lambda m: _date(m[3] if len(m[3]) == 4 else f"20{m[3]}", int(m[2]), m[1]))
    reading.take(_NO_YEAR, lambda m: _date(None, int(m[2] or m[3]), m[1]))
    reading.take(_DAY_FIRST, lambda m: _date(m[3], _MONTHS[plain(m[2])], m[1]))
    reading.take(_MONTH_FIRST, lambda m: _date(m[3], _MONTHS[plain(m[1])], m[2]))
    reading.take(_MONTH_ALONE, lambda m: _month(m, reading.rest))
    reading.take(_CLOCK_DOT, lambda m: _time(m[1], m[2], m[3]))
    reading.take(_HALF_SHARED, lambda m: _shared(m))
    reading.take(
        _CLOCK, lambda m: _time(m["hour"], m["minute"], m["half"]) if m["minute"] or m["half"] or m["uhr"] else []
    )
    reading.take(_NAMED, lambda m: [("time", "00:00" if plain(m[1]).startswith(_MIDNIGHT) else "12:00", False)])
    reading.take(_DAY_OF_WEEK, lambda m: _weekday(m[1]))
    reading.take(_WEEKEND, lambda m: [("weekday", plain(m[1]).replace("-", "").rstrip("sn"), False)])


_MIDNIGHT = ("midn", "mittern", "minu", "medianoche")


def _date(year: str | None, month: int, day: str) -> list[tuple[str, str, bool]]:
    if not 1 <= month <= 12 or not 1 <= int(day) <= 31:
        return []
    return [("date", f"{year or ''}-{month:02}-{int(day):02}", False)]


def _month(match: re.Match[str], text: str) -> list[tuple[str, str, bool]]:
    """A month without a day; a word like "may" or "march" only where it can be nothing else."""
    word = match[1]
    if not word[0].isupper() and plain(word) in ("may", "march", "mar", "jan", "dec", "sep", "mars", "mai", "sept"):
        return []
    if not word[0].isupper() and len(word) == 3:
        return []
    if word in ("May", "March", "Mar", "Mai", "Mars") and not match[2]:
        before = text[: match.start()].rstrip()
        if not before or before[-1] in ".!?:\n-" or re.search(r"\b(?:you|they|we|employees)$", before, re.I):
            return []
    return [("date", f"{match[2] or ''}-{_MONTHS[plain(word)]:02}-", False)]


def _time(hour: str, minute: str | None, half: str | None) -> list[tuple[str, str, bool]]:
    number = int(hour)
    if number > 24:
        return []
    if half and number <= 12:
        number = number % 12 + (12 if half.lower().startswith("p") else 0)
    return [("time", f"{number:02}:{minute or '00'}", False)]


def _shared(match: re.Match[str]) -> list[tuple[str, str, bool]]:
    """`9 to 11 am`: the half of the day stands once; it turns over where the first hour is later."""
    later = int(re.findall(r"\d+", match.string[match.end() :])[0])
    half = match[3] if int(match[1]) < later or later == 12 else {"a": "p", "p": "a"}[match[3].lower()]
    return _time(match[1], match[2], f"{half}m")


def _weekday(word: str) -> list[tuple[str, str, bool]]:
    if (len(word) < 5 and not word[0].isupper()) or word in ("Sun", "Sat", "sun", "sat"):
        return []
    return [("weekday", str(_WEEKDAYS[plain(word)]), False)]
