"""A search over 10,000 chunks, beside the embedding of its question and the bare engine's query."""

import asyncio
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.indexing import chunk_texts
from benchmarks.measure import Figure, at_most, make_home
from benchmarks.questions import read_questions
from knowledge.documents import EVERYONE
from knowledge.embedding import load_embedder
from knowledge.index import Index, open_index
from knowledge.sparse import TermWeights
from knowledge.store import Nearest, Payload, Point, Store, Where, point_id
from settings import Home, load_settings

_CHUNKS = 10_000


def run(documents: Path) -> Iterator[Figure]:
    """Median over the sample company's questions, each asked alone, embedding and search alternating."""
    with tempfile.TemporaryDirectory() as folder:
        home = make_home(Path(folder) / "home")
        (home.documents / "one.md").write_text("One document.\n")
        texts = chunk_texts(make_home(Path(folder) / "texts", documents))
        search, embed, bare = asyncio.run(_measure(home, texts))
        beside = f"search {search:.2f} ms, embedding {embed:.2f} ms, bare engine query {bare:.2f} ms"
        yield at_most(f"search over {_CHUNKS:,} chunks minus embedding", search - embed, 2, beside, " ms")


async def _measure(home: Home, texts: list[str]) -> tuple[float, float, float]:
    settings = load_settings(home)
    embedder = load_embedder(settings.knowledge.embedding, home.data)
    terms = TermWeights(settings.knowledge.language)
    async with open_index(settings, embedder) as index:
        await index.sync()
        store = await _fill(index, texts, terms)
        questions = [question.text for question in read_questions()]
        whole: list[float] = []
        embed: list[float] = []
        bare: list[float] = []
        for question in questions * 3:
            start = time.perf_counter()
            [vector] = await embedder.embed([question])
            embed.append(time.perf_counter() - start)
            start = time.perf_counter()
            found = await index.search(question)
            whole.append(time.perf_counter() - start)
            queries = [Nearest(vector, 40), Nearest(terms.of_question(question), 40)]
            start = time.perf_counter()
            await store.query(queries, Where((EVERYONE,)))
            bare.append(time.perf_counter() - start)
            if not found.passages:
                raise RuntimeError("the benchmark's index is empty")
    embedder.close()
    return median(whole) * 1000, median(embed) * 1000, median(bare) * 1000


async def _fill(index: Index, texts: list[str], terms: TermWeights) -> Store:
    """Put made-up chunks beside the one that is there: sentences of the documents, random directions."""
    store = await index._generations.store(await index._current())  # the benchmark looks inside on purpose
    chance = random.Random(7)
    sentences = [sentence for text in texts for sentence in text.split(". ") if sentence.strip()]
    for start in range(0, _CHUNKS, 500):
        points = []
        for number in range(start, start + 500):
            text = ". ".join(chance.choices(sentences, k=8))
            dense = [chance.gauss(0, 1) for _ in range(384)]
            payload = Payload(f"made/{number // 5}.md", "made", number, "Made", ("Up",), text, 1, None, (EVERYONE,))
            points.append(Point(point_id("made", number), dense, terms.of_document(text), payload))
        await store.upsert(points)
    await store.flush()
    return store
