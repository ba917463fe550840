"""Indexing speed beside the bare embedding loop over the same chunks, and memory on the way."""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import CHECKOUT, Figure, at_least, at_most, bare_model, make_home, resident_mb
from knowledge import open_index
from knowledge.chunking import ChunkSize, chunk_document
from knowledge.documents import DocumentError
from knowledge.embedding import load_embedder
from knowledge.folder import walk_documents
from knowledge.loaders import loader_for, name_of
from knowledge.sources import Sources
from settings import Home, load_settings
from settings.sections import KnowledgeSettings

_BATCHES = (1, 2, 4)
_BARE_LOOP = """
import json, sys, time
texts = sorted(json.load(sys.stdin), key=len)
next(iter(model.embed(texts[:1])))
start = time.perf_counter()
for _ in model.embed(texts, batch_size=int(sys.argv[1])):
    pass
print(len(texts) / (time.perf_counter() - start))
"""


def run(documents: Path, rounds: int = 2) -> Iterator[Figure]:
    """Alternate the bare loop at each batch size with whole indexing runs; compare the best of each."""
    with tempfile.TemporaryDirectory() as folder:
        home = make_home(Path(folder) / "texts", documents)
        texts = chunk_texts(home)
        bare: dict[int, float] = {}
        ours = 0.0
        for number in range(rounds):
            for batch in _BATCHES:
                bare[batch] = max(bare.get(batch, 0.0), bare_speed(texts, batch))
            ours = max(ours, our_speed(make_home(Path(folder) / f"run{number}", documents)))
        best = max(bare, key=lambda batch: bare[batch])
        beside = f"{ours:.1f} chunks/s with everything, bare fastembed {bare[best]:.1f} at batch {best}"
        yield at_least("indexing / bare embedding loop", ours / bare[best], 0.95, f"{beside}, {len(texts)} chunks")
        peak = peak_memory(make_home(Path(folder) / "memory", documents))
        yield at_most("resident memory while indexing", peak, 500, "highest of the whole process", " MB")


def chunk_texts(home: Home) -> list[str]:
    """The texts that a full run embeds: every different chunk once."""
    chunk = load_settings(home).knowledge.chunk
    texts: dict[str, None] = {}
    for file in walk_documents(Sources(home, KnowledgeSettings())).files:
        loader = loader_for(file.source)
        if loader is None:
            continue
        try:
            document = loader(Path(file.path).read_bytes(), name_of(file.source))
        except DocumentError:
            continue
        size = ChunkSize(chunk.target_words, chunk.most_words)
        texts.update(dict.fromkeys(part.searched for part in chunk_document(document, size)))
    return list(texts)


def bare_speed(texts: list[str], batch: int) -> float:
    """Chunks a second of fastembed alone with all cores, texts sorted by length."""
    code = f"{bare_model()}\n{_BARE_LOOP}"
    done = subprocess.run(
        [sys.executable, "-c", code, str(batch)],
        input=json.dumps(texts), capture_output=True, text=True, check=True, cwd=CHECKOUT,
    )  # fmt: skip
    return float(done.stdout)


def our_speed(home: Home) -> float:
    """Chunks a second of a whole run: walk, read, cut, embed, write; the model is loaded before."""

    async def measure() -> float:
        settings = load_settings(home)
        embedder = load_embedder(settings.knowledge.embedding, home.data)
        try:
            async with open_index(settings, embedder) as index:
                start = time.perf_counter()
                report = await index.sync()
                return report.embedded / (time.perf_counter() - start)
        finally:
            embedder.close()

    return asyncio.run(measure())


def peak_memory(home: Home) -> float:
    """Highest resident memory of `deskhand index` in MB."""
    process = subprocess.Popen(
        [sys.executable, "-m", "deskhand", "index", "--home", str(home.root)], stdout=subprocess.DEVNULL, cwd=CHECKOUT
    )
    peak = 0.0
    while process.poll() is None:
        try:
            peak = max(peak, resident_mb(process.pid, "VmHWM"))
        except (OSError, ValueError):  # it has just ended
            break
        time.sleep(0.05)
    if process.wait() != 0:
        raise RuntimeError("deskhand index failed")
    return peak
