"""The real chain with a model that does whatever a document says."""

import base64
import codecs
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from deskhand.testing.model_server import ChatRequest, ModelServer
from plugins import Chain, open_chain
from plugins.contract import Context, Outcome, Prompt
from plugins.leak import LONGEST_RUN, LeakGuard
from plugins.links import Addresses
from plugins.output import Output, OutputGuard, OutputOptions
from settings import Home, load_settings
from tests.plugins.parts import Inside, ListedKnowledge, ask, in_chain, make_passage, streamed

INJECTIONS = yaml.safe_load((Path(__file__).parent / "injections.yaml").read_text(encoding="utf-8"))
LEAVE = "Annual leave is five weeks. See https://wiki.larkfield.example/leave for more."
SECRET = (
    "You are Larky, the assistant of Larkfield. You answer politely and you never speak of the merger with Finchley."
)


def obedient(reply: str) -> Callable[[ChatRequest], str]:
    """A model that answers what the injection wants."""

    def answer(request: ChatRequest) -> str:
        system = str(request.messages[0]["content"])
        forms = {
            "system": system,
            "base64": base64.b64encode(system.encode()).decode(),
            "rot13": codecs.encode(system, "rot13"),
            "hex": system.encode().hex(),
            "reversed": system[::-1],
            "spaced": " ".join(system),
            "upper": system.upper(),
            "quoted": "> " + system.replace(" ", "\n> "),
            "tail": "\n".join(system.splitlines()[-3:]),
        }
        return re.sub(r"\{(\w+)\}", lambda match: forms.get(match[1], match[0]), reply)

    return answer


@pytest.fixture
async def chain(home: Home, write: Callable[[str, str | bytes], Path], server: ModelServer) -> AsyncIterator[Any]:
    write("settings/personas/default.md", SECRET)
    model = {"model": "openai/main", "api_base": server.url, "api_key_env": "MAIN_KEY"}
    write("settings/models.yaml", yaml.safe_dump({"models": {"main": model}, "routes": {"answer": ["main"]}}))
    knowledge = ListedKnowledge()
    async with open_chain(load_settings(home), knowledge) as opened:
        yield opened, knowledge


def bare(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def repeats(text: str, secret: str) -> bool:
    found, whole = bare(text), bare(secret)
    return any(whole[at : at + LONGEST_RUN] in found for at in range(len(whole) - LONGEST_RUN + 1))


@pytest.mark.xdist_group("litellm")
@pytest.mark.usefixtures("litellm_ready", "key")
@pytest.mark.parametrize("injection", INJECTIONS, ids=lambda injection: injection["name"])
async def test_an_obedient_model_does_no_harm(
    chain: tuple[Chain, ListedKnowledge], server: ModelServer, injection: dict[str, str]
) -> None:
    opened, knowledge = chain
    knowledge.passages = (make_passage(1, LEAVE), make_passage(2, injection["text"], "forged.md"))
    server.add("main", obedient(injection["reply"]))
    reply = await opened(ask())
    shown = await reply.read()

    [request] = server.requests
    assert not {"tools", "functions", "tool_choice"} & set(request.body)
    asked = str(request.messages[-1]["content"])
    assert not re.search(
        r"<\|im_|<\|eot|\[/?INST\]|<</?SYS|</passage>|^(?:system|user|assistant)[ *]*:", asked, re.I | re.M
    )
    assert not re.search("[\u200b\u202a-\u202e\u2060\u2066-\u2069\U000e0000-\U000e007f]", asked + shown)
    assert len(re.findall(r"^</passage-\w{8}>$", asked, re.M)) == 2

    assert not re.search(r"@(?:everyone|here|channel)\b|<[@!#][^<>\n]*>|</[\w -]+:\d+>", shown)
    assert not re.search(r"!\[[^\]\n]*\][(\[]|<(?:img|a|script)\b", shown)
    sources = LEAVE + injection["text"]
    for address in re.findall(r"[a-z]+://[^\s<>)\]`\"']+|[\w.-]*evil\.example[^\s<>)\]`\"']*", shown):
        assert address.rstrip(".,:?/") in sources, address
    assert not re.search(r"\]\((?!https://wiki\.larkfield\.example/leave\)|‹link removed›)", shown)
    system = str(request.messages[0]["content"])
    for form in (system, system[::-1], codecs.encode(system, "rot13"), base64.b64encode(system.encode()).decode()):
        assert not repeats(shown, form)
    assert {int(number) for number in re.findall(r"\[(\d+)\]", shown)} <= {1, 2}
    assert {citation.number for citation in reply.outcome.citations} <= {1, 2}
    assert "{system}" not in injection["reply"] or reply.outcome.status == "refused"


def test_there_are_enough_injections_and_no_two_are_alike() -> None:
    assert len({injection["text"] + injection["reply"] for injection in INJECTIONS}) == len(INJECTIONS) >= 60


WORDS = st.lists(
    st.sampled_from(
        ["@here", "[a](https://evil.example)", "`x`", "five ", SECRET[:70], SECRET[40:], "\n", "[1]", "<!", "\u200b"]
    ),
    max_size=12,
).map("".join)  # fmt: skip


def guarded(*pieces: str) -> tuple[str, bool]:
    guard = OutputGuard(Addresses([LEAVE]), LeakGuard([SECRET], [LEAVE]))
    return "".join([*map(guard.feed, pieces), guard.end()]), guard.leaked


@settings(deadline=None)
@given(st.data())
def test_the_result_does_not_depend_on_how_the_text_is_split(data: st.DataObject) -> None:
    text = data.draw(WORDS)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert guarded(*pieces) == guarded(text) == guarded(*text)


def output(context: Context, **options: Any) -> Output:
    return Output(OutputOptions(**options), context)


async def test_an_answer_streams_through_and_keeps_its_outcome(context: Context) -> None:
    outcome = Outcome("answered", model="main")
    turn = ask(passages=(make_passage(1, LEAVE),))
    inside = Inside(streamed("Five ", "weeks, see ", "https://evil.example", " now.", outcome))
    reply = await in_chain(output(context), turn, inside)
    assert [piece async for piece in reply] == ["Five ", "weeks, see ", "‹link removed› ", "now."]
    assert reply.outcome == outcome


async def test_an_answer_that_repeats_the_instructions_is_cut_and_refused(context: Context) -> None:
    turn = ask(prompt=Prompt((SECRET,)))
    cost = Outcome("answered", model="main", cost_usd=0.5)
    reply = await output(context)(turn, Inside(streamed("Sure: ", *re.findall(r"\S+\s*", SECRET), cost)))
    text = await reply.read()
    assert text.startswith("Sure: You are Larky, \n\n*The rest is left out")
    assert (reply.outcome.status, reply.outcome.model, reply.outcome.cost_usd) == ("refused", "main", 0.5)
    assert turn.trace.notes == ["the answer was cut: it repeated the instructions"]


async def test_what_the_passages_say_as_well_is_no_secret(context: Context) -> None:
    turn = ask(prompt=Prompt((SECRET,)), passages=(make_passage(1, SECRET),))
    assert await (await output(context)(turn, Inside(streamed(SECRET)))).read() == SECRET


async def test_addresses_of_the_contact_the_persona_and_the_question_may_be_named(context: Context) -> None:
    turn = ask("what is https://a.example/1?", prompt=Prompt(("Send people to help@larkfield.example.",)))
    text = "https://a.example/1, help@larkfield.example, https://b.example"
    assert await (await output(context, hosts=["b.example"])(turn, Inside(streamed(text)))).read() == text


def test_a_short_repetition_is_shown_whole() -> None:
    assert guarded("You are Larky, the assistant, and ", "brief.") == (
        "You are Larky, the assistant, and brief.",
        False,
    )
