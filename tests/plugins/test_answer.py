"""The shipped chain through the real client library over real HTTP to a server on loopback."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from deskhand.testing.model_server import Fault, ModelServer, unused_url
from plugins import Chain, Exchange, Outcome, Replace, Turn, open_chain
from settings import Home, load_settings
from settings.errors import EmbeddingError
from tests.plugins.parts import CONTACT, ListedKnowledge, ask, make_passage, patience

pytestmark = [pytest.mark.xdist_group("litellm"), pytest.mark.usefixtures("litellm_ready", "key")]

ASSISTANT = {
    "contact": CONTACT,
    "plugins": [
        {"persona": {"examples": [{"question": "badge?", "answer": "Two days [1]."}]}},
        "history",
        "rag",
        "answer",
    ],
}
QUOTED = "The documents say:\n\nStatement number 1. [1]\n\nStatement number 2. [2]\n\nExpense number 3. [3]"


class Desk:
    """Opens chains on a home, with models behind a server."""

    def __init__(self, home: Home, write: Callable[[str, str | bytes], Path], server: ModelServer) -> None:
        self._home, self._write, self._server = home, write, server
        self.stack = AsyncExitStack()
        self.knowledge = ListedKnowledge(
            (make_passage(1), make_passage(2), make_passage(3, "Expense number 3.", "expenses.md"))
        )
        self.assistant: dict[str, Any] = dict(ASSISTANT)

    async def open(self, *route: str, **models: Mapping[str, Any]) -> Chain:
        """A chain with this route; every name of it but `extractive` is a model of the server."""
        entries = {
            name: {
                "model": f"openai/{name}",
                "api_base": self._server.url,
                "api_key_env": "MAIN_KEY",
                "retries": 0,
                **models.get(name, {}),
            }
            for name in route
            if name != "extractive"
        }
        self._write("settings/assistant.yaml", yaml.safe_dump(self.assistant, sort_keys=False))
        self._write("settings/models.yaml", yaml.safe_dump({"models": entries, "routes": {"answer": list(route)}}))
        return await self.stack.enter_async_context(open_chain(load_settings(self._home), self.knowledge))


@pytest.fixture
async def desk(home: Home, write: Callable[[str, str | bytes], Path], server: ModelServer) -> AsyncIterator[Desk]:
    made = Desk(home, write, server)
    async with made.stack:
        yield made


async def read(chain: Chain, turn: Turn | None = None) -> tuple[str, Outcome]:
    reply = await chain(turn or ask())
    return await reply.read(), reply.outcome


def numbers(outcome: Outcome) -> list[int]:
    return [citation.number for citation in outcome.citations]


async def test_an_answer_comes_with_its_citations_model_route_usage_and_cost(desk: Desk, server: ModelServer) -> None:
    server.add("main", "Five weeks [1], more later [3].")
    prices = {"input_cost_per_million": 0, "output_cost_per_million": 1_000_000}
    text, outcome = await read(await desk.open("main", main=prices))
    assert text == "Five weeks [1], more later [3]."
    assert [(citation.number, citation.passage.id) for citation in outcome.citations] == [(1, "p1"), (3, "p3")]
    assert (outcome.status, outcome.reason, outcome.model, outcome.route) == ("answered", "", "main", "answer")
    assert outcome.usage.answer_tokens == 6
    assert outcome.cost_usd == pytest.approx(6)


async def test_the_cost_of_a_model_without_a_price_is_unknown(desk: Desk, server: ModelServer) -> None:
    server.add("main", "Five weeks [1].")
    assert (await read(await desk.open("main")))[1].cost_usd is None


async def test_the_first_piece_is_shown_before_the_server_has_sent_the_last(desk: Desk, server: ModelServer) -> None:
    hold = asyncio.Event()
    server.add("main", "Five weeks [1].", hold=hold)
    arriving = aiter(await (await desk.open("main"))(ask()))
    assert await anext(arriving) == "Five"
    assert not server.requests[0].answered
    hold.set()
    assert "".join([piece async for piece in arriving if isinstance(piece, str)]) == " weeks [1]."


async def test_the_model_gets_persona_examples_thread_passages_and_the_question(
    desk: Desk, server: ModelServer
) -> None:
    server.add("main", "Five weeks [1].")
    thread = (Exchange("user", "hello"), Exchange("assistant", "hi"))
    await read(await desk.open("main"), ask("how long?", history=thread))
    system, *between, last = server.requests[0].messages
    assert system["role"] == "system"
    assert f"send the person to {CONTACT}" in system["content"]
    assert [message["content"] for message in between] == ["badge?", "Two days [1].", "hello", "hi"]
    assert last["content"].endswith("Question: how long?")
    for number, passage in enumerate(desk.knowledge.passages, start=1):
        assert f"[{number}] Annual leave > Part {number} ({passage.source})\n{passage.text}\n" in last["content"]


@pytest.mark.parametrize(
    "pieces",
    [
        ["NOT_IN_DOCUMENTS"],
        ["NOT", "_IN_", "DOCU", "MENTS", "."],
        ["\n ", "N", "OT_IN_DOCUMENTS\n"],
        list("NOT_IN_DOCUMENTS"),
    ],
)
async def test_not_in_documents_becomes_an_abstention_that_names_the_contact(
    desk: Desk, server: ModelServer, pieces: list[str]
) -> None:
    server.add("main", pieces)
    text, outcome = await read(await desk.open("main", "extractive"))
    assert text == f"I could not find this in the documents. Please ask {CONTACT}."
    assert (outcome.status, outcome.reason, outcome.model) == ("abstained", "the documents don't say", "main")
    assert outcome.usage.answer_tokens == len(pieces)


@pytest.mark.parametrize("answer", ["NOT_ALWAYS [1].", "N [1]", "NOT", "Not [2]", "[1] says so"])
async def test_an_answer_that_only_begins_like_it_is_shown_whole(desk: Desk, server: ModelServer, answer: str) -> None:
    server.add("main", list(answer))
    assert (await read(await desk.open("main")))[0] == answer


async def test_marks_that_point_nowhere_are_removed(desk: Desk, server: ModelServer) -> None:
    server.add("main", ["Five weeks [", "9", "], or", " six [2, 4]", " by `x[7]`."])
    text, outcome = await read(await desk.open("main"))
    assert text == "Five weeks, or six [2] by `x[7]`."
    assert numbers(outcome) == [2]


async def test_an_answer_that_names_no_source_says_so(desk: Desk, server: ModelServer) -> None:
    server.add("main", "Five weeks.")
    outcome = (await read(await desk.open("main")))[1]
    assert (outcome.status, outcome.reason) == ("degraded", "the answer names no source")


async def test_a_follow_up_is_quoted_together_with_the_question_before(desk: Desk) -> None:
    turn = ask("and in Porto?").with_(
        history=(Exchange("user", "old"), Exchange("user", "how much leave?"), Exchange("assistant", "25 days"))
    )
    await read(await desk.open("extractive"), turn)
    assert desk.knowledge.quoted_for == ["how much leave? and in Porto?"]


async def test_a_new_topic_in_the_thread_is_quoted_for_by_itself(desk: Desk) -> None:
    chain = await desk.open("extractive")
    thread = (Exchange("user", "how much leave?"), Exchange("assistant", "25 days"))
    await read(chain, ask("who fixes the office printer?", history=thread))
    assert desk.knowledge.quoted_for == ["who fixes the office printer?"]


async def test_quotes_on_middling_evidence_say_that_they_may_be_beside_the_point(desk: Desk) -> None:
    desk.knowledge.evidence = 0.45
    text, outcome = await read(await desk.open("extractive"))
    assert text.startswith("I am not sure")
    assert text.endswith(f"please ask {CONTACT}.")
    assert (outcome.status, outcome.model) == ("answered", "extractive")


async def test_without_any_model_the_documents_are_quoted(desk: Desk) -> None:
    text, outcome = await read(await desk.open("extractive"))
    assert text == QUOTED
    assert (outcome.status, outcome.model, outcome.cost_usd) == ("answered", "extractive", 0)
    assert numbers(outcome) == [1, 2, 3]


BEFORE_THE_FIRST_WORD: list[Fault] = [
    "rate_limit", "rate_limit_retry_after", "bad_key", "server_error", "context_window", "content_policy",
    "stall_first", "empty",
]  # fmt: skip
MIDWAY: list[Fault] = ["stall_midway", "cut_midway", "malformed"]


@pytest.mark.parametrize("fault", BEFORE_THE_FIRST_WORD)
async def test_a_fault_before_the_first_word_moves_to_the_next_model(
    desk: Desk, server: ModelServer, fault: Fault
) -> None:
    server.add("main", "Never.", fault=fault)
    server.add("spare", "Five weeks [1].")
    turn = ask()
    text, outcome = await read(await desk.open("main", "spare", "extractive", main=patience(fault)), turn)
    assert text == "Five weeks [1]."
    assert (outcome.status, outcome.model) == ("answered", "spare")
    assert [request.model for request in server.requests] == ["main", "spare"]
    assert [attempt.model for attempt in turn.trace.attempts] == ["main", "spare"]
    assert turn.trace.attempts[0].problem.startswith("main ")
    assert turn.trace.attempts[1].problem == ""


@pytest.mark.parametrize("fault", BEFORE_THE_FIRST_WORD)
async def test_a_fault_of_the_only_model_ends_in_quotes_and_a_reason_without_any_secret(
    desk: Desk, server: ModelServer, key: str, caplog: pytest.LogCaptureFixture, fault: Fault
) -> None:
    caplog.set_level(logging.DEBUG)
    server.add("main", "Never.", fault=fault)
    turn = ask()
    text, outcome = await read(await desk.open("main", "extractive", main=patience(fault)), turn)
    assert text.startswith(QUOTED)
    assert text.endswith(f"*No language model could answer ({outcome.reason}): these are the documents' own words.*")
    assert (outcome.status, outcome.model) == ("degraded", "extractive")
    assert outcome.reason.startswith("main ")
    assert numbers(outcome) == [1, 2, 3]
    assert key not in f"{text} {outcome} {turn.trace} {caplog.text}"


@pytest.mark.parametrize("fault", BEFORE_THE_FIRST_WORD)
async def test_a_route_without_extractive_ends_in_a_refusal_that_names_the_contact(
    desk: Desk, server: ModelServer, key: str, fault: Fault
) -> None:
    server.add("main", "Never.", fault=fault)
    text, outcome = await read(await desk.open("main", main=patience(fault)))
    assert outcome.status == "refused"
    assert text == f"I could not answer this: {outcome.reason}. Please ask {CONTACT}."
    assert key not in text


@pytest.mark.parametrize("fault", MIDWAY)
async def test_after_a_fault_in_mid_answer_the_next_model_answers_from_the_start(
    desk: Desk, server: ModelServer, fault: Fault
) -> None:
    server.add("main", "Five weeks [2] a year.", fault=fault)
    server.add("spare", "You have five [1].")
    turn = ask()
    reply = await (await desk.open("main", "spare", "extractive", main=patience(fault)))(turn)
    pieces = [piece async for piece in reply]
    assert pieces[0] == "Five"
    assert sum(isinstance(piece, Replace) for piece in pieces) == 1
    assert reply.text == "You have five [1]."
    assert (reply.outcome.status, reply.outcome.model) == ("answered", "spare")
    assert numbers(reply.outcome) == [1]


@pytest.mark.parametrize("fault", MIDWAY)
async def test_a_model_that_says_the_same_again_goes_on_without_a_seam(
    desk: Desk, server: ModelServer, fault: Fault
) -> None:
    server.add("main", "Five weeks [2] a year.", fault=fault)
    server.add("spare", ["Five weeks", " [2] a year", " and a day [1]."])
    reply = await (await desk.open("main", "spare", main=patience(fault)))(ask())
    pieces = [piece async for piece in reply]
    assert "".join(piece for piece in pieces if isinstance(piece, str)) == reply.text
    assert reply.text == "Five weeks [2] a year and a day [1]."
    assert numbers(reply.outcome) == [1, 2]


@pytest.mark.parametrize("fault", MIDWAY)
async def test_when_no_model_gets_to_the_end_the_documents_take_the_place_of_the_broken_answer(
    desk: Desk, server: ModelServer, fault: Fault
) -> None:
    server.add("main", "Five weeks [2] a year.", fault=fault)
    text, outcome = await read(await desk.open("main", "extractive", main=patience(fault)))
    assert text.startswith(QUOTED)
    assert (outcome.status, outcome.model) == ("degraded", "extractive")
    assert [request.model for request in server.requests] == ["main", "main"]  # the only one is asked once more


@pytest.mark.parametrize("fault", MIDWAY)
async def test_a_broken_answer_that_nothing_can_replace_is_a_refusal_that_names_the_contact(
    desk: Desk, server: ModelServer, fault: Fault
) -> None:
    server.add("main", "Five weeks [2] a year.", fault=fault)
    text, outcome = await read(await desk.open("main", main=patience(fault)))
    assert text == f"I could not answer this: {outcome.reason}. Please ask {CONTACT}."
    assert (outcome.status, numbers(outcome)) == ("refused", [])


async def test_not_found_after_a_broken_answer_takes_it_back(desk: Desk, server: ModelServer) -> None:
    server.add("main", "Five weeks [2] a year.", fault="cut_midway")
    server.add("spare", "NOT_IN_DOCUMENTS")
    text, outcome = await read(await desk.open("main", "spare"))
    assert text == f"I could not find this in the documents. Please ask {CONTACT}."
    assert outcome.status == "abstained"


async def test_an_answer_that_was_cut_at_its_length_says_so(desk: Desk, server: ModelServer) -> None:
    server.add("main", "Five weeks [2] a", finish="length")
    text, outcome = await read(await desk.open("main"))
    assert text == "Five weeks [2] a\n\n*The answer ends here because it reached the model's length limit.*"
    assert (outcome.status, outcome.reason) == ("degraded", "the answer was cut at the model's length limit")


async def test_a_server_that_cannot_be_reached_is_a_reason(desk: Desk) -> None:
    text, outcome = await read(await desk.open("main", "extractive", main={"api_base": unused_url()}))
    assert outcome.reason == "main cannot be reached"
    assert text.startswith(QUOTED)


async def test_a_missing_key_is_named_in_the_reason(desk: Desk) -> None:
    _, outcome = await read(await desk.open("main", "extractive", main={"api_key_env": "OTHER_KEY"}))
    assert (outcome.status, outcome.reason) == ("degraded", "main has no key: OTHER_KEY is not set")


async def test_every_model_that_failed_is_in_the_reason(desk: Desk, server: ModelServer) -> None:
    server.add("main", fault="rate_limit")
    server.add("spare", fault="empty")
    _, outcome = await read(await desk.open("main", "spare"))
    assert outcome.reason == "main is over its rate limit; spare gave an empty answer"


async def test_without_passages_a_failing_model_is_not_taken_for_silent_documents(
    desk: Desk, server: ModelServer
) -> None:
    server.add("main", fault="server_error")
    desk.assistant["plugins"] = ["answer"]
    text, outcome = await read(await desk.open("main", "extractive"))
    assert (outcome.status, outcome.reason) == ("refused", "main has a fault (status 500)")
    assert CONTACT in text


async def test_without_passages_and_models_the_answer_is_an_abstention(desk: Desk) -> None:
    desk.assistant["plugins"] = ["answer"]
    text, outcome = await read(await desk.open("extractive"))
    assert outcome.status == "abstained"
    assert CONTACT in text


@pytest.mark.parametrize("fault", [None, "rate_limit"])
async def test_documents_that_cannot_be_quoted_are_a_reason(
    desk: Desk, server: ModelServer, fault: Fault | None
) -> None:
    server.add("main", fault=fault)
    route: Sequence[str] = ["main", "extractive"] if fault else ["extractive"]
    desk.assistant["plugins"] = ["answer"]
    desk.knowledge.error = EmbeddingError("the embedding model is missing")
    turn = ask(passages=desk.knowledge.passages)
    text, outcome = await read(await desk.open(*route), turn)
    assert outcome.status == "refused"
    assert outcome.reason.endswith("the embedding model is missing")
    assert ("main is over its rate limit; " in outcome.reason) == bool(fault)
    assert CONTACT in text
