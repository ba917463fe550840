"""One loader a file type: bytes in, a Document out.

A loader is a function `(content, name) -> Document`; `name` is the title of last resort. It raises
DocumentError with a reason that an administrator can act on. To add a type, write the function and
name its extensions in LOADERS. `load` reads a file by its real type, whatever its name says; run it by a
`Reader` (`knowledge.loaders.reader`): a hostile file then ends a process of its own and nothing else.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import PurePosixPath

from knowledge.documents import Document, NothingToRead
from knowledge.loaders.detect import real_type
from knowledge.loaders.docx import load_docx
from knowledge.loaders.eml import load_eml, load_web_archive
from knowledge.loaders.html import load_html
from knowledge.loaders.markdown import load_markdown
from knowledge.loaders.odt import load_odt
from knowledge.loaders.pdf import load_pdf
from knowledge.loaders.pptx import load_pptx
from knowledge.loaders.rtf import load_rtf
from knowledge.loaders.sheets import load_csv, load_sheets
from knowledge.loaders.text import faults, load_text

Loader = Callable[[bytes, str], Document]


def _convert(content: bytes, name: str) -> Document:
    raise NothingToRead("a file of an old office program: save it as DOCX, PPTX, EML or PDF")


LOADERS: dict[str, Loader] = {
    ".md": load_markdown,
    ".markdown": load_markdown,
    ".txt": load_text,
    ".text": load_text,
    ".html": load_html,
    ".htm": load_html,
    ".pdf": load_pdf,
    ".docx": load_docx,
    ".docm": load_docx,
    ".dotx": load_docx,
    ".pptx": load_pptx,
    ".pptm": load_pptx,
    ".ppsx": load_pptx,
    ".xlsx": load_sheets,
    ".xlsm": load_sheets,
    ".xlsb": load_sheets,
    ".xls": load_sheets,
    ".ods": load_sheets,
    ".csv": load_csv,
    ".tsv": load_csv,
    ".eml": load_eml,
    ".mhtml": load_web_archive,
    ".mht": load_web_archive,
    ".odt": load_odt,
    ".rtf": load_rtf,
}

_OF_TEXT: tuple[Loader, ...] = (load_markdown, load_text, load_html, load_csv)

OLD: dict[str, Loader] = {".doc": _convert, ".ppt": _convert, ".msg": _convert}
"""Types that no loader reads; often enough such a file holds another type, which is then read."""

FORMAT = 4
"""Part of every file's version: raise it when a loader reads the same bytes differently."""


def loader_for(source: str) -> Loader | None:
    """The loader for a file by its extension, None where there is none."""
    extension = _extension(source)
    return LOADERS.get(extension) or OLD.get(extension)


def load(content: bytes, source: str) -> Document:
    """Read a file by its content where that shows another type than its name."""
    if loader_for(source) is None:
        raise NothingToRead(unknown_type(source))
    loader = LOADERS[real_type(content, _extension(source))]
    document = loader(content, name_of(source))
    if loader in _OF_TEXT and (found := faults(content)):
        return replace(document, notes=(*document.notes, *found))
    return document


def unknown_type(source: str) -> str:
    """Why a file of another type is skipped, and what to do."""
    extension = _extension(source)
    if not extension:
        return "no extension in its name that says what it is: add that of its type, such as .txt or .pdf"
    if extension in (".zip", ".7z", ".rar", ".gz", ".tar", ".tgz"):
        return "an archive: unpack it, and drop the documents in it here"
    if extension in (".lnk", ".url", ".webloc", ".desktop", ".gdoc", ".gsheet", ".gslides"):
        return "a shortcut, not the document itself: drop the document here, or save it as DOCX or PDF where it is kept"
    if extension in (".png", ".jpg", ".jpeg", ".gif", ".tif", ".tiff", ".bmp", ".webp", ".heic", ".svg"):
        return "a picture: run OCR (for example `ocrmypdf`), or write down what it shows"
    return (
        f"no reader for {extension} files: save it as PDF, DOCX, PPTX, XLSX, CSV, EML, ODT, RTF, HTML, Markdown or text"
    )


def name_of(source: str) -> str:
    """A readable title from a file name: `help/reset_my-password.md` gives `Reset my password`."""
    words = PurePosixPath(source).stem.replace("_", " ").replace("-", " ").split()
    return " ".join(words).capitalize() or source


def _extension(source: str) -> str:
    return PurePosixPath(source).suffix.lower()
