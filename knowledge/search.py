"""A question in, passages out: meaning and words, one score.

    score = cosine + word_weight * coverage
    coverage = BM25 / (sum of the IDF of the question's terms)

Both parts are absolute: 1 means the same thing for every question, so scores can be compared with a
threshold. Fusing ranks, or scores scaled by the best hit of each question, lets one rare word that
happens to occur outweigh the meaning (figures in docs/decisions/0004-score-fusion.md).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from knowledge.embedding import Embedder, Vector
from knowledge.sparse import SparseVector, TermWeights
from knowledge.store import Nearest, Payload, Scored, Store, Where
from settings.sections import SearchSettings

_NEAREST = 64
_BEST_BY_WORDS = 40
_THREAD_WEIGHT = 0.5
_THREAD_TURNS = 3
_MOST_TERMS = 64
_MOST_PAYLOADS = 2000
_UNSEEN_IDF = 8.0
"""Of a term that no readable chunk has: as if one of some 1,500 chunks had it."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document that was found. `score` is cosine + word weight x coverage."""

    id: str
    source: str
    version: str
    title: str
    heading: str
    text: str
    line: int | None
    page: int | None
    score: float
    cosine: float
    coverage: float
    updated: date | None = None
    link: str = ""
    """Where the document can be read, by the link template of its source; empty where there is none."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search brought: passages, best first, and how good the evidence is.

    `evidence` is on the scale of `score`; below the threshold of the plugin rag the documents are
    taken not to say anything about the question.
    """

    passages: tuple[Passage, ...] = ()
    evidence: float = 0.0


class _Scores(NamedTuple):
    """What a search knows of its candidates, by id."""

    totals: dict[int, float]
    cosines: dict[int, float]
    coverages: dict[int, float]


class Searcher:
    """Searches one store. Keeps what it has met (IDF, payloads): make a new one when the store has changed."""

    def __init__(self, store: Store, embedder: Embedder, terms: TermWeights, settings: SearchSettings) -> None:
        self._store = store
        self._embedder = embedder
        self._terms = terms
        self._settings = settings
        self._idf: dict[tuple[tuple[str, ...], int], float] = {}
        self._payloads: dict[int, Payload] = {}

    async def search(
        self, question: str, where: Where, limit: int, per_document: int, thread: Sequence[str] = ()
    ) -> Found:
        """The best `limit` passages, at most `per_document` of one file.

        `thread` is what the person wrote before in the same thread: a follow-up is searched as typed
        and once more together with it, and both count.
        """
        texts = [question, " ".join([*thread[-_THREAD_TURNS:], question])] if thread else [question]
        nearest = max(_NEAREST, 4 * limit)
        vectors = await self._embedder.embed(texts)
        scores, *with_thread = [
            await self._scores(text, vector, where, nearest) for text, vector in zip(texts, vectors, strict=True)
        ]
        for other in with_thread:
            scores = _mean(scores, other)
        totals = scores.totals
        ranked = sorted(totals, key=lambda id_: (-round(totals[id_], 6), id_))
        passages = await self._pick(ranked, scores, limit, per_document)
        evidence = max((score.cosine + self._settings.word_weight * score.coverage for score in passages), default=0.0)
        return Found(tuple(passages), evidence)

    async def _scores(self, text: str, vector: Vector, where: Where, nearest: int) -> _Scores:
        """Score every candidate of either kind.

        One batch: the nearest by meaning, the best by words, and for each new term its single best
        point, whose score and weight give the term's IDF without a table of our own. An audience
        learns nothing of terms that only others may read.
        """
        terms = _first_terms(self._terms.of_question(text))
        unknown = [index for index in terms.indices if (where.audience, index) not in self._idf]
        by_words_too = [Nearest(terms, max(_BEST_BY_WORDS, nearest // 2))] if terms.indices else []
        single = [Nearest(SparseVector([index], [1.0]), 1, with_weights=True) for index in unknown]
        dense, *rest = await self._store.query([Nearest(vector, nearest), *by_words_too, *single], where)
        by_words, best = (rest[0], rest[1:]) if terms.indices else ([], [])
        for index, hits in zip(unknown, best, strict=True):
            self._idf[where.audience, index] = _idf(index, hits)
        ideal = sum(self._idf[where.audience, index] for index in terms.indices)
        # a chunk too far away in meaning to be listed counts as near as the last one that is
        floor = dense[-1].score if len(dense) >= nearest else 0.0
        cosines = {id_: cosine for id_, cosine, _ in dense}
        coverages = {id_: score / ideal for id_, score, _ in by_words} if ideal else {}
        totals = dict(cosines)
        weight = self._settings.word_weight
        for id_, coverage in coverages.items():
            totals[id_] = cosines.setdefault(id_, floor) + weight * coverage
        return _Scores(totals, cosines, coverages)

    async def _pick(self, ranked: Sequence[int], scores: _Scores, limit: int, per_document: int) -> list[Passage]:
        """The first ones in rank order that keep within `per_document`."""
        picked: list[Passage] = []
        taken: Counter[str] = Counter()
        for start in range(0, len(ranked), limit):
            some = ranked[start : start + limit]
            await self._fetch(some)
            for id_ in some:
                payload = self._payloads.get(id_)
                if payload is None or taken[payload.source] >= per_document:
                    continue
                taken[payload.source] += 1
                picked.append(_passage(id_, payload, scores))
                if len(picked) == limit:
                    return picked
        return picked

    async def _fetch(self, ids: Sequence[int]) -> None:
        """Bring payloads that are not at hand; the passages of a company's usual questions soon are."""
        if len(self._payloads) > _MOST_PAYLOADS:
            self._payloads.clear()
        if missing := [id_ for id_ in ids if id_ not in self._payloads]:
            self._payloads |= await self._store.fetch(missing)


def _idf(index: int, hits: Sequence[Scored]) -> float:
    if not hits or hits[0].weights is None:
        return _UNSEEN_IDF
    weight = dict(zip(hits[0].weights.indices, hits[0].weights.values, strict=True)).get(index, 0.0)
    # rounded: which of several equal points is the best differs, and with it the last digits
    return round(hits[0].score / weight, 4) if weight > 0 else _UNSEEN_IDF


def _first_terms(terms: SparseVector) -> SparseVector:
    return SparseVector(terms.indices[:_MOST_TERMS], terms.values[:_MOST_TERMS])


def _mean(typed: _Scores, with_thread: _Scores) -> _Scores:
    """Weighted mean of the totals; of the evidence, the better one."""
    ids = typed.totals.keys() | with_thread.totals.keys()
    return _Scores(
        {
            id_: (typed.totals.get(id_, 0.0) + _THREAD_WEIGHT * with_thread.totals.get(id_, 0.0)) / (1 + _THREAD_WEIGHT)
            for id_ in ids
        },
        {id_: max(typed.cosines.get(id_, 0.0), with_thread.cosines.get(id_, 0.0)) for id_ in ids},
        {id_: max(typed.coverages.get(id_, 0.0), with_thread.coverages.get(id_, 0.0)) for id_ in ids},
    )


def _passage(id_: int, payload: Payload, scores: _Scores) -> Passage:
    return Passage(
        id=str(id_),
        source=payload.source,
        version=payload.version,
        title=payload.title,
        heading=" > ".join(payload.headings),
        text=payload.text,
        line=payload.line,
        page=payload.page,
        score=scores.totals[id_],
        cosine=scores.cosines[id_],
        coverage=scores.coverages.get(id_, 0.0),
        updated=payload.updated,
    )
