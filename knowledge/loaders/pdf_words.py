"""The words of a PDF page with their places, turned upright."""

import ctypes
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pypdfium2 import PdfPage

HYPHEN = "\u00ad"
"""Stands where a word was parted at the end of a line."""
_PARTED = (0x02, 0xFFFE, 0xAD)
_BREAKS = (0x0A, 0x0D)
_BOLD = re.compile(rb"bold|black|heavy|medi|cmbx", re.I)
_NEAR = 0.1
"""Share of the height: a space that pdfium made up over a smaller gap is none (letters drawn twice, kerning)."""
_MOST_LINKS = 2000


@dataclass(slots=True)
class Word:
    """A word; coordinates in points, `y` upwards, after the page was turned so that its text is upright."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    bold: bool = False
    quarters: int = 0
    """Quarter turns from upright: 1 runs down the page, 3 up."""
    link: str | None = None

    @property
    def height(self) -> float:
        """From the font's descent to its ascent: grows with the font size."""
        return self.top - self.bottom


_Box = tuple[float, float, float, float]


def page_words(page: "PdfPage") -> list[Word]:
    """The words in the order in which the page draws them."""
    textpage = page.get_textpage()
    try:
        words = [word for word in _words(textpage.raw, textpage.count_chars()) if word.height > 0.5]
    finally:
        textpage.close()
    links = list(_links(page))
    for word in words if links else ():
        x, y = (word.left + word.right) / 2, (word.bottom + word.top) / 2
        inside = (uri for (left, bottom, right, top), uri in links if left <= x <= right and bottom <= y <= top)
        word.link = next(inside, None)
    turns = Counter(word.quarters for word in words)
    quarters = turns.most_common(1)[0][0] if turns else 0
    return [_turned(word, quarters) for word in words] if quarters else words


def _words(textpage: Any, count: int) -> Iterator[Word]:
    import pypdfium2.raw as pdfium

    unicode_of, is_generated = pdfium.FPDFText_GetUnicode, pdfium.FPDFText_IsGenerated
    letters: list[str] = []
    first = 0
    glued = False
    last: Word | None = None
    for index in range(count + 1):
        code = unicode_of(textpage, index) if index < count else 0x0A
        char = chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
        parted = code in _PARTED
        if not (parted or char.isspace() or code < 0x20):
            if not letters:
                first = index
            letters.append(char)
            continue
        if letters:
            word = _word(textpage, "".join(letters) + HYPHEN * parted, first, index - 1)
            letters = []
            if last is not None and glued and _touch(last, word):
                last = Word(
                    last.text + word.text, last.left, last.bottom, word.right, last.top, last.bold, last.quarters
                )
            else:
                if last is not None:
                    yield last
                last = word
            glued = True
        glued = glued and code not in _BREAKS and bool(is_generated(textpage, index))
    if last is not None:
        yield last


def _touch(last: Word, word: Word) -> bool:
    return last.bottom < word.top and word.bottom < last.top and -1 < word.left - last.right < _NEAR * last.height


def _word(textpage: Any, text: str, first: int, last: int) -> Word:
    import pypdfium2.raw as pdfium

    one, other = _box(textpage, first), _box(textpage, last)
    bold = pdfium.FPDFText_GetFontWeight(textpage, first) >= 600 or _is_bold(textpage, first)
    quarters = round(max(pdfium.FPDFText_GetCharAngle(textpage, first), 0) / (math.pi / 2)) % 4
    return Word(
        text, min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3]), bold, quarters
    )


def _box(textpage: Any, index: int) -> _Box:
    import pypdfium2.raw as pdfium

    box = pdfium.FS_RECTF()
    if not pdfium.FPDFText_GetLooseCharBox(textpage, index, box):
        return (0, 0, 0, 0)
    return (min(box.left, box.right), min(box.bottom, box.top), max(box.left, box.right), max(box.bottom, box.top))


def _is_bold(textpage: Any, index: int) -> bool:
    import pypdfium2.raw as pdfium

    name = ctypes.create_string_buffer(100)
    flags = ctypes.c_int()
    pdfium.FPDFText_GetFontInfo(textpage, index, name, 100, flags)
    return _BOLD.search(name.value) is not None


def _turned(word: Word, quarters: int) -> Word:
    """A word of a page that has to be turned by so many quarters to be read."""
    if quarters == 3:
        box = (word.bottom, -word.right, word.top, -word.left)
    elif quarters == 1:
        box = (-word.top, word.left, -word.bottom, word.right)
    else:
        box = (-word.right, -word.top, -word.left, -word.bottom)
    return Word(word.text, *box, word.bold, (word.quarters - quarters) % 4, word.link)


def _links(page: "PdfPage") -> Iterator[tuple[_Box, str]]:
    """Rectangles that lead to an address on the web."""
    import pypdfium2.raw as pdfium

    position, link, rectangle = ctypes.c_int(0), pdfium.FPDF_LINK(), pdfium.FS_RECTF()
    for _ in range(_MOST_LINKS):
        if not pdfium.FPDFLink_Enumerate(page.raw, position, link):
            return
        action = pdfium.FPDFLink_GetAction(link)
        if not action or not pdfium.FPDFLink_GetAnnotRect(link, rectangle):
            continue
        address = ctypes.create_string_buffer(2000)
        pdfium.FPDFAction_GetURIPath(page.pdf.raw, action, address, 2000)
        uri = address.value.decode("utf-8", "replace")
        if uri.startswith(("http://", "https://", "mailto:")) and " " not in uri:
            yield (rectangle.left, rectangle.bottom, rectangle.right, rectangle.top), uri
