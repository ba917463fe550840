"""A search over 10,000 chunks without the embedding of its question, beside the bare engine's query."""

import asyncio
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from statistics import median

from benchmarks.indexing import chunk_texts
from benchmarks.measure import Figure, at_most, make_home
from benchmarks.questions import read_questions
from knowledge.catalogue import FileRow
from knowledge.documents import EVERYONE
from knowledge.embedding import Embedder, Vector, load_embedder
from knowledge.english import load_places
from knowledge.index import Index, open_index
from knowledge.judging import Judge
from knowledge.sparse import TermWeights
from knowledge.stop_words import STOP_WORDS
from knowledge.store import Nearest, Payload, Point, Store, Where, point_id
from knowledge.vocabulary import version_terms
from settings import Home, load_settings

_CHUNKS = 10_000
_CHUNKS_A_FILE = 5
_SENTENCES = 2
_WORDS = 25
_ROUNDS = 3
_JUDGED = 20
_BEFORE = ("how many days of annual leave do i have", "Employees have 25 days of annual leave a year.")


def run(documents: Path) -> Iterator[Figure]:
    """Medians over the sample company's questions, in milliseconds; the engine's query alternates with the search."""
    with tempfile.TemporaryDirectory() as folder:
        home = make_home(Path(folder) / "home")
        (home.documents / "one.md").write_text("One document.\n")
        texts = chunk_texts(make_home(Path(folder) / "texts", documents))
        first, plain, slips, follow_ups, bare, judged, judged_new, read = asyncio.run(_measure(home, texts))
    beside = f"bare engine query {bare:.2f} ms; {first:.2f} ms while the passages found are new"
    yield at_most(f"search over {_CHUNKS:,} chunks minus embedding and judging", plain, 2, beside, " ms")
    yield at_most("the same with slips of the keyboard", slips, 10, "two readings of every question", " ms")
    yield at_most("the same in a thread with an answer", follow_ups, 10, "three readings of every question", " ms")
    yield at_most("judging passages that were read before", judged, 50, "by the network alone", " ms")
    yield at_most("judging passages that are new", judged_new / read, 1.5, f"times embedding them, {read:.0f} ms", "")


class _Clock:
    """Takes the place of methods and adds up the seconds that embedding and judging take."""

    def __init__(self, embedder: Embedder, judge: Judge) -> None:
        self._embed, self._judge = embedder.embed, judge.logits
        self.embedding = self.judging = 0.0
        self.passages: Sequence[str] = ()
        embedder.embed = self.embed  # type: ignore[method-assign]
        judge.logits = self.logits  # type: ignore[method-assign]

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        start = time.perf_counter()
        vectors = await self._embed(texts)
        self.embedding += time.perf_counter() - start
        return vectors

    async def logits(self, questions: Sequence[str], passages: Sequence[str]) -> list[list[float]]:
        start, self.passages = time.perf_counter(), passages
        verdicts = await self._judge(questions, passages)
        self.judging += time.perf_counter() - start
        return verdicts


async def _measure(home: Home, texts: list[str]) -> tuple[float, ...]:
    settings = load_settings(home)
    embedder = load_embedder(settings.knowledge.embedding, home.data)
    terms = TermWeights(settings.knowledge.language)
    kinds = ("first", "plain", "slips", "follow-ups", "bare", "judged", "judged, new", "embedded")
    times: dict[str, list[float]] = {kind: [] for kind in kinds}

    async def search(kind: str, question: str, *before: str) -> None:
        clock.embedding, clock.judging, start = 0.0, 0.0, time.perf_counter()
        found = await index.search(question, thread=before[:1], answer="".join(before[1:]))
        times[kind].append(time.perf_counter() - start - clock.embedding - clock.judging)
        if not found.passages:
            raise RuntimeError("the benchmark's index is empty")

    async with open_index(settings, embedder) as index:
        await index.sync()
        store = await _fill(index, texts, terms)
        questions = [question.text for question in read_questions()]
        judge = await index._judge_for(embedder)
        assert judge is not None
        clock = _Clock(embedder, judge)
        await search("first", "which document is the first")
        times["first"].clear()
        for number in range(_ROUNDS + 1):
            for question in questions:
                await search("plain" if number else "first", question)
                [vector] = await embedder.embed([question])
                queries = [Nearest(vector, 64), Nearest(terms.of_question(question), 64)]
                start = time.perf_counter()
                await store.query(queries, Where((EVERYONE,)))
                times["bare"].append(time.perf_counter() - start)
        for question in questions[:_JUDGED]:
            await index.search(question)
            judge._read.clear()
            for kind in ("judged, new", "judged"):
                clock.judging = 0.0
                await judge.logits([question], clock.passages)
                times[kind].append(clock.judging)
            start = time.perf_counter()
            await embedder.tokens(clock.passages)
            times["embedded"].append(time.perf_counter() - start)
        for question in questions:
            await search("slips", f"{question} documnet")
            await search("follow-ups", question, *_BEFORE)
    embedder.close()
    return tuple(median(some) * 1000 for some in times.values())


async def _fill(index: Index, texts: list[str], terms: TermWeights) -> Store:
    """Put made-up files beside the one that is there, in random directions.

    Half of a chunk are sentences of the documents, half are words of English, each as often as it is usual
    (Zipf's law): sentences alone would repeat a few hundred words in far more chunks than documents do.
    """
    generation = await index._current()  # the benchmark looks inside on purpose
    store = await index._generations.store(generation)
    chance = random.Random(7)
    sentences = [sentence for text in texts for sentence in text.split(". ") if sentence.strip()]
    english = [word for word in load_places() if word.isalpha() and word not in STOP_WORDS and len(word) > 1]
    common = list(accumulate(1 / (place + 2.7) for place in range(len(english))))
    for start in range(0, _CHUNKS, 500):
        points = []
        for number in range(start, start + 500):
            words = chance.choices(english, cum_weights=common, k=_WORDS)
            text = ". ".join([*chance.choices(sentences, k=_SENTENCES), " ".join(words)])
            dense = [chance.gauss(0, 1) for _ in range(384)]
            file, ordinal = f"made/{number // _CHUNKS_A_FILE}.md", number % _CHUNKS_A_FILE
            payload = Payload(file, file, ordinal, "Made", ("Up",), text, 1, None, (EVERYONE,))
            points.append(Point(point_id(file, ordinal), dense, terms.of_document(text), payload))
        await store.upsert(points)
        rows = [
            FileRow(file, 1, 1, 1, "", file, _CHUNKS_A_FILE, "Made", "indexed", "", index._sources.rule(file))
            for file in dict.fromkeys(point.payload.source for point in points)
        ]
        await index._catalogue.record(generation, rows, terms=version_terms(points))
    await store.flush()
    return store
