"""Measures of a ranking, and of a score that should tell yes from no."""

import math
import random
from collections.abc import Sequence
from statistics import mean


def first_hit(ranking: Sequence[str], relevant: frozenset[str]) -> float:
    """Rank of the first relevant one, from 1; infinite where there is none."""
    return next((rank for rank, source in enumerate(ranking, 1) if source in relevant), math.inf)


def recall(ranking: Sequence[str], relevant: frozenset[str], limit: int) -> float:
    """Share of the relevant ones among the first `limit`."""
    return len(relevant.intersection(ranking[:limit])) / len(relevant)


def ndcg(ranking: Sequence[str], relevant: frozenset[str], limit: int = 10) -> float:
    """Normalised discounted cumulative gain, with gains of 0 and 1 (Järvelin and Kekäläinen, 2002)."""
    gain = sum(1 / math.log2(rank + 1) for rank, source in enumerate(ranking[:limit], 1) if source in relevant)
    return gain / sum(1 / math.log2(rank + 1) for rank in range(1, min(limit, len(relevant)) + 1))


def summary(rankings: Sequence[Sequence[str]], relevant: Sequence[frozenset[str]]) -> dict[str, float]:
    """All figures over some questions that have an answer."""
    pairs = list(zip(rankings, relevant, strict=True))
    ranks = [first_hit(ranking, wanted) for ranking, wanted in pairs]
    return {
        "R@5": mean(recall(ranking, wanted, 5) for ranking, wanted in pairs),
        "R@10": mean(recall(ranking, wanted, 10) for ranking, wanted in pairs),
        "nDCG@10": mean(ndcg(ranking, wanted) for ranking, wanted in pairs),
        "hit@1": mean(rank <= 1 for rank in ranks),
        "hit@5": mean(rank <= 5 for rank in ranks),
        "MRR": mean(1 / rank for rank in ranks),
    }


def auc(yes: Sequence[float], no: Sequence[float]) -> float:
    """Chance that a question with an answer scores higher than one without; NaN where a kind is missing."""
    wins = sum((one > other) + 0.5 * (one == other) for one in yes for other in no)
    return wins / (len(yes) * len(no)) if yes and no else math.nan


def auc_interval(yes: Sequence[float], no: Sequence[float], times: int = 1000) -> tuple[float, float]:
    """Where the AUC lies with 95 % confidence: percentile bootstrap, both kinds drawn anew; the same every run."""
    if not yes or not no:
        return math.nan, math.nan
    draw = random.Random(0)
    drawn = sorted(auc(draw.choices(yes, k=len(yes)), draw.choices(no, k=len(no))) for _ in range(times))
    return drawn[round(0.025 * (times - 1))], drawn[round(0.975 * (times - 1))]


def best_threshold(yes: Sequence[float], no: Sequence[float]) -> float:
    """Where the shares of right decisions on both kinds add up to most (Youden's J)."""
    everything = sorted({*yes, *no})
    return max(everything, key=lambda limit: (_share(yes, limit) - _share(no, limit), -limit))


def precision_recall(yes: Sequence[float], no: Sequence[float], limit: float) -> tuple[float, float]:
    """Of the questions that a threshold lets through, how many have an answer; and of those, how many get through."""
    right, wrong = _share(yes, limit) * len(yes), _share(no, limit) * len(no)
    return right / (right + wrong) if right + wrong else math.nan, _share(yes, limit)


def _share(scores: Sequence[float], limit: float) -> float:
    return sum(score >= limit for score in scores) / len(scores) if scores else 0.0
