"""OpenDocument texts (LibreOffice Writer): headings, paragraphs, lists and tables of `content.xml`."""

from typing import TYPE_CHECKING

from knowledge.documents import Document, DocumentError
from knowledge.loaders.building import Builder, markdown_table, sensible_title, tidy
from knowledge.loaders.front_matter import FrontMatter
from knowledge.loaders.package import Package

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_XLINK = "{http://www.w3.org/1999/xlink}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_DROPPED = {f"{_OFFICE}annotation", f"{_TEXT}tracked-changes", f"{_TEXT}table-of-content", f"{_TEXT}note-citation"}
_DEEPEST = 40
_MOST_REPEATS = 100


def load_odt(content: bytes, name: str) -> Document:
    """An `.odt` file. Comments, deleted text and the table of contents are left out."""
    package = Package(content)
    manifest = package.read("META-INF/manifest.xml") if "META-INF/manifest.xml" in package.sizes else b""
    if b"encryption-data" in manifest:
        raise DocumentError("needs a password: save it without one")
    body = package.xml("content.xml").find(f"{_OFFICE}body/{_OFFICE}text")
    if body is None:
        raise DocumentError("the file is damaged: open it in its program and save it again (no text in content.xml)")
    builder = Builder()
    _read(builder, body, 0)
    meta = package.optional_xml("meta.xml")
    title = sensible_title(meta.findtext(f"{_OFFICE}meta/{_DC}title")) if meta is not None else None
    return builder.document(title or name, FrontMatter(title=title))


def _read(builder: Builder, parent: "Element", depth: int) -> None:
    if depth > _DEEPEST:
        raise DocumentError(f"text nested over {_DEEPEST} deep: save the document anew")
    for child in parent:
        if child.tag == f"{_TEXT}h":
            level = child.get(f"{_TEXT}outline-level") or "1"
            builder.heading(tidy(_text(child)), int(level) if level.isdigit() else 1)
        elif child.tag == f"{_TEXT}p":
            builder.block(tidy(_text(child)))
        elif child.tag == f"{_TEXT}list":
            builder.block("\n".join(_items(child, 0)), "list")
        elif child.tag == f"{_TABLE}table":
            builder.block(markdown_table(_rows(child)), "table")
        elif isinstance(child.tag, str) and child.tag not in _DROPPED:
            _read(builder, child, depth + 1)


def _text(element: "Element") -> str:
    parts = [element.text or ""]
    for child in element:
        if child.tag == f"{_TEXT}s":
            count = child.get(f"{_TEXT}c") or "1"
            parts.append(" " * min(int(count) if count.isdigit() else 1, _MOST_REPEATS))
        elif child.tag in (f"{_TEXT}tab", f"{_TEXT}line-break"):
            parts.append("\n" if child.tag.endswith("break") else " ")
        elif child.tag == f"{_TEXT}note":
            parts.append(f" ({' '.join(_text(child).split())})")
        elif child.tag == f"{_TEXT}a" and (child.get(f"{_XLINK}href") or "").startswith(("http", "mailto:")):
            parts.append(f"[{_text(child)}]({child.get(f'{_XLINK}href')})")
        elif isinstance(child.tag, str) and child.tag not in _DROPPED:
            parts.append(_text(child))
        parts.append(child.tail or "")
    return "".join(parts)


def _items(element: "Element", depth: int) -> list[str]:
    lines: list[str] = []
    for item in element.iterchildren(f"{_TEXT}list-item", f"{_TEXT}list-header"):
        for child in item:
            if child.tag == f"{_TEXT}list":
                if depth >= _DEEPEST:
                    raise DocumentError(f"lists nested over {_DEEPEST} deep: save the document anew")
                lines += _items(child, depth + 1)
            elif child.tag in (f"{_TEXT}p", f"{_TEXT}h") and (text := " ".join(tidy(_text(child)).split())):
                lines.append(f"{'  ' * depth}- {text}")
    return lines


def _rows(table: "Element") -> list[list[str]]:
    rows: list[list[str]] = []
    for row in table.iter(f"{_TABLE}table-row"):
        cells: list[str] = []
        for cell in row.iterchildren(f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            repeated = cell.get(f"{_TABLE}number-columns-repeated") or "1"
            text = " ".join(tidy(_text(paragraph)) for paragraph in cell.iter(f"{_TEXT}p"))
            cells += [text] * min(int(repeated) if repeated.isdigit() else 1, _MOST_REPEATS)
        rows.append(cells)
    return rows
