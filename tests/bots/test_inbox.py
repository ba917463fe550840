import asyncio
from dataclasses import replace

from bots.inbox import Inbox
from plugins import Exchange
from tests.fakes.chat_platform import make_question


async def test_a_question_is_recorded_once_whatever_event_brings_it(inbox: Inbox) -> None:
    recorded = await asyncio.gather(*(inbox.record("slack", make_question()) for _ in range(20)))
    assert [question for question in recorded if question is not None] == [make_question(id=1)]
    assert await inbox.record("slack", make_question(2)) is not None
    assert await inbox.record("discord", make_question()) is not None, "another bot has messages of its own"


async def test_what_was_recorded_is_read_back_as_it_was(inbox: Inbox) -> None:
    question = await inbox.record("slack", make_question(private=True, reply_to="token"))
    assert question is not None
    entry = await inbox.get(question.id)
    assert entry is not None
    assert entry.question == question
    assert (entry.state, entry.posts) == ("waiting", ())
    found = await inbox.find("slack", "T1", "C1", "m1")
    assert found == entry


async def test_unfinished_are_those_without_an_answer_oldest_first(inbox: Inbox) -> None:
    questions = [await inbox.record("slack", make_question(number)) for number in range(4)]
    first, second, third, fourth = [question for question in questions if question is not None]
    await inbox.sending(second, ["p1"])
    await inbox.finish(third, ["p2"], "five days", "answered", "")
    await inbox.close(fourth, "withdrawn")
    entries = await inbox.unfinished("slack")
    assert [(entry.question, entry.state, entry.posts) for entry in entries] == [
        (first, "waiting", ()),
        (second, "sending", ("p1",)),
    ]
    assert await inbox.counts() == {"waiting": 1, "sending": 1, "answered": 1, "closed": 1}


async def test_an_answer_is_found_by_any_of_its_posts(inbox: Inbox) -> None:
    question = await inbox.record("slack", make_question())
    assert question is not None
    await inbox.finish(question, ["17.1", "17.10"], "five days", "answered", "")
    for post in ("17.1", "17.10"):
        entry = await inbox.answered_by("slack", "C1", post)
        assert entry is not None
        assert entry.answer == "five days"
    assert await inbox.answered_by("slack", "C1", "17.100") is None
    assert await inbox.answered_by("slack", "C2", "17.1") is None


async def test_a_thread_remembers_what_was_asked_and_answered_in_it(inbox: Inbox) -> None:
    texts = ["first?", "second?", "third?"]
    recorded = []
    for number, text in enumerate(texts):
        question = make_question(number, text)
        question = replace(question, message=replace(question.message, place=make_question(1).message.place))
        recorded.append(await inbox.record("slack", question))
    first, second, third = [question for question in recorded if question is not None]
    assert await inbox.askers("slack", make_question(5).message.place) == set()
    await inbox.finish(first, ["p1"], "one", "answered", "")
    await inbox.finish(second, ["p2"], "two", "answered", "")
    assert await inbox.askers("slack", third.message.place) == {"U1"}
    assert await inbox.exchanges("slack", third) == [
        Exchange("user", "first?"),
        Exchange("assistant", "one"),
        Exchange("user", "second?"),
        Exchange("assistant", "two"),
    ]


async def test_a_private_answer_is_remembered_for_its_asker_alone(inbox: Inbox) -> None:
    place = make_question(1).message.place

    def at(number: int, person: str, private: bool) -> "object":
        question = make_question(number, person=person, private=private)
        return replace(question, message=replace(question.message, place=place))

    secret = await inbox.record("slack", at(1, "U1", True))  # type: ignore[arg-type]
    assert secret is not None
    await inbox.finish(secret, [], "band seven", "answered", "")
    for person, private, remembered in (("U1", True, 2), ("U1", False, 0), ("U2", True, 0), ("U2", False, 0)):
        question = await inbox.record("slack", at(10 + 2 * private + (person == "U1"), person, private))  # type: ignore[arg-type]
        assert question is not None
        assert len(await inbox.exchanges("slack", question)) == remembered


async def test_secrets_and_numbers_of_persons_are_answered_but_not_stored(inbox: Inbox) -> None:
    card, password = "4539 1488 0343 6467", "kX9vTq2mLz"
    recorded = await inbox.record("slack", make_question(1, f"my card {card} was stolen"))
    assert recorded is not None
    assert card in recorded.message.text, "the desk answers what was typed; the guard decides what a model sees"
    await inbox.finish(recorded, ["p1"], f"Block {card}.", "answered", "", f"searched “{card}”")
    changed = await inbox.change(recorded, f"my password is {password}")
    assert password in changed.message.text
    async with inbox.engine.connect() as connection:
        stored = str((await connection.exec_driver_sql("select * from inbox")).all())
    assert card not in stored
    assert password not in stored
    assert "[payment card number removed]" in stored
