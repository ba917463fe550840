"""Word documents (OOXML): paragraphs by their styles, numbered as Word numbers them, tables, notes, text boxes.

Read from the XML itself rather than by way of HTML: this keeps pages, text boxes, content controls
and equations, and takes a tenth of the time.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from knowledge.documents import Document, DocumentError
from knowledge.loaders.building import Builder, markdown_table, tidy
from knowledge.loaders.package import Package

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_APP = "{http://schemas.openxmlformats.org/officeDocument/2006/extended-properties}"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_DROPPED = {f"{_W}{name}" for name in ("del", "moveFrom", "pPr", "rPr", "instrText", "sdtPr", "delText")} | {_FALLBACK}
_STEPS = {f"{_W}tab": "\t", f"{_W}ptab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
_HEADING = re.compile(r"heading (\d)|(title)$|(toc) ", re.I)
_CONTENTS = -1
"""The "level" of an entry of the table of contents, which is left out."""
_NOTES = (("footnote", "word/footnotes.xml"), ("endnote", "word/endnotes.xml"))
_DEEPEST = 40
_MOST_INSERTED = 3


def load_docx(content: bytes, name: str) -> Document:
    """A `.docx` file. Deleted and hidden text, comments, headers and footers are left out."""
    return _Reader(Package(content)).document(name)


class _Reader:
    def __init__(self, package: Package, depth: int = 0) -> None:
        self._package = package
        self._depth = depth
        self._missing: list[str] = []
        self._part = next((part for part in package.sizes if re.fullmatch(r"word/document\d*\.xml", part)), "")
        if not self._part:
            raise DocumentError("no Word document: give the file the extension of its real type")
        self._links = package.targets(self._part)
        self._styles = dict(_styles(package.optional_xml("word/styles.xml")))
        self._lists = _lists(package.optional_xml("word/numbering.xml"))
        self._builder = Builder()
        self._page = self._first_page()
        self._starts: int | None = None
        self._items: list[str] = []
        self._notes: list[tuple[str, str]] = []
        self._title: str | None = None
        self._styled = False

    def document(self, name: str) -> Document:
        root = self._package.xml(self._part)
        self._styled = any((self._level(paragraph) or 0) > 0 for paragraph in root.iter(f"{_W}p"))
        body = root.find(f"{_W}body")
        self._read(body if body is not None else root, 0)
        self._end_list()
        self._read_notes()
        front = self._package.properties()
        title = self._title or front.title or self._builder.only_first_heading() or name
        if self._missing and not self._builder.blocks:
            raise DocumentError(f"{self._missing[0]}: save the document anew in Word")
        document = self._builder.document(title, front, self._page)
        return replace(document, notes=tuple(f"{what}: save the document anew in Word" for what in self._missing[:3]))

    def _first_page(self) -> int | None:
        """1 where Word noted every page break in the text, else None: no page is better than a wrong one."""
        app = self._package.optional_xml("docProps/app.xml")
        said = (app.findtext(f"{_APP}Pages") or "") if app is not None else ""
        noted = self._package.read(self._part).count(b"<w:lastRenderedPageBreak") + 1
        return 1 if said.isdigit() and abs(int(said) - noted) <= noted // 10 else None

    def _read(self, parent: "Element", depth: int) -> None:
        """Block elements below a body, cell, text box or content control."""
        if depth > _DEEPEST:
            raise DocumentError(f"text nested over {_DEEPEST} deep: save the document anew")
        for child in parent:
            if child.tag == f"{_W}p":
                self._paragraph(child, depth)
            elif child.tag == f"{_W}tbl":
                self._end_list()
                page = self._page
                self._builder.block(markdown_table(self._rows(child, depth)), "table", page=page)
            elif child.tag == f"{_W}altChunk":
                self._end_list()
                self._insert(self._links.get(child.get(f"{_R}id") or "", ""))
            elif child.tag not in _DROPPED and isinstance(child.tag, str):
                self._read(child, depth + 1)

    def _insert(self, part: str) -> None:
        """The text of a file of another type that the document embeds in its place; its headings become lines."""
        from knowledge.loaders import load

        try:
            if self._depth >= _MOST_INSERTED:
                raise DocumentError("embedded in each other without end")
            content = self._package.read(part)
            is_word = part.endswith(".docx") or content.startswith(b"PK")
            inner = _Reader(Package(content), self._depth + 1).document(part) if is_word else load(content, part)
        except DocumentError as error:
            self._missing.append(f"a part that is embedded in it is left out ({part or 'missing'}: {error})")
            return
        if inner.outline and inner.outline[0].text.casefold() == inner.title.casefold():
            self._builder.block(inner.title, page=self._page)
        shown: tuple[str, ...] = ()
        for block in inner.blocks:
            if block.headings and block.headings != shown:
                self._builder.block(block.headings[-1], page=self._page)
            shown = block.headings
            self._builder.block(block.text, block.kind, page=self._page)

    def _paragraph(self, paragraph: "Element", depth: int) -> None:
        self._starts = None
        text = tidy(self._text(paragraph))
        page = self._starts or self._page
        level = self._level(paragraph)
        item = self._item(paragraph)
        if level == _CONTENTS:
            return
        if level is None and item is None and not self._styled and _looks_like_heading(paragraph, text):
            level = 2
        if level is not None and text and len(text) <= 200:
            self._end_list()
            if level == 0 and self._title is None and not self._builder.blocks:
                self._title = " ".join(text.split())
            else:
                self._builder.heading(text, max(level, 1), page=page)
        elif item is not None and text:
            self._items.append(item + text.replace("\n", " "))
        else:
            self._end_list()
            self._builder.block(text, page=page)
        for box in _boxes(paragraph):
            self._end_list()
            self._read(box, depth + 1)

    def _end_list(self) -> None:
        self._builder.block("\n".join(self._items), "list", page=self._page)
        self._items = []

    def _text(self, element: "Element") -> str:
        """The text of a paragraph, with its links; text boxes in it are blocks of their own."""
        parts: list[str] = []
        for child in element:
            tag = child.tag
            if tag == f"{_W}t" or tag == f"{_M}t":
                parts.append(child.text or "")
                self._starts = self._starts or self._page
            elif tag == f"{_W}lastRenderedPageBreak":
                self._page = self._page + 1 if self._page else None
            elif tag in _STEPS:
                parts.append(_STEPS[tag])
            elif tag == f"{_W}hyperlink":
                parts.append(self._link(child))
            elif tag in (f"{_W}footnoteReference", f"{_W}endnoteReference"):
                parts.append(self._note(child))
            elif tag == f"{_M}f":
                parts.append(
                    "/".join(f"({self._text(side)})" for side in child if side.tag in (f"{_M}num", f"{_M}den"))
                )
            elif tag in (f"{_M}sup", f"{_M}sub"):
                parts.append(("^" if tag.endswith("sup") else "_") + self._text(child))
            elif tag == f"{_W}r" and _is_hidden(child):
                continue
            elif isinstance(tag, str) and tag not in _DROPPED and not tag.endswith(("}txbxContent", "}txbx")):
                parts.append(self._text(child))
        return "".join(parts)

    def _link(self, link: "Element") -> str:
        text = self._text(link)
        target = self._links.get(link.get(f"{_R}id") or "", "")
        if not text.strip() or not target.startswith(("http://", "https://", "mailto:")) or text.strip() in target:
            return text
        return f"[{text}]({target.replace(' ', '%20')})"

    def _note(self, reference: "Element") -> str:
        kind = reference.tag.removeprefix(_W).removesuffix("Reference")
        self._notes.append((kind, reference.get(f"{_W}id") or ""))
        return f"[{len(self._notes)}]"

    def _read_notes(self) -> None:
        """Foot- and endnotes that the text refers to, numbered as there."""
        texts: dict[tuple[str, str], str] = {}
        for kind, part in _NOTES:
            root = self._package.optional_xml(part) if self._notes else None
            for note in root if root is not None else ():
                paragraphs = (tidy(self._text(p)) for p in note.iter(f"{_W}p"))
                texts[kind, note.get(f"{_W}id") or ""] = " ".join(text for text in paragraphs if text)
        noted = [(number, texts.get(note)) for number, note in enumerate(list(self._notes), 1)]
        if any(text for _, text in noted):
            self._builder.heading("Notes", 1, page=self._page)
            self._builder.block("\n".join(f"[{number}] {text}" for number, text in noted if text), page=self._page)

    def _rows(self, table: "Element", depth: int) -> Iterator[list[str]]:
        """Cells as text; one that spans columns stands in the first, one that spans rows in each of them."""
        above: dict[int, str] = {}
        for row in _children(table, "tr"):
            if row.find(f"{_W}trPr/{_W}del") is not None:
                continue
            cells: list[str] = []
            for cell in _children(row, "tc"):
                properties = cell.find(f"{_W}tcPr")
                span = properties.find(f"{_W}gridSpan") if properties is not None else None
                merged = properties.find(f"{_W}vMerge") if properties is not None else None
                text = self._cell(cell, depth)
                if merged is not None and merged.get(f"{_W}val") != "restart":
                    text = above.get(len(cells), "")
                above[len(cells)] = text if merged is not None else ""
                cells.append(text)
                cells += [""] * (min(int(span.get(f"{_W}val") or 1), 200) - 1 if span is not None else 0)
            yield cells

    def _cell(self, cell: "Element", depth: int) -> str:
        """Everything in a cell on one line; the rows of a table inside it with semicolons between."""
        if depth > _DEEPEST:
            raise DocumentError(f"tables nested over {_DEEPEST} deep: save the document anew")
        parts: list[str] = []
        for child in cell.iter(f"{_W}p", f"{_W}tbl"):
            if child.tag == f"{_W}p" and _holder(child, cell):
                parts.append(tidy(self._text(child)))
            elif child.tag == f"{_W}tbl" and _holder(child, cell):
                rows = (", ".join(text for text in row if text) for row in self._rows(child, depth + 1))
                parts.append("; ".join(row for row in rows if row))
        return " ".join(part for part in parts if part)

    def _level(self, paragraph: "Element") -> int | None:
        """1 to 9 for a heading, 0 for the document's title, None for text."""
        properties = paragraph.find(f"{_W}pPr")
        if properties is None:
            return None
        outline, style = properties.find(f"{_W}outlineLvl"), properties.find(f"{_W}pStyle")
        if outline is not None and (value := outline.get(f"{_W}val") or "").isdigit():
            return int(value) + 1 if int(value) < 9 else None
        return self._styles.get(style.get(f"{_W}val") or "") if style is not None else None

    def _item(self, paragraph: "Element") -> str | None:
        """What stands before a list item, None where the paragraph is none."""
        number = paragraph.find(f"{_W}pPr/{_W}numPr")
        style = paragraph.find(f"{_W}pPr/{_W}pStyle")
        if number is None:
            named = (style.get(f"{_W}val") or "").lower() if style is not None else ""
            return "- " if named.startswith("list") and "paragraph" not in named else None
        name, depth = number.find(f"{_W}numId"), number.find(f"{_W}ilvl")
        level = (depth.get(f"{_W}val") if depth is not None else None) or "0"
        key = (name.get(f"{_W}val") or "") if name is not None else ""
        if key in ("", "0"):
            return None
        indent = "  " * min(int(level) if level.isdigit() else 0, 8)
        return indent + ("- " if self._lists.get((key, level), "bullet") == "bullet" else "1. ")


def _is_hidden(run: "Element") -> bool:
    """Whether Word does not show these letters (Font > Hidden)."""
    hidden = run.find(f"{_W}rPr/{_W}vanish")
    return hidden is not None and hidden.get(f"{_W}val") not in ("0", "false", "off")


def _looks_like_heading(paragraph: "Element", text: str) -> bool:
    """A short line all in bold: how headings are made by those who know no styles."""
    if not 3 <= len(text) <= 80 or "\n" in text or text.endswith((".", ",", ";", ":")):
        return False
    runs = [run for run in paragraph.iter(f"{_W}r") if any((t.text or "").strip() for t in run.iter(f"{_W}t"))]
    bolds = [run.find(f"{_W}rPr/{_W}b") for run in runs]
    return all(bold is not None and bold.get(f"{_W}val") not in ("0", "false") for bold in bolds)


def _children(parent: "Element", name: str) -> Iterator["Element"]:
    """Rows of a table or cells of a row, also those inside content controls."""
    for child in parent:
        if child.tag == f"{_W}{name}":
            yield child
        elif child.tag in (f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}customXml"):
            yield from _children(child, name)


def _holder(element: "Element", cell: "Element") -> bool:
    """Whether nothing but content controls stands between an element and its cell."""
    parent = element.getparent()
    while parent is not None and parent is not cell:
        if parent.tag in (f"{_W}tc", f"{_W}p"):
            return False
        parent = parent.getparent()
    return True


def _boxes(paragraph: "Element") -> Iterator["Element"]:
    """Text boxes of a paragraph; of the two versions that Word saves, the first."""
    for box in paragraph.iter(f"{_W}txbxContent"):
        parents = []
        for parent in box.iterancestors():
            if parent is paragraph:
                break
            parents.append(parent.tag)
        if _FALLBACK not in parents and f"{_W}txbxContent" not in parents:
            yield box


def _styles(root: "Element | None") -> Iterator[tuple[str, int]]:
    """Levels of heading styles, those that are based on one included. Their names are English in every Word."""
    found: dict[str, tuple[int | None, str]] = {}
    for style in root.iter(f"{_W}style") if root is not None else ():
        named, outline = style.find(f"{_W}name"), style.find(f"{_W}pPr/{_W}outlineLvl")
        match = _HEADING.match((named.get(f"{_W}val") or "") if named is not None else "")
        level = None
        if match:
            level = int(match[1]) if match[1] else 0 if match[2] else _CONTENTS
        elif outline is not None and (value := outline.get(f"{_W}val") or "").isdigit() and int(value) < 9:
            level = int(value) + 1
        based = style.find(f"{_W}basedOn")
        found[style.get(f"{_W}styleId") or ""] = (level, (based.get(f"{_W}val") or "") if based is not None else "")
    for name in found:
        current, steps = name, 0
        while current in found and found[current][0] is None and steps < 10:
            current, steps = found[current][1], steps + 1
        if (level := found.get(current, (None, ""))[0]) is not None:
            yield name, level


def _lists(root: "Element | None") -> dict[tuple[str, str], str]:
    """The number format by list and depth: `bullet`, `decimal` and so on."""
    if root is None:
        return {}
    formats: dict[tuple[str, str], str] = {}
    for abstract in root.iter(f"{_W}abstractNum"):
        for level in abstract.iter(f"{_W}lvl"):
            form = level.find(f"{_W}numFmt")
            key = (abstract.get(f"{_W}abstractNumId") or "", level.get(f"{_W}ilvl") or "0")
            formats[key] = (form.get(f"{_W}val") or "bullet") if form is not None else "bullet"
    result: dict[tuple[str, str], str] = {}
    for number in root.iter(f"{_W}num"):
        link = number.find(f"{_W}abstractNumId")
        for depth in range(9):
            key = ((link.get(f"{_W}val") or "") if link is not None else "", str(depth))
            result[number.get(f"{_W}numId") or "", str(depth)] = formats.get(key, "bullet")
    return result
