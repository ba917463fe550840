from dataclasses import replace

import pytest
from pydantic import ValidationError

from deskhand.testing.model_server import ModelServer
from plugins.contract import Context, Exchange, Outcome, Prompt, Replace, Reply
from plugins.language import Language, LanguageOptions
from plugins.models import Models
from plugins.rag import abstain
from settings import Settings
from settings.sections import ModelSettings
from tests.plugins.parts import CONTACT, Inside, ask, in_chain, make_context, model_at, streamed

GERMAN = "Wie viele Urlaubstage habe ich?"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GERMAN, "Answer in German."),
        ("how much leave do I have?", "Answer in English."),
        ("有給休暇は何日ありますか？", "Answer in Japanese."),
        ("VPN?", "Answer in English."),
    ],
)
async def test_a_model_is_told_the_language_of_the_question(context: Context, text: str, told: str) -> None:
    inside = Inside()
    await Language(LanguageOptions(), context)(ask(text, prompt=Prompt(("You are Larky.",))), inside)
    assert inside.turns[0].prompt.system == ("You are Larky.", told)
    assert inside.turns[0].message.text == text


async def test_a_follow_up_of_few_words_keeps_the_language_of_the_thread(context: Context) -> None:
    inside = Inside()
    thread = (Exchange("user", GERMAN), Exchange("assistant", "30 [1]."))
    await Language(LanguageOptions(), context)(ask("Porto?", history=thread), inside)
    assert inside.turns[0].prompt.system == ("Answer in German.",)


@pytest.mark.parametrize(("default", "only", "told"), [("fr", [], "German"), ("fr", ["en"], "French")])
async def test_a_house_chooses_its_languages(context: Context, default: str, only: list[str], told: str) -> None:
    inside = Inside()
    await Language(LanguageOptions(default=default, only=only), context)(ask(GERMAN), inside)
    assert inside.turns[0].prompt.system == (f"Answer in {told}.",)


async def test_that_there_is_no_answer_is_said_in_the_language_of_the_question(context: Context) -> None:
    reply = await in_chain(Language(LanguageOptions(), context), ask(GERMAN), Inside(abstain(CONTACT)))
    assert await reply.read() == f"Das habe ich in den Dokumenten nicht gefunden. Bitte frag {CONTACT}."
    assert reply.outcome == abstain(CONTACT).outcome


async def pieces_of(reply: Reply) -> list[str | Replace]:
    return [piece async for piece in reply]


async def test_a_models_words_stream_as_they_come(context: Context) -> None:
    inside = Inside(streamed("Du hast ", "30 Tage ", "[1].", Outcome(model="main")))
    reply = await in_chain(Language(LanguageOptions(), context), ask(GERMAN), inside)
    assert await pieces_of(reply) == ["Du hast ", "30 Tage ", "[1]."]
    assert reply.outcome.model == "main"


async def test_its_own_words_are_known_however_they_are_cut(context: Context) -> None:
    inside = Inside(streamed("The docu", "ments s", "ay:\n\nLeave is ", "30 days. [1]"))
    reply = await Language(LanguageOptions(), context)(ask(GERMAN), inside)
    assert await reply.read() == "In den Dokumenten steht:\n\nLeave is 30 days. [1]"


async def test_what_takes_the_place_of_a_broken_answer_is_said_in_it_as_well(context: Context) -> None:
    inside = Inside(streamed("Du hast ", Replace("The documents say:\n\n"), "30 days. [1]"))
    reply = await Language(LanguageOptions(), context)(ask(GERMAN), inside)
    assert await pieces_of(reply) == ["Du hast ", Replace("In den Dokumenten steht:\n\n30 days. [1]")]
    assert reply.text == "In den Dokumenten steht:\n\n30 days. [1]"


async def test_an_english_question_is_handed_through(context: Context) -> None:
    inside = Inside(abstain(CONTACT))
    assert (await Language(LanguageOptions(), context)(ask(), inside)).text == abstain(CONTACT).text


def test_a_language_that_cannot_be_told_is_refused() -> None:
    with pytest.raises(ValidationError):
        LanguageOptions(default="german")


@pytest.mark.xdist_group("litellm")
@pytest.mark.usefixtures("litellm_ready", "key")
class TestSearchedInTheLanguageOfTheDocuments:
    async def searched(self, settings: Settings, server: ModelServer, text: str, **options: object) -> str:
        models = ModelSettings(models={"small": model_at(server.url, "small")}, routes={"translate": ["small"]})
        context = replace(make_context(settings), models=Models(replace(settings, models=models)))
        inside = Inside()
        await Language(LanguageOptions.model_validate({"documents": "en"} | options), context)(ask(text), inside)
        await context.models.close()
        return inside.turns[0].message.text

    async def test_a_question_is_translated(self, settings: Settings, server: ModelServer) -> None:
        server.add("small", "How many days of leave do I have?")
        assert await self.searched(settings, server, GERMAN) == "How many days of leave do I have?"
        assert "to English" in server.requests[0].messages[0]["content"]

    async def test_one_in_that_language_is_not(self, settings: Settings, server: ModelServer) -> None:
        assert await self.searched(settings, server, "how much leave do I have?") == "how much leave do I have?"
        assert server.requests == []

    @pytest.mark.parametrize("said", ["", "word " * 200])
    async def test_what_is_no_translation_is_not_searched(
        self, settings: Settings, server: ModelServer, said: str
    ) -> None:
        server.add("small", said)
        assert await self.searched(settings, server, GERMAN) == GERMAN


async def test_without_a_model_a_question_is_searched_as_typed(context: Context) -> None:
    inside = Inside()
    await Language(LanguageOptions(documents="en"), context)(ask(GERMAN), inside)
    assert inside.turns[0].message.text == GERMAN
