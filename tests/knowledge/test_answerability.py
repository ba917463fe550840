"""The shipped network on passages and questions that it did not learn from."""

import numpy as np
import pytest

from benchmarks.ranking import auc
from knowledge.answerability import Answerability, load_answerability
from knowledge.embedding import Embedder

PASSAGES = {
    "bikes": "Bicycles\nParking\nBicycles stand in the yard behind the canteen. The code of the gate is on the notice "
    "board, and changes on the first of every month. Frames without a sticker are taken away in August; stickers are "
    "free at the reception.",
    "minutes": "Meetings\nMinutes\nWhoever calls a meeting names somebody to write the minutes. They are sent to all "
    "who were asked within two working days, and kept in the team's folder for three years.",
}
ANSWERED = {
    "bikes": ["where do i leave my bike", "how often is the gate code changed?", "what does a bike sticker cost"],
    "minutes": [
        "how quickly do minutes have to go out",
        "who picks the person taking notes?",
        "how long are they kept",
    ],
}
MISSED = {
    "bikes": ["can i charge an e-bike there", "who do i call when my bike was stolen?", "is the yard locked at night"],
    "minutes": ["is there a template for minutes", "may we record the meeting instead?", "who approves the minutes"],
}


async def test_answered_questions_have_more_for_them_than_near_misses(embedder: Embedder) -> None:
    network = load_answerability()
    scores: dict[str, list[float]] = {"answered": [], "missed": []}
    for name, text in PASSAGES.items():
        [passage] = await embedder.tokens([text])
        for kind, questions in (("answered", ANSWERED[name]), ("missed", MISSED[name])):
            scores[kind] += network.logits(await embedder.tokens(questions), passage)
    assert auc(scores["answered"], scores["missed"]) >= 0.8, scores


async def test_a_passage_about_something_else_does_not_answer(embedder: Embedder) -> None:
    network = load_answerability()
    bikes, minutes = await embedder.tokens([PASSAGES["bikes"], PASSAGES["minutes"]])
    asked = await embedder.tokens(ANSWERED["bikes"])
    pairs = zip(network.logits(asked, bikes), network.logits(asked, minutes), strict=True)
    assert all(right > wrong for right, wrong in pairs)


async def test_it_knows_the_model_that_ships(embedder: Embedder) -> None:
    assert load_answerability().model == embedder.fingerprint


@pytest.mark.parametrize("words", [1, 2, 300])
async def test_short_and_long_texts_have_a_verdict(embedder: Embedder, words: int) -> None:
    question, passage = await embedder.tokens(["leave", "leave " * words])
    assert np.isfinite(load_answerability().logits([question], passage)).all()


async def test_a_passage_of_fewer_tokens_than_are_compared_has_a_verdict(embedder: Embedder) -> None:
    [tokens] = await embedder.tokens(["leave"])
    assert np.isfinite(load_answerability().logits([tokens], tokens[:1])).all()


def test_weights_of_another_model_are_not_taken_for_this_ones() -> None:
    assert Answerability({"model": np.array("other@123")}).model == "other@123"
