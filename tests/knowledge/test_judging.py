from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from knowledge import judging
from knowledge.answerability import load_answerability
from knowledge.embedding import Embedder
from knowledge.judging import Judge, judge_for


class Counting(Embedder):
    """The real model; remembers what it was asked to read."""

    def __init__(self, real: Embedder) -> None:
        self._real = real
        self.fingerprint = real.fingerprint
        self.read: list[str] = []

    async def tokens(self, texts: Sequence[str]) -> list[npt.NDArray[np.float32]]:
        self.read += texts
        return await self._real.tokens(texts)


async def test_a_passage_is_read_once_and_judged_the_same_again(embedder: Embedder) -> None:
    counting = Counting(embedder)
    judge = Judge(load_answerability(), counting)
    first = await judge.logits(["when is pay day"], ["Pay day is the 26th.", "Bikes stand in the yard."])
    again = await judge.logits(["when is pay day"], ["Bikes stand in the yard.", "Pay day is the 26th."])
    assert first == again[::-1]
    assert counting.read.count("Pay day is the 26th.") == counting.read.count("Bikes stand in the yard.") == 1


async def test_a_row_is_a_passage_and_a_column_a_question(embedder: Embedder) -> None:
    judge = Judge(load_answerability(), embedder)
    questions = ["when is pay day", "where do bikes stand"]
    passages = ["Pay day is the 26th.", "Bikes stand in the yard.", "Soup is served at noon."]
    together = await judge.logits(questions, passages)
    alone = [[(await judge.logits([question], [passage]))[0][0] for question in questions] for passage in passages]
    assert together == alone
    assert together[0][0] > together[0][1]
    assert together[1][1] > together[1][0]
    assert await judge.logits(questions, []) == []


async def test_only_the_last_passages_are_kept(embedder: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "_KEPT", 2)
    counting = Counting(embedder)
    judge = Judge(load_answerability(), counting)
    for passage in ("one", "two", "one", "three", "one", "two"):
        await judge.logits(["which"], [passage])
    assert [text for text in counting.read if text != "which"] == ["one", "two", "three", "two"]


async def test_another_embedding_model_has_no_judge(embedder: Embedder) -> None:
    assert await judge_for(embedder) is not None
    other = Counting(embedder)
    other.fingerprint = "other@123"
    assert await judge_for(other) is None
