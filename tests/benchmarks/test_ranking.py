import math

import pytest

from benchmarks.ranking import auc, auc_interval, best_threshold, first_hit, ndcg, precision_recall, recall, summary

FOUND = ("a", "b", "c", "d", "e", "f")


def test_the_measures_of_one_ranking() -> None:
    assert first_hit(FOUND, frozenset("cf")) == 3
    assert first_hit(FOUND, frozenset("z")) == math.inf
    assert recall(FOUND, frozenset("bfz"), 5) == pytest.approx(1 / 3)
    assert ndcg(FOUND, frozenset("a")) == 1
    assert ndcg(FOUND, frozenset("b")) == pytest.approx(1 / math.log2(3))
    assert ndcg(FOUND, frozenset("bz")) == pytest.approx((1 / math.log2(3)) / (1 + 1 / math.log2(3)))


def test_a_summary_is_the_mean_over_questions() -> None:
    figures = summary([FOUND, FOUND], [frozenset("a"), frozenset("f")])
    assert (figures["hit@1"], figures["hit@5"], figures["R@5"], figures["R@10"]) == (0.5, 0.5, 0.5, 1)
    assert figures["MRR"] == pytest.approx((1 + 1 / 6) / 2)


def test_how_well_a_score_tells_yes_from_no() -> None:
    assert auc([3, 4], [1, 2]) == 1
    assert auc([1, 2], [1, 2]) == 0.5
    assert math.isnan(auc([1], []))
    assert best_threshold([3, 4, 5], [1, 2, 3]) in (3, 4)
    assert precision_recall([3, 4, 5, 1], [1, 4], 3) == (0.75, 0.75)


def test_the_fewer_questions_the_wider_the_interval() -> None:
    few, many = auc_interval([1, 3, 4], [0, 2, 3]), auc_interval([1, 3, 4] * 20, [0, 2, 3] * 20)
    assert few[0] < many[0] < auc([1, 3, 4], [0, 2, 3]) < many[1] < few[1]
    assert auc_interval([2, 3], [0, 1]) == (1, 1)
    assert all(map(math.isnan, auc_interval([1], [])))
