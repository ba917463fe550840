"""Through the real client library over real HTTP to a server on loopback."""

import asyncio
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from deskhand.testing.model_server import Fault, ModelServer, unused_url
from plugins.prompt import ChatMessage
from plugins.router import Finished, ModelRouter, close_connections
from plugins.trace import Usage
from settings import Settings
from settings.errors import ModelError
from settings.sections import ModelEntry
from settings.tasks import running
from tests.plugins.parts import model_at, patience, with_models

pytestmark = [pytest.mark.xdist_group("litellm"), pytest.mark.usefixtures("litellm_ready", "key")]

MESSAGES: list[ChatMessage] = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "How long?"}]


@pytest.fixture
async def open_models(settings: Settings) -> AsyncIterator[Callable[[ModelEntry], ModelRouter]]:
    """Models with one entry, `main`; closed at the end."""
    opened: list[ModelRouter] = []

    def open_with(entry: ModelEntry) -> ModelRouter:
        opened.append(ModelRouter(with_models(settings, ["main"], main=entry)))
        return opened[-1]

    yield open_with
    for models in opened:
        await models.close()
    await close_connections()


Open = Callable[[ModelEntry], ModelRouter]


async def streamed(router: ModelRouter) -> tuple[list[str], Finished]:
    *pieces, end = [piece async for piece in router.stream("main", MESSAGES, 60)]
    assert isinstance(end, Finished)
    return [piece for piece in pieces if isinstance(piece, str)], end


async def price(router: ModelRouter) -> float | None:
    """What an answer of it costs."""
    usage = (await streamed(router))[1].usage
    assert usage is not None
    return router.price("main", usage)


async def failure(models: ModelRouter) -> tuple[str, str]:
    """What was said before a model failed, and the reason."""
    said = ""
    try:
        async with asyncio.timeout(30):  # half of what a whole answer may take
            async for piece in models.stream("main", MESSAGES, 60):
                said += piece if isinstance(piece, str) else ""
    except ModelError as error:
        return said, str(error)
    pytest.fail(f"the model did not fail but said: {said}")


async def test_the_answer_and_its_tokens_arrive(server: ModelServer, open_models: Open) -> None:
    server.add("main", "Five weeks a year.")
    pieces, end = await streamed(open_models(model_at(server.url)))
    assert pieces == ["Five ", "weeks ", "a ", "year."]
    assert end.usage == Usage(prompt_tokens=4, answer_tokens=4)


async def test_the_first_piece_arrives_before_the_server_has_sent_the_last(
    server: ModelServer, open_models: Open
) -> None:
    hold = asyncio.Event()
    server.add("main", "Five weeks", hold=hold)
    arriving = open_models(model_at(server.url)).stream("main", MESSAGES, 60)
    assert await anext(arriving) == "Five "
    assert not server.requests[0].answered
    hold.set()
    assert await anext(arriving) == "weeks"
    assert isinstance(await anext(arriving), Finished)


async def test_the_server_gets_messages_key_and_parameters(server: ModelServer, open_models: Open, key: str) -> None:
    server.add("main")
    await streamed(open_models(model_at(server.url, parameters={"temperature": 0.2, "max_tokens": 50})))
    [request] = server.requests
    assert request.messages == MESSAGES
    assert request.key == key
    assert (request.body["temperature"], request.body["max_tokens"], request.body["stream"]) == (0.2, 50, True)


async def test_a_local_server_needs_no_key(server: ModelServer, open_models: Open, key: str) -> None:
    server.add("main")
    await streamed(open_models(model_at(server.url, api_key_env=None)))
    assert server.requests[0].key != key


FAULTS: list[tuple[Fault, str, str]] = [
    ("rate_limit", "", "main is over its rate limit"),
    ("rate_limit_retry_after", "", "main is over its rate limit"),
    ("bad_key", "", "main rejected the key"),
    ("server_error", "", "main has a fault (status 500)"),
    ("context_window", "", "main cannot take a prompt of this length"),
    ("content_policy", "", "main declined for reasons of content policy"),
    ("stall_first", "", "main did not answer in time"),
    ("stall_midway", "Five weeks ", "main did not answer in time"),
    ("cut_midway", "Five weeks ", "main broke off"),
    ("malformed", "Five weeks ", "main broke off"),
    ("empty", "", "main gave an empty answer"),
]


@pytest.mark.parametrize(("fault", "said", "reason"), FAULTS)
async def test_every_fault_is_one_request_and_a_reason_in_words(
    server: ModelServer, open_models: Open, fault: Fault, said: str, reason: str
) -> None:
    server.add("main", "Five weeks [1].", fault=fault)
    assert await failure(open_models(model_at(server.url, **patience(fault)))) == (said, reason)
    assert len(server.requests) == 1


@pytest.mark.parametrize("fault", ["malformed", "cut_midway"])
async def test_an_answer_that_breaks_before_its_first_word_is_a_fault(
    server: ModelServer, open_models: Open, fault: Fault
) -> None:
    server.add("main", "Yes", fault=fault)
    said, reason = await failure(open_models(model_at(server.url)))
    assert said == ""
    assert reason.startswith("main ")


async def test_a_refused_connection_is_a_reason(open_models: Open) -> None:
    assert await failure(open_models(model_at(unused_url()))) == ("", "main cannot be reached")


async def test_a_model_that_the_server_does_not_have_is_a_reason(server: ModelServer, open_models: Open) -> None:
    assert await failure(open_models(model_at(server.url))) == ("", "main does not exist at the provider")


async def test_an_answer_of_blanks_alone_is_empty(server: ModelServer, open_models: Open) -> None:
    server.add("main", [" ", "\n"])
    _, reason = await failure(open_models(model_at(server.url)))
    assert reason == "main gave an empty answer"


async def test_an_answer_that_trickles_ends_at_the_time_for_a_whole_answer(
    server: ModelServer, open_models: Open
) -> None:
    server.add("main", "word " * 10_000, pieces_per_second=20)
    said, reason = await failure(open_models(model_at(server.url, timeout_seconds=1)))
    assert said.startswith("word ")
    assert reason == "main did not answer in time"


async def test_latency_within_the_limit_is_waited_for(server: ModelServer, open_models: Open) -> None:
    server.add("main", "Five weeks", latency=0.1)
    assert (await streamed(open_models(model_at(server.url))))[0] == ["Five ", "weeks"]


@pytest.mark.parametrize("fault", ["stall_first", "stall_midway"])
async def test_a_stalled_connection_is_closed(server: ModelServer, open_models: Open, fault: Fault) -> None:
    server.add("main", "Five weeks", fault=fault)
    await failure(open_models(model_at(server.url, **patience(fault))))
    await gone(server)


@pytest.mark.parametrize("fault", ["stall_first", "stall_midway"])
async def test_a_cancelled_call_raises_and_closes_its_connection(
    server: ModelServer, open_models: Open, fault: Fault
) -> None:
    server.add("main", "Five weeks", fault=fault)
    async with running(streamed(open_models(model_at(server.url)))) as task:
        async with asyncio.timeout(60):
            while not server.requests:
                await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await gone(server)


async def gone(server: ModelServer) -> None:
    """Wait until the server sees that the client has gone."""
    async with asyncio.timeout(10):
        while not server.requests[0].disconnected:
            await asyncio.sleep(0.01)


async def test_a_missing_key_is_named_and_nothing_is_sent(server: ModelServer, open_models: Open) -> None:
    reason = await failure(open_models(model_at(server.url, api_key_env="OTHER_KEY")))
    assert reason == ("", "main has no key: OTHER_KEY is not set")
    assert server.requests == []


@pytest.mark.parametrize("fault", ["bad_key", "server_error", "cut_midway", "malformed", "stall_midway"])
async def test_the_key_is_in_no_reason_and_in_no_log(
    server: ModelServer, open_models: Open, key: str, caplog: pytest.LogCaptureFixture, fault: Fault
) -> None:
    caplog.set_level(logging.DEBUG)
    server.add("main", "Five weeks", fault=fault)  # the errors of the server repeat the key
    _, reason = await failure(open_models(model_at(server.url, **patience(fault))))
    assert server.requests[0].key == key
    assert key not in reason
    assert key not in caplog.text


async def test_the_cost_is_that_of_the_configured_price(server: ModelServer, open_models: Open) -> None:
    server.add("main", "Five weeks a year.")
    entry = model_at(server.url, input_cost_per_million=1_000_000, output_cost_per_million=100)
    assert await price(open_models(entry)) == pytest.approx(4 + 4 * 0.0001)


async def test_a_known_model_costs_what_litellm_knows(server: ModelServer, open_models: Open) -> None:
    server.add("gpt-4o-mini", "Five weeks")
    cost = await price(open_models(model_at(server.url, "gpt-4o-mini")))
    assert cost is not None
    assert cost > 0


async def test_the_cost_of_a_model_without_a_price_is_unknown(server: ModelServer, open_models: Open) -> None:
    server.add("main", "Five weeks")
    assert await price(open_models(model_at(server.url))) is None


async def test_a_provider_that_nobody_knows_leaves_the_other_models_their_work(
    server: ModelServer, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    server.add("main", "fine")
    wrong = ModelEntry(model="opnai/gpt-5-mini", api_key_env="MAIN_KEY")
    router = ModelRouter(with_models(settings, ["other", "main"], other=wrong, main=model_at(server.url)))
    try:
        assert (await streamed(router))[0] == ["fine"]
        with pytest.raises(ModelError, match=r"other cannot be reached: .* knows no provider 'opnai' \(did you mean"):
            await anext(router.stream("other", MESSAGES, 60))
    finally:
        await router.close()
        await close_connections()
    assert "settings/models.yaml: models.other.model: 'opnai/gpt-5-mini': litellm knows no provider" in caplog.text


async def test_two_first_calls_at_once_both_get_their_answer(server: ModelServer, open_models: Open) -> None:
    server.add("main", "Five weeks")
    models = open_models(model_at(server.url))
    answers = await asyncio.gather(streamed(models), streamed(models))
    assert [pieces for pieces, _ in answers] == [["Five ", "weeks"]] * 2


async def test_closing_before_any_call_loads_nothing(settings: Settings) -> None:
    await ModelRouter(settings).close()


async def test_a_fault_of_the_server_is_tried_again_and_then_the_model_rests(
    server: ModelServer, open_models: Open
) -> None:
    server.add("main", fault="server_error")
    router = open_models(model_at(server.url, retries=1))
    assert await failure(router) == ("", "main has a fault (status 500)")
    assert len(server.requests) == 2
    assert await failure(router) == ("", "main rests after a fault (has a fault (status 500))")
    assert len(server.requests) == 2


async def test_a_model_over_its_rate_limit_rests_at_once(server: ModelServer, open_models: Open) -> None:
    server.add("main", fault="rate_limit_retry_after")
    router = open_models(model_at(server.url, retries=3))
    assert await failure(router) == ("", "main is over its rate limit")
    assert await failure(router) == ("", "main rests after a fault (is over its rate limit)")
    assert len(server.requests) == 1


async def test_the_limit_of_the_settings_is_kept(server: ModelServer, open_models: Open) -> None:
    server.add("main", "Five weeks")
    router = open_models(model_at(server.url, limits={"requests_per_minute": 2}))
    await streamed(router)
    await streamed(router)
    assert await failure(router) == ("", "main is at the limit that models.yaml sets for it")
    assert len(server.requests) == 2


async def test_no_more_calls_at_once_than_allowed(server: ModelServer, open_models: Open) -> None:
    hold = asyncio.Event()
    server.add("main", "Five weeks", hold=hold)
    router = open_models(model_at(server.url, limits={"parallel": 1}))
    async with running(streamed(router)) as first, running(streamed(router)) as second:
        async with asyncio.timeout(60):
            while not server.requests:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert len(server.requests) == 1
        hold.set()
        assert (await first)[0] == (await second)[0] == ["Five ", "weeks"]


@pytest.mark.parametrize(("finish", "cut"), [("stop", False), ("length", True)])
async def test_an_answer_that_ends_at_its_length_limit_says_so(
    server: ModelServer, open_models: Open, finish: str, cut: bool
) -> None:
    server.add("main", "Five weeks", finish=finish)
    assert (await streamed(open_models(model_at(server.url))))[1].cut == cut


async def test_words_that_were_filtered_are_a_fault(server: ModelServer, open_models: Open) -> None:
    server.add("main", "Five weeks", finish="content_filter")
    assert await failure(open_models(model_at(server.url))) == (
        "Five weeks",
        "main declined for reasons of content policy",
    )


def test_importing_the_room_does_not_import_litellm() -> None:
    code = "import plugins, plugins.loading, sys; print(sorted({'litellm', 'openai', 'aiohttp'} & set(sys.modules)))"
    root = Path(__file__).parents[2]
    shown = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]"
