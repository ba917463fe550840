from datetime import UTC, datetime

import pytest

from plugins.contract import Context, Exchange, OptionError, Outcome, Status
from plugins.escalate import Escalate, EscalateOptions
from plugins.office_hours import OfficeHours
from plugins.rag import abstain
from tests.plugins.parts import CONTACT, Inside, ask, in_chain, streamed

TOPICS = [
    {"name": "payroll", "words": ["payslip", "salary"], "contact": "#payroll", "hours": {"zone": "Europe/London"}},
    {"name": "IT", "words": ["laptop", "vpn", "e-mail"], "contact": "the IT desk (ext. 42)"},
]


def escalate(context: Context, **options: object) -> Escalate:
    made = Escalate(EscalateOptions.model_validate({"topics": TOPICS} | options), context)
    made.now = lambda: datetime(2026, 11, 27, 18, tzinfo=UTC)  # a Friday evening
    return made


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("can I talk to a human?", f"Please ask {CONTACT}."),
        ("I'd like to speak to someone about my payslip", "For payroll, ask #payroll. They are there again on Monday"),
        ("human please", f"Please ask {CONTACT}."),
        ("Hi, I want to speak with a real person about the VPN!", "For IT, ask the IT desk (ext. 42)."),
        ("kann ich mit einem Menschen sprechen?", f"Please ask {CONTACT}."),
        ("je voudrais parler à une personne", f"Please ask {CONTACT}."),
        ("quiero hablar con una persona", f"Please ask {CONTACT}."),
    ],
)
async def test_whoever_asks_for_a_human_gets_one_at_once(context: Context, text: str, said: str) -> None:
    inside, turn = Inside(), ask(text)
    reply = await escalate(context)(turn, inside)
    assert reply.text.startswith(said)
    assert inside.turns == []
    assert turn.trace.events == ["escalate: asked for"]


@pytest.mark.parametrize(
    "text",
    [
        "who do I speak to about payroll?",
        "can I give my laptop to someone else",
        "how many people work here?",
        "what does a person need to get a badge",
        "who is the person for expenses",
        "can someone sign for me",
        "does human resources pay for it",
        "people",
        "to talk to talk to talk to talk to " * 50,
        "",
    ],
)
async def test_a_question_about_people_is_a_question(context: Context, text: str) -> None:
    inside, turn = Inside(), ask(text)
    assert await (await escalate(context)(turn, inside)).read() == "from inside"
    assert inside.turns == [turn]


async def test_where_the_documents_do_not_say_the_people_of_the_topic_are_named(context: Context) -> None:
    turn = ask("why is there a Q on my payslips?")
    text = await (await escalate(context)(turn, Inside(abstain(CONTACT)))).read()
    assert text == (
        f"I could not find this in the documents. Please ask {CONTACT}.\n\n"
        "For payroll, ask #payroll. They are there again on Monday at 09:00 (London time)."
    )
    assert turn.trace.events == ["escalate: no answer"]


@pytest.mark.parametrize(("status", "named"), [("refused", True), ("answered", False), ("degraded", False)])
async def test_only_without_an_answer(context: Context, status: Status, named: bool) -> None:
    inside = Inside(streamed("Text.", Outcome(status, "why")))
    reply = await in_chain(escalate(context), ask("my laptop is slow"), inside)
    assert ("IT desk" in await reply.read()) == named
    assert reply.outcome == Outcome(status, "why")


async def test_the_thread_tells_the_topic_where_the_question_does_not(context: Context) -> None:
    thread = (Exchange("user", "my laptop is slow"), Exchange("assistant", "Restart it [1]."))
    reply = await escalate(context)(ask("did not help", history=thread), Inside(abstain(CONTACT)))
    assert (await reply.read()).endswith("For IT, ask the IT desk (ext. 42).")


async def test_without_a_topic_nothing_is_added_but_the_hours_of_the_contact(context: Context) -> None:
    plain = await escalate(context)(ask("what is love"), Inside(abstain(CONTACT)))
    assert await plain.read() == abstain(CONTACT).text
    timed = await escalate(context, hours=OfficeHours(zone="UTC"))(ask("what is love"), Inside(abstain(CONTACT)))
    assert (await timed.read()).endswith(f"Please ask {CONTACT}. They are there again on Monday at 09:00 (UTC time).")


async def test_the_topic_with_the_most_words_takes_it(context: Context) -> None:
    reply = await escalate(context)(ask("salary e-mail on my laptop"), Inside(abstain(CONTACT)))
    assert "the IT desk" in await reply.read()


def test_a_topic_without_words_is_a_mistake(context: Context) -> None:
    with pytest.raises(OptionError, match=r"'\?' has no word in it") as caught:
        escalate(context, topics=[{"name": "x", "words": ["?"], "contact": "y"}])
    assert caught.value.option == "topics[0].words"
