"""PDF: text by pages in reading order, headings by bookmarks or by size, running heads dropped."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from knowledge.documents import Document, DocumentError, NothingToRead
from knowledge.loaders.building import Builder, sensible_title
from knowledge.loaders.pdf_hyphens import join_parted
from knowledge.loaders.pdf_layout import Line, Paragraph, in_columns, lines_of, paragraphs_of
from knowledge.loaders.pdf_words import page_words

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

_MARGIN = 3
"""Lines at the top and bottom of a page that may be a running head."""
_OCR = "run OCR (for example `ocrmypdf in.pdf out.pdf`) and drop the result here"
_NO_TEXT = f"no text layer, it holds pictures of pages: {_OCR}"
_UNREADABLE = f"its fonts do not say which letters they show: {_OCR.replace('ocrmypdf', 'ocrmypdf --force-ocr')}"
_MOST_PAGES = 20_000


def load_pdf(content: bytes, name: str) -> Document:
    """A `.pdf` file. What is copy-protected but can be opened is read."""
    pdf = _open(content)
    try:
        if len(pdf) > _MOST_PAGES:
            raise DocumentError(f"over {_MOST_PAGES:,} pages: split the document")
        pages = _pages(pdf)
        if not any(pages):
            raise NothingToRead(_NO_TEXT)
        _refuse_unreadable(pages)
        _refuse_unfilled(pdf, pages)
        pictures = _pictures(pdf, pages)
        marks = _bookmarks(pdf)
        given = sensible_title(pdf.get_metadata_dict().get("Title"))
    finally:
        pdf.close()
    _drop_running_heads(pages)
    read = [(number, list(_paragraphs(lines))) for number, lines in enumerate(pages, start=1)]
    join_parted([paragraph for _, paragraphs in read for paragraph in paragraphs])
    levels = _Levels(read, marks)
    builder = Builder()
    for number, paragraphs in read:
        _add_page(builder, paragraphs, number, levels)
    if not builder.blocks:  # a poster: all of it is large
        for number, paragraphs in read:
            for paragraph in paragraphs:
                builder.block(paragraph.text, page=number)
    title = given if given and " " in given else levels.title
    document = builder.document(title or name, pages=len(pages))
    if pictures:
        are = f"{len(pictures)} of its {len(pages)} pages hold pictures and no text, the first is page {pictures[0]}"
        return replace(document, notes=(f"{are}: if they show text, {_OCR}",))
    return document


def _pictures(pdf: "PdfDocument", pages: Sequence[Sequence[Line]]) -> list[int]:
    """Numbers of the pages that have no text but a picture: scans among pages of text."""
    from pypdfium2 import PdfiumError
    from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE

    found = []
    for number, lines in enumerate(pages):
        if lines:
            continue
        try:
            page = pdf[number]
            if next(iter(page.get_objects(filter=[FPDF_PAGEOBJ_IMAGE], max_depth=2)), None) is not None:
                found.append(number + 1)
            page.close()
        except PdfiumError:
            continue
    return found


def _refuse_unfilled(pdf: "PdfDocument", pages: Sequence[Sequence[Line]]) -> None:
    """A form of Adobe's own kind (XFA), whose pages only say that another program is needed."""
    from pypdfium2.raw import FORMTYPE_XFA_FULL

    if pdf.get_formtype() == FORMTYPE_XFA_FULL and sum(len(line.words) for lines in pages for line in lines) < 200:
        raise NothingToRead("a form that only Adobe's Reader shows (XFA): print it there to a new PDF")


def _open(content: bytes) -> "PdfDocument":
    from pypdfium2 import PdfDocument, PdfiumError

    try:
        return PdfDocument(content[content.find(b"%PDF-") :])
    except PdfiumError as error:
        if "password" in str(error).lower():
            raise DocumentError("needs a password: save it without one") from None
        if "security" in str(error).lower():
            raise DocumentError("encrypted in a way that cannot be opened: save it without encryption") from None
        raise DocumentError(
            "the PDF is damaged or was not copied whole: copy it again, or print it to a new PDF"
        ) from None


def _pages(pdf: "PdfDocument") -> list[list[Line]]:
    from pypdfium2 import PdfiumError

    pages: list[list[Line]] = []
    broken = 0
    for number in range(len(pdf)):
        try:
            page = pdf[number]
        except PdfiumError:
            broken += 1
            pages.append([])
            continue
        try:
            pages.append(lines_of(page_words(page)))
        except PdfiumError:
            broken += 1
            pages.append([])
        finally:
            page.close()
    if broken and not any(pages):
        raise DocumentError("none of its pages can be read: print it to a new PDF")
    return pages


def _refuse_unreadable(pages: Sequence[Sequence[Line]]) -> None:
    letters = Counter("".join(word.text for lines in pages for line in lines for word in line.words))
    total = letters.total()
    odd = sum(count for letter, count in letters.items() if letter == "\ufffd" or 0xE000 <= ord(letter) < 0xF900)
    if odd > 0.4 * total:
        raise DocumentError(_UNREADABLE)


def _drop_running_heads(pages: list[list[Line]]) -> None:
    """Lines at the edge of the page that repeat on half of all pages, page numbers aside."""
    edges = [_edges(lines) for lines in pages]
    whole = [list(lines) for lines in pages]
    counts = Counter(text for edge in edges for text in set(edge.values()))
    least = max(3, sum(1 for lines in pages if lines) / 2)
    for lines, edge in zip(pages, edges, strict=True):
        lines[:] = [line for line in lines if counts[edge.get(id(line), "")] < least]
    if not any(pages):  # a form of a few lines on every page: nothing else is there
        for lines, all_lines in zip(pages, whole, strict=True):
            lines[:] = all_lines


def _edges(lines: Sequence[Line]) -> dict[int, str]:
    """The outermost lines of a page, their digits blanked out."""
    ordered = sorted(lines, key=lambda line: line.top)
    return {id(line): re.sub(r"\d+", "#", line.text) for line in [*ordered[:_MARGIN], *ordered[-_MARGIN:]]}


def _paragraphs(lines: list[Line]) -> list[Paragraph]:
    """The page in reading order; what stands sideways on its edge comes last."""
    paragraphs = [p for column in in_columns([line for line in lines if not line.aside]) for p in paragraphs_of(column)]
    sideways = [line for line in lines if line.aside]
    if sideways:
        text = " ".join(line.text for line in sideways)
        paragraphs.append(Paragraph(text, sideways[0].height, bold=False, lines=1, aside=True))
    return paragraphs


def _bookmarks(pdf: "PdfDocument") -> dict[tuple[int, str], int]:
    """Levels by page and text of the headings that the document's own outline lists."""
    marks: dict[tuple[int, str], int] = {}
    for bookmark in pdf.get_toc(max_depth=6):
        target = bookmark.get_dest()
        page = target.get_index() if target is not None else None
        if page is not None:
            marks[page + 1, _letters(bookmark.get_title())] = bookmark.level + 1
        if len(marks) > 10_000:
            break
    return marks


def _letters(text: str) -> str:
    return re.sub(r"[\W\d_]+", "", text).casefold()


class _Levels:
    """Which paragraphs are headings: those that are bookmarked, else those that are larger or bolder than the text."""

    def __init__(self, pages: Sequence[tuple[int, Sequence[Paragraph]]], marks: dict[tuple[int, str], int]) -> None:
        everything = [(number, paragraph) for number, paragraphs in pages for paragraph in paragraphs]
        sizes: Counter[float] = Counter()
        bold = 0
        for _, paragraph in everything:
            sizes[_size(paragraph)] += len(paragraph.text)
            bold += len(paragraph.text) * paragraph.bold
        self._body = sizes.most_common(1)[0][0] if sizes else 0.0
        self._bold_counts = bold < 0.3 * sizes.total()
        self._marks = marks
        matched = {(number, _letters(p.text)) for number, p in everything} & marks.keys()
        self._by_marks = len(matched) >= 2 and 2 * len(matched) >= len(marks)
        found = [p for _, p in everything if self._is_large(p)]
        large = sorted({_size(p) for p in found}, reverse=True)
        if len(found) > 3 and 2 * len(found) > len(everything):  # a poster: only its largest line is one
            large = large[:1]
        self._sizes = {size: min(level, 5) for level, size in enumerate(large, start=1)}
        self.title = self._title([p for number, p in everything if number == 1])

    def _title(self, first_page: Sequence[Paragraph]) -> str | None:
        """The largest heading of the first page, where there is one of that size and text is below it."""
        large = [p for p in first_page if self._is_large(p)]
        top = max((_size(p) for p in large), default=0.0)
        largest = [p for p in large if _size(p) == top]
        return sensible_title(largest[0].text) if len(largest) == 1 and first_page.index(largest[0]) < 4 else None

    def _is_large(self, paragraph: Paragraph) -> bool:
        return _may_be_heading(paragraph) and _size(paragraph) >= 1.12 * self._body

    def of(self, page: int, paragraph: Paragraph) -> int | None:
        """The level of a heading, None for text."""
        if self._by_marks:
            return self._marks.get((page, _letters(paragraph.text))) if not paragraph.table else None
        if self._is_large(paragraph):
            return self._sizes.get(_size(paragraph))
        if (
            paragraph.bold
            and self._bold_counts
            and _may_be_heading(paragraph)
            and _size(paragraph) >= 0.95 * self._body
        ):
            return 6 if paragraph.lines == 1 and not paragraph.text.endswith((".", ",", ";", ":")) else None
        return None


def _size(paragraph: Paragraph) -> float:
    return round(paragraph.height * 2) / 2


def _may_be_heading(paragraph: Paragraph) -> bool:
    text = paragraph.text
    letters = sum(letter.isalpha() for letter in text)
    short = paragraph.lines <= 3 and len(text) <= 150 and letters >= 3 and 2 * letters > len(text)
    whole = not text[:1].islower() and not text.endswith((",", ";"))
    return short and whole and not (paragraph.table or paragraph.aside) and not text.startswith("- ")


def _add_page(builder: Builder, paragraphs: Sequence[Paragraph], page: int, levels: _Levels) -> None:
    items: list[str] = []
    for paragraph in paragraphs:
        if paragraph.text.startswith("- ") and not paragraph.table:
            items.append(paragraph.text)
            continue
        builder.block("\n".join(items), "list", page=page)
        items = []
        level = levels.of(page, paragraph)
        if level is not None:
            builder.heading(paragraph.text, level, page=page)
        else:
            builder.block(paragraph.text, "table" if paragraph.table else "text", page=page)
    builder.block("\n".join(items), "list", page=page)
