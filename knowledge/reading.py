"""One file from the disk to chunks; whatever is wrong with it ends up in its row."""

import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from knowledge.catalogue import FileRow, State
from knowledge.chunking import Chunk, ChunkSize, chunk_document
from knowledge.documents import AudienceUnknown, Document, DocumentError, NothingToRead
from knowledge.folder import FoundFile
from knowledge.lint.checks import quarantine_reason
from knowledge.loaders import LOADERS, loader_for, name_of
from settings.errors import DeskhandError
from settings.sections import LintSettings

LARGEST_FILE = 50_000_000
"""Bytes; a larger file is not read."""


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file that has been read: its new row, and its chunks where it has any."""

    row: FileRow
    document: Document | None = None
    chunks: tuple[Chunk, ...] = ()
    stays: bool = False
    """The content is the one already indexed."""


def read_file(
    file: FoundFile, before: FileRow | None, size: ChunkSize, fingerprint: str, lint: LintSettings | None = None
) -> ReadFile:
    """Read, load and cut one file; whatever is wrong with it ends up in its row."""
    row = FileRow(
        source=file.source,
        size=file.size,
        mtime_ns=file.mtime_ns,
        checked_ns=time.time_ns(),
        digest="",
        version=before.version if before else None,
        chunks=before.chunks if before else 0,
        title=before.title if before else name_of(file.source),
        state="failed",
    )
    loader = loader_for(file.source)
    if loader is None:
        kinds = ", ".join(sorted(LOADERS))
        return ReadFile(_without_version(row, "skipped", f"no reader for this type (there are: {kinds})"))
    if file.size > LARGEST_FILE:
        reason = f"{file.size / 1e6:.0f} MB is over the limit of {LARGEST_FILE / 1e6:.0f} MB: split the document"
        return ReadFile(row._replace(reason=_kept(reason, before)))
    try:
        content = Path(file.path).read_bytes()
    except OSError as error:  # may heal without the file's time changing: try again in the next run
        return ReadFile(row._replace(mtime_ns=-1, reason=_kept(f"cannot be read: {error.strerror}", before)))
    digest = sha256(content).hexdigest()
    if before is not None and before.digest == digest and before.state != "quarantined":
        return ReadFile(before._replace(size=row.size, mtime_ns=row.mtime_ns, checked_ns=row.checked_ns), stays=True)
    row = row._replace(digest=digest)
    try:
        document = loader(content, name_of(file.source))
        if lint and (why := quarantine_reason(file.source, document, lint)):
            return ReadFile(row._replace(state="quarantined", reason=_kept(why, before)))
        chunks = chunk_document(document, size)
    except NothingToRead as error:
        return ReadFile(_without_version(row, "skipped", str(error)))
    except AudienceUnknown as error:
        return ReadFile(_without_version(row, "failed", str(error)))
    except DocumentError as error:
        return ReadFile(row._replace(reason=_kept(str(error), before)))
    except DeskhandError:
        raise
    except Exception as error:  # a loader's library may raise anything on a hostile file
        return ReadFile(row._replace(reason=_kept(f"the reader failed: {type(error).__name__}: {error}"[:300], before)))
    version = sha256(f"{fingerprint}\n{file.source}\n{digest}".encode("utf-8", "replace")).hexdigest()[:24]
    row = row._replace(state="indexed", version=version, chunks=len(chunks), title=document.title)
    if before is not None and before.version == version:  # back to what is in the store
        return ReadFile(row, stays=True)
    return ReadFile(row, document, tuple(chunks))


def _without_version(row: FileRow, state: State, reason: str) -> FileRow:
    """A file that has nothing to say any more; what it said before must not stay."""
    return row._replace(state=state, reason=reason, version=None, chunks=0)


def _kept(reason: str, before: FileRow | None) -> str:
    if before is None or before.version is None:
        return reason
    return f"{reason}; the last good version stays in the index"
