import logging

import pytest

from plugins.canned import Canned, CannedOptions
from plugins.contract import OptionError, Place
from settings import Settings
from tests.plugins.parts import Inside, ask, make_context

FILE = """
- questions:
    - What is the guest Wi-Fi password?
    - guest wifi
  answer: It hangs at reception.
  approved_by: the IT desk
- questions: [when is payday]
  answer: On the 25th.
- questions: ["When is payday?"]
  answer: On the 25th; approve by the 20th.
  audience: [managers, payroll]
- questions: [is the office open on friday]
  answer: "No."
  review_by: 2020-01-01
- questions: [is the canteen open]
  answer: "Yes."
  review_by: 2999-01-01
"""


def canned(settings: Settings, text: str = FILE) -> Canned:
    return Canned(CannedOptions(), make_context(settings, files={"lists/canned.yaml": text}))


@pytest.mark.parametrize(
    "text", ["what is the guest wi-fi password", "Hi! WHAT IS the guest WI-FI password?? Thanks", "Guest WiFi"]
)
async def test_the_approved_answer_is_given_before_anything_is_searched(settings: Settings, text: str) -> None:
    inside, turn = Inside(), ask(text)
    reply = await canned(settings)(turn, inside)
    assert reply.text == "It hangs at reception.\n\n*Approved by the IT desk.*"
    assert reply.outcome.status == "answered"
    assert inside.turns == []
    assert turn.trace.events == ["canned: answered"]


@pytest.mark.parametrize("text", ["what is the wi-fi password", "guest wifi down", "payday", ""])
async def test_other_words_are_another_question(settings: Settings, text: str) -> None:
    turn, inside = ask(text), Inside()
    assert (await canned(settings)(turn, inside)).text == "from inside"
    assert inside.turns == [turn]


@pytest.mark.parametrize(
    ("groups", "place", "said"),
    [
        ((), None, "On the 25th."),
        (("managers",), None, "On the 25th; approve by the 20th."),
        (("managers",), Place("slack", channel="C1"), "On the 25th."),
        (("managers",), Place("slack", channel="C1", groups=("managers",)), "On the 25th; approve by the 20th."),
    ],
)
async def test_everyone_who_reads_it_must_be_in_its_audience(
    settings: Settings, groups: tuple[str, ...], place: Place | None, said: str
) -> None:
    reply = await canned(settings)(ask("when is payday", groups=groups, place=place), Inside())
    assert reply.text == said


async def test_an_answer_is_given_until_its_review_is_due(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        plugin = canned(settings)
    assert "'is the office open on friday' was to be reviewed by 2020-01-01" in caplog.text
    assert (await plugin(ask("is the office open on friday?"), Inside())).text == "from inside"
    assert (await plugin(ask("is the canteen open?"), Inside())).text == "Yes."


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- questions: [a b]\n  answer: [", "is no YAML"),
        ("- questions: [a b]", "[0].answer: Field required"),
        ("- questions: ['?']\n  answer: x", "'?' has no word in it"),
        ("- {questions: [a b], answer: x}\n- {questions: [A  b!], answer: y}", "'A  b!' has two answers"),
        ("questions: []", "should be a valid list"),
    ],
)
def test_a_mistake_in_the_file_is_named(settings: Settings, text: str, problem: str) -> None:
    with pytest.raises(OptionError) as caught:
        canned(settings, text)
    assert problem in str(caught.value)
    assert "canned.yaml" in str(caught.value)
    assert caught.value.option == "file"


def test_a_missing_file_is_named(settings: Settings) -> None:
    with pytest.raises(OptionError, match=r"there is no file gone\.yaml"):
        Canned(CannedOptions(file="gone.yaml"), make_context(settings, files={}))
