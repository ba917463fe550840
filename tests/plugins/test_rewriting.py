"""A follow-up is searched as rewritten and as typed; when it cannot be rewritten, as typed."""

from dataclasses import replace

import pytest

from deskhand.testing.model_server import ModelServer
from knowledge import Found
from plugins.contract import Exchange, Turn
from plugins.models import Models
from plugins.rag import Rag, RagOptions
from plugins.rewriting import both_found
from settings import Settings
from settings.sections import ModelSettings
from tests.plugins.parts import Inside, ListedKnowledge, ask, make_context, make_passage, model_at

pytestmark = [pytest.mark.xdist_group("litellm"), pytest.mark.usefixtures("litellm_ready", "key")]

THREAD = (Exchange("user", "how much leave do I have?"), Exchange("assistant", "25 days [1]."))


async def searched(
    settings: Settings, server: ModelServer, knowledge: ListedKnowledge, turn: Turn, options: RagOptions | None = None
) -> tuple[list[str], Turn]:
    """What was searched for, and the turn as the plugins inside got it."""
    models = ModelSettings(models={"small": model_at(server.url, "small")}, routes={"rewrite_query": ["small"]})
    context = replace(make_context(settings, knowledge), models=Models(replace(settings, models=models)))
    inside = Inside()
    await Rag(options or RagOptions(), context)(turn, inside)
    await context.models.close()
    return [str(asked["question"]) for asked in knowledge.asked], inside.turns[0]


async def test_a_follow_up_is_searched_as_typed_and_as_rewritten(
    settings: Settings, server: ModelServer, knowledge: ListedKnowledge
) -> None:
    server.add("small", "How much leave do I have in Porto?")
    questions, turn = await searched(settings, server, knowledge, ask("and in Porto?", history=THREAD))
    assert questions == ["and in Porto?", "How much leave do I have in Porto?"]
    assert turn.question == "How much leave do I have in Porto?"
    assert [search.question for search in turn.trace.searches] == questions
    assert "how much leave do I have?" in server.requests[0].messages[1]["content"]


async def test_a_first_question_is_not_rewritten(
    settings: Settings, server: ModelServer, knowledge: ListedKnowledge
) -> None:
    questions, turn = await searched(settings, server, knowledge, ask("how much leave?"))
    assert (questions, turn.question, server.requests) == (["how much leave?"], "", [])


@pytest.mark.parametrize("answer", ["And in Porto?", "Sure!\nHere it is: leave in Porto", "word " * 200])
async def test_what_is_no_rewritten_question_is_not_searched(
    settings: Settings, server: ModelServer, knowledge: ListedKnowledge, answer: str
) -> None:
    server.add("small", answer)
    questions, turn = await searched(settings, server, knowledge, ask("and in Porto?", history=THREAD))
    assert (questions, turn.question) == (["and in Porto?"], "")


async def test_a_model_that_takes_too_long_is_not_waited_for_and_the_trace_says_so(
    settings: Settings, server: ModelServer, knowledge: ListedKnowledge
) -> None:
    server.add("small", fault="stall_first")
    turn = ask("and in Porto?", history=THREAD)
    questions, _ = await searched(settings, server, knowledge, turn, RagOptions(rewrite_seconds=0.6))
    assert questions == ["and in Porto?"]
    assert [attempt.problem for attempt in turn.trace.attempts] == ["small did not answer in time"]


def test_of_two_searches_each_passage_counts_with_its_better_score() -> None:
    one, two, three = (replace(make_passage(n), score=score) for n, score in ((1, 0.5), (2, 0.9), (3, 0.7)))
    better = replace(one, score=0.8)
    found = both_found(Found((two, better), 0.9), Found((three, one), 0.7))
    assert [(passage.id, passage.score) for passage in found.passages] == [("p2", 0.9), ("p1", 0.8)]
    assert found.evidence == 0.9
