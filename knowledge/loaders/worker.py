"""The process that reads files: `python -m knowledge.loaders.worker SECONDS MEMORY_MB`.

It takes requests on standard input and answers on standard output, each a JSON object behind its length
(`frames`). Its memory is limited by the system, its time by an alarm, so that it ends even where the
parent was killed; nothing that a library prints gets between the answers.
"""

import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, BinaryIO

from knowledge.chunking import ChunkSize, chunk_document
from knowledge.documents import AudienceUnknown, Document, DocumentError, NothingToRead
from knowledge.loaders.frames import encode as encode_document
from knowledge.loaders.frames import read_frame, write_frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from knowledge.lint.findings import Finding
    from knowledge.loaders import Loader

    Lint = Callable[..., list[Finding]]

_GRACE = 5
"""Seconds that the parent has to end a read that takes too long, before the process ends itself."""


def main(seconds: int, memory_mb: int) -> None:
    """Serve requests until standard input ends."""
    requests, answers = _own_pipes()
    from knowledge.lint.checks import lint_document  # now, so that loading them takes no file's time
    from knowledge.loaders import load

    _limit(memory_mb)
    write_frame(answers, b"ready")
    while (head := read_frame(requests)) is not None:
        content = read_frame(requests)
        assert content is not None
        request = json.loads(head)
        _alarm(seconds + _GRACE)
        answer = _answer(load, lint_document, content, request)
        _alarm(0)
        write_frame(answers, answer)
        if answer.startswith(_SPENT):
            return


_SPENT = b'{"error": "MemoryError"'
_LARGEST_ANSWER = 250_000_000
"""Bytes: what the parent, whose own memory has no limit, takes of one file."""
_TOO_MUCH = "its text comes to over 250 MB with the headings of every passage: split the document"


def _answer(load: "Loader", lint: "Lint", content: bytes, request: dict[str, Any]) -> bytes:
    try:
        document = load(content, request["source"])
        findings = _findings(lint, document, request, len(content))
        if request["gist"]:
            answer = _looked_at(document, findings)
        else:
            chunks = chunk_document(document, ChunkSize(**request["size"])) if request["size"] else []
            answer = encode_document(document, chunks, findings)
        return answer if len(answer) <= _LARGEST_ANSWER else _refusal("DocumentError", _TOO_MUCH)
    except (NothingToRead, AudienceUnknown, DocumentError) as error:
        return _refusal(type(error).__name__, str(error))
    except MemoryError:
        pass
    except RecursionError:
        return _refusal("DocumentError", "its parts are nested too deep: save the document anew")
    except BaseException as error:  # a library may raise anything on a hostile file; a panic of Rust is no Exception
        if "memory" in str(error).lower() and type(error).__name__ != "CalamineError":
            return _refusal("MemoryError", "")
        what = f"{type(error).__name__}: {error}"[:200]
        return _refusal("DocumentError", f"it cannot be read ({what}): open it in its program and save it anew")
    return _refusal("MemoryError", "")  # outside the handler: what filled the memory is gone by now


def _looked_at(document: Document, findings: "list[Finding]") -> bytes:
    from knowledge.lint.gist import LookedAt, encode, gist_of

    return encode(LookedAt(gist_of(document), tuple(findings)))


def _findings(lint: "Lint", document: Document, request: dict[str, Any], size: int) -> "list[Finding]":
    """What the checks say: their patterns meet hostile text here, within the same limits."""
    if not request["checks"]:
        return []
    return lint(request["source"], document, checks=request["checks"], size=size)


def _refusal(kind: str, reason: str) -> bytes:
    return json.dumps({"error": kind, "reason": " ".join(reason.split())}).encode()


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The pipes to the parent, moved away from where libraries read and print."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    return requests, answers


def _limit(memory_mb: int) -> None:
    """Take away what reading a file does not need: memory over the limit, new files, core dumps, Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to end
    try:
        import resource
    except ImportError:  # Windows: the time limit alone holds there
        return
    for kind, most in (
        (resource.RLIMIT_AS, memory_mb * 1_000_000),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        try:
            resource.setrlimit(kind, (most, most))
        except (ValueError, OSError):  # macOS has no limit on the address space
            continue


def _alarm(seconds: int) -> None:
    """End the process by a signal after so many seconds, also in the middle of a library's C code."""
    if hasattr(signal, "alarm"):
        signal.alarm(seconds)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
