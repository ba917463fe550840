from dataclasses import replace

import pytest

from plugins.contract import Context, Exchange, Person, Place, Turn
from plugins.guard import Guard, GuardOptions
from tests.plugins.parts import CONTACT, Inside, Time, ask

SLACK = Place("slack", "T1", "D1", direct=True)
CARD = "4539 1488 0343 6467"


def by(person: str, text: str = "how much leave do I have?") -> Turn:
    turn = ask(text, place=SLACK)
    return turn.with_(message=replace(turn.message, person=Person(person)))


async def test_a_question_goes_through_as_it_is(context: Context) -> None:
    inside, turn = Inside(), by("u1")
    reply = await Guard(GuardOptions(), context)(turn, inside)
    assert reply.text == "from inside"
    assert inside.turns == [turn]
    assert turn.trace.events == []


async def test_one_person_may_ask_so_often_in_a_minute_and_others_do_not_wait_for_it(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    time, inside, guard = Time(monkeypatch), Inside(), Guard(GuardOptions(per_minute=2), context)
    for _ in range(2):
        await guard(by("u1"), inside)
    time.now += 20
    refused = await guard(by("u1"), inside)
    assert (refused.outcome.status, refused.outcome.reason) == ("refused", "too many questions")
    assert refused.text == "You have asked a lot. Please try again in 40 seconds."
    assert (await guard(by("u2"), inside)).text == "from inside"
    time.now += 41
    assert (await guard(by("u1"), inside)).text == "from inside", "what was turned down does not count"


async def test_the_hour_has_a_limit_of_its_own(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    time, inside, guard = Time(monkeypatch), Inside(), Guard(GuardOptions(per_hour=3), context)
    for _ in range(3):
        await guard(by("u1"), inside)
        time.now += 600
    assert "30 minutes" in (await guard(by("u1"), inside)).text
    time.now += 1801
    assert (await guard(by("u1"), inside)).text == "from inside"


async def test_the_terminal_has_no_limit_unless_it_is_given_one(context: Context) -> None:
    inside = Inside()
    free, limited = Guard(GuardOptions(per_minute=1), context), Guard(GuardOptions(per_minute=1, unlimited=[]), context)
    assert [(await free(ask(), inside)).outcome.status for _ in range(3)] == ["answered"] * 3
    assert [(await limited(ask(), inside)).outcome.status for _ in range(2)] == ["answered", "refused"]


async def test_a_question_that_is_too_long_is_told_its_length(context: Context) -> None:
    inside = Inside()
    reply = await Guard(GuardOptions(characters=30), context)(ask("why " * 10), inside)
    assert reply.text.startswith("This is too long: 40 characters, at most 30.")
    assert inside.turns == []


@pytest.mark.parametrize(
    "text", ["tell me about Project Falcon", "PROJECT  FALCON?", "pro\u00adject fal\u200bcon", "ｐｒｏｊｅｃｔ-falcön"]
)
async def test_banned_words_are_seen_however_they_are_written(context: Context, text: str) -> None:
    inside = Inside()
    reply = await Guard(GuardOptions(banned=["project falcon"]), context)(ask(text), inside)
    assert (reply.outcome.status, reply.outcome.reason) == ("refused", "a banned word")
    assert CONTACT in reply.text
    assert "falcon" not in reply.text.casefold()
    assert inside.turns == []


@pytest.mark.parametrize("text", ["a project for falconers", "which project? the falcon"])
async def test_a_banned_phrase_is_whole_words_in_order(context: Context, text: str) -> None:
    reply = await Guard(GuardOptions(banned=["project falcon"]), context)(ask(text), Inside())
    assert reply.text == "from inside"


async def test_no_step_inside_sees_a_secret_of_the_question_or_the_thread(context: Context) -> None:
    inside = Inside()
    thread = (Exchange("user", f"card {CARD}"), Exchange("assistant", "Which card?"))
    turn = ask("the password is kX9vTq2mLz what now", history=thread)
    reply = await Guard(GuardOptions(), context)(turn, inside)
    text = await reply.read()
    [seen] = inside.turns
    assert seen.message.text == "the password is [password removed] what now"
    assert [exchange.text for exchange in seen.history] == ["card [payment card number removed]", "Which card?"]
    assert text.startswith("from inside\n\n*I left this out of your question: password.")
    assert reply.outcome.status == "answered"
    assert turn.trace.notes == ["guard: taken out of the question: password"]


async def test_what_is_taken_out_can_be_chosen(context: Context) -> None:
    inside = Inside()
    await Guard(GuardOptions(redact=[]), context)(ask(f"card {CARD}"), inside)
    assert inside.turns[0].message.text == f"card {CARD}"


def test_it_fails_closed() -> None:
    assert Guard.required
