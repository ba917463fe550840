"""Routes, rules, budget and records, through the real client library to a server on loopback."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deskhand.testing.model_server import ModelServer
from plugins.contract import Replace, Turn
from plugins.models import Models, NoModel, Spent
from plugins.prompt import ChatMessage
from plugins.usage import UsageLog, open_usage
from settings import Settings
from settings.database import open_database
from settings.errors import ModelError
from settings.sections import ModelSettings
from tests.plugins.parts import ask, model_at

pytestmark = [pytest.mark.xdist_group("litellm"), pytest.mark.usefixtures("litellm_ready", "key")]

MESSAGES: list[ChatMessage] = [{"role": "user", "content": "How long?"}]
PRICED: dict[str, Any] = {"input_cost_per_million": 1_000_000, "output_cost_per_million": 1_000_000}
"""A dollar a token: two for MESSAGES, one for each word of an answer."""


class Shop:
    """Opens models with these settings; `usage` is what they are counted in."""

    def __init__(self, settings: Settings, usage: UsageLog, server: ModelServer) -> None:
        self._settings, self.usage, self._server = settings, usage, server
        self.opened: list[Models] = []

    def __call__(self, *names: str, routes: dict[str, list[str]] | None = None, **fields: Any) -> Models:
        models = {name: model_at(self._server.url, name, **PRICED) for name in names}
        chosen = ModelSettings.model_validate({"models": models, "routes": routes or {"answer": list(names)}, **fields})
        self.opened.append(Models(replace(self._settings, models=chosen), self.usage))
        return self.opened[-1]


@pytest.fixture
async def shop(settings: Settings, server: ModelServer, tmp_path: Path) -> AsyncIterator[Shop]:
    async with AsyncExitStack() as stack:
        database = open_database(tmp_path / "usage.db")
        stack.push_async_callback(database.dispose)
        made = Shop(settings, await stack.enter_async_context(open_usage(database)), server)
        yield made
        for models in made.opened:
            await models.close()


async def read(models: Models, turn: Turn | None = None, purpose: str = "answer") -> tuple[str, Spent]:
    completion = await models.complete(purpose, MESSAGES, turn)
    return completion.text, completion.spent


async def test_the_first_model_that_answers_is_named_with_its_route_and_cost(shop: Shop, server: ModelServer) -> None:
    server.add("a", fault="rate_limit")
    server.add("b", "Five weeks")
    turn = ask()
    text, spent = await read(shop("a", "b"), turn)
    assert (text, spent.model, spent.route, spent.cost_usd) == ("Five weeks", "b", "answer", 4)
    assert [(attempt.model, attempt.problem) for attempt in turn.trace.attempts] == [
        ("a", "a is over its rate limit"),
        ("b", ""),
    ]
    assert turn.trace.cost_usd == 4


async def test_every_reason_is_told_once_when_no_model_answers(shop: Shop, server: ModelServer) -> None:
    server.add("a", fault="empty")
    server.add("b", fault="bad_key")
    with pytest.raises(ModelError, match=r"^a gave an empty answer; b rejected the key$"):
        await read(shop("a", "b"))


async def test_a_purpose_without_a_model_says_so(shop: Shop) -> None:
    with pytest.raises(NoModel, match="tone"):
        await read(shop("a"), purpose="tone")
    assert not shop("a").configured("tone")


async def test_a_prompt_can_be_made_for_each_model(shop: Shop, server: ModelServer) -> None:
    server.add("a", fault="context_window")
    server.add("b", "Fine.")

    async def prompt(name: str) -> Sequence[ChatMessage]:
        return [{"role": "user", "content": f"for {name}"}]

    await shop("a", "b").complete("answer", prompt)
    assert [request.messages[0]["content"] for request in server.requests] == ["for a", "for b"]


async def test_a_prompt_beyond_the_context_window_is_not_sent(shop: Shop, server: ModelServer) -> None:
    models = shop("a")
    long: list[ChatMessage] = [{"role": "user", "content": "word " * 1000}]
    entry = model_at(server.url, "a", limits={"context_tokens": 1000})
    small = Models(replace(shop._settings, models=ModelSettings(models={"a": entry}, routes={"answer": ["a"]})))
    shop.opened += [models, small]
    with pytest.raises(ModelError, match="a cannot take a prompt of this length"):
        await small.complete("answer", long)
    assert server.requests == []


async def test_a_rule_chooses_the_route_and_the_trace_says_which(shop: Shop, server: ModelServer) -> None:
    server.add("a", "English.")
    server.add("b", "Deutsch.")
    rules = [{"when": {"languages": ["de"]}, "use": "german"}]
    models = shop("a", "b", routes={"answer": ["a"], "german": ["b"]}, rules=rules)
    turn = ask("Wie viele Urlaubstage habe ich?")
    text, spent = await read(models, turn)
    assert (text, spent.route) == ("Deutsch.", "german")
    assert [(route.purpose, route.route, route.rule) for route in turn.trace.routes] == [
        ("answer", "german", "rule 1: languages de")
    ]
    assert (await read(models, ask()))[0] == "English."


async def test_a_spent_budget_of_the_day_ends_every_call_with_a_clear_reason(shop: Shop, server: ModelServer) -> None:
    server.add("a", "Five weeks")
    models = shop("a", budget={"per_day": 5})
    await read(models, ask())
    await read(models, ask())
    with pytest.raises(ModelError, match=r"^today's budget for language models \(\$5.00\) is spent$"):
        await read(models, ask())
    assert len(server.requests) == 2


async def test_a_spent_budget_of_one_person_leaves_the_others_theirs(shop: Shop, server: ModelServer) -> None:
    server.add("a", "Five weeks")
    models = shop("a", budget={"per_person_per_day": 4})
    sam = ask()
    other = sam.with_(message=replace(sam.message, person=replace(sam.message.person, id="u2")))
    await read(models, sam)
    with pytest.raises(ModelError, match=r"^your budget for language models \(\$4.00 a day\) is spent$"):
        await read(models, sam)
    await read(models, other)


async def test_the_budget_outlives_the_process(shop: Shop, server: ModelServer) -> None:
    server.add("a", "Five weeks")
    await read(shop("a"), ask())
    await shop.usage.flush()
    assert await UsageLog(shop.usage._database).spent("terminal/u1") == (4, 4)


async def test_every_call_is_recorded_with_its_tokens_and_its_problem(shop: Shop, server: ModelServer) -> None:
    server.add("a", fault="empty")
    server.add("b", "Five weeks")
    await read(shop("a", "b"), ask())
    totals = await shop.usage.totals()
    assert (totals["a"].calls, totals["a"].failed, totals["a"].answer_tokens) == (1, 1, 0)
    assert (totals["b"].calls, totals["b"].failed, totals["b"].answer_tokens, totals["b"].cost_usd) == (1, 0, 2, 4)


async def test_what_a_model_that_broke_off_has_said_is_charged_by_estimate(shop: Shop, server: ModelServer) -> None:
    server.add("a", "Five weeks of leave a year.", fault="cut_midway")
    server.add("b", "You have five.")
    turn = ask()
    pieces = [piece async for piece in shop("a", "b").stream("answer", MESSAGES, turn)]
    assert [piece.text for piece in pieces if isinstance(piece, Replace)] == ["You "]
    assert turn.trace.attempts[0].estimated
    assert turn.trace.attempts[0].usage.answer_tokens > 0
    assert (await shop.usage.totals())["a"].cost_usd > 0


async def test_a_call_that_is_given_up_is_recorded(shop: Shop, server: ModelServer) -> None:
    server.add("a", "one two three four five six", pieces_per_second=50)
    turn = ask()
    stream: Any = shop("a").stream("answer", MESSAGES, turn)
    assert await anext(stream) == "one "
    await stream.aclose()
    assert [attempt.problem for attempt in turn.trace.attempts] == ["it was no longer waited for"]


async def test_a_ping_asks_a_model_whatever_the_budget_says(shop: Shop, server: ModelServer) -> None:
    server.add("a", "ready")
    server.add("b", fault="bad_key")
    models = shop("a", "b", budget={"per_day": 0})
    well, ill = await models.ping("a", 10), await models.ping("b", 10)
    assert (well.problem, well.route, well.usage.answer_tokens) == ("", "ping", 1)
    assert ill.problem == "b rejected the key"


async def test_seconds_bound_the_whole_call(shop: Shop, server: ModelServer) -> None:
    server.add("a", fault="stall_first")
    with pytest.raises(ModelError, match="a did not answer in time"):
        await shop("a").complete("answer", MESSAGES, seconds=0.6)
