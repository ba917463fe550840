"""HTML: the content of a page without its navigation, scripts and templates."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from knowledge.documents import Block, Document, NothingToRead, type_of_block
from knowledge.loaders.text import decode

if TYPE_CHECKING:
    from bs4 import Tag

_NOISE = [
    "script", "style", "noscript", "template", "svg", "canvas", "iframe", "object", "nav", "footer", "aside", "form",
    "button", "select", "input", "dialog", "head",
]  # fmt: skip
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


def load_html(content: bytes, name: str) -> Document:
    """An `.html` file: headings, paragraphs, lists and tables of its main content."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(decode(content), "html.parser")
    title = soup.title.get_text(" ", strip=True) if soup.title else ""
    blocks = tuple(html_blocks(soup))
    if not blocks:
        raise NothingToRead("the page has no text besides navigation and scripts")
    heading = blocks[0].headings[0] if blocks[0].headings else ""
    title = heading or title or name
    return Document(title, tuple(_without_title(block, title) for block in blocks))


def _without_title(block: Block, title: str) -> Block:
    if block.headings[:1] != (title,):
        return block
    return Block(block.text, block.headings[1:], block.kind, block.line)


def markdown_of_html(text: str) -> str:
    """A piece of HTML inside Markdown, as Markdown."""
    from bs4 import BeautifulSoup

    return "\n\n".join(block.text for block in html_blocks(BeautifulSoup(text, "html.parser")))


def html_blocks(soup: "Tag") -> Iterator[Block]:
    """The blocks of a parsed page or fragment, in reading order, with their source lines."""
    for tag in soup.find_all(_NOISE):
        tag.decompose()
    for tag in soup.find_all(None, attrs={"role": list(_NOISE_ROLES)}):
        tag.decompose()
    for tag in soup.find_all(None, attrs={"hidden": True}):
        tag.decompose()
    root = soup.find("main") or soup.find(None, attrs={"role": "main"}) or soup.find("article") or soup
    path: list[tuple[int, str]] = []
    for tag, text in _walk(root):
        text = text.strip()
        if not text:
            continue
        if level := _HEADINGS.get(tag.name):
            path = [entry for entry in path if entry[0] < level] + [(level, " ".join(text.lstrip("# ").split()))]
        else:
            kind = _KINDS.get(tag.name, "text")
            yield Block(text, tuple(heading for _, heading in path), kind, tag.sourceline)


def _walk(tag: "Tag") -> Iterator[tuple["Tag", str]]:
    """Block elements with their Markdown; text between them counts as paragraphs."""
    from bs4 import Tag
    from bs4.element import Comment, Doctype, NavigableString

    loose: list[str] = []
    for child in tag.children:
        if isinstance(child, Tag) and (child.name in _HEADINGS or child.name in _KINDS or _holds_blocks(child)):
            if text := " ".join("".join(loose).split()):
                yield tag, text
            loose = []
            if child.name in _HEADINGS or child.name in _KINDS:
                yield child, _markdown(child)
            else:
                yield from _walk(child)
        elif isinstance(child, Tag):
            loose.append(_markdown(child))
        elif isinstance(child, NavigableString) and not isinstance(child, Comment | Doctype):
            loose.append(str(child))
    if text := " ".join("".join(loose).split()):
        yield tag, text


def _holds_blocks(tag: "Tag") -> bool:
    return tag.find([*_HEADINGS, *_KINDS]) is not None or tag.name in ("div", "section", "main", "article", "li")


def _markdown(tag: "Tag") -> str:
    from markdownify import MarkdownConverter

    converter = MarkdownConverter(
        heading_style="ATX", bullets="-", escape_asterisks=False, escape_underscores=False, escape_misc=False
    )
    return str(converter.convert_soup(tag))
