"""Zip containers of XML parts: what DOCX, PPTX, XLSX and ODT files are."""

import zipfile
from collections.abc import Mapping
from io import BytesIO
from posixpath import dirname, join, normpath
from typing import TYPE_CHECKING

from knowledge.documents import DocumentError
from knowledge.loaders.building import sensible_title
from knowledge.loaders.front_matter import FrontMatter

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

LARGEST_PART = 200_000_000
LARGEST_CONTENT = 500_000_000
MOST_PARTS = 10_000
"""Limits of what a container may expand to; pictures do not count, since no loader reads them."""
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".emf", ".wmf", ".tif", ".tiff", ".bmp", ".mp4", ".m4a", ".wav", ".mov")
_DAMAGED = "the file is damaged: open it in its program and save it again"
_ENTITIES = "{} declares entities, which no office program does: save the document anew"
_STRICT = tuple(
    (b"http://purl.oclc.org/ooxml/" + strict, b"http://schemas.openxmlformats.org/" + usual)
    for strict, usual in (
        (b"wordprocessingml/main", b"wordprocessingml/2006/main"),
        (b"officeDocument/relationships", b"officeDocument/2006/relationships"),
        (b"officeDocument/math", b"officeDocument/2006/math"),
    )
)
"""Names of "Strict Open XML", which Word can save as well."""
_CORE = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "cp": "http://schemas.openxmlformats.org/package/2006/metadata/core-properties",
}


class Package:
    """The parts of a container by name, read one at a time. Raises DocumentError for one that is no such file."""

    def __init__(self, content: bytes) -> None:
        try:
            self._zip = zipfile.ZipFile(BytesIO(content))
        except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError):
            raise DocumentError(_DAMAGED) from None
        self.sizes: Mapping[str, int] = {info.filename: info.file_size for info in self._zip.infolist()}
        self._refuse_bombs()

    def _refuse_bombs(self) -> None:
        """The sizes are those that the container itself names; `read` takes no more than that from any part."""
        text = {name: size for name, size in self.sizes.items() if not name.lower().endswith(_PICTURES)}
        if sum(text.values()) > LARGEST_CONTENT or max(text.values(), default=0) > LARGEST_PART:
            raise DocumentError(
                f"expands to over {LARGEST_PART // 1_000_000} MB: split the document, or save it anew if it is smaller"
            )
        if len(self.sizes) > MOST_PARTS:
            raise DocumentError(f"a container of over {MOST_PARTS:,} parts: save the document anew")
        if any(info.flag_bits & 1 for info in self._zip.infolist()):
            raise DocumentError("needs a password: save it without one")

    def read(self, name: str) -> bytes:
        """The bytes of a part. Raises DocumentError where it is missing or damaged."""
        try:
            with self._zip.open(name) as part:
                return part.read(LARGEST_PART)
        except KeyError:
            raise DocumentError(f"{_DAMAGED} ({name} is missing)") from None
        except MemoryError:
            raise
        except Exception:  # zlib, lzma and zipfile raise a dozen kinds
            raise DocumentError(f"{_DAMAGED} ({name})") from None

    def xml(self, name: str) -> "Element":
        """A part as XML, without entities or anything from outside."""
        content = self.read(name)
        for strict, usual in _STRICT if b"purl.oclc.org/ooxml" in content[:4096] else ():
            content = content.replace(strict, usual)
        return parse_xml(content, name)

    def optional_xml(self, name: str) -> "Element | None":
        """A part that may be missing."""
        return self.xml(name) if name in self.sizes else None

    def targets(self, part: str) -> dict[str, str]:
        """What the relationships of a part lead to by their id: names of parts, or addresses outside."""
        relations = self.optional_xml(join(dirname(part), "_rels", f"{part.rpartition('/')[2]}.rels"))
        found: dict[str, str] = {}
        for relation in relations if relations is not None else ():
            target = relation.get("Target") or ""
            if relation.get("TargetMode") != "External":
                target = normpath(join(dirname(part), target)) if target[:1] != "/" else target[1:]
            found[relation.get("Id") or ""] = target
        return found

    def properties(self) -> FrontMatter:
        """Title and keywords as the office program keeps them, where they are sensible."""
        try:
            core = self.optional_xml("docProps/core.xml")
        except DocumentError:
            return FrontMatter()
        if core is None:
            return FrontMatter()
        keywords = (core.findtext("cp:keywords", "", _CORE) or "").replace(";", ",").split(",")
        names = tuple(name for word in keywords if (name := " ".join(word.split())) and len(name) < 60)[:20]
        return FrontMatter(title=sensible_title(core.findtext("dc:title", "", _CORE)), keywords=names)


def parse_xml(content: bytes, name: str) -> "Element":
    """XML that may be hostile: entities are not expanded, nothing is fetched, depth and size are limited by lxml."""
    from lxml import etree

    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True)
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        if error.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from None
        if "depth" in str(error):
            raise DocumentError(f"elements nested too deep in {name}: save the document anew") from None
        if "huge" in str(error).lower():
            raise DocumentError(f"over 10 million characters in one piece of {name}: split the document") from None
        if b"<!DOCTYPE" in content[:4096]:
            raise DocumentError(_ENTITIES.format(name)) from None
        raise DocumentError(f"{_DAMAGED} ({name})") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise DocumentError(_ENTITIES.format(name))
    return root
