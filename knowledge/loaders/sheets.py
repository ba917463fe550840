"""Spreadsheets: a sheet is a heading, its tables are Markdown tables."""

import io
import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Literal

from knowledge.documents import Document, DocumentError, NothingToRead
from knowledge.loaders.building import Builder, sheet_blocks
from knowledge.loaders.front_matter import FrontMatter
from knowledge.loaders.package import Package

_MOST_CELLS = 5_000_000
_WIDEST = 16_384
_ROW = re.compile(rb'<row [^>]{0,200}?\br="(\d{1,12})"')
_FAR_COLUMN = re.compile(rb'<c [^>]{0,200}?\br="([A-Z]{2,7})\d')


def load_sheets(content: bytes, name: str) -> Document:
    """An `.xlsx`, `.xlsm`, `.xlsb`, `.xls` or `.ods` file. Hidden sheets are left out."""
    from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    front = FrontMatter()
    if content.startswith(b"PK"):
        package = Package(content)
        front = package.properties()
        _refuse_far_cells(package)
    builder = Builder()
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        for number, sheet in enumerate(book.sheets_metadata, start=1):
            if sheet.typ is not SheetTypeEnum.WorkSheet or sheet.visible is not SheetVisibleEnum.Visible:
                continue
            builder.heading(sheet.name, 1, page=number)
            sheet_blocks(builder, _rows(book.get_sheet_by_index(number - 1)))
    except CalamineError as error:
        if "password" in str(error).lower():
            raise DocumentError("needs a password: save it without one") from None
        raise DocumentError(f"the workbook is damaged ({str(error)[:100]}): open it and save it again") from None
    if not builder.blocks:
        raise NothingToRead("the workbook has no text in any visible sheet")
    return builder.document(front.title or name, front)


def _refuse_far_cells(package: Package) -> None:
    """A stray cell in the last row and column makes a sheet of billions: the library would take memory for each."""
    for part in package.sizes:
        if not re.fullmatch(r"xl/worksheets/[^/]+\.xml", part):
            continue
        content = package.read(part)
        at = content.rfind(b"<row ")
        last = _ROW.search(content, at) if at >= 0 else None
        rows = int(last[1]) if last else 0
        if rows * _WIDEST <= _MOST_CELLS:
            continue
        far = max({match[1] for match in _FAR_COLUMN.finditer(content)}, key=_column, default=b"")
        if far and rows * _column(far) > _MOST_CELLS:
            raise DocumentError(
                f"a cell in column {far.decode()} and one in row {rows} make a sheet of {rows * _column(far):,} cells "
                f"({part.rpartition('/')[2]}): delete what is outside the table, or split the workbook"
            )


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _rows(sheet: Any) -> list[list[str]]:
    """The cells as text. A value that spans rows is repeated in each, so that every row stands for itself."""
    if sheet.height * sheet.width > _MOST_CELLS:
        raise DocumentError(f"over {_MOST_CELLS // 1_000_000} million cells in sheet {sheet.name}: split the workbook")
    rows = [[_text(value) for value in row] for row in sheet.to_python(skip_empty_area=True)]
    top, left = sheet.start or (0, 0)
    for (first, column), (last, _) in (sheet.merged_cell_ranges or ())[:10_000]:
        for row in range(max(first + 1 - top, 0), min(last + 1 - top, len(rows))):
            if 0 <= column - left < len(rows[row]) and not rows[row][column - left]:
                rows[row][column - left] = rows[first - top][column - left]
    return rows


def _text(value: object) -> str:
    """A cell as a person would read it: 3 and not 3.0, 2026-03-01 and not 2026-03-01T00:00:00."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.12g}"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.isoformat("minutes")
    if isinstance(value, timedelta):
        minutes = int(value.total_seconds()) // 60
        return f"{minutes // 60}:{minutes % 60:02}"
    return str(value)


_DELIMITERS = (",", ";", "\t", "|")


def load_csv(content: bytes, name: str) -> Document:
    """A `.csv` or `.tsv` file, whatever parts its columns."""
    import csv

    from knowledge.loaders.text import decode

    text = decode(content)
    if not text.strip():
        raise NothingToRead("the file has no text")
    csv.field_size_limit(1_000_000)
    delimiter = _delimiter(text)
    try:
        rows, lines = _parse(text, delimiter)
        as_it_stands = _is_open(rows, text)
    except csv.Error:  # a cell is longer than the limit: most likely all that follows such a mark
        as_it_stands = True
    if as_it_stands:
        try:
            rows, lines = _parse(text, delimiter, csv.QUOTE_NONE)
        except csv.Error:
            raise DocumentError("a cell has over a million characters: split it, or save it as text (.txt)") from None
    builder = Builder()
    sheet_blocks(builder, rows, lines)
    return builder.document(name)


def _is_open(rows: Sequence[Sequence[str]], text: str) -> bool:
    """Whether a quotation mark that is never closed made one cell of all the lines below it."""
    return text.count('"') % 2 == 1 and bool(rows) and any("\n" in cell for cell in rows[-1][-1:])


def _delimiter(text: str) -> str:
    """The one that gives the most rows the same number of columns, in the first 20,000 characters."""
    sample = text[:20_000]
    sample = sample[: sample.rfind("\n") + 1] or sample

    def evenness(delimiter: str) -> tuple[float, int]:
        rows = [len(row) for row in _parse(sample, delimiter)[0] if any(row)]
        usual = max(set(rows), key=rows.count, default=0)
        if usual < 2:
            return 0.0, 0
        return rows.count(usual) / len(rows), usual

    return max(_DELIMITERS, key=evenness)


def _parse(text: str, delimiter: str, quoting: Literal[0, 3] = 0) -> tuple[list[list[str]], Sequence[int]]:
    """The rows, and the line on which each begins."""
    import csv

    if text[:4].lower() == "sep=":  # Excel's own hint
        text = text[text.find("\n") + 1 :] if "\n" in text else ""
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True, quoting=quoting)
    rows: list[list[str]] = []
    lines: list[int] = []
    before = 0
    for row in reader:
        lines.append(before + 1)
        before = reader.line_num
        rows.append([cell.strip() for cell in row])
    return rows, lines
