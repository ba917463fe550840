"""The real type of a file, by its first bytes: names lie, contents do not."""

import re
import zipfile
from io import BytesIO

from knowledge.documents import DocumentError, NothingToRead
from knowledge.loaders.package import Package

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PICTURES = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*", b"BM")
_PHOTOS = (b"heic", b"heix", b"mif1", b"avif")
_BINARY = re.compile(rb"[\x00-\x06\x0e-\x1a]")
_OLD = {".doc": ".txt", ".xls": ".csv"}
"""What text is under the name of an old office file: programs that export "to Excel" often write plain tables."""
_HTML = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html)\b", re.I | re.S)
_MARKDOWN = (".md", ".markdown")
_ARCHIVES = (b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\xfd7zXZ")
_POINTERS = (
    (b"version https://git-lfs.github.com/spec/", "Git LFS, not the file itself: run `git lfs pull` in its checkout"),
    (b"/annex/objects/", "git-annex, not the file itself: run `git annex get` in its checkout"),
)
_MESSAGE = re.compile(rb"(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?MIME-Version:", re.I)
_SIGN_IN = (
    "a web page under the name of a {}, most likely the sign-in page of the place it came from: download the file "
    "again while signed in, or rename it to .html"
)
_TEXT = (*_MARKDOWN, ".txt", ".text", ".html", ".htm", ".csv", ".tsv", ".eml", ".mht", ".mhtml")

_PASSWORD = "needs a password: save it without one"  # noqa: S105  # a reason
_OLE_STREAMS = (
    ("DRMEncrypted", "protected by rights management (a sensitivity label): save it without protection"),
    ("EncryptedPackage", _PASSWORD),
    ("WordDocument", "an old Word document (.doc): save it as DOCX or PDF"),
    ("PowerPoint Document", "an old presentation (.ppt): save it as PPTX or PDF"),
    ("__properties_version1.0", "an Outlook message (.msg): save it as EML or PDF"),
)


def real_type(content: bytes, extension: str) -> str:
    """The extension of the loader that reads this content: the file's own, or another where it shows better.

    Raises NothingToRead for what no loader reads but a person can convert, DocumentError for what is broken
    or locked.
    """
    head = content[:1024]
    for begin, what in _POINTERS:
        if head.startswith(begin) and len(content) < 1024:
            raise DocumentError(f"a pointer of {what}")
    if content and not content.strip(b"\x00"):
        raise DocumentError("nothing but zero bytes: it was not copied whole, or not synchronised yet: copy it again")
    if b"%PDF-" in head and (extension == ".pdf" or head.startswith(b"%PDF-")):
        return ".pdf"
    if head.startswith(b"PK\x03\x04"):
        return _zip_type(content, extension)
    if head.startswith(_OLE):
        return _ole_type(content)
    if head.startswith(b"{\\rtf"):
        return ".rtf"
    if _is_picture(head):
        raise NothingToRead("a picture: run OCR (for example `ocrmypdf`), or write down what it shows")
    if head.startswith(_ARCHIVES):
        raise NothingToRead("a compressed archive: unpack it, and drop the documents in it here")
    if extension in (".doc", ".html", ".htm") and _MESSAGE.match(head):  # as wikis export a page "to Word"
        return ".mhtml"
    if extension not in (".html", ".htm", ".eml", ".mht", ".mhtml") and _HTML.match(_narrow(head)):
        if extension not in (*_TEXT, *_OLD):
            raise DocumentError(_SIGN_IN.format(extension[1:].upper()))
        return ".html"
    if extension in _TEXT:
        return extension
    if extension in _OLD and content.strip() and not (_BINARY.search(content) or head.lstrip().startswith(b"<?xml")):
        return _OLD[extension]
    if not content.strip():
        raise NothingToRead("the file is empty and has no text")
    kind = extension[1:].upper()
    raise DocumentError(f"not a {kind} file, or damaged at its beginning: give it its real extension, or save it anew")


def _is_picture(head: bytes) -> bool:
    newer = (head[:4] == b"RIFF" and head[8:12] == b"WEBP") or (head[4:8] == b"ftyp" and head[8:12] in _PHOTOS)
    return newer or (head.startswith(_PICTURES) and b"\x00" in head)


def _narrow(head: bytes) -> bytes:
    """UTF-16 as bytes that can be looked at."""
    return head.replace(b"\x00", b"") if head[:2] in (b"\xff\xfe", b"\xfe\xff") else head.removeprefix(b"\xef\xbb\xbf")


def _zip_type(content: bytes, extension: str) -> str:
    try:
        names = set(zipfile.ZipFile(BytesIO(content)).namelist())
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError):
        raise DocumentError("the file is damaged or was not copied whole: copy it again") from None
    for pattern, kind in (
        (r"word/document\d*\.xml", ".docx"),
        (r"ppt/presentation\.xml", ".pptx"),
        (r"xl/workbook\.(xml|bin)", ".xlsx"),
    ):
        if any(re.fullmatch(pattern, name) for name in names):
            return kind
    if "content.xml" in names and "mimetype" in names:
        return _open_document_type(content)
    if extension in (".docx", ".pptx", ".xlsx", ".odt", ".ods"):
        raise DocumentError(f"an archive without the parts of a {extension[1:].upper()} file: save the document anew")
    raise NothingToRead("a zip archive: unpack it, and drop the documents in it here")


def _open_document_type(content: bytes) -> str:
    kind = Package(content).read("mimetype")[:200].decode("ascii", "replace").strip()
    if kind.startswith("application/vnd.oasis.opendocument.text"):
        return ".odt"
    if kind.startswith("application/vnd.oasis.opendocument.spreadsheet"):
        return ".ods"
    raise NothingToRead("an OpenDocument file that is neither text nor a sheet: save it as PDF")


def _ole_type(content: bytes) -> str:
    """What a file of the old office container is, by the names of its streams, which are UTF-16."""
    for name, reason in _OLE_STREAMS:
        if name.encode("utf-16-le") in content:
            raise (NothingToRead if "save it as" in reason else DocumentError)(reason)
    if "Workbook".encode("utf-16-le") in content or "Book".encode("utf-16-le") in content:
        return ".xls"
    raise NothingToRead("a file of an old office program: save it as DOCX, XLSX, PPTX or PDF")
