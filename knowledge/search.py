"""A question in, passages out: meaning and words, one score.

    score = cosine + word_weight * coverage
    coverage = BM25 / (sum of the IDF of the question's terms)

Both parts are absolute: 1 means the same thing for every question, so scores can be compared with a
threshold. Fusing ranks, or scores scaled by the best hit of each question, lets one rare word that
happens to occur outweigh the meaning (figures in docs/decisions/0004-score-fusion.md).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from knowledge.embedding import Embedder, Vector
from knowledge.sparse import SparseVector, TermWeights
from knowledge.store import Nearest, Payload, Scored, Store, Where
from settings.sections import SearchSettings

_CANDIDATES = 80
_THREAD_WEIGHT = 0.5
_THREAD_TURNS = 3
_MOST_TERMS = 64
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


@dataclass(frozen=True, slots=True)
class Found:
    """What a search brought: passages, best first, and how good the evidence is.

    `evidence` is on the scale of `score`; below the threshold of the plugin rag the documents are
    taken not to say anything about the question.
    """

    passages: tuple[Passage, ...] = ()
    evidence: float = 0.0


@dataclass(frozen=True, slots=True)
class _Score:
    total: float
    cosine: float
    coverage: float


_NOTHING = _Score(0.0, 0.0, 0.0)


class Searcher:
    """Searches one store."""

    def __init__(self, store: Store, embedder: Embedder, terms: TermWeights, settings: SearchSettings) -> None:
        self._store = store
        self._embedder = embedder
        self._terms = terms
        self._settings = settings

    async def search(
        self, question: str, where: Where, limit: int, per_document: int, thread: Sequence[str] = ()
    ) -> Found:
        """The best `limit` passages, at most `per_document` of one file.

        `thread` is what the person wrote before in the same thread: a follow-up is searched as typed
        and once more together with it, and both count.
        """
        texts = [question]
        if thread:
            texts.append(" ".join([*thread[-_THREAD_TURNS:], question]))
        vectors = await self._embedder.embed(texts)
        scores: dict[str, _Score] = {}
        shares = (1.0,) if not thread else (1 / (1 + _THREAD_WEIGHT), _THREAD_WEIGHT / (1 + _THREAD_WEIGHT))
        for share, text, vector in zip(shares, texts, vectors, strict=True):
            terms = _first_terms(self._terms.of_question(text))
            for id_, score in (await self._scores(vector, terms, where)).items():
                scores[id_] = _add(scores.get(id_, _NOTHING), score, share)
        ranked = sorted(scores, key=lambda id_: (-round(scores[id_].total, 6), id_))
        passages = await self._pick(ranked, scores, limit, per_document)
        evidence = max((score.cosine + self._settings.word_weight * score.coverage for score in passages), default=0.0)
        return Found(tuple(passages), evidence)

    async def _scores(self, vector: Vector, terms: SparseVector, where: Where) -> dict[str, _Score]:
        """Score every candidate of either kind.

        One batch: the nearest by meaning, the best by words, and for each term its single best
        point, whose score and weight give the term's IDF without a table of our own.
        """
        single = [Nearest(SparseVector([index], [1.0]), 1, with_weights=True) for index in terms.indices]
        both = [Nearest(vector, _CANDIDATES), *([Nearest(terms, _CANDIDATES)] if terms.indices else [])]
        dense, *rest = await self._store.query([*both, *single], where)
        by_words, best = (rest[0], rest[1:]) if terms.indices else ([], [])
        ideal = sum(_idf(index, hits) for index, hits in zip(terms.indices, best, strict=True))
        cosines = {point.id: point.score for point in dense}
        coverages = {point.id: point.score / ideal for point in by_words} if ideal else {}
        floor = min(cosines.values(), default=0.0) if len(cosines) >= _CANDIDATES else 0.0
        return {
            id_: self._score(cosines.get(id_, floor), coverages.get(id_, 0.0))
            for id_ in cosines.keys() | coverages.keys()
        }

    def _score(self, cosine: float, coverage: float) -> _Score:
        return _Score(cosine + self._settings.word_weight * coverage, cosine, coverage)

    async def _pick(
        self, ranked: Sequence[str], scores: Mapping[str, _Score], limit: int, per_document: int
    ) -> list[Passage]:
        """The first ones in rank order that keep within `per_document`."""
        picked: list[Passage] = []
        taken: Counter[str] = Counter()
        page = max(4 * limit, 20)
        for start in range(0, len(ranked), page):
            some = ranked[start : start + page]
            payloads = await self._store.fetch(some)
            for id_ in some:
                payload = payloads.get(id_)
                if payload is None or taken[payload.source] >= per_document:
                    continue
                taken[payload.source] += 1
                picked.append(_passage(id_, payload, scores[id_]))
                if len(picked) == limit:
                    return picked
        return picked


def _idf(index: int, hits: Sequence[Scored]) -> float:
    if not hits or hits[0].weights is None:
        return _UNSEEN_IDF
    weight = dict(zip(hits[0].weights.indices, hits[0].weights.values, strict=True)).get(index, 0.0)
    return hits[0].score / weight if weight > 0 else _UNSEEN_IDF


def _first_terms(terms: SparseVector) -> SparseVector:
    return SparseVector(terms.indices[:_MOST_TERMS], terms.values[:_MOST_TERMS])


def _add(before: _Score, score: _Score, share: float) -> _Score:
    """Sum up the totals, keep the better evidence."""
    return _Score(
        before.total + share * score.total, max(before.cosine, score.cosine), max(before.coverage, score.coverage)
    )


def _passage(id_: str, payload: Payload, score: _Score) -> Passage:
    return Passage(
        id=id_,
        source=payload.source,
        version=payload.version,
        title=payload.title,
        heading=" > ".join(payload.headings),
        text=payload.text,
        line=payload.line,
        page=payload.page,
        score=score.total,
        cosine=score.cosine,
        coverage=score.coverage,
    )
