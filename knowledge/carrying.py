"""Documents that are in the current index but cannot be read now, on their way into one that is built beside it."""

from dataclasses import dataclass

from knowledge.catalogue import Catalogue, FileRow, Generation
from knowledge.chunking import Chunk
from knowledge.documents import Document, plain
from knowledge.folder import Walk
from knowledge.reading import ReadFile
from knowledge.removal import decide
from knowledge.sources import LIMITS
from knowledge.store import Payload, Store, point_id
from settings.errors import IndexUnusable


@dataclass(frozen=True, slots=True)
class Origin:
    """The current generation, which answers while another one is being built."""

    catalogue: Catalogue
    generation: Generation
    store: Store

    async def kept(self, walk: Walk, there: dict[str, FileRow], largest: float, now_ns: int) -> list[FileRow]:
        """Files whose last good version is here alone.

        They are missing without being removed for certain, or their new version failed: then they are kept
        only if this generation has looked at that new version and kept the old one as well.
        """
        known = await self.catalogue.files(self.generation)
        found = {file.source: file for file in walk.files}
        removed = decide(walk, known, largest, False, now_ns).remove
        return [
            row
            for source, row in known.items()
            if row.version is not None
            and source not in removed
            and (source not in there or there[source].version is None)
            and (
                (file := found.get(source)) is None
                or (
                    row.state not in ("indexed", "skipped")
                    and row.rule.partition(LIMITS)[0] == file.rule
                    and (row.mtime_ns == -1 or (row.size, row.mtime_ns) == (file.size, file.mtime_ns))
                )
            )
        ]

    async def read(self, row: FileRow) -> ReadFile:
        """A file as it stands in the store: its chunks as they were cut then.

        Its digest is left out, so that the file is read and cut anew as soon as it can be.
        """
        assert row.version is not None
        ids = [point_id(row.version, ordinal) for ordinal in range(row.chunks)]
        payloads = await self.store.fetch(ids)
        if missing := len(set(ids)) - len(payloads):
            raise IndexUnusable(
                f"{missing} chunks of {row.source} are missing in the index: `deskhand index --rebuild` makes it anew"
            )
        in_order = [payloads[id_] for id_ in ids]
        first = in_order[0]
        document = Document(first.title, (), audience=first.audience, updated=first.updated)
        return ReadFile(row._replace(digest=""), document, tuple(map(_chunk, in_order)))


def _chunk(payload: Payload) -> Chunk:
    head = [line for line in (payload.title, " > ".join(payload.headings)) if line]
    searched = "\n".join([*head, plain(payload.text)])
    return Chunk(payload.ordinal, payload.text, searched, payload.headings, payload.line, payload.page)
