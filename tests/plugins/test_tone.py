import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from deskhand.testing.model_server import Fault, ModelServer
from plugins.contract import CallNext, Citation, Context, OptionError, Outcome, Place, Reply, Turn, Usage
from plugins.models import Models
from plugins.tone import Tone, ToneOptions
from settings import Settings
from settings.sections import ModelEntry, ModelSettings
from tests.plugins.parts import Inside, ask, make_context, make_passage, model_at, streamed

pytestmark = [pytest.mark.xdist_group("litellm"), pytest.mark.usefixtures("litellm_ready", "key")]

DRAFT = "You can carry over up to five days until 31 March [1]. You must ask your manager before [2]."
VOICED = "Good news: up to 5 days carry over until March 31st [1]. You have to ask your manager before [2]!"
WRONG = "Good news: up to 6 days carry over until March 31st [1]. You have to ask your manager before [2]!"
PASSAGES = (make_passage(1, "Up to five days are carried over until 31 March."), make_passage(2, "Ask your manager."))
OUTCOME = Outcome(
    "answered", "", tuple(Citation(n, p) for n, p in enumerate(PASSAGES, 1)), "main", "answer", Usage(10, 5), 0.25
)

MakeTone = Callable[..., Tone]


@pytest.fixture
def make_tone(settings: Settings, server: ModelServer) -> MakeTone:
    """The plugin with a route of models behind the server."""

    def make(
        *route: str, files: dict[str, str] | None = None, entry: dict[str, Any] | None = None, **options: Any
    ) -> Tone:
        names = route or ("voice",)
        models: dict[str, ModelEntry] = {
            name: model_at(server.url, name, **(entry or {})) for name in names if name != "extractive"
        }
        routed = replace(settings, models=ModelSettings(models=models, routes={"tone": list(names)}))
        context: Context = replace(make_context(settings, None, files or {}), models=Models(routed))
        return Tone(ToneOptions.model_validate(options), context)

    return make


def drafted(text: str = DRAFT, outcome: Outcome = OUTCOME) -> Inside:
    half = len(text) // 2
    return Inside(streamed(text[:half], text[half:], outcome))


async def run(tone: Tone, inside: CallNext | None = None, turn: Turn | None = None) -> tuple[str, Outcome, list[str]]:
    turn = turn or ask(passages=PASSAGES)
    reply = await tone(turn, inside or drafted())
    return await reply.read(), reply.outcome, turn.trace.notes


async def test_a_rewrite_that_keeps_the_facts_is_sent_with_its_citations_and_all_that_it_cost(
    make_tone: MakeTone, server: ModelServer
) -> None:
    server.add("voice", VOICED)
    tone = make_tone(entry={"input_cost_per_million": 0, "output_cost_per_million": 1_000_000})
    text, outcome, notes = await run(tone)
    assert text == VOICED
    assert (outcome.citations, outcome.model, outcome.status) == (OUTCOME.citations, "main", "answered")
    assert outcome.cost_usd == pytest.approx(0.25 + len(VOICED.split()))
    assert outcome.usage.answer_tokens == 5 + len(VOICED.split())
    assert (notes, tone.events) == (["tone: rewritten, the facts are the same"], {"voiced": 1})


async def test_a_rewrite_that_changes_a_fact_is_not_sent(make_tone: MakeTone, server: ModelServer) -> None:
    server.add("voice", WRONG)
    tone = make_tone()
    text, outcome, notes = await run(tone)
    assert (text, outcome.status) == (DRAFT, "answered")
    assert outcome.citations == OUTCOME.citations
    assert notes[0].startswith("tone: the plain answer is sent (number lost: 5 day; number added: 6 day")
    assert tone.events == {"facts": 1}


@pytest.mark.parametrize(
    "fault", ["server_error", "rate_limit", "bad_key", "empty", "stall_first", "stall_midway", "cut_midway"]
)
async def test_a_model_that_fails_or_stalls_leaves_the_plain_draft(
    make_tone: MakeTone, server: ModelServer, fault: Fault
) -> None:
    server.add("voice", VOICED, fault=fault)
    tone = make_tone(entry={"stall_seconds": 0.3})
    text, outcome, [note] = await run(tone)
    assert (text, outcome.status, tone.events) == (DRAFT, "answered", {"model": 1})
    assert note.startswith("tone: the plain answer is sent (voice ")


async def test_a_rewrite_has_its_own_time_limit(make_tone: MakeTone, server: ModelServer) -> None:
    server.add("voice", VOICED, fault="stall_midway")
    text, _, [note] = await run(make_tone(seconds=0.8))
    assert text == DRAFT
    assert note.startswith("tone: the plain answer is sent (voice did not answer in time")


async def test_the_models_of_the_route_are_tried_in_order(make_tone: MakeTone, server: ModelServer) -> None:
    server.add("voice", fault="server_error")
    server.add("base", VOICED)
    assert (await run(make_tone("voice", "base", "extractive")))[0] == VOICED


async def test_without_a_model_the_plain_draft_is_sent(make_tone: MakeTone) -> None:
    text, _, [note] = await run(make_tone("extractive"))
    assert (text, note) == (DRAFT, "tone: the plain answer is sent (no language model is named for tone)")


async def test_a_rewrite_much_longer_than_the_draft_is_not_sent(make_tone: MakeTone, server: ModelServer) -> None:
    server.add("voice", VOICED + " And so on." * 40)
    tone = make_tone()
    text, _, [note] = await run(tone)
    assert (text, tone.events) == (DRAFT, {"length": 1})
    assert "the rewrite has" in note


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome("abstained", "the documents don't say"),
        Outcome("refused", "no"),
        Outcome("degraded", "main is over its rate limit", model="extractive"),
        Outcome("answered", model="extractive"),
    ],
    ids=lambda outcome: f"{outcome.status} {outcome.model}",
)
async def test_quotes_and_apologies_keep_their_own_words(
    make_tone: MakeTone, server: ModelServer, outcome: Outcome
) -> None:
    text, now, notes = await run(make_tone(), drafted("As it was.", outcome))
    assert (text, now, notes, server.requests) == ("As it was.", outcome, [], [])


async def test_voice_and_examples_are_what_the_model_sees(make_tone: MakeTone, server: ModelServer) -> None:
    server.add("voice", VOICED)
    example = {"plain": "The form is due.", "voiced": "Your form is due, friend!"}
    await run(make_tone(files={"voice.md": "Be a pirate.\n"}, voice_file="voice.md", examples=[example]))
    system, plain, voiced, draft = server.requests[0].messages
    assert system["content"].startswith("Be a pirate.\n\nRewrite the text")
    assert [plain["content"], voiced["content"], draft["content"]] == [example["plain"], example["voiced"], DRAFT]


@pytest.mark.parametrize(
    ("options", "applies"),
    [
        ({}, True),
        ({"when": {"platforms": ["slack"]}}, True),
        ({"when": {"platforms": ["discord"]}}, False),
        ({"when": {"platforms": ["slack"], "channels": ["C2"]}}, False),
        ({"when": {"groups": ["sales", "staff"]}}, True),
        ({"when": {"groups": ["sales"]}}, False),
        ({"unless": {"channels": ["C1"]}}, False),
        ({"unless": {"channels": ["C1"], "groups": ["sales"]}}, True),
        ({"when": {"platforms": ["slack"]}, "unless": {"groups": ["staff"]}}, False),
    ],
)
async def test_where_it_applies(
    make_tone: MakeTone, server: ModelServer, options: dict[str, Any], applies: bool
) -> None:
    server.add("voice", VOICED)
    turn = ask(groups=["staff"], place=Place("slack", channel="C1"), passages=PASSAGES)
    assert (await run(make_tone(**options), turn=turn))[0] == (VOICED if applies else DRAFT)
    assert len(server.requests) == applies


async def test_elsewhere_the_reply_streams_as_it_is(make_tone: MakeTone) -> None:
    reply = await make_tone(unless={})(ask(), drafted())
    assert [piece async for piece in reply] == [DRAFT[: len(DRAFT) // 2], DRAFT[len(DRAFT) // 2 :]]


class Routes:
    """A `call_next` that answers by the route of the turn."""

    def __init__(self, **replies: Reply) -> None:
        self.replies = replies
        self.turns: list[Turn] = []

    async def __call__(self, turn: Turn) -> Reply:
        self.turns.append(turn)
        return self.replies[turn.route]


async def test_the_tuned_model_may_answer_what_the_passages_say(make_tone: MakeTone) -> None:
    tone = make_tone(mode="answer", voice="Be a pirate.")
    inside = Routes(tone=streamed("Arr, five days until 31 March [1]!", OUTCOME))
    text, _, notes = await run(tone, inside)
    assert text == "Arr, five days until 31 March [1]!"
    assert [turn.route for turn in inside.turns] == ["tone"]
    assert inside.turns[0].prompt.system == ("Be a pirate.",)
    assert notes == ["tone: answered, the passages have every fact of it"]


@pytest.mark.parametrize(
    ("voiced", "outcome", "why"),
    [
        ("Arr, six days [1]!", OUTCOME, "facts"),
        ("See https://evil.example [1]!", OUTCOME, "facts"),
        ("Nothing.", Outcome("abstained", "the documents don't say", cost_usd=0.5), "model"),
        ("Quotes.", Outcome("degraded", "voice cannot be reached", model="extractive"), "model"),
    ],
)
async def test_else_the_plain_route_answers(make_tone: MakeTone, voiced: str, outcome: Outcome, why: str) -> None:
    tone = make_tone(mode="answer")
    inside = Routes(tone=streamed(voiced, outcome), answer=streamed(DRAFT, OUTCOME))
    text, now, [note] = await run(tone, inside)
    assert (text, tone.events) == (DRAFT, {why: 1})
    assert note.startswith("tone: the plain answer is sent (")
    assert now.cost_usd == (outcome.cost_usd or 0) + 0.25


def test_a_voice_is_given_once_and_must_exist(make_tone: MakeTone) -> None:
    for options in ({"voice": "a", "voice_file": "b.md"}, {"voice_file": "missing.md"}):
        with pytest.raises(OptionError) as caught:
            make_tone(**options)
        assert caught.value.option == "voice_file"


async def test_cancelling_the_turn_stops_the_rewrite(make_tone: MakeTone, server: ModelServer) -> None:
    server.add("voice", VOICED, fault="stall_midway")
    task = asyncio.ensure_future(run(make_tone()))
    while not server.requests:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
