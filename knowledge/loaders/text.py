"""Plain text: bytes to characters, paragraphs to blocks."""

import codecs
import re

from knowledge.documents import Block, Document, DocumentError, NothingToRead

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\ufeff]")


def decode(content: bytes) -> str:
    r"""Text of unknown encoding, with `\n` line ends and without control characters.

    A byte-order mark decides; then UTF-8; then the best guess of charset-normalizer.
    Raises DocumentError for bytes that are not text.
    """
    return _CONTROL.sub("", _decode(content).replace("\r\n", "\n").replace("\r", "\n"))


def _decode(content: bytes) -> str:
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            try:
                return content.decode(encoding)
            except UnicodeDecodeError as error:
                raise DocumentError(f"marked as {encoding}, but broken at byte {error.start}") from None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = _guess(content)
    if "\x00" in text[:8192]:
        raise DocumentError("binary data, not text: give the file the extension of its real type")
    return text


def _guess(content: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(content).best()
    if best is None:
        raise DocumentError("neither UTF-8 nor any other text encoding: save it as UTF-8")
    return str(best)


def load_text(content: bytes, name: str) -> Document:
    """A `.txt` file: its paragraphs, titled by its first line where that looks like a title."""
    lines = decode(content).split("\n")
    blocks: list[Block] = []
    start: int | None = None
    for number, line in enumerate([*lines, ""], start=1):
        if line.strip():
            start = start or number
        elif start is not None:
            blocks.append(Block("\n".join(lines[start - 1 : number - 1]).rstrip(), line=start))
            start = None
    if not blocks:
        raise NothingToRead("the file has no text")
    first = blocks[0].text
    titled = len(blocks) > 1 and "\n" not in first and len(first) <= 90 and not first.endswith((".", ":", ";"))
    if titled:
        return Document(first.strip(), tuple(blocks[1:]))
    return Document(name, tuple(blocks))
