"""A company's abbreviations as they lie in a file: YAML or a spreadsheet's CSV."""

import csv
from typing import Any

import yaml

from plugins.contract import OptionError
from plugins.wording import plain


def read_glossary(name: str, text: str) -> dict[str, list[str]]:
    """Abbreviations with their meanings; raises OptionError that names the file and what is wrong in it."""
    if name.lower().endswith(".csv"):
        rows: list[tuple[Any, Any]] = []
        for number, row in enumerate(csv.reader(text.splitlines()), start=1):
            if len(row) == 2:
                rows.append((row[0], row[1]))
            elif any(cell.strip() for cell in row):
                raise OptionError("", f"{name}:{number}: a line is an abbreviation, a comma and its meaning")
    else:
        try:
            data = yaml.load(text, Loader=yaml.BaseLoader) or {}  # noqa: S506  # texts only: `NO` is no truth value
        except yaml.YAMLError as error:
            raise OptionError("", f"{name} is no YAML: {' '.join(str(error).split())}") from None
        if not isinstance(data, dict):
            raise OptionError("", f"{name}: has to be lines such as `PTO: paid time off`")
        rows = list(data.items())
    found: dict[str, list[str]] = {}
    for term, meaning in rows:
        meanings = [meaning] if isinstance(meaning, str) else meaning
        if not isinstance(meanings, list) or not all(isinstance(one, str) and plain(one) for one in meanings):
            raise OptionError("", f"{name}: {term!r} has no meaning")
        found.setdefault(str(term).strip(), []).extend(one.strip() for one in meanings)
    return {term: list(dict.fromkeys(meanings)) for term, meanings in found.items() if term}
