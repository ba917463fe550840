"""Files read in processes of their own, with a limit on time and memory, so that none can harm the bot."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Self, TypeVar

from knowledge.chunking import ChunkSize
from knowledge.documents import AudienceUnknown, DocumentError, NothingToRead, OverLimit
from knowledge.loaders.frames import FromFile, decode, read_frame, write_frame
from settings.environment import without_secrets
from settings.sections import ReadingSettings
from settings.sections.knowledge import CheckName

if TYPE_CHECKING:
    from knowledge.lint.gist import LookedAt

T = TypeVar("T")
_ROOT = Path(__file__).resolve().parent.parent.parent
_REFUSALS = {kind.__name__: kind for kind in (AudienceUnknown, NothingToRead, DocumentError)}


class Reader:
    """Reads documents, each in a worker process that was idle or is started for it.

    Threads may read side by side; `close` ends all workers, also those that are reading.
    """

    def __init__(self, limits: ReadingSettings) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._all: set[_Worker] = set()
        self._closed = False
        self._ended = threading.Event()
        self._watcher: threading.Thread | None = None

    @property
    def largest(self) -> float:
        """Bytes; a larger file is not to be read."""
        return self._limits.largest_mb * 1_000_000

    @property
    def limits(self) -> str:
        """The limits as they are noted with a file that went over one of them."""
        return f"{self._limits.seconds:g}s,{self._limits.memory_mb}MB"

    def start_ahead(self) -> None:
        """Start the first process before there is a file, so that it loads while other things are being prepared."""
        self._give_back(self._start())

    def read(self, content: bytes, source: str, size: ChunkSize | None, checks: Sequence[CheckName] = ()) -> FromFile:
        """The document in a file, its chunks (none without a `size`), and what these checks say of it.

        Raises DocumentError with a reason where it cannot be read within the limits.
        """
        return self._answer(content, _Request(source, size, checks), decode)

    def look(self, content: bytes, source: str, checks: Sequence[CheckName]) -> "LookedAt":
        """The gist of the document in a file, without its text, and what these checks say of it.

        Raises DocumentError like `read`.
        """
        from knowledge.lint.gist import decode  # with numpy, which whoever only reads does not need

        return self._answer(content, _Request(source, None, checks, gist=True), decode)

    def _answer(self, content: bytes, request: "_Request", made_of: Callable[[dict[str, Any]], T]) -> T:
        worker = self._take()
        used = worker.used
        answer = self._asked(worker, content, request)
        if answer is None and used and not worker.late and not worker.stopped:
            worker = self._start()  # what earlier files left behind is not this one's fault
            answer = self._asked(worker, content, request)
        if answer is None:
            raise (DocumentError if worker.stopped else OverLimit)(worker.end(self._limits))
        try:
            said = json.loads(answer)
            if "error" not in said:
                return made_of(said)
        except (ValueError, TypeError, KeyError):
            raise DocumentError("the reader gave no sense: the file is damaged or hostile") from None
        raise _REFUSALS.get(said["error"], DocumentError)(said.get("reason") or "no reason given")

    def _asked(self, worker: "_Worker", content: bytes, request: "_Request") -> bytes | None:
        try:
            return worker.ask(content, request, self._limits.seconds)
        finally:
            self._give_back(worker)

    def _take(self) -> "_Worker":
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.alive:
                    return worker
                self._all.discard(worker)
        return self._start()

    def _start(self) -> "_Worker":
        with self._lock:
            if self._closed:
                raise DocumentError(_STOPPED)
            worker = _Worker(self._limits)
            self._all.add(worker)
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="reading", daemon=True)
                self._watcher.start()
        return worker

    def _watch(self) -> None:
        """End workers that take too long: one thread for all, as a timer a file costs more than many files do.

        It may sleep for as long as a file may take, because whatever begins meanwhile is not late before it wakes.
        """
        pause = self._limits.seconds
        while not self._ended.wait(pause):
            with self._lock:
                workers = list(self._all)
            left = [seconds for worker in workers if (seconds := worker.end_late()) is not None]
            pause = min([*left, self._limits.seconds])

    def _give_back(self, worker: "_Worker") -> None:
        with self._lock:
            if worker.alive and worker in self._all:
                self._idle.append(worker)
                return
            self._all.discard(worker)
        worker.close()

    @property
    def processes(self) -> list[int]:
        """Ids of the worker processes that there are now."""
        with self._lock:
            return [worker.process for worker in self._all if worker.alive]

    def close(self) -> None:
        """End the workers. One that is reading raises DocumentError in its thread."""
        with self._lock:
            self._closed = True
            workers, self._all, self._idle = self._all, set(), []
        self._ended.set()
        for worker in workers:
            worker.stopped = True
            worker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class _Request:
    """What is wanted of a file: its chunks of a `size`, what `checks` say, or only the gist instead of the document."""

    source: str
    size: ChunkSize | None
    checks: Sequence[CheckName]
    gist: bool = False


class _Worker:
    """One process. It is asked by one thread at a time."""

    def __init__(self, limits: ReadingSettings) -> None:
        self._process = subprocess.Popen(  # noqa: S603  # no word of the command comes from outside
            [sys.executable, "-m", "knowledge.loaders.worker", str(int(limits.seconds) + 1), str(limits.memory_mb)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            env={**without_secrets(), "OPENBLAS_NUM_THREADS": "1"},  # each thread of numpy reserves address space
        )
        self.process = self._process.pid
        self.used = self.late = self.stopped = False
        self.alive = True
        self._lock = threading.Lock()
        self._deadline: float | None = None

    def ask(self, content: bytes, request: _Request, seconds: float) -> bytes | None:
        """The answer, None where the process ended instead or was ended after `seconds`."""
        if not self.used:
            self._within(_START_UP, self._is_ready)
        self.used = True
        size = asdict(request.size) if request.size else None
        head = json.dumps({"source": request.source, "size": size, "checks": request.checks, "gist": request.gist})
        answer = self._within(seconds, lambda: self._asked(head.encode(), content))
        if answer is None or self.late or answer.startswith(b'{"error": "MemoryError"'):
            self.alive = False
            self._process.kill()
            self.late = self._process.wait() in _OWN_ALARM or self.late
            return None
        return answer

    def _within(self, seconds: float, step: Callable[[], bytes | None]) -> bytes | None:
        """What a step gives, None where the process ended, or was ended after so many seconds."""
        with self._lock:
            self._deadline = time.monotonic() + seconds
        try:
            return step()
        except (OSError, ValueError):  # it ended while it was being written to, or was closed
            return None
        finally:
            with self._lock:
                self._deadline = None

    def _is_ready(self) -> bytes | None:
        return read_frame(self._pipes()[1])

    def _asked(self, request: bytes, content: bytes) -> bytes | None:
        requests, answers = self._pipes()
        write_frame(requests, request, content)
        return read_frame(answers)

    def end(self, limits: ReadingSettings) -> str:
        """Why there was no answer."""
        if self.late:
            return (
                f"reading took over {limits.seconds:g} s: split the document or save it anew, or raise reading.seconds "
                "in knowledge.yaml"
            )
        if self.stopped:
            return _STOPPED
        return (
            f"reading needs over {limits.memory_mb} MB of memory, or the file is damaged: split the document or save "
            "it anew, or raise reading.memory_mb in knowledge.yaml"
        )

    def close(self) -> None:
        """End the process at once."""
        self.alive = False
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except (OSError, ValueError):  # what was still to be written has nowhere to go
                    continue

    def end_late(self) -> float | None:
        """Kill the process if its time is over; returns the seconds that it has left, None where it reads nothing."""
        with self._lock:
            if self._deadline is None or self.late:
                return None
            left = self._deadline - time.monotonic()
            if left > 0:
                return left
            self.late = True
            self._process.kill()
            return None

    def _pipes(self) -> tuple[BinaryIO, BinaryIO]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout  # type: ignore[return-value]  # both are buffered binary


_STOPPED = "reading was stopped"
_OWN_ALARM = (-signal.SIGALRM,) if hasattr(signal, "SIGALRM") else ()
"""How a process ends that the parent, itself held up, did not end in time."""
_START_UP = 20
"""Seconds that a process has for starting on a machine that is busy, before its first file's time begins."""
