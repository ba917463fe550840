"""E-mail: subject, sender and date, the text, and the names of what was attached."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

from knowledge.documents import Document, DocumentError, NothingToRead
from knowledge.loaders.building import Builder
from knowledge.loaders.front_matter import FrontMatter
from knowledge.loaders.text import decode

_DEEPEST = 10
_LONGEST_HEADER = 4000
_SHOWN = ("From", "To", "Cc", "Date")
_KNOWN = (*_SHOWN, "Subject", "Received", "Message-ID", "MIME-Version", "Content-Type")


def load_eml(content: bytes, name: str) -> Document:
    """An `.eml` file. Forwarded messages in it are read as well, other attachments are named."""
    from email import policy
    from email.parser import BytesParser

    message = BytesParser(policy=policy.default).parsebytes(content.removeprefix(b"\xef\xbb\xbf").lstrip())
    assert isinstance(message, EmailMessage)
    if not any(header in message for header in _KNOWN):
        if not content.strip():
            raise NothingToRead("the file has no text")
        if b"\x00" in content:
            raise DocumentError("binary data, not an e-mail: give the file the extension of its real type")
        raise DocumentError("no e-mail: it has none of the headers From, To, Subject, Date; is it plain text (.txt)?")
    builder = Builder()
    _refuse_encrypted(message)
    _read(builder, message, 1)
    if not any(not block.text.startswith("From: ") for block in builder.blocks):
        raise NothingToRead("the message has no text and no attachments")
    title = _header(message, "Subject") or name
    return builder.document(title, FrontMatter(updated=_day(message)))


def load_web_archive(content: bytes, name: str) -> Document:
    """An `.mhtml` file: a web page that a browser saved whole, or that a wiki exported "to Word"."""
    from email import policy
    from email.parser import BytesParser

    from knowledge.loaders.html import load_html

    message = BytesParser(policy=policy.default).parsebytes(content.removeprefix(b"\xef\xbb\xbf").lstrip())
    for part in message.walk():
        if part.get_content_type() in ("text/html", "application/xhtml+xml"):
            assert isinstance(part, EmailMessage)
            return load_html(_text(part).encode("utf-8", "replace"), name)
    raise NothingToRead("a saved web page without any page in it: save it anew as HTML or PDF")


def _refuse_encrypted(message: EmailMessage) -> None:
    kind = message.get_content_type()
    sealed = kind in ("application/pkcs7-mime", "application/x-pkcs7-mime")
    if sealed and "signed" not in str(message.get_param("smime-type") or ""):
        raise DocumentError("an encrypted message (S/MIME): open it in the mail program and save its text as PDF")
    if sealed:
        raise DocumentError("a signed message whose text is sealed in (S/MIME): save its text as PDF")
    if kind == "multipart/encrypted":
        raise DocumentError("an encrypted message (PGP): open it in the mail program and save its text as PDF")


def _read(builder: Builder, message: EmailMessage, depth: int) -> None:
    if depth > _DEEPEST:
        raise DocumentError(f"messages nested over {_DEEPEST} deep: save the innermost one by itself")
    head = (f"{name}: {value}" for name in _SHOWN if (value := _header(message, name)))
    builder.block("\n".join(head))
    attached: list[str] = []
    forwarded: list[EmailMessage] = []
    for kind, part in _parts(message, 0):
        if kind == "html":
            _read_html(builder, part)
        elif kind == "text":
            _read_text(builder, part)
        elif kind == "message":
            forwarded.append(part)
        else:
            attached.append(_named(part))
    if attached:
        listed = "\n".join(f"- {entry}" for entry in attached)
        builder.block(f"Attached to this message, but not part of this text:\n{listed}")
    for inner in forwarded:
        builder.heading(f"Forwarded message: {_header(inner, 'Subject') or 'no subject'}", depth)
        _read(builder, inner, depth + 1)


def _parts(part: EmailMessage, depth: int) -> Iterator[tuple[str, EmailMessage]]:
    """The parts of one message with what to do with each; of two versions of a text the plain one."""
    if depth > 50:
        raise DocumentError("parts nested over 50 deep: forward the message anew")
    kind, main = part.get_content_type(), part.get_content_maintype()
    if kind == "message/rfc822":
        for inner in part.get_payload():
            if isinstance(inner, EmailMessage):
                yield "message", inner
    elif main == "multipart" and not part.is_multipart():  # without the boundary that would part it
        yield "text", part
    elif main == "multipart":
        inner_parts = [inner for inner in part.get_payload() if isinstance(inner, EmailMessage)]
        if kind == "multipart/alternative":
            inner_parts = _best(inner_parts)
        for inner in inner_parts:
            yield from _parts(inner, depth + 1)
    elif part.get_content_disposition() == "attachment" or kind not in ("text/plain", "text/html"):
        yield "attached", part
    else:
        yield ("html" if kind == "text/html" else "text"), part


def _best(versions: list[EmailMessage]) -> list[EmailMessage]:
    plain = [part for part in versions if part.get_content_type() == "text/plain" and _text(part).strip()]
    return plain[:1] or [part for part in versions if part.get_content_type() != "text/plain"][-1:]


def _text(part: EmailMessage) -> str:
    payload = part.get_payload(decode=True)
    if payload is None and isinstance(raw := part.get_payload(), str):  # a multipart that is none
        payload = raw.encode("utf-8", "surrogateescape")
    return decode(payload, part.get_content_charset()) if isinstance(payload, bytes) else ""


def _read_text(builder: Builder, part: EmailMessage) -> None:
    """Paragraphs; the answered message (`>`) stays as a quotation."""
    body = _text(part).split("\n-- \n")[0]  # what follows is a signature (RFC 3676, 4.3)
    for paragraph in body.split("\n\n"):
        builder.block("\n".join(line.rstrip() for line in paragraph.split("\n")))


def _read_html(builder: Builder, part: EmailMessage) -> None:
    from bs4 import BeautifulSoup

    from knowledge.loaders.html import html_blocks

    for block in html_blocks(BeautifulSoup(_text(part), "html.parser")).blocks:
        builder.block("\n\n".join([*block.headings[-1:], block.text]), block.kind)


def _named(part: EmailMessage) -> str:
    payload = part.get_payload(decode=True)
    size = len(payload) if isinstance(payload, bytes) else 0
    name = " ".join((part.get_filename() or "without a name").split())
    return f"{name} ({part.get_content_type()}, {max(size // 1000, 1)} kB)"


def _header(message: EmailMessage, name: str) -> str:
    raw = next((value for key, value in message.raw_items() if key.lower() == name.lower()), "")
    if len(raw) > _LONGEST_HEADER:  # the standard library takes minutes for thousands of addresses
        return f"{' '.join(raw[:_LONGEST_HEADER].split())} …"
    if not raw.isascii():  # bytes as they are, in an encoding that is not named
        sent = raw.encode("utf-8", "surrogateescape")
        with suppress(UnicodeDecodeError):
            return " ".join(sent.decode("utf-8").split())
        return " ".join(sent.decode("cp1252", "replace").split())
    try:
        return " ".join(str(message.get(name) or "").split())
    except Exception:  # the standard library's parser of addresses raises several kinds on broken ones
        return ""


def _day(message: EmailMessage) -> date | None:
    with suppress(ValueError, TypeError, IndexError, OverflowError):
        return parsedate_to_datetime(_header(message, "Date")).date()
    return None
