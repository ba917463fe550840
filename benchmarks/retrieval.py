"""Is the right file found: the first results of the sample company's questions, or of any other set."""

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.measure import Figure, at_least, make_home
from benchmarks.questions import SAMPLE, Question, read_questions
from knowledge import Index, open_index
from settings import load_settings


def run(documents: Path, questions: Path = SAMPLE) -> Iterator[Figure]:
    """Share of answerable questions whose right file is the first result, or among the first five."""
    asked = read_questions(questions)
    with tempfile.TemporaryDirectory() as folder:
        ranks, evidence = asyncio.run(_ranks(Path(folder), documents, asked))
    count = len(ranks)
    first, five = (sum(rank <= limit for rank in ranks.values()) / count for limit in (1, 5))
    mrr = sum(1 / rank for rank in ranks.values()) / count
    missed = ", ".join(f"{id_}" for id_, rank in ranks.items() if rank > 5)
    beside = f"{count} answerable questions of {questions.name}, MRR {mrr:.3f}"
    yield at_least("right file first", first, 0.60, beside)
    yield at_least("right file in the first 5", five, 0.80, f"{beside}, missed: {missed or 'none'}")
    yield at_least("evidence tells answerable from not (AUC)", _auc(asked, evidence), 0.6, f"{len(asked)} questions")


async def _ranks(
    folder: Path, documents: Path, questions: Sequence[Question]
) -> tuple[dict[str, float], dict[str, float]]:
    ranks: dict[str, float] = {}
    evidence: dict[str, float] = {}
    async with open_index(load_settings(make_home(folder / "home", documents))) as index:
        await index.sync()
        for question in questions:
            rank, strength = await _rank(index, question)
            evidence[question.id] = strength
            if question.answerable:
                ranks[question.id] = rank
    return ranks, evidence


async def _rank(index: Index, question: Question) -> tuple[float, float]:
    found = await index.search(question.text, question.groups, limit=20, per_document=1, thread=question.thread)
    hits = (number for number, passage in enumerate(found.passages, 1) if passage.source in question.relevant)
    return next(hits, float("inf")), found.evidence


def _auc(questions: Sequence[Question], evidence: dict[str, float]) -> float:
    """Chance that an answerable question has more evidence than one that is not."""
    yes = [evidence[question.id] for question in questions if question.answerable]
    no = [evidence[question.id] for question in questions if not question.answerable]
    wins = sum((one > other) + 0.5 * (one == other) for one in yes for other in no)
    return wins / (len(yes) * len(no)) if yes and no else float("nan")
