"""Every fault of every model that a question can meet: each ends in an answer or a reason, in time.

The real litellm over real HTTP to a server on loopback. To have one more role tested, add it to ROLES.
"""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from deskhand.testing.model_server import Fault, ModelServer, deaf_url, unused_url
from plugins import Chain, Exchange, open_chain
from settings import Home, load_settings
from settings.errors import EmbeddingError, IndexAway
from tests.plugins.parts import CONTACT, KEY, ListedKnowledge, ask, make_passage

pytestmark = [pytest.mark.xdist_group("litellm"), pytest.mark.usefixtures("litellm_ready", "key")]

DEADLINE = 6.0
SERVED: list[Fault] = [
    "rate_limit", "rate_limit_retry_after", "bad_key", "server_error", "context_window", "content_policy",
    "stall_first", "stall_midway", "cut_midway", "malformed", "empty",
]  # fmt: skip
UNREACHABLE = ["refused", "no such host", "connecting for ever"]

ROLES: dict[str, dict[str, Any]] = {
    # who has the fault: the routes, and the status that it must end in where all else is well
    "main": {"routes": {"answer": ["broken", "good", "extractive"]}, "status": "answered", "model": "good"},
    "fallback": {"routes": {"answer": ["busy", "broken", "extractive"]}, "status": "degraded", "model": "extractive"},
    "only model": {"routes": {"answer": ["broken"]}, "status": "refused", "model": ""},
    "query rewriter": {
        "routes": {"answer": ["good", "extractive"], "rewrite_query": ["broken"]},
        "status": "answered",
        "model": "good",
    },
    "tone model that rewrites": {
        "routes": {"answer": ["good", "extractive"], "tone": ["broken"]},
        "tone": "rewrite",
        "status": "answered",
        "model": "good",
    },
    "tone model that answers": {
        "routes": {"answer": ["good", "extractive"], "tone": ["broken"]},
        "tone": "answer",
        "status": "answered",
        "model": "good",
    },
}


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Addresses at which no model can be reached."""
    real = socket.getaddrinfo

    def resolve(host: Any, *arguments: Any, **options: Any) -> Any:
        if host == "models.invalid":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return real(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with deaf_url() as deaf:
        yield {"refused": unused_url(), "no such host": "http://models.invalid/v1", "connecting for ever": deaf}


@pytest.fixture
async def open_desk(
    home: Home, write: Callable[[str, str], Path], server: ModelServer
) -> AsyncIterator[Callable[..., Any]]:
    """Opens the shipped chain with these routes; the model `broken` has the fault."""
    server.add("good", "Five weeks [1].")
    server.add("busy", fault="rate_limit")

    async with AsyncExitStack() as stack:

        async def open_with(
            routes: dict[str, list[str]], knowledge: ListedKnowledge, url: str = "", tone: str = ""
        ) -> Chain:
            patience = {"stall_seconds": 0.4, "timeout_seconds": 2}
            whole = {"stall_seconds": 3, "timeout_seconds": 4}  # a busy machine makes no fault of it
            models = {
                name: {
                    "model": f"openai/{name}",
                    "api_base": url if url and name == "broken" else server.url,
                    "retries": 0,
                    "api_key_env": "MAIN_KEY",
                    **(whole if name == "good" else patience),
                }
                for name in ("good", "busy", "broken")
            }
            write("settings/models.yaml", yaml.safe_dump({"models": models, "routes": routes}))
            assistant: dict[str, Any] = {"contact": CONTACT, "deadline_seconds": DEADLINE}
            if tone:
                step = {"tone": {"mode": tone, "voice": "Warm and short."}}
                assistant["plugins"] = ["persona", "history", "rag", "output", step, "answer"]
            write("settings/assistant.yaml", yaml.safe_dump(assistant))
            return await stack.enter_async_context(open_chain(load_settings(home), knowledge))

        yield open_with


@pytest.fixture
def knowledge() -> ListedKnowledge:
    return ListedKnowledge((make_passage(1), make_passage(2)))


@pytest.mark.parametrize("fault", [*SERVED, *UNREACHABLE])
@pytest.mark.parametrize("role", ROLES)
async def test_every_fault_ends_in_an_answer_or_a_reason_in_time(
    open_desk: Callable[..., Any],
    server: ModelServer,
    knowledge: ListedKnowledge,
    nowhere: dict[str, str],
    caplog: pytest.LogCaptureFixture,
    role: str,
    fault: Any,
) -> None:
    caplog.set_level(logging.INFO)
    expected = ROLES[role]
    if fault in SERVED:
        server.add("broken", "Six weeks [2] a year.", fault=fault)
    chain = await open_desk(expected["routes"], knowledge, nowhere.get(fault, ""), expected.get("tone", ""))
    turn = ask("and in Porto?", history=(Exchange("user", "how much leave?"), Exchange("assistant", "Five weeks.")))
    async with asyncio.timeout(DEADLINE + 2):
        reply = await chain(turn)
        text, outcome = await reply.read(), reply.outcome
    assert text.strip()
    assert (outcome.status, outcome.model) == (expected["status"], expected["model"])
    assert outcome.status == "answered" or outcome.reason
    assert "Six weeks" not in text
    assert any(attempt.model == "broken" and attempt.problem for attempt in turn.trace.attempts)
    assert "Traceback" not in text + caplog.text
    assert KEY not in text + repr(outcome) + repr(turn.trace) + caplog.text
    assert CONTACT in text or outcome.status != "refused"


@pytest.mark.parametrize(
    "error", [EmbeddingError("the embedding model is missing"), IndexAway("the server is away"), ValueError("a defect")]
)
@pytest.mark.parametrize("routes", [["good", "extractive"], ["extractive"]])
async def test_a_search_that_fails_is_a_reason_that_names_the_contact(
    open_desk: Callable[..., Any], knowledge: ListedKnowledge, error: Exception, routes: list[str]
) -> None:
    knowledge.error = error
    chain = await open_desk({"answer": routes}, knowledge)
    reply = await chain(ask())
    text = await reply.read()
    assert reply.outcome.status == "refused"
    assert reply.outcome.reason
    assert CONTACT in text
    assert "a defect" not in text


async def test_when_the_time_of_a_turn_is_short_the_documents_still_get_their_share(
    open_desk: Callable[..., Any], server: ModelServer, knowledge: ListedKnowledge, write: Callable[[str, str], Path]
) -> None:
    server.add("broken", fault="stall_first")
    chain = await open_desk({"answer": ["broken", "extractive"]}, knowledge)
    turn = ask()
    now = asyncio.get_running_loop().time()
    reply = await chain(turn.with_(deadline=now + 0.65))  # less than the model may stall
    assert "Statement number 1" in await reply.read()
    assert reply.outcome.status == "degraded"
