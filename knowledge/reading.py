"""One file from the disk to chunks; whatever is wrong with it ends up in its row."""

import errno
import os
import stat
import time
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from knowledge.catalogue import FileRow, State
from knowledge.chunking import Chunk, ChunkSize
from knowledge.documents import EVERYONE, AudienceUnknown, Document, DocumentError, NothingToRead, OverLimit
from knowledge.folder import FoundFile
from knowledge.lint.checks import quarantine_checks, quarantine_reason
from knowledge.loaders import loader_for, name_of, unknown_type
from knowledge.loaders.reader import Reader
from knowledge.sources import LIMITS, same_readers
from settings.sections import LintSettings


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file that has been read: its new row, and its chunks where it has any."""

    row: FileRow
    document: Document | None = None
    chunks: tuple[Chunk, ...] = ()
    stays: bool = False
    """The content is the one already indexed."""


def read_file(
    file: FoundFile, before: FileRow | None, size: ChunkSize, fingerprint: str, reader: Reader, lint: LintSettings
) -> ReadFile:
    """Read, load and cut one file; whatever is wrong with it ends up in its row. Call it in a thread.

    A version that was made under other rules of the settings does not stand in for a new one that fails:
    who may read it may have changed.
    """
    kept = before if before is not None and same_readers(before.rule, file.rule) else None
    row = FileRow(
        source=file.source,
        size=file.size,
        mtime_ns=file.mtime_ns,
        checked_ns=time.time_ns(),
        digest="",
        version=kept.version if kept else None,
        chunks=kept.chunks if kept else 0,
        title=before.title if before else name_of(file.source),
        state="failed",
        rule=file.rule,
    )
    if loader_for(file.source) is None:
        return ReadFile(_without_version(row, "skipped", unknown_type(file.source)))
    if file.size > reader.largest:
        reason = _too_large(f"{file.size / 1e6:.0f} MB", reader)
        return ReadFile(
            row._replace(mtime_ns=-1, reason=_kept(reason, before, kept))
        )  # the limit may be another next time
    try:
        content = content_of(file.path, reader.largest)
    except OSError as error:  # may heal without the file's time changing: try again in the next run
        return ReadFile(row._replace(mtime_ns=-1, reason=_kept(f"cannot be read: {error.strerror}", before, kept)))
    if len(content) > reader.largest:
        reason = _too_large("it has grown, and", reader)
        return ReadFile(row._replace(mtime_ns=-1, reason=_kept(reason, before, kept)))
    digest = sha256(content).hexdigest()
    if kept is not None and kept.digest == digest and kept.rule == file.rule:
        same = kept._replace(size=row.size, mtime_ns=row.mtime_ns, checked_ns=row.checked_ns, missing_ns=0)
        return ReadFile(same, stays=True)
    row = row._replace(digest=digest)
    try:
        document, chunks, findings = reader.read(content, file.source, size, quarantine_checks(lint, file.source))
    except NothingToRead as error:
        return ReadFile(_without_version(row, "skipped", str(error)))
    except AudienceUnknown as error:
        return ReadFile(_without_version(row, "failed", str(error)))
    except OverLimit as error:
        tried = tried_under(file.rule, reader)
        return ReadFile(row._replace(rule=tried, reason=_kept(str(error), before, kept)))
    except DocumentError as error:
        return ReadFile(row._replace(reason=_kept(str(error), before, kept)))
    if found := quarantine_reason(findings):
        if kept is not None and kept.digest == digest:  # the settings have changed: this is what was found until now
            return ReadFile(_without_version(row, "quarantined", found))
        return ReadFile(row._replace(state="quarantined", reason=_kept(found, before, kept)))
    document = replace(document, audience=document.audience or file.audience or (EVERYONE,))
    named = "\n".join([fingerprint, file.source, digest, *sorted(set(document.audience or ()))])
    version = sha256(named.encode("utf-8", "replace")).hexdigest()[:24]
    row = row._replace(
        state="indexed", version=version, chunks=len(chunks), title=document.title, reason="; ".join(document.notes)
    )
    if before is not None and before.version == version:  # back to what is in the store
        return ReadFile(row, stays=True)
    return ReadFile(row, document, chunks)


def content_of(path: str | Path, most: float) -> bytes:
    """What a regular file holds, and no more than `most` bytes and one. Raises OSError.

    A file may grow, or be replaced by a pipe that nobody writes to, after it was found in its folder.
    """
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0))) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        return file.read(int(most) + 1)


def _too_large(size: str, reader: Reader) -> str:
    return (
        f"{size} is over the limit of {reader.largest / 1e6:g} MB: split the document, or raise "
        "reading.largest_mb in knowledge.yaml"
    )


def tried_under(rule: str, reader: Reader) -> str:
    """The rule of a file that went over a limit: once the settings have other limits it is another one."""
    return f"{rule}{LIMITS}{reader.limits}"


def _without_version(row: FileRow, state: State, reason: str) -> FileRow:
    """A file that has nothing to say any more; what it said before must not stay."""
    return row._replace(state=state, reason=reason, version=None, chunks=0)


def _kept(reason: str, before: FileRow | None, kept: FileRow | None) -> str:
    if before is None or before.version is None:
        return reason
    if kept is None:
        return f"{reason}; its last good version was taken out, because the settings say something else of it now"
    return f"{reason}; the last good version stays in the index"
