"""Numbers with their units, money, percentages, and spans of time, in figures and in words."""

import re

from plugins.facts.text import Reading, plain

_SMALL = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty",
    "de": "null eins zwei drei vier funf sechs sieben acht neun zehn elf zwolf dreizehn vierzehn funfzehn sechzehn "
    "siebzehn achtzehn neunzehn zwanzig",
    "fr": "zero un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept "
    "dix-huit dix-neuf vingt",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis "
    "diecisiete dieciocho diecinueve veinte",
}
_NOT_NUMBERS = {"null", "un", "once"}
"""Words that mean something else more often."""
WORDS = {
    word: value
    for line in _SMALL.values()
    for value, word in enumerate(line.split())
    if word not in _NOT_NUMBERS and "-" not in word
}
WORDS |= {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
WORDS |= {"dreissig": 30, "vierzig": 40, "funfzig": 50, "trente": 30, "treinta": 30, "dozen": 12}
_TIMES = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "k": 1000, "m": 1_000_000, "mio": 1_000_000}
_ORDINALS = (
    dict.fromkeys(["first", "erste", "ersten", "premier", "primer", "primero"], "1")
    | dict.fromkeys(["second", "zweite", "zweiten", "deuxieme", "segundo"], "2")
    | dict.fromkeys(["third", "dritte", "dritten", "troisieme", "tercer", "tercero"], "3")
    | {"fourth": "4", "fifth": "5", "sixth": "6", "seventh": "7", "eighth": "8", "ninth": "9", "tenth": "10"}
)

_UNITS: dict[str, tuple[str, float]] = {}
"""How a unit is written, as what it is counted in and how many of those it is."""
for _base, _factor, _forms in (
    ("second", 1, "second seconds sec secs sekunde sekunden seconde secondes segundo segundos"),
    ("minute", 1, "minute minutes min mins minuten minuto minutos"),
    ("minute", 60, "hour hours hr hrs h stunde stunden heure heures hora horas"),
    ("day", 1, "day days tag tage tagen jour jours dia dias"),
    ("day", 7, "week weeks woche wochen semaine semaines semana semanas"),
    ("day", 14, "fortnight"),
    ("month", 1, "month months monat monate monaten mois mes meses"),
    ("month", 3, "quarter quarters quartal quartale trimestre trimestres"),
    ("month", 12, "year years yr yrs jahr jahre jahren an ans annee annees ano anos"),
    ("working day", 1, "workday workdays arbeitstag arbeitstage arbeitstagen werktag werktage werktagen"),
    ("%", 1, "% percent prozent"),
    ("GBP", 1, "£ gbp pound pounds pfund livres libras quid"),
    ("EUR", 1, "€ eur euro euros"),
    ("USD", 1, "$ usd dollar dollars"),
    ("CHF", 1, "chf franken"),
    ("JPY", 1, "¥ jpy yen"),
    ("km", 1, "km kilometres kilometers kilometer kilometre"),
    ("mile", 1, "mile miles"),
    ("m", 1, "metre metres meter meters"),
    ("kg", 1, "kg kilo kilos kilogram kilograms kilogramm"),
    ("KB", 1, "kb kilobytes"),
    ("MB", 1, "mb megabyte megabytes"),
    ("MB", 1024, "gb gigabyte gigabytes"),
    ("MB", 1048576, "tb terabyte terabytes"),
    ("time", 1, "times"),
    ("person", 1, "people persons"),
    ("character", 1, "character characters zeichen"),
    ("page", 1, "page pages"),
):
    _UNITS |= dict.fromkeys(_forms.split(), (_base, _factor))

_UNIT = "|".join(sorted((re.escape(unit) for unit in _UNITS if unit.isalpha()), key=len, reverse=True))
_WORKING = r"(?:(?:working|business|office|full\s+working)[\s-]+)"
_FIGURE = r"\d{1,3}(?:[,.'’ ]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d+)?"
_NUMBER_WORD = "|".join(sorted({*WORDS, "dreißig"}, key=len, reverse=True))
_NUMBER = re.compile(
    rf"""(?P<sign>[-−](?=\d))?(?P<before>[£€$¥]|\b(?:gbp|eur|usd|chf|jpy)\b)?\s?
    (?:(?P<figure>{_FIGURE})(?P<ordinal>st|nd|rd|th)?|\b(?P<word>(?:{_NUMBER_WORD})(?:[\s-](?:{_NUMBER_WORD}))?)\b
       |\b(?P<half>half\s+an?|an?)(?=\s+(?:hundred|thousand|million|dozen|fortnight)\b|\s+(?:day|hour|year|month)\b))
    (?:[\s]?(?P<times>hundred|thousand|million|mio|k|m)\b)?(?P<half2>\s+and\s+a\s+half)?
    (?:[\s-]*(?:(?P<percent>%|per\s*cent\b|pour\s*cent\b|por\s*ciento\b)|(?P<symbol>[£€$¥])
       |(?P<working>{_WORKING})?(?:calendar\s+)?(?P<unit>{_UNIT})\b(?P<worked>\s+(?:ouvres|ouvrables|laborables|habiles))?
       )(?P<half3>\s+and\s+a\s+half\b)?)?""",
    re.IGNORECASE | re.VERBOSE,
)
_SPAN = re.compile(
    rf"\b(?:(?:a|an|per|each|every|one|pro|par|jede[nrs]?|chaque|cada|por)\s+(?P<working>{_WORKING})?(?P<unit>{_UNIT})"
    r"|and\s+(?P<also>day|week|month|year)|(?P<adverb>daily|weekly|fortnightly|monthly|quarterly|yearly|annually|annual|taglich|wochentlich|monatlich"
    r"|jahrlich|annuel|mensuel|anual|mensual))\b",
    re.IGNORECASE,
)
_ADVERBS = {
    "dai": "day", "tag": "day", "wee": "day*7", "woc": "day*7", "for": "day*14", "mon": "month", "men": "month",
    "qua": "month*3", "yea": "month*12", "ann": "month*12", "anu": "month*12", "jah": "month*12",
}  # fmt: skip
_TIMES_OVER = re.compile(r"\b(?:once|twice|thrice)\b", re.IGNORECASE)
_ORDINAL = re.compile(rf"\b(?:{'|'.join(_ORDINALS)})\b", re.IGNORECASE)


def read_numbers(reading: Reading) -> None:
    """Take all numbers from what the literal facts have left."""
    reading.take(_ORDINAL, lambda match: [("ordinal", _ORDINALS[match[0].casefold()], True)])
    reading.take(_TIMES_OVER, lambda match: [("times", match[0].casefold(), match[0].casefold() == "once")])
    before = len(reading.facts)
    text = reading.rest
    reading.take(_NUMBER, _number)
    _share_units(reading, text, before)
    reading.take(_SPAN, _span)


def _number(match: re.Match[str]) -> list[tuple[str, str, bool]]:
    if match["figure"]:
        value = _figure(match["figure"])
    elif match["word"]:
        parts = [WORDS[plain(part)] for part in _split(match["word"])]
        if len(parts) == 2 and not (parts[0] >= 20 and 0 < parts[1] < 10):
            parts = parts[:1] if parts[0] == 1 else [parts[0] * parts[1]]
        value = float(sum(parts))
    elif match["half"].casefold().startswith("half"):
        value = 0.5
    else:
        value = 1.0
    if match["half2"] or match["half3"]:
        value += 0.5
    if match["times"]:
        value *= _TIMES[match["times"].casefold()]
    if match["sign"] and not match["before"] and match.start() == 0:
        value = -value
    if match["ordinal"]:
        return [("ordinal", f"{value:g}", False)]
    unit, factor = _unit(match)
    if value * factor == 1 or (value == 1 and factor != 14 and not match["before"]):
        return [("span", _span_name(unit, factor), True)] if unit else [("number", "1", True)]
    return [("number", f"{round(value * factor, 6):.10g} {unit}".strip(), False)]


def _split(text: str) -> list[str]:
    return re.split(r"[\s-]+", text)


def _figure(text: str) -> float:
    grouped = re.fullmatch(r"(\d{1,3}(?:[,.'’ ]\d{3})+)([.,]\d{1,2})?", text)
    if grouped and not text.startswith("0"):
        return float(re.sub(r"\D", "", grouped[1]) + (grouped[2] or "").replace(",", "."))
    return float(text.replace(",", "."))


def _unit(match: re.Match[str]) -> tuple[str, float]:
    if match["percent"]:
        return "%", 1
    written = match["before"] or match["symbol"] or match["unit"]
    if not written:
        return "", 1
    unit, factor = _UNITS[plain(written)]
    if (match["working"] or match["worked"]) and unit == "day":
        return "working day", factor
    return unit, factor


def _span(match: re.Match[str]) -> list[tuple[str, str, bool]]:
    if match["adverb"]:
        return [("span", _ADVERBS[plain(match["adverb"])[:3]], True)]
    unit, factor = _UNITS[plain(match["unit"] or match["also"])]
    return [("span", _span_name("working day" if match["working"] and unit == "day" else unit, factor), True)]


def _span_name(unit: str, factor: float) -> str:
    return f"{unit}*{factor:g}" if factor != 1 else unit


def _share_units(reading: Reading, text: str, first: int) -> None:
    """`5 to 10 days`: the first number has the unit of the second."""
    facts = reading.facts
    for index in range(len(facts) - 2, first - 1, -1):
        one, two = facts[index], facts[index + 1]
        if one.kind == "number" and " " not in one.value and not one.optional and " " in two.value:
            between = text[one.end : two.begin]
            if re.fullmatch(r"\s*(?:[-–—]|to|and|or|bis|und|oder|a|et|ou|y|o)?\s*", between):
                unit = two.value.split(" ", 1)[1]
                written = text[two.begin : two.end]
                factor = next((f for f in (60.0, 7.0, 12.0, 3.0) if _wrote(written, unit, f)), 1.0)
                number = float(one.value) * factor
                facts[index] = type(one)(two.kind, f"{number:.10g} {unit}", one.begin, one.end)


def _wrote(written: str, unit: str, factor: float) -> bool:
    last = plain(re.split(r"[\s-]+", written.strip())[-1])
    return _UNITS.get(last) == (unit, factor)
