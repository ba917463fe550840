"""A question in, passages out: meaning and words, one score.

    score = cosine + word_weight * coverage
    coverage = BM25 / (sum of the IDF of the question's terms)

Both parts are absolute: 1 means the same thing for every question, so scores can be compared with a
threshold. Fusing ranks, or scores scaled by the best hit of each question, lets one rare word that
happens to occur outweigh the meaning (figures in docs/decisions/0004-score-fusion.md).

A question is searched in several readings: as typed, with slips of the keyboard mended, together
with the question before, and by what was answered before (docs/decisions/0017-readings.md). Of the first
passages those come first that a small network takes for an answer (docs/decisions/0056-answers-first.md).
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import nlargest
from itertools import chain
from statistics import fmean
from typing import NamedTuple

from knowledge.embedding import Embedder, Vector
from knowledge.english import is_english
from knowledge.evidence import evidence_of, likelihood
from knowledge.judging import Judge
from knowledge.passages import Passage, adjusted, merged, repeated
from knowledge.question import Asked, corrected, in_other_words, squeezed, understand, unknown_words
from knowledge.question_terms import QuestionTerms, question_terms
from knowledge.reranking import Reranker
from knowledge.sparse import TermWeights
from knowledge.store import Nearest, Payload, Store, Where
from knowledge.vocabulary import Vocabulary, Words, similar_words
from settings.sections import SearchSettings

__all__ = ["Found", "Passage", "Searcher"]

_NEAREST = 64
_NEAREST_OF_SEVERAL = 500
"""Where several readings are added up: what one of them does not list would be scored by a guess."""
_MOST_PAYLOADS = 4000
"""Chunks whose payloads are kept, some 10 MB; then those that came first make room."""
_READ = 6
"""Passages that the evidence is taken from, and that are put in order by it."""
_ANSWERS = 0.05
"""What a passage gains that answers the question without doubt."""
_CANDIDATES = 24
"""Chunks, at the least, whose text and dates are looked at before the best are picked."""
_WITH_QUESTION_BEFORE = 1.0
"""Weight of the question together with the one before it, beside the question as typed."""
_WITH_QUESTION_WHEN_ANSWERED = 0.25
_ANSWER_BEFORE = 0.5
"""Weight of what was answered before: what is asked next usually stands near."""
_MOST_ANSWER = 1000
"""Characters of an answer that are searched."""
_EQUAL = 1e-6
"""Scores that are not further apart are sorted by id."""

LoadWords = Callable[[tuple[str, ...]], Awaitable[Words]]
"""Gives the words of all documents that an audience may read."""
Hidden = Callable[[], Awaitable[frozenset[str]]]
"""Gives the versions that nobody may see now: a run may have put another in a file's place since a search began."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search brought: passages, best first, and how good the evidence is.

    `evidence` is from 0 to 1; below the threshold of the plugin rag the documents are taken not to
    say anything about the question.
    """

    passages: tuple[Passage, ...] = ()
    evidence: float = 0.0


class _Reading(NamedTuple):
    """One way to search a question. `asks` is false for what was not asked but answered."""

    text: str
    weight: float
    asks: bool = True


class _Scores(NamedTuple):
    """What one reading found, by id. `floor` is the cosine of what was too far away to be listed."""

    cosines: dict[int, float]
    coverages: dict[int, float]
    floor: float
    terms: QuestionTerms

    def cosine(self, id_: int) -> float:
        return self.cosines.get(id_, self.floor)

    def coverage(self, id_: int) -> float:
        return self.coverages.get(id_, 0.0)


class Searcher:
    """Searches one store. Keeps the payloads that it has met: make a new one when the store has changed."""

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        terms: TermWeights,
        settings: SearchSettings,
        vocabulary: Vocabulary,
        words: LoadWords,
        hidden: Hidden,
        reranker: Reranker | None = None,
        judge: Judge | None = None,
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._terms = terms
        self._settings = settings
        self._vocabulary = vocabulary
        self._load_words = words
        self._load_hidden = hidden
        self._reranker = reranker
        self._judge = judge
        self._words: dict[tuple[str, ...], tuple[int, Words]] = {}
        self._payloads: dict[int, Payload] = {}

    async def search(
        self,
        question: str,
        where: Where,
        limit: int,
        per_document: int,
        thread: Sequence[str] = (),
        answer: str = "",
        judged: bool = True,
    ) -> Found:
        """The best `limit` chunks, at most `per_document` of one file; chunks that follow each other as one passage.

        `thread` is what the person wrote before in the same thread, `answer` what the last of it was
        answered with. Without `judged` the evidence stays 0, and the order that of the scores: judging
        takes far longer than searching.
        """
        asked = understand(question, self._terms.english)
        meant = await self._meant(asked.text, where.audience)
        readings = self._readings(asked.text, meant, thread, answer)
        vectors = await self._embedder.embed([reading.text for reading in readings])
        nearest = max(_NEAREST if len(readings) == 1 else _NEAREST_OF_SEVERAL, 4 * limit)
        found = await self._scores(readings, vectors, where, nearest)
        count = max(_CANDIDATES, 3 * limit)
        candidates = self._best_of_one(found[0], count) if len(found) == 1 else self._best(readings, found, count)
        payloads = await self._fetch(list(candidates))
        scores = await self._settle(candidates, payloads, asked)
        asking = [some for reading, some in zip(readings, found, strict=True) if reading.asks]
        picked = [
            (_passage(id_, payloads[id_], scores[id_], asking, also), payloads[id_])
            for id_, also in _pick(scores, payloads, max(limit, _READ), per_document).items()
        ]
        if not judged:
            return Found(tuple(merged(picked[:limit])))
        texts = [reading.text for reading in readings if reading.asks]
        verdicts = await self._judged(picked[:_READ], texts, [scores.terms.instead for scores in asking])
        evidence = _evidence(picked[:_READ], verdicts, asking, asked.codes)
        if verdicts and self._reranker is None:
            picked = _answers_first(picked, verdicts)
        return Found(tuple(merged(picked[:limit])), evidence)

    def _readings(
        self, question: str, meant: Mapping[str, Sequence[str]], thread: Sequence[str], answer: str
    ) -> list[_Reading]:
        readings = [_Reading(question, 1.0)]
        if meant:
            question = corrected(question, meant)
            readings.append(_Reading(question, 1.0))
        if thread:
            weight = _WITH_QUESTION_WHEN_ANSWERED if answer else _WITH_QUESTION_BEFORE
            readings.append(_Reading(f"{thread[-1]} {question}", weight))
        if answer:
            readings.append(_Reading(answer[:_MOST_ANSWER], _ANSWER_BEFORE, asks=False))
        return readings

    async def _meant(self, question: str, audience: tuple[str, ...]) -> dict[str, list[str]]:
        """What the words may have meant that no readable document has; only words of readable documents."""
        readable = self._vocabulary.readable(audience)

        def knows(word: str) -> bool:
            return any(map(readable.knows, self._terms.of_word(word)))

        unknown = unknown_words(question, knows)
        if self._terms.english:
            unknown = [word for word in unknown if not is_english(word)]
        if not unknown:
            return {}
        changes, words = self._words.get(audience, (-1, {}))
        if changes != self._vocabulary.changes:
            words = await self._load_words(audience)
            self._words[audience] = self._vocabulary.changes, words
        meant = {word: similar_words(word, words) for word in unknown}
        return {word: others for word, others in meant.items() if others}

    async def _scores(
        self, readings: Sequence[_Reading], vectors: Sequence[Vector], where: Where, nearest: int
    ) -> list[_Scores]:
        """Of each reading the nearest by meaning and the best by words, all in one batch."""
        weighted = [self._weighted(reading.text, where.audience) for reading in readings]
        queries = [
            query
            for vector, terms in zip(vectors, weighted, strict=True)
            for query in (Nearest(vector, nearest), Nearest(terms.vector, nearest))
        ]
        results = await self._store.query(queries, where)
        scores = []
        for dense, sparse, terms in zip(results[::2], results[1::2], weighted, strict=True):
            ideal = terms.ideal
            scores.append(
                _Scores(
                    dense,
                    {id_: score / ideal for id_, score in sparse.items()} if ideal else {},
                    min(dense.values()) if len(dense) >= nearest else 0.0,
                    terms,
                )
            )
        return scores

    def _weighted(self, text: str, audience: tuple[str, ...]) -> QuestionTerms:
        """The question's terms, each with what it tells to this audience."""
        readable = self._vocabulary.readable(audience)
        return question_terms(text, self._terms, readable.idf, readable.knows, readable.breadth)

    def _best_of_one(self, scores: _Scores, count: int) -> dict[int, float]:
        """What a single reading scores, best first: a hundred at most, for which numpy would take longer."""
        words, floor = self._settings.word_weight, scores.floor
        totals = dict(scores.cosines)
        for id_, coverage in scores.coverages.items():
            totals[id_] = scores.cosines.get(id_, floor) + words * coverage
        if len(totals) > count:
            least = nlargest(count, totals.values())[-1] - _EQUAL
            totals = {id_: total for id_, total in totals.items() if total >= least}
        return {id_: totals[id_] for id_ in _ranked(totals)[:count]}

    def _best(self, readings: Sequence[_Reading], found: Sequence[_Scores], count: int) -> dict[int, float]:
        """The weighted means of all readings, best first. With numpy, because several readings list thousands."""
        import numpy as np

        words = self._settings.word_weight
        lists = [some for scores in found for some in (scores.cosines, scores.coverages)]
        ends = np.cumsum([0, *map(len, lists)])
        everywhere = np.fromiter(chain.from_iterable(lists), np.int64, ends[-1])
        values = np.fromiter(chain.from_iterable(some.values() for some in lists), np.float64, ends[-1])
        ids, places = np.unique(everywhere, return_inverse=True)
        totals = np.zeros(len(ids))
        for number, (reading, scores) in enumerate(zip(readings, found, strict=True)):
            cosines, coverages = np.full(len(ids), scores.floor), np.zeros(len(ids))
            for part, target in ((2 * number, cosines), (2 * number + 1, coverages)):
                here = slice(ends[part], ends[part + 1])
                target[places[here]] = values[here]
            totals += reading.weight * (cosines + words * coverages)
        totals /= sum(reading.weight for reading in readings)
        if len(ids) > count:
            able = totals >= np.partition(totals, -count)[-count] - _EQUAL
            ids, totals = ids[able], totals[able]
        known = dict(zip(ids.tolist(), totals.tolist(), strict=True))
        return {id_: known[id_] for id_ in _ranked(known)[:count]}

    async def _settle(
        self, totals: Mapping[int, float], payloads: Mapping[int, Payload], asked: Asked
    ) -> dict[int, float]:
        """Final scores of the candidates: their own text and dates, and the cross-encoder where there is one."""
        hidden = await self._load_hidden()
        there = {id_: payload for id_, payload in payloads.items() if payload.version not in hidden}
        scores = adjusted(totals, there, asked)
        if self._reranker is None or not scores:
            return scores
        best = _ranked(scores)[: self._reranker.candidates]
        order = await self._reranker.order(asked.text, [_whole_text(there[id_]) for id_ in best])
        ordered = sorted((scores[id_] for id_ in best), reverse=True)
        return scores | {best[place]: score for place, score in zip(order, ordered, strict=True)}

    async def _judged(
        self, best: Sequence[tuple[Passage, Payload]], texts: Sequence[str], instead: Sequence[Mapping[str, str]]
    ) -> list[list[float]]:
        """What speaks for an answer in each of these passages, to each reading; nothing where there is no judge.

        A reading with words that no readable document has is judged in the documents' words as well.
        """
        if self._judge is None or not best:
            return []
        named = [in_other_words(text, names) for text, names in zip(texts, instead, strict=True)]
        ways = list(dict.fromkeys([*texts, *named]))
        rows = await self._judge.logits(ways, [_whole_text(payload) for _, payload in best])
        pairs = [(ways.index(text), ways.index(name)) for text, name in zip(texts, named, strict=True)]
        return [[(row[text] + row[name]) / 2 for text, name in pairs] for row in rows]

    async def _fetch(self, ids: Sequence[int]) -> dict[int, Payload]:
        """Payloads of these chunks, in the same order; those of a company's usual questions soon are at hand."""
        if missing := [id_ for id_ in ids if id_ not in self._payloads]:
            self._payloads |= await self._store.fetch(missing)
        payloads = {id_: self._payloads[id_] for id_ in ids if id_ in self._payloads}
        while len(self._payloads) > _MOST_PAYLOADS:
            del self._payloads[next(iter(self._payloads))]
        return payloads


def _pick(
    scores: Mapping[int, float], payloads: Mapping[int, Payload], limit: int, per_document: int
) -> dict[int, tuple[str, ...]]:
    """The first ones in rank order that keep within `per_document`, with the files that repeat them."""
    picked: dict[int, tuple[str, ...]] = {}
    taken: Counter[str] = Counter()
    for id_ in _ranked(scores):
        payload = payloads[id_]
        if taken[payload.source] >= per_document:
            continue
        same = repeated(payload, ((other, payloads[other]) for other in picked))
        if same is None:
            taken[payload.source] += 1
            picked[id_] = ()
        elif payload.source != payloads[same].source:
            picked[same] += (payload.source,)
        if len(picked) == limit:
            break
    return picked


def _evidence(
    best: Sequence[tuple[Passage, Payload]],
    judged: Sequence[Sequence[float]],
    asking: Sequence[_Scores],
    codes: Sequence[str],
) -> float:
    """Of the best of these passages, by all readings.

    A code that none of the passages has is unknown.
    """
    there = squeezed(" ".join(f"{payload.source} {_whole_text(payload)}" for _, payload in best)) if codes else ""
    codes_missing = sum(code not in there for code in codes) / max(len(codes), 1)
    evidence = 0.0
    for place, (passage, _) in enumerate(best):
        of_readings = [
            evidence_of(
                scores.cosine(int(passage.id)),
                max(scores.terms.unknown, codes_missing),
                judged[place][number] if judged else None,
            )
            for number, scores in enumerate(asking)
        ]
        evidence = max(evidence, _of_all(of_readings))
    return evidence


def _answers_first(
    picked: Sequence[tuple[Passage, Payload]], judged: Sequence[Sequence[float]]
) -> list[tuple[Passage, Payload]]:
    """Of the passages that were judged those first that answer the question, where their scores are near."""
    gained = [
        (replace(passage, score=passage.score + _ANSWERS * _of_all([likelihood(one) for one in of_readings])), payload)
        for (passage, payload), of_readings in zip(picked, judged, strict=False)
    ]
    return sorted(gained, key=lambda one: -round(one[0].score, 6)) + list(picked[len(judged) :])


def _of_all(readings: Sequence[float]) -> float:
    """Halfway between the best reading and the mean of all.

    The question before is near to its own passages whatever is asked now, so it alone must not decide.
    """
    return (max(readings) + fmean(readings)) / 2


def _passage(id_: int, payload: Payload, score: float, asking: Sequence[_Scores], also: tuple[str, ...]) -> Passage:
    return Passage(
        id=str(id_),
        source=payload.source,
        version=payload.version,
        title=payload.title,
        heading=" > ".join(payload.headings),
        text=payload.text,
        line=payload.line,
        page=payload.page,
        score=score,
        cosine=max(scores.cosine(id_) for scores in asking),
        coverage=max(scores.coverage(id_) for scores in asking),
        updated=payload.updated,
        also=tuple(dict.fromkeys(also)),
    )


def _ranked(scores: Mapping[int, float]) -> list[int]:
    """The ids, best first, and those with equal scores in an order that is always the same."""
    return sorted(scores, key=lambda id_: (-round(scores[id_], 6), id_))


def _whole_text(payload: Payload) -> str:
    return "\n".join(part for part in (payload.title, " > ".join(payload.headings), payload.text) if part)
