"""One loader a file type: bytes in, a Document out.

A loader is a function `(content, name) -> Document`; `name` is the title of last resort. It raises
DocumentError with a reason that an administrator can act on. To add a type, write the function and
name its extensions in LOADERS.
"""

from collections.abc import Callable
from pathlib import PurePosixPath

from knowledge.documents import Document
from knowledge.loaders.html import load_html
from knowledge.loaders.markdown import load_markdown
from knowledge.loaders.text import load_text

Loader = Callable[[bytes, str], Document]

LOADERS: dict[str, Loader] = {
    ".md": load_markdown,
    ".markdown": load_markdown,
    ".txt": load_text,
    ".text": load_text,
    ".html": load_html,
    ".htm": load_html,
}

FORMAT = 1
"""Part of every file's version: raise it when a loader reads the same bytes differently."""


def loader_for(source: str) -> Loader | None:
    """The loader for a file by its extension, None where there is none."""
    return LOADERS.get(PurePosixPath(source).suffix.lower())


def name_of(source: str) -> str:
    """A readable title from a file name: `help/reset_my-password.md` gives `Reset my password`."""
    words = PurePosixPath(source).stem.replace("_", " ").replace("-", " ").split()
    return " ".join(words).capitalize() or source
