import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from plugins.contract import OptionError
from plugins.glossary import Glossary, GlossaryOptions
from settings import Settings
from tests.plugins.parts import Inside, ask, make_context, streamed

FILE = """
PTO: paid time off
IT: information technology
SAP: the finance system
GDPR: General Data Protection Regulation
AL: [annual leave, account lead]
NO: network operations
R&D: research and development
P45: leaver's certificate
CARE: colleague assistance programme
"""


def glossary(settings: Settings, text: str = FILE, **options: object) -> Glossary:
    context = make_context(settings, files={"lists/glossary.yaml": text, "glossary.csv": text})
    return Glossary(GlossaryOptions.model_validate(options), context)


async def searched(plugin: Glossary, text: str) -> str:
    inside = Inside()
    await plugin(ask(text), inside)
    [turn] = inside.turns
    return turn.message.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("how do I get PTO?", "how do I get PTO (paid time off)?"),
        ("how much pto do i get, is PTO paid", "how much pto (paid time off) do i get, is PTO paid"),
        ("who is in IT", "who is in IT (information technology)"),
        ("who runs R&D?", "who runs R&D (research and development)?"),
        ("AL", "AL (annual leave or account lead)"),
        ("where is my p45", "where is my p45 (leaver's certificate)"),
        ("gdpr rules", "gdpr (General Data Protection Regulation) rules"),
    ],
)
async def test_an_abbreviation_is_searched_with_its_meaning(settings: Settings, text: str, expected: str) -> None:
    assert await searched(glossary(settings), text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "is it allowed, no?",
        "sap on my car",
        "who takes care of it",
        "al is my manager",
        "is paid time off (PTO) paid?",
        "open pto.example.com or it@example.com",
        "form PTO-7",
        "PTOs",
        "",
    ],
)
async def test_what_may_be_something_else_stays(settings: Settings, text: str) -> None:
    assert await searched(glossary(settings), text) == text


async def test_a_house_says_what_its_small_letters_mean(settings: Settings) -> None:
    plugin = glossary(settings, small=["SAP"], capitals_only=["PTO"])
    assert await searched(plugin, "sap and pto") == "sap (the finance system) and pto"


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        ("You get 25 days [1].", "\n\n*Read as: PTO = paid time off.*"),
        ("Paid time off is 25 days [1].", ""),
    ],
)
async def test_the_asker_sees_how_it_was_read_where_the_answer_does_not_show_it(
    settings: Settings, answer: str, read: str
) -> None:
    turn = ask("how much PTO?")
    reply = await glossary(settings)(turn, Inside(streamed(answer)))
    assert await reply.read() == answer + read
    assert turn.trace.notes == ["glossary: PTO = paid time off"]
    quiet = await glossary(settings, show=False)(ask("how much PTO?"), Inside(streamed(answer)))
    assert await quiet.read() == answer


@pytest.mark.parametrize(
    "text", ["what does PTO mean?", "What does pto stand for", "what is PTO short for?", "was bedeutet PTO?"]
)
async def test_what_one_stands_for_is_answered_at_once(settings: Settings, text: str) -> None:
    inside = Inside()
    assert (await glossary(settings)(ask(text), inside)).text == "PTO: paid time off."
    assert inside.turns == []


@pytest.mark.parametrize("text", ["what is PTO?", "what does PTO mean for part-timers?", "what does XYZ mean?"])
async def test_more_than_that_is_looked_up(settings: Settings, text: str) -> None:
    inside = Inside()
    await glossary(settings)(ask(text), inside)
    assert len(inside.turns) == 1


async def test_a_spreadsheet_is_read_as_well(settings: Settings) -> None:
    plugin = glossary(settings, "PTO,paid time off\n\nAL,annual leave\nAL,account lead\n", file="glossary.csv")
    assert await searched(plugin, "AL or PTO") == "AL (annual leave or account lead) or PTO (paid time off)"


@pytest.mark.parametrize(
    ("text", "options", "option", "problem"),
    [
        ("- PTO", {}, "file", "has to be lines such as"),
        ("PTO: [", {}, "file", "is no YAML"),
        ("PTO:", {}, "file", "'PTO' has no meaning"),
        ("PTO: {a: b}", {}, "file", "'PTO' has no meaning"),
        ("PTO,paid time off\nAL\n", {"file": "glossary.csv"}, "file", "glossary.csv:2: a line is"),
        ("PTO: paid time off", {"small": ["TOIL"]}, "small[0]", "'TOIL' is not in lists/glossary.yaml"),
        ("", {"file": "gone.yaml"}, "file", "there is no file gone.yaml"),
    ],
)
def test_a_mistake_is_named(
    settings: Settings, text: str, options: dict[str, object], option: str, problem: str
) -> None:
    with pytest.raises(OptionError) as caught:
        glossary(settings, text, **options)
    assert problem in str(caught.value)
    assert caught.value.option == option


def test_an_empty_glossary_is_no_mistake(settings: Settings) -> None:
    glossary(settings, "")


@given(text=st.text(max_size=60))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_nothing_but_an_addition_is_made(settings: Settings, text: str) -> None:
    expanded = await searched(glossary(settings), f"{text} PTO {text}")
    assert expanded.replace(" (paid time off)", "") == f"{text} PTO {text}"
