"""A thousand broken copies of real files through the reader: each ends in a receipt, none harms the process."""

import random
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from threading import Event, Thread

from benchmarks.measure import Figure, at_most, resident_mb
from knowledge.chunking import ChunkSize
from knowledge.documents import DocumentError, NothingToRead
from knowledge.loaders import LOADERS, loader_for
from knowledge.loaders.reader import Reader
from settings.sections import ReadingSettings

_MUTATIONS = 1000


def run(documents: Path, seed: int = 1) -> Iterator[Figure]:
    """Mutate files of a folder and read them; the same seed gives the same mutations."""
    chance = random.Random(seed)
    files = [p for p in sorted(documents.rglob("*")) if p.is_file() and loader_for(p.name) and p.stat().st_size < 5e6]
    contents = {path: path.read_bytes() for path in files}
    limits = ReadingSettings()
    states: Counter[str] = Counter()
    harmed, longest, slowest, reasons = 0, 0.0, "", Counter[str]()
    with Reader(limits) as reader, _Peak(reader) as peak:
        for _ in range(_MUTATIONS):
            path = chance.choice(files)
            broken = mutate(contents[path], contents[chance.choice(files)], chance)
            start = time.perf_counter()
            try:
                reader.read(broken, path.name, ChunkSize())
                states["indexed"] += 1
            except NothingToRead:
                states["skipped"] += 1
            except DocumentError as error:
                states["failed"] += 1
                reasons[str(error)[:60]] += 1
            except Exception as error:
                harmed += 1
                reasons[repr(error)[:60]] += 1
            taken = time.perf_counter() - start
            if taken > longest:
                longest, slowest = taken, path.name
    told = ", ".join(f"{state} {count}" for state, count in states.most_common())
    often = "; ".join(f"{count} x {reason}" for reason, count in reasons.most_common(5))
    yield at_most(f"errors other than a receipt in {_MUTATIONS} mutations", harmed, 0, f"{told}; most often {often}")
    yield at_most("longest time of one file", longest, limits.seconds + 1, f"{slowest}, limit for one file", " s")
    yield at_most("highest memory of a reading process", peak.highest, limits.memory_mb, f"{len(LOADERS)} types", " MB")


def mutate(content: bytes, other: bytes, chance: random.Random) -> bytes:
    """One of: flipped bits, a shorter file, a piece of another file, a broken part of a zip container."""
    kinds = [_flip, _truncate]
    if zipfile.is_zipfile(BytesIO(content)):
        kinds += [_break_part, _break_part]
    kind = chance.randrange(len(kinds) + 1)
    return _splice(content, other, chance) if kind == len(kinds) else kinds[kind](content, chance)


def _flip(content: bytes, chance: random.Random) -> bytes:
    broken = bytearray(content)
    for _ in range(chance.choice([1, 4, 32, 256]) if broken else 0):
        broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
    return bytes(broken)


def _truncate(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content) + 1)]


def _splice(content: bytes, other: bytes, chance: random.Random) -> bytes:
    at, start = chance.randrange(len(content) + 1), chance.randrange(len(other) + 1)
    return content[:at] + other[start : start + chance.randrange(1, 20_000)] + content[at:]


def _break_part(content: bytes, chance: random.Random) -> bytes:
    """The container stays whole, so that the parser of its parts is reached."""
    buffer = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        target = chance.choice([name for name in names if name.endswith((".xml", ".rels"))] or names)
        for name in names:
            part = old.read(name)
            if name == target:
                part = chance.choice([_flip, _truncate])(part, chance)
            new.writestr(name, part)
    return buffer.getvalue()


class _Peak:
    """Looks at the memory of the reading processes while a block runs."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._over = Event()
        self._thread = Thread(target=self._watch, daemon=True)
        self.highest = 0.0

    def __enter__(self) -> "_Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            for process in self._reader.processes:
                try:
                    self.highest = max(self.highest, resident_mb(process, "VmHWM"))
                except (OSError, ValueError):  # it has just ended
                    continue
