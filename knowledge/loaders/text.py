"""Plain text: bytes to characters, paragraphs to blocks."""

import codecs
import re

from knowledge.documents import Document, DocumentError, NothingToRead
from knowledge.loaders.building import Builder
from knowledge.loaders.front_matter import front_matter_of, read_front_matter, refuse_stray_audience

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BINARY = re.compile(rb"[\x01-\x06\x0e-\x1a]")
"""Control characters that no text has; ESC is left out, since terminals write it."""
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\u200b\ufeff]")
_TWICE = re.compile(r"[\xc2-\xf4][\x80-\xbf]*[\x80-\x9f][\x80-\xbf]*")
_JAPANESE = re.compile(rb"\x1b\$[B@]")
_FEW_ZEROS = 3
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_BREAK = re.compile(r"[\x0b\x0c\x85\u2028\u2029]")
"""Ends of lines and pages which no editor counts as lines."""


def decode(content: bytes, declared: str | None = None) -> str:
    r"""Text of unknown encoding, with `\n` line ends and without control characters.

    A byte-order mark decides; then UTF-8, a few broken bytes in it aside; then the encoding that the file says it
    has; then the best guess of charset-normalizer. Zero bytes are left out where the rest is clearly text; `faults`
    tells of all that was mended. Raises DocumentError for bytes that are not text.
    """
    text = _decode(content, declared).replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", _BREAK.sub(" ", _TWICE.sub(_once, text)))


def _once(twice: re.Match[str]) -> str:
    """UTF-8 that a program once took for Latin-1 and saved as UTF-8 again."""
    try:
        return twice[0].encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return twice[0]


def _decode(content: bytes, declared: str | None) -> str:
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            try:
                return content.decode(encoding)
            except UnicodeDecodeError as error:
                name = encoding.removesuffix("-sig").upper()
                raise DocumentError(
                    f"marked as {name}, but broken at byte {error.start}: copy it again, or save it anew as UTF-8"
                ) from None
    if b"\x00" in content:
        if wide := _unmarked_utf16(content):
            return wide
        content = _without_zeros(content)
    if switched := _seven_bit(content):
        return switched
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return _mended(content) or _declared(content, declared) or _guess(content)


def _seven_bit(content: bytes) -> str | None:
    """Japanese as e-mail has it, in the letters of ASCII: escape sequences say which set they belong to."""
    if not _JAPANESE.search(content):
        return None
    try:
        return content.decode("iso2022_jp_2")
    except UnicodeDecodeError:
        return None


def _without_zeros(content: bytes) -> bytes:
    """Text without the zero bytes that a failing disk or program left in it."""
    text = content.rstrip(b"\x00")  # a file that was to grow, or that a crash cut off
    if b"\n" not in text:  # the name of a format, as databases begin with
        text = content
    zeros = text.count(0)
    few = zeros <= max(_FEW_ZEROS, len(text) // 100) and zeros * 10 <= len(text)
    if not text or not few or _BINARY.search(text[:8192]):
        raise DocumentError(
            "binary data, not text: give the file the extension of its real type, or save it as text in UTF-8"
        )
    return text.replace(b"\x00", b"")


def _mended(content: bytes) -> str | None:
    """UTF-8 with a few bytes that are none, which are then Windows' western letters; None for other encodings.

    Text of another encoding holds hardly any letter in valid UTF-8, this one far more of them than broken bytes.
    """
    put_in: list[str] = []

    def western(error: UnicodeError) -> tuple[str, int]:
        assert isinstance(error, UnicodeDecodeError)
        cut_off = error.reason == "unexpected end of data"
        put_in.append("" if cut_off else error.object[error.start : error.end].decode("cp1252", "replace"))
        return put_in[-1], error.end

    codecs.register_error("deskhand-western", western)
    text = content.decode("utf-8", "deskhand-western")
    letters = len(_BEYOND_ASCII.findall(text)) - len("".join(put_in))
    return text if letters >= 4 * len("".join(put_in)) and letters > 0 else None


def faults(content: bytes) -> tuple[str, ...]:
    """What `decode` mended in bytes that it could read, for the person who can mend the file."""
    if content.startswith(tuple(mark for mark, _ in _BOMS)) or _unmarked_utf16(content):
        return ()
    found = []
    if zeros := content.count(0):
        line = content.count(b"\n", 0, content.index(0)) + 1
        found.append(f"{zeros} zero byte{'s' * (zeros > 1)} left out, the first in line {line}: is the file damaged?")
    content = content.replace(b"\x00", b"")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        if _mended(content) is not None:
            line = content.count(b"\n", 0, error.start) + 1
            found.append(f"bytes that are no UTF-8, the first in line {line}: check its letters, and save it as UTF-8")
    return tuple(found)


def _unmarked_utf16(content: bytes) -> str | None:
    """UTF-16 without a mark: every second byte of western text is a null, and hardly any of the others."""
    even, odd = content[:8192:2].count(0), content[1:8192:2].count(0)
    for encoding, nulls, others in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if len(content) % 2 == 0 and nulls * 2 > 0.6 * len(content[:8192]) and others * 20 < nulls:
            try:
                return content.decode(encoding)
            except UnicodeDecodeError:
                return None
    return None


def _declared(content: bytes, encoding: str | None) -> str | None:
    try:
        return content.decode(encoding.lower().removesuffix("-i")) if encoding else None  # iso-8859-8-i: as it is read
    except (UnicodeDecodeError, LookupError, ValueError):  # it lies, or there is no such encoding
        return None


def _guess(content: bytes) -> str:
    """The most likely text; of the Windows code pages, which differ in a few letters, the western one."""
    from charset_normalizer import from_bytes

    matches = from_bytes(content)
    best = matches.best()
    if best is None:
        raise DocumentError("neither UTF-8 nor any other text encoding: save it as UTF-8")
    high = sum(byte > 0x7F for byte in content)
    if best.encoding not in _LATIN and high * _RARE < len(content):  # too few to tell: as most such files are
        return content.decode("cp1252", "replace")
    western = next((match for match in matches if match.encoding == "cp1252" and match.chaos <= best.chaos), best)
    return str(western if best.encoding in _LATIN else best)


_RARE = 50
_LATIN = ("cp1250", "cp1252", "cp1254", "cp1257", "cp1258")
_BASE64 = re.compile(r"(?P<first>[A-Za-z0-9+/]{40,76})(?:\n[A-Za-z0-9+/]{1,76})*={0,2}")
_FIELD = re.compile(r"\s*(title|owner|keywords|tags|audience|updated|review by)\s*:\s*(.*)", re.I)
_UNDERLINE = re.compile(r"\s*([=~-])\1{2,}\s*")


def load_text(content: bytes, name: str) -> Document:
    """A `.txt` file: its paragraphs under underlined headings.

    It is titled by its first line where that looks like a title; `Updated: 2026-03-17` and other
    fields of front matter may stand right below it.
    """
    text = decode(content)
    if _is_base64(text.strip()):
        raise NothingToRead("data in base64, not text: decode it and save the result")
    front = read_front_matter(text)
    lines = text.split("\n")
    builder = Builder()
    start: int | None = None
    for number, line in enumerate([*lines[front.lines :], ""], start=front.lines + 1):
        if start == number - 1 and _UNDERLINE.fullmatch(line):  # the paragraph's only line so far
            builder.heading(lines[number - 2], 1, number - 1)
            start = None
        elif line.strip():
            start = start or number
        elif start is not None:
            if start == number - 1 and builder.blocks and _is_heading(lines[number - 2]):
                builder.heading(lines[number - 2], 1, start)
            else:
                builder.block("\n".join(lines[start - 1 : number - 1]), line=start)
            start = None
    blocks = builder.blocks
    if not blocks:
        raise NothingToRead("the file has no text")
    title = front.title
    first, *fields = blocks[0].text.split("\n")
    pairs = [match for field in fields if (match := _FIELD.fullmatch(field))]
    if title is None and len(blocks) > 1 and not blocks[0].headings and _is_title(first) and len(pairs) == len(fields):
        title = first.strip()
        del blocks[0]
        if pairs:
            front = front_matter_of({match[1].replace(" ", "_"): match[2] for match in pairs})
    refuse_stray_audience(text, front)
    return builder.document(title or name, front)


def _is_base64(text: str) -> bool:
    """Lines of letters and digits and nothing else, with all kinds of them in the first."""
    encoded = _BASE64.fullmatch(text)
    return encoded is not None and all(re.search(kind, encoded["first"]) for kind in ("[a-z]", "[A-Z]", r"\d"))


def _is_heading(line: str) -> bool:
    """A line in capitals with nothing beside it."""
    words = line.strip()
    return words.isupper() and 4 <= len(words) <= 60 and sum(c.isalpha() for c in words) >= 4 and _is_title(words)


def _is_title(line: str) -> bool:
    return len(line) <= 90 and not line.endswith((".", ":", ";"))
