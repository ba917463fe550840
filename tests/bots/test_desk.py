import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from bots.desk import Desk
from bots.inbox import Inbox
from bots.platform import Pace, PlatformRefused
from knowledge.search import Passage
from plugins import Citation, Exchange, Outcome, Reply
from settings.sections import AssistantSettings
from settings.sections.bots import LimitSettings
from tests.bots.conftest import Brain
from tests.fakes.chat_platform import FakePlatform, Told, away, make_question

PASSAGE = Passage("1", "leave.md", "v", "Leave", "Carry over", "x", 5, None, 0.5, 0.5, 0.0, link="https://wiki/leave")
CITED = Outcome(citations=(Citation(1, PASSAGE),))


def slowly(*pieces: str, outcome: Outcome = CITED, hold: asyncio.Event | None = None) -> Reply:
    async def generate() -> AsyncIterator[str | Outcome]:
        for piece in pieces:
            yield piece
            await asyncio.sleep(0)
        if hold is not None:
            await hold.wait()
        yield outcome

    return Reply(pieces=generate())


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def idle(desk: Desk) -> None:
    async with asyncio.timeout(10):
        while desk.open_questions:
            await asyncio.sleep(0.001)


async def test_a_question_is_answered_once_with_its_sources(desk: Desk, brain: Brain, inbox: Inbox) -> None:
    platform = FakePlatform(groups={"U1": ("hr",)})
    brain.replies = [slowly("Five days ", "may be carried ", "over [1].")]
    async with desk.open():
        assert await desk.receive(platform, make_question())
        assert not await desk.receive(platform, make_question())
        await idle(desk)
    assert platform.texts == ["Five days may be carried over [1].\n\n[1] [Leave > Carry over](https://wiki/leave)"]
    assert brain.asked[0][0].person.groups == ("hr",)
    entry = await inbox.get(1)
    assert entry is not None
    assert (entry.state, entry.status, entry.answer) == ("done", "answered", "Five days may be carried over [1].")


async def test_an_answer_grows_in_one_post_as_it_is_written(desk: Desk, brain: Brain) -> None:
    platform = FakePlatform()
    brain.replies = [slowly("This is the first part of it, ", "and this the second, ", "and the last.")]
    async with desk.open():
        await desk.receive(platform, make_question())
        await idle(desk)
    [shown] = platform.messages.values()
    assert len(shown.texts) >= 3
    assert all(later.startswith(earlier.rstrip()) for earlier, later in zip(shown.texts, shown.texts[1:], strict=False))


async def test_a_long_answer_is_several_posts(desk: Desk, brain: Brain) -> None:
    platform = FakePlatform(pace=Pace(100, 0.0, 0.0))
    brain.replies = [slowly(*[f"Sentence number {number} of them. " for number in range(20)])]
    async with desk.open():
        await desk.receive(platform, make_question())
        await idle(desk)
    assert len(platform.texts) > 3
    assert all(len(text) <= 100 for text in platform.texts)
    assert "Sentence number 19" in " ".join(platform.texts)


async def test_nobody_is_called_whatever_the_answer_says(desk: Desk, brain: Brain) -> None:
    platform = FakePlatform()
    brain.replies = [Reply("hey @channel <!here> @everyone <@U123> <@&99> <#C1>")]
    async with desk.open():
        await desk.receive(platform, make_question())
        await idle(desk)
    for mark in ("@channel", "<!here", "@everyone", "<@U", "<@&", "<#C"):
        assert mark not in platform.texts[0]


async def test_a_platform_that_is_away_gets_the_answer_later(desk: Desk, brain: Brain) -> None:
    platform = FakePlatform(fails=[None, away(), away(), None, away()])
    async with desk.open():
        await desk.receive(platform, make_question())
        await idle(desk)
    assert platform.texts == ["answer to how many days?"]


async def test_an_answer_whose_receipt_is_lost_is_not_posted_twice(desk: Desk) -> None:
    platform = FakePlatform(loses=2, loss=away())
    async with desk.open():
        await desk.receive(platform, make_question())
        await idle(desk)
    assert platform.texts == ["answer to how many days?"]


async def test_a_refused_answer_is_closed_with_the_reason(desk: Desk, inbox: Inbox) -> None:
    platform = FakePlatform(fails=[None, PlatformRefused("channel_not_found")])
    async with desk.open():
        await desk.receive(platform, make_question())
        await idle(desk)
    entry = await inbox.get(1)
    assert entry is not None
    assert (entry.state, entry.reason) == ("closed", "channel_not_found")


async def test_the_thread_is_the_context_and_the_inbox_stands_in_for_it(desk: Desk, brain: Brain) -> None:
    said = [Exchange("user", "and part-timers?")]
    platform = FakePlatform(said=said)
    async with desk.open():
        await desk.receive(platform, make_question(1))
        await idle(desk)
        follow_up = make_question(2)
        platform.fails = [PlatformRefused("missing_scope")]
        place = make_question(1).message.place
        await desk.receive(platform, replace(follow_up, message=replace(follow_up.message, place=place)))
        await idle(desk)
    assert brain.asked[0][1] == tuple(said)
    assert [exchange.text for exchange in brain.asked[1][1]] == ["how many days?", "answer to how many days?"]


async def test_who_waits_is_told_their_place_in_line(desk: Desk, brain: Brain, limits: LimitSettings) -> None:
    platform, hold = FakePlatform(), asyncio.Event()
    brain.replies = [slowly("one", hold=hold), slowly("two"), slowly("three")]
    async with desk.open():
        for number in range(3):
            await desk.receive(platform, make_question(number))
            await asyncio.sleep(0.05)
        hold.set()
        await idle(desk)
    told = [status for status in platform.statuses if "in line" in status]
    assert told == ["will answer soon: you are next in line", "will answer soon: you are second in line"]
    assert len(platform.texts) == 3


async def test_a_full_line_turns_a_question_down_with_a_reason(brain: Brain, inbox: Inbox) -> None:
    desk = Desk(brain, inbox, LimitSettings(at_a_time=1, waiting=1), Told())
    platform, hold = FakePlatform(), asyncio.Event()
    brain.replies = [slowly("one", hold=hold)]
    async with desk.open():
        for number in range(3):
            await desk.receive(platform, make_question(number, person=f"U{number}"))
            await asyncio.sleep(0.02)
        hold.set()
        await idle(desk)
    assert sum("too many questions are waiting" in text for text in platform.texts) == 1
    assert all("the People team" in text for text in platform.texts if "too many" in text)


async def test_a_question_to_nobody_is_answered_only_with_a_source(desk: Desk, brain: Brain, inbox: Inbox) -> None:
    platform = FakePlatform()
    brain.replies = [Reply("I could not find this.", Outcome("abstained", "x")), slowly("Five days [1].")]
    async with desk.open():
        for number in range(2):
            question = make_question(number)
            await desk.receive(platform, replace(question, kind="channel"))
            await idle(desk)
    assert [text.split("\n")[0] for text in platform.texts] == ["Five days [1]."]
    entry = await inbox.get(1)
    assert entry is not None
    assert entry.state == "closed"


@pytest.mark.parametrize("state", ["waiting", "sending"])
async def test_what_a_crash_left_is_answered_after_the_start(
    desk: Desk, brain: Brain, inbox: Inbox, state: str
) -> None:
    platform = FakePlatform()
    question = await inbox.record(platform.name, make_question())
    assert question is not None
    if state == "sending":
        await inbox.sending(question, [])
    async with desk.open():
        assert await desk.recover(platform) == (1, 0)
        assert not await desk.receive(platform, make_question())
        await idle(desk)
    assert platform.texts == ["answer to how many days?"]
    assert await inbox.unfinished(platform.name) == []


async def test_a_question_that_arrives_while_a_platform_connects_anew_is_taken_up_once(
    desk: Desk, brain: Brain
) -> None:
    platform = FakePlatform()

    async def connects_anew() -> None:
        assert await desk.recover(platform) == (0, 0)

    async with desk.open():
        await desk.receive(platform, make_question(), connects_anew)
        await idle(desk)
    assert (len(brain.asked), len(platform.texts)) == (1, 1)


async def test_a_post_whose_receipt_was_lost_is_edited_not_sent_again(
    brain: Brain, inbox: Inbox, limits: LimitSettings
) -> None:
    platform = FakePlatform(loses=1, pace=Pace(100, 0.0, 0.0))
    long = [f"Sentence number {number} of them. " for number in range(9)]
    brain.replies = [slowly(*long)]
    desk = Desk(brain, inbox, limits, Told())
    async with desk.open():
        await desk.receive(platform, make_question())
        await idle(desk)
    # the process that lost it said so in an apology; as after a crash, the row says "sending"
    question = (await inbox.find("fake", "T1", "C1", "m1")) or pytest.fail("not recorded")
    await inbox.sending(question.question, [])
    brain.replies = [slowly(*long)]
    desk = Desk(brain, inbox, limits, Told())
    async with desk.open():
        await desk.recover(platform)
        await idle(desk)
    text = " ".join(platform.texts)
    assert all(text.count(sentence.strip()) == 1 for sentence in long)
    assert "internal error" not in text


async def test_a_question_that_is_too_old_ends_in_an_apology(brain: Brain, inbox: Inbox) -> None:
    desk = Desk(brain, inbox, LimitSettings(oldest_minutes=0.00001), Told())
    platform = FakePlatform()
    await inbox.record(platform.name, make_question())
    await asyncio.sleep(0.01)
    async with desk.open():
        assert await desk.recover(platform) == (0, 1)
        await idle(desk)
    assert platform.texts == ["I could not answer this: I was not running when you asked. Please ask the People team."]
    assert brain.asked == []


async def test_an_edited_question_edits_its_answer(desk: Desk, inbox: Inbox) -> None:
    platform = FakePlatform()
    async with desk.open():
        await desk.receive(platform, make_question())
        await idle(desk)
        entry = await inbox.get(1)
        assert entry is not None
        await desk.change(platform, entry, "how many weeks?")
        await idle(desk)
    assert platform.texts == ["answer to how many weeks?"]
    assert list(platform.messages) == ["p1"]


@pytest.mark.parametrize("finished", [True, False])
async def test_a_deleted_question_takes_its_answer_along(
    desk: Desk, brain: Brain, inbox: Inbox, finished: bool
) -> None:
    platform, hold = FakePlatform(), asyncio.Event()
    brain.replies = [slowly("a first piece that is long enough to be shown", hold=None if finished else hold)]
    async with desk.open():
        await desk.receive(platform, make_question())
        await (idle(desk) if finished else asyncio.sleep(0.05))
        assert len(platform.messages) == 1
        entry = await inbox.get(1)
        assert entry is not None
        await desk.withdraw(platform, entry)
        await idle(desk)
    assert platform.messages == {}
    entry = await inbox.get(1)
    assert entry is not None
    assert (entry.state, entry.reason) == ("closed", "withdrawn by the asker")


async def test_the_end_waits_for_what_is_under_way_and_hands_the_rest_back(brain: Brain, inbox: Inbox) -> None:
    desk = Desk(brain, inbox, LimitSettings(grace_seconds=0.1, per_person=5), Told())
    platform, never = FakePlatform(), asyncio.Event()
    brain.replies = [slowly("never finished, but long enough", hold=never), slowly("quick enough")]
    async with desk.open():
        await desk.receive(platform, make_question(1))
        await asyncio.sleep(0.02)
        await desk.receive(platform, make_question(2))
        await asyncio.sleep(0)
    [left] = await inbox.unfinished(platform.name)
    assert left.question.message.id == "m1"
    brain.replies = [slowly("now it is finished")]
    desk = Desk(brain, inbox, LimitSettings(), Told())
    async with desk.open():
        await desk.recover(platform)
        await idle(desk)
    assert len(platform.texts) == 2
    assert any(text.startswith("now it is finished") for text in platform.texts)


async def test_changed_settings_of_the_assistant_are_in_force_with_the_next_question(
    brain: Brain, inbox: Inbox
) -> None:
    told, platform = Told(), FakePlatform()
    desk = Desk(brain, inbox, LimitSettings(), told)
    async with desk.open():
        await desk.receive(platform, make_question(1, "how long? " * 20))
        await idle(desk)
        told.settings = AssistantSettings(contact="the new help desk", question_characters=100)
        await desk.receive(platform, make_question(2, "how long? " * 20))
        await idle(desk)
        desk.paused = True
        await desk.receive(platform, make_question(3))
        await idle(desk)
    answered, long, paused = platform.texts
    assert answered.startswith("answer to how long?")
    assert "the limit is 100" in long
    assert paused.endswith("Please ask the new help desk.")


async def test_paused_it_says_so(desk: Desk, brain: Brain) -> None:
    platform = FakePlatform()
    desk.paused = True
    async with desk.open():
        await desk.receive(platform, make_question())
        await idle(desk)
    assert "paused by an administrator" in platform.texts[0]
    assert brain.asked == []


async def test_an_empty_question_gets_a_reason(desk: Desk) -> None:
    platform = FakePlatform()
    async with desk.open():
        await desk.receive(platform, make_question(text=" \u200b "))
        await idle(desk)
    assert platform.texts == ["the question is empty: type what you would like to know"]


async def test_a_defect_ends_in_an_apology_not_in_silence(desk: Desk, brain: Brain) -> None:
    platform = FakePlatform()

    async def broken() -> AsyncIterator[str | Outcome]:
        yield "a first piece that is long enough to be shown"
        raise KeyError("oops")

    brain.replies = [Reply(pieces=broken())]
    async with desk.open():
        await desk.receive(platform, make_question())
        await idle(desk)
    [text] = platform.texts
    assert text == "I could not answer this: an internal error (KeyError). Please ask the People team."


async def test_the_status_names_the_document_that_is_read(brain: Brain, inbox: Inbox, limits: LimitSettings) -> None:
    found, hold = "", asyncio.Event()
    desk = Desk(brain, inbox, limits, Told(), reading=lambda _: found)
    platform = FakePlatform()
    brain.replies = [slowly("Five days.", hold=hold)]
    async with desk.open():
        await desk.receive(platform, make_question())
        await until(lambda: "is looking it up" in platform.statuses)
        found = "policies/leave.md"
        await until(lambda: "is reading policies/leave.md" in platform.statuses)
        hold.set()
        await idle(desk)
    assert platform.statuses == ["is looking it up", "is reading policies/leave.md", ""]


async def test_people_take_a_thread_over_once(desk: Desk, inbox: Inbox) -> None:
    platform = FakePlatform()
    async with desk.open():
        await desk.receive(platform, make_question())
        await idle(desk)
    entry = await inbox.get(1)
    assert entry is not None
    place = entry.question.message.place
    assert await inbox.askers("fake", place) == {entry.question.message.person.id}
    assert [await inbox.hand_over(entry.question) for _ in range(2)] == [True, False]
    assert await inbox.askers("fake", place) == set()
