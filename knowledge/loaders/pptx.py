"""Presentations: a slide is a page, its title a heading; text, tables, charts and the speaker's notes."""

from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING

from knowledge.documents import Document, DocumentError, NothingToRead
from knowledge.loaders.building import Builder, markdown_table, tidy
from knowledge.loaders.package import Package

if TYPE_CHECKING:
    from pptx.presentation import Presentation
    from pptx.shapes.base import BaseShape
    from pptx.slide import Slide
    from pptx.text.text import TextFrame, _Paragraph

_DEEPEST = 20
_FURNITURE = ("DATE", "FOOTER", "SLIDE_NUMBER", "HEADER")
_BULLETS = ("BODY", "OBJECT", "VERTICAL_BODY", "VERTICAL_OBJECT")


def load_pptx(content: bytes, name: str) -> Document:
    """A `.pptx` file. Slides that are hidden in the show, dates and footers are left out."""
    from pptx.package import Package as Deck

    package = Package(content)  # refuses what expands without end before anything is parsed
    builder = Builder()
    try:
        first_title, pages = _read(builder, Deck.open(BytesIO(content)).main_document_part.presentation)
    except (DocumentError, MemoryError, RecursionError):
        raise
    except Exception as error:  # those of zipfile, zlib and lxml, and whatever python-pptx misses
        what = " ".join(str(error).split())[:100]
        raise DocumentError(f"the presentation is damaged ({what}): open it and save it again") from None
    if not pages:
        raise NothingToRead("the presentation has no slides")
    front = package.properties()
    return builder.document(front.title or first_title or name, front, pages)


def _read(builder: Builder, presentation: "Presentation") -> tuple[str, int]:
    """Add all slides; the first title that one has, and how many there are."""
    first_title = ""
    pages = 0
    for pages, slide in enumerate(presentation.slides, start=1):
        if slide.element.get("show") == "0":
            continue
        title = _title(slide)
        builder.heading(title or f"Slide {pages}", 1, page=pages)
        first_title = first_title or title
        before = len(builder.blocks)
        _read_slide(builder, slide, pages)
        if title and len(builder.blocks) == before:  # a slide that is a picture with a title, or a part's beginning
            builder.block(title, page=pages)
    return first_title, pages


def _title(slide: "Slide") -> str:
    shape = slide.shapes.title
    return " ".join(tidy(shape.text_frame.text.replace("\v", " ")).split()) if shape is not None else ""


def _read_slide(builder: Builder, slide: "Slide", page: int) -> None:
    title = slide.shapes.title
    for shape in _in_reading_order(_flatten(slide.shapes)):
        if title is not None and shape.shape_id == title.shape_id:
            continue
        if shape.has_text_frame:
            _read_text(builder, shape, page)
        elif getattr(shape, "has_table", False):
            rows = [[tidy(cell.text) for cell in row.cells] for row in shape.table.rows]  # type: ignore[attr-defined]
            builder.block(markdown_table(rows), "table", page=page)
        elif getattr(shape, "has_chart", False):
            builder.block(_chart(shape), page=page)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = tidy(slide.notes_slide.notes_text_frame.text.replace("\v", "\n"))
        if notes.strip():
            builder.block(f"Speaker notes: {notes}", page=page)


def _flatten(shapes: Iterable["BaseShape"], depth: int = 0) -> Iterator["BaseShape"]:
    if depth > _DEEPEST:
        raise DocumentError(f"shapes grouped over {_DEEPEST} deep: ungroup them")
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _flatten(shape.shapes, depth + 1)
        else:
            yield shape


def _in_reading_order(shapes: Iterable["BaseShape"]) -> list["BaseShape"]:
    """From top to bottom where a shape says where it is; those in the layout's own places come first."""
    return sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0))


def _read_text(builder: Builder, shape: "BaseShape", page: int) -> None:
    kind = shape.placeholder_format.type.name if shape.is_placeholder and shape.placeholder_format.type else ""
    if kind in _FURNITURE:
        return
    frame: TextFrame = shape.text_frame  # type: ignore[attr-defined]
    paragraphs = [(paragraph.level, text) for paragraph in frame.paragraphs if (text := _text(paragraph))]
    if kind in _BULLETS and len(paragraphs) > 1:
        builder.block("\n".join(f"{'  ' * level}- {text}" for level, text in paragraphs), "list", page=page)
    else:
        builder.block("\n".join(text for _, text in paragraphs), page=page)


def _text(paragraph: "_Paragraph") -> str:
    """A paragraph with its links, on one line."""
    parts: list[str] = []
    for run in paragraph.runs:
        address = _address(run)
        parts.append(f"[{run.text}]({address})" if address and run.text.strip() else run.text)
    text = "".join(parts) if len(paragraph.text) <= len("".join(parts)) else paragraph.text  # fields are no runs
    return " ".join(tidy(text.replace("\v", " ")).split())


def _address(run: object) -> str | None:
    try:
        address: str | None = run.hyperlink.address  # type: ignore[attr-defined]
    except KeyError:  # a link without its target
        return None
    return address if address and address.startswith(("http://", "https://", "mailto:")) else None


def _chart(shape: "BaseShape") -> str:
    """The title, categories and values of a chart as a table."""
    try:
        chart = shape.chart  # type: ignore[attr-defined]
        plot = chart.plots[0]
        title = chart.chart_title.text_frame.text if chart.has_title and chart.chart_title.has_text_frame else ""
        series = list(plot.series)[:20]
        rows = [["", *(str(one.name) for one in series)]]
        for number, category in enumerate(list(plot.categories)[:200]):
            values = (one.values[number] if number < len(one.values) else None for one in series)
            rows.append([str(category), *("" if value is None else f"{value:g}" for value in values)])
    except (KeyError, ValueError, IndexError, AttributeError, NotImplementedError):
        return ""  # a kind of chart that cannot be shown as a table
    return f"{title}\n\n{markdown_table(rows)}".strip()
