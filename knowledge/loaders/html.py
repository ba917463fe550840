"""HTML: the content of a page without its navigation, scripts and templates."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from knowledge.documents import Document, DocumentError, NothingToRead, plain, type_of_block
from knowledge.loaders.building import Builder, markdown_table
from knowledge.loaders.front_matter import front_matter_of, refuse_stray_audience
from knowledge.loaders.text import decode

if TYPE_CHECKING:
    from bs4 import Tag

_NOISE = {
    "script", "style", "noscript", "template", "svg", "canvas", "iframe", "object", "nav", "footer", "aside",
    "button", "select", "input", "textarea", "dialog", "title", "meta", "link", "base",
}  # fmt: skip
_NOISE_ROLES = ("navigation", "banner", "contentinfo", "search", "complementary")
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_KINDS: dict[str, type_of_block] = {
    "p": "text",
    "ul": "list",
    "ol": "list",
    "dl": "list",
    "table": "table",
    "pre": "code",
    "blockquote": "text",
}
_CELLS = ("td", "th")
_ENDS = {
    "li": ("li",),
    "dt": ("dt", "dd"),
    "dd": ("dt", "dd"),
    "td": _CELLS,
    "th": _CELLS,
    "tr": ("tr", *_CELLS),
    "body": ("head",),
    **dict.fromkeys((*_HEADINGS, *_KINDS, "div", "section", "article", "main", "header", "hr"), ("p",)),
}
"""Which open elements a start tag ends: their own end tags may be left out (HTML standard, 13.1.2.4)."""
_DEEPEST = 100
_END = re.compile(r"</(script|style)\b[^<>]{0,200}>", re.I)
"""The parser looks for the bare end tag; browsers take one with attributes as well."""
_DECLARATION = re.compile(r"\A[^\S\n]*<\?xml[^<>\n]{0,200}\?>")
_LAYOUT_WORDS = 60
"""A table with a cell of more words holds a page in its place, not data."""
_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w.:-]+)", re.I)
_INVISIBLE = re.compile(r"display\s*:\s*none", re.I)


def load_html(content: bytes, name: str) -> Document:
    """An `.html` file: headings, paragraphs, lists and tables of its main content."""
    from bs4 import BeautifulSoup

    text = _END.sub(r"</\1>", _DECLARATION.sub("", decode(content, _charset(content))))
    soup = BeautifulSoup(text, "html.parser")
    title = soup.title.get_text(" ", strip=True) if soup.title else ""
    front = front_matter_of(_meta(soup))
    refuse_stray_audience(text, front)
    builder = html_blocks(soup)
    if not builder.blocks:
        raise NothingToRead("the page has no text besides navigation and scripts")
    heading = builder.blocks[0].headings[0] if builder.blocks[0].headings else ""
    return builder.document(heading or title or name, front)


def _charset(content: bytes) -> str | None:
    named = _CHARSET.search(content[:4096])
    return named[1].decode("ascii") if named else None


def _meta(soup: "Tag") -> dict[str, str]:
    """The named `<meta>` tags; of two with the same name both count."""
    fields: dict[str, str] = {}
    for tag in soup.find_all("meta", attrs={"name": True}):
        name, value = str(tag["name"]).strip().lower(), str(tag.get("content") or "")
        fields[name] = f"{fields[name]}, {value}" if name in ("audience", "keywords") and name in fields else value
    return fields


def read_html(text: str, builder: Builder, line_above: int) -> None:
    """Add a piece of HTML inside another document, which begins below line `line_above`."""
    from bs4 import BeautifulSoup

    html_blocks(BeautifulSoup(text, "html.parser"), builder, line_above)


def html_blocks(soup: "Tag", builder: Builder | None = None, line_above: int = 0) -> Builder:
    """The blocks and headings of a parsed page or fragment, in reading order, with their source lines."""
    builder = builder or Builder()
    for tag in [tag for tag in _tags(soup) if _is_noise(tag)]:
        if not tag.decomposed:
            tag.decompose()
    for image in soup.find_all("img"):
        image.replace_with(str(image.get("alt") or ""))
    _close_elements(soup)
    _refuse_depth(soup)
    root = soup.find("main") or soup.find(None, attrs={"role": "main"}) or soup.find("article") or soup
    for name, text, line in _walk(root):
        line = line_above + line if line is not None else None
        if level := _HEADINGS.get(name):
            builder.heading(plain(text.strip().lstrip("# ")), level, line)
        else:
            builder.block(text.strip(), _KINDS.get(name, "text"), line)
    return builder


def _tags(soup: "Tag") -> Iterator["Tag"]:
    """All elements. A search by the library for one of many names takes several times as long."""
    from bs4 import Tag

    return (tag for tag in soup.descendants if isinstance(tag, Tag))


def _is_noise(tag: "Tag") -> bool:
    if tag.name in _NOISE or not tag.attrs:
        return tag.name in _NOISE
    hidden = tag.get("hidden") is not None or _INVISIBLE.search(str(tag.get("style") or "")) is not None
    return hidden or tag.get("role") in _NOISE_ROLES


def _close_elements(soup: "Tag") -> None:
    """Move elements out of those that they end: the parser nests `<p>one<p>two`, a browser does not."""
    for tag in [tag for tag in _tags(soup) if tag.name in _ENDS]:
        while tag.parent is not None and tag.parent.name in _ENDS[tag.name]:
            tag.parent.insert_after(*[tag, *tag.next_siblings])


def _refuse_depth(soup: "Tag") -> None:
    """Such a page is broken or hostile, and every reader of trees recurses."""
    level = list(soup.find_all(recursive=False))
    for _ in range(_DEEPEST):
        level = [child for tag in level for child in tag.find_all(recursive=False)]
    if level:
        raise DocumentError(f"line {level[0].sourceline}: elements nested over {_DEEPEST} deep: are end tags missing?")


def _walk(tag: "Tag") -> Iterator[tuple[str, str, int | None]]:
    """Name, Markdown and line of block elements; text between them counts as paragraphs.

    The parser knows no line of a text, so that of the element before it is taken.
    """
    from bs4 import Tag
    from bs4.element import CData, NavigableString, PreformattedString

    loose: list[str] = []
    line = tag.sourceline
    for child in tag.children:
        if isinstance(child, Tag) and (child.name in _HEADINGS or child.name in _KINDS or _holds_blocks(child)):
            if text := " ".join("".join(loose).split()):
                yield "", text, line
            loose, line = [], child.sourceline
            if child.name == "table" and not _is_layout(child):
                yield child.name, _table(child), child.sourceline
            elif child.name in _HEADINGS or (child.name in _KINDS and child.name != "table"):
                yield child.name, _markdown(child), child.sourceline
            else:
                yield from _walk(child)
        elif isinstance(child, Tag) and (child.name == "hr" or (child.name == "br" and loose[-1:] == ["\n"])):
            yield "", " ".join("".join(loose).split()), line
            loose, line = [], child.sourceline
        elif isinstance(child, Tag):
            loose.append("\n" if child.name == "br" else _markdown(child))
        elif isinstance(child, NavigableString) and (
            isinstance(child, CData) or not isinstance(child, PreformattedString)
        ):
            loose += [str(child)] if child.strip() or loose[-1:] != ["\n"] else []
    if text := " ".join("".join(loose).split()):
        yield "", text, line


def _holds_blocks(tag: "Tag") -> bool:
    inside = ("div", "section", "main", "article", "li", "td", "th", "tr", "tbody")
    return tag.find([*_HEADINGS, *_KINDS]) is not None or tag.name in inside or tag.find("br") is not None


def _is_layout(table: "Tag") -> bool:
    """Whether a table only puts parts of a page in their places."""
    if table.get("role") == "presentation" or table.find(["table", *_HEADINGS]) is not None:
        return True
    return any(len(cell.get_text(" ").split()) > _LAYOUT_WORDS for cell in table.find_all(_CELLS))


def _table(table: "Tag") -> str:
    """The rows of a data table; a cell that spans rows stands in each, one that spans columns in the first."""
    for rule in table.find_all("hr"):
        rule.decompose()
    caption = table.caption.get_text(" ", strip=True) if table.caption else ""
    rows: list[list[str]] = []
    below: dict[int, tuple[int, str]] = {}  # by column: rows that a cell still covers, and its text
    for row in table.find_all("tr"):
        cells: list[str] = []
        for cell in row.find_all(_CELLS, recursive=False):
            _repeat(cells, below)
            cell.name = "span"  # its content alone is wanted
            plain_cell = cell.find(True) is None  # most are: a tenth of the time
            text = " ".join((cell.get_text() if plain_cell else _markdown(cell)).split())
            if (rowspan := _span(cell, "rowspan")) > 1:
                below[len(cells)] = (rowspan - 1, text)
            cells += [text] + [""] * (_span(cell, "colspan") - 1)
        _repeat(cells, below)
        rows.append(cells)
    text = markdown_table(rows)
    return f"{caption}\n\n{text}" if caption and text else text


def _repeat(cells: list[str], below: dict[int, tuple[int, str]]) -> None:
    while len(cells) in below:
        left, text = below.pop(len(cells))
        if left > 1:
            below[len(cells)] = (left - 1, text)
        cells.append(text)


def _span(cell: "Tag", name: str) -> int:
    value = str(cell.get(name) or "1").strip()
    return min(max(int(value), 1), 100) if value.isdecimal() else 1


def _markdown(tag: "Tag") -> str:
    from markdownify import MarkdownConverter

    converter = MarkdownConverter(
        heading_style="ATX", bullets="-", escape_asterisks=False, escape_underscores=False, escape_misc=False
    )
    return str(converter.convert_soup(tag))
