import pytest

from plugins.contract import Example, OptionError, Place, Prompt
from plugins.persona import ExampleOptions, Persona, PersonaPluginOptions, PlaceOptions
from settings import Settings
from tests.plugins.parts import CONTACT, Inside, ask, make_context

FILES = {
    "default.md": "  I am {name}, ask {contact}.\n",
    "it.md": "I am the IT desk.",
    "braces.md": "{other} {content} {username} {name}",
}
BADGE = ExampleOptions(question="badge?", answer="Two days [1].")


async def prompt_of(settings: Settings, options: PersonaPluginOptions, place: Place | None = None) -> Prompt:
    inside = Inside()
    await Persona(options, make_context(settings, files=FILES))(ask(place=place), inside)
    return inside.turns[0].prompt


async def test_the_file_becomes_the_system_prompt_with_name_and_contact_filled_in(settings: Settings) -> None:
    prompt = await prompt_of(settings, PersonaPluginOptions(prompt="default.md"))
    assert prompt.system == (f"I am Deskhand, ask {CONTACT}.",)


async def test_other_braces_are_left_alone(settings: Settings) -> None:
    prompt = await prompt_of(settings, PersonaPluginOptions(prompt="braces.md"))
    assert prompt.system == ("{other} {content} {username} Deskhand",)


async def test_examples_and_the_way_to_think_are_in_the_prompt(settings: Settings) -> None:
    options = PersonaPluginOptions(prompt="default.md", examples=[BADGE], step_by_step="Think first.")
    prompt = await prompt_of(settings, options)
    assert prompt.examples == (Example("badge?", "Two days [1]."),)
    assert prompt.step_by_step == "Think first."


async def test_a_persona_without_a_file_has_no_system_prompt(settings: Settings) -> None:
    assert (await prompt_of(settings, PersonaPluginOptions(prompt=None))).system == ()


async def test_a_place_takes_what_it_does_not_say_from_the_persona_for_everywhere(settings: Settings) -> None:
    options = PersonaPluginOptions(
        prompt="default.md", examples=[BADGE], step_by_step="Think.",
        places=[PlaceOptions(platform="slack", prompt="it.md", examples=[])],
    )  # fmt: skip
    there = await prompt_of(settings, options, Place("slack"))
    elsewhere = await prompt_of(settings, options, Place("discord"))
    assert there == Prompt(("I am the IT desk.",), "Think.", ())
    assert elsewhere.examples == (Example("badge?", "Two days [1]."),)
    assert elsewhere.system != there.system


@pytest.mark.parametrize(
    ("place", "thinks"),
    [
        (Place("slack", channel="C1"), "channel"),
        (Place("slack", channel="C2"), "platform"),
        (Place("discord", channel="C1"), "everywhere"),
        (Place("discord", channel="C3"), "any platform"),
    ],
)
async def test_the_last_place_that_fits_wins(settings: Settings, place: Place, thinks: str) -> None:
    options = PersonaPluginOptions(
        prompt=None, step_by_step="everywhere",
        places=[
            PlaceOptions(platform="slack", step_by_step="platform"),
            PlaceOptions(platform="slack", channel="C1", step_by_step="channel"),
            PlaceOptions(channel="C3", step_by_step="any platform"),
        ],
    )  # fmt: skip
    assert (await prompt_of(settings, options, place)).step_by_step == thinks


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("I am\n{nam}.", r"odd\.md:2: nothing is known as {nam} \(did you mean {name}\?\)"),
        ("Ask { Contact }.", r"odd\.md:1: nothing is known as { Contact } \(did you mean {contact}\?\)"),
        (" \n", r"odd\.md is empty: write who the assistant is, or `prompt: null`"),
    ],
)
def test_a_slip_in_the_file_or_an_empty_one_is_a_mistake(settings: Settings, text: str, problem: str) -> None:
    with pytest.raises(OptionError, match=problem) as error:
        Persona(PersonaPluginOptions(prompt="odd.md"), make_context(settings, files={"odd.md": text}))
    assert error.value.option == "prompt"


def test_a_missing_file_names_its_option(settings: Settings) -> None:
    context = make_context(settings, files=FILES)
    with pytest.raises(OptionError, match=r"no file nowhere\.md") as everywhere:
        Persona(PersonaPluginOptions(prompt="nowhere.md"), context)
    assert everywhere.value.option == "prompt"
    places = [PlaceOptions(platform="slack"), PlaceOptions(channel="C1", prompt="nowhere.md")]
    with pytest.raises(OptionError) as place:
        Persona(PersonaPluginOptions(prompt=None, places=places), context)
    assert place.value.option == "places[1].prompt"


def test_a_place_must_say_where_it_is(settings: Settings) -> None:
    with pytest.raises(OptionError, match="neither a platform nor a channel") as raised:
        Persona(PersonaPluginOptions(prompt=None, places=[PlaceOptions(step_by_step="x")]), make_context(settings))
    assert raised.value.option == "places[0]"
