"""Is the right passage found, and does the evidence tell answerable questions from others?

    python -m benchmarks.retrieval [--data DIR] [--docs DIR --questions FILE ...] [--sample] [--cache DIR]

Without arguments the sample company is measured. `--data` names a folder with `corpus.jsonl` (an
object a line: `_id`, `title`, `text`) and `tasks.jsonl`, as in IBM's MTRAG benchmark: every passage
becomes a document of its own, so that ids can be compared, and the last turn of every conversation
is searched with its thread, without a language model. `--docs` names a folder of documents,
`--questions` the questions about it. Every option may be given several times, and `--sample` adds the
sample company: then the threshold of each set is tried on the others, and the last row judges all
questions by one threshold, as a company's assistant has to. The formats of questions are described in
`benchmarks/questions.py`.
`--cache` keeps the indexes, so that the next run embeds only questions.

Beside Deskhand's own search stand, from the same index: BM25 alone, the embeddings alone, and both
fused by rank with equal weights (RRF, k = 60). A chunk counts for its file.
"""

import argparse
import asyncio
import hashlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks import ranking
from benchmarks.measure import CHECKOUT, Figure, at_least
from benchmarks.questions import SAMPLE, Question, read_questions
from knowledge import Index, open_index
from knowledge.documents import EVERYONE
from knowledge.generations import terms_of
from knowledge.sparse import SparseVector
from knowledge.store import Nearest, Store, Where
from settings import Home, load_settings

_DEPTH = 300
_RRF = 60
_OWN = "Deskhand"


@dataclass(slots=True)
class Set:
    """Documents and questions, and what came out."""

    name: str
    documents: Path
    questions: Sequence[Question]
    rankings: dict[str, list[Sequence[str]]] = field(default_factory=dict)
    evidence: list[float] = field(default_factory=list)
    cosines: list[float] = field(default_factory=list)

    def split(self, scores: Sequence[float], part: int | None = None) -> tuple[list[float], list[float]]:
        """Scores of answerable and of other questions: every second one, or all."""
        kinds: tuple[list[float], list[float]] = ([], [])
        for question, score in zip(self.questions, scores, strict=True):
            kinds[not question.answerable].append(score)
        return kinds if part is None else (kinds[0][part::2], kinds[1][part::2])


def run(documents: Path, questions: Path = SAMPLE) -> Iterator[Figure]:
    """The figures that the README quotes, with their bounds."""
    measured = Set(questions.stem, documents, read_questions(questions))
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_measure(measured, Path(folder)))
    relevant = [question.relevant for question in measured.questions if question.answerable]
    own = ranking.summary(measured.rankings[_OWN], relevant)
    pairs = zip(measured.rankings[_OWN], (q for q in measured.questions if q.answerable), strict=True)
    missed = [question.id for found, question in pairs if ranking.first_hit(found, question.relevant) > 5]
    beside = f"{len(relevant)} answerable questions of {questions.name}, MRR {own['MRR']:.3f}"
    yield at_least("right file first", own["hit@1"], 0.60, beside)
    yield at_least("right file in the first 5", own["hit@5"], 0.80, f"{beside}, missed: {', '.join(missed) or 'none'}")
    score, cosine = (ranking.auc(*measured.split(scores)) for scores in (measured.evidence, measured.cosines))
    yield at_least("evidence tells answerable from not (AUC)", score, 0.6, f"of the best cosine alone {cosine:.2f}")


def main() -> None:
    """Print a table a set, and how the evidence does within and across sets."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.retrieval",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, action="append", default=[], help="folder with corpus.jsonl, tasks.jsonl")
    parser.add_argument("--docs", type=Path, action="append", default=[], help="folder of documents")
    parser.add_argument("--questions", type=Path, nargs="+", action="append", default=[], help="about these --docs")
    parser.add_argument("--sample", action="store_true", help="the sample company beside them")
    parser.add_argument("--cache", type=Path, help="folder that keeps the indexes")
    options = parser.parse_args()
    if len(options.docs) != len(options.questions):
        parser.error("--docs and --questions belong together")
    with tempfile.TemporaryDirectory() as folder:
        cache: Path = options.cache or Path(folder)
        sets = [_conversations(data, cache) for data in options.data]
        sets += [_folder(*pair) for pair in zip(options.docs, options.questions, strict=True)]
        if options.sample or not sets:
            sets.append(Set("sample company", CHECKOUT / "knowledge" / "docs", read_questions(SAMPLE)))
        for one in sets:
            asyncio.run(_measure(one, cache))
            _print_ranking(one)
        _print_evidence(sets)


def _folder(documents: Path, questions: Sequence[Path]) -> Set:
    """Relevant files may be named with folders in front of `documents`."""
    sources = {path.relative_to(documents).as_posix() for path in documents.rglob("*") if path.is_file()}

    def below(name: str) -> str:
        while name not in sources and "/" in name:
            name = name.split("/", 1)[1]
        return name

    asked = [
        Question(q.id, q.text, frozenset(map(below, q.relevant)), q.groups, q.thread, q.contains, q.answer)
        for q in read_questions(*questions)
    ]
    return Set(documents.name, documents, asked)


def _conversations(data: Path, cache: Path) -> Set:
    """Every passage of the corpus as a file of its own."""
    corpus = data / "corpus.jsonl"
    documents = cache / f"passages-{_key(corpus)}"
    if not documents.exists():
        documents.mkdir(parents=True)
        for line in corpus.read_text(encoding="utf-8").split("\n"):
            if line.strip():
                row = json.loads(line)
                text = f"{row['title']}\n\n{row['text']}" if row.get("title") else row["text"]
                (documents / f"{row['_id']}.txt").write_text(text, encoding="utf-8")
    asked = [
        Question(q.id, q.text, frozenset(f"{id_}.txt" for id_ in q.relevant), (), q.thread, (), q.answer)
        for q in read_questions(data / "tasks.jsonl")
    ]
    return Set(data.name, documents, asked)


def _key(path: Path) -> str:
    return hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]


async def _measure(one: Set, cache: Path) -> None:
    home = Home(cache / f"home-{_key(one.documents)}")
    home.knowledge.mkdir(parents=True, exist_ok=True)
    if not home.documents.is_symlink():
        home.documents.symlink_to(one.documents.resolve())
    async with open_index(load_settings(home)) as index:
        await index.sync()
        for question in one.questions:
            await _ask(index, one, question)


async def _ask(index: Index, one: Set, question: Question) -> None:
    ask = partial(index.search, question.text, question.groups, thread=question.thread, answer=question.answer)
    one.evidence.append((await ask()).evidence)
    store, vector, terms = await _parts(index, question)
    where = Where((EVERYONE, *question.groups))
    dense, sparse = await store.query([Nearest(vector, _DEPTH), Nearest(terms, _DEPTH)], where)
    one.cosines.append(max(dense.values(), default=0.0))
    if question.answerable:
        found = await ask(limit=20, per_document=1)
        files = {id_: p.source for id_, p in (await store.fetch([*dense, *sparse])).items()}
        by_words, by_meaning = (list(dict.fromkeys(files[id_] for id_ in some)) for some in (sparse, dense))
        one.rankings.setdefault("BM25", []).append(by_words)
        one.rankings.setdefault("embeddings", []).append(by_meaning)
        one.rankings.setdefault("equal RRF", []).append(_fused(by_words, by_meaning))
        own = [source for passage in found.passages for source in (passage.source, *passage.also)]
        one.rankings.setdefault(_OWN, []).append(list(dict.fromkeys(own)))


async def _parts(index: Index, question: Question) -> tuple[Store, Sequence[float], SparseVector]:
    """What a plain system would search with: the question as typed. Looks inside on purpose."""
    generation = await index._current()
    vocabulary = await index._catalogue.vocabulary(generation)
    terms = terms_of(generation.recipe.language)
    plain = terms.of_question(question.text)
    readable = vocabulary.readable((EVERYONE, *question.groups))
    weighted = SparseVector(plain.indices, [readable.idf(term) for term in plain.indices])
    [vector] = await (await index.embedder()).embed([question.text])
    return await index._generations.store(generation), vector, weighted


def _fused(*rankings: Sequence[str]) -> list[str]:
    scores: dict[str, float] = {}
    for one in rankings:
        for rank, source in enumerate(one, 1):
            scores[source] = scores.get(source, 0.0) + 1 / (_RRF + rank)
    return sorted(scores, key=lambda source: (-scores[source], source))


def _print_ranking(one: Set) -> None:
    relevant = [question.relevant for question in one.questions if question.answerable]
    print(f"\n{one.name}: {len(relevant)} answerable questions, {len(one.questions) - len(relevant)} others")
    tables = {name: ranking.summary(rankings, relevant) for name, rankings in one.rankings.items()}
    print(f"{'':12}" + "".join(f"{name:>9}" for name in tables[_OWN]))
    for name, figures in tables.items():
        print(f"{name:12}" + "".join(f"{figure:9.3f}" for figure in figures.values()))


def _print_evidence(sets: Sequence[Set]) -> None:
    """AUC of the evidence beside the best cosine's; thresholds chosen on one part and reported on the other."""
    print("\nanswerable or not             AUC evidence, 95 % interval    AUC cosine, 95 % interval")
    for one in [*sets, _together(sets)] if len(sets) > 1 else sets:
        print(f"{one.name:30}" + "    ".join(_with_interval(*one.split(some)) for some in (one.evidence, one.cosines)))
    print("\nthreshold chosen on           reported on                   threshold  precision  recall")
    for one in sets:
        if all(one.split(one.evidence, 0)):
            limit = ranking.best_threshold(*one.split(one.evidence, 0))
            _print_decision(f"{one.name} (half)", f"{one.name} (other half)", limit, one.split(one.evidence, 1))
        for other in sets:
            if other is not one and all(one.split(one.evidence)):
                limit = ranking.best_threshold(*one.split(one.evidence))
                _print_decision(one.name, other.name, limit, other.split(other.evidence))


def _together(sets: Sequence[Set]) -> Set:
    everything = Set("all together", Path(), [question for one in sets for question in one.questions])
    for one in sets:
        everything.evidence += one.evidence
        everything.cosines += one.cosines
    return everything


def _with_interval(yes: list[float], no: list[float]) -> str:
    low, high = ranking.auc_interval(yes, no)
    return f"{ranking.auc(yes, no):12.3f} ({low:.2f} to {high:.2f})"


def _print_decision(chosen: str, reported: str, limit: float, scores: tuple[list[float], list[float]]) -> None:
    precision, recalled = ranking.precision_recall(*scores, limit)
    print(f"{chosen:30}{reported:30}{limit:9.3f}{precision:11.3f}{recalled:8.3f}")


if __name__ == "__main__":
    main()
