from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from plugins.contract import Context, Person, Place, PostError
from plugins.declarations import CommandCall, commands_of, jobs_of
from plugins.remind import Remind, RemindOptions
from settings import Settings
from settings.database import opened_database
from tests.plugins.parts import Inside, ask, make_context

NOW = datetime(2026, 11, 25, 13, 30, tzinfo=UTC)
DIRECT = Place("slack", "T1", "D1", direct=True)
SAM, KIM = Person("u1", "Sam"), Person("u2", "Kim")


class Posts:
    """Where reminders are posted, and what the administrators are told."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.told: list[str] = []
        self.away = False

    async def post(self, place: Place, text: str) -> None:
        if self.away:
            raise PostError("no bot at work reaches slack")
        self.sent.append((place.channel, text))


@pytest.fixture
def posts() -> Posts:
    return Posts()


@pytest.fixture
async def remind(settings: Settings, posts: Posts) -> AsyncIterator[Remind]:
    async with opened_database(settings.home) as database:
        async with database.begin() as connection:
            await connection.run_sync(Remind.tables.create_all)
        context = replace(make_context(settings), database=database, post=posts.post, notify=posts.told.append)
        yield at(NOW, Remind(RemindOptions(most=3, zone="Europe/London"), context))


def at(moment: datetime, plugin: Remind) -> Remind:
    plugin.now = lambda: moment
    return plugin


async def typed(plugin: Remind, text: str, person: Person = SAM, place: Place = DIRECT) -> str:
    return await plugin.remind(CommandCall(text, person, place))


async def test_a_reminder_is_posted_when_it_is_due_and_once(remind: Remind, posts: Posts) -> None:
    assert await typed(remind, "friday 10:00 pay Dana") == "I will remind you on Friday 27 November at 10:00: pay Dana"
    await at(NOW + timedelta(hours=44, minutes=29), remind).post_due()
    assert posts.sent == []
    for _ in range(2):
        await at(NOW + timedelta(hours=44, minutes=30), remind).post_due()
    assert posts.sent == [("D1", "Reminder: pay Dana")]


async def test_it_can_be_asked_for_in_a_sentence(remind: Remind, posts: Posts) -> None:
    inside = Inside()
    reply = await remind(ask("Please remind me in 2 hours to call Dana", place=DIRECT), inside)
    assert reply.text == "I will remind you on Wednesday 25 November at 15:30: call Dana"
    assert inside.turns == []


@pytest.mark.parametrize("text", ["remind me what the VPN is called", "can you remind me of the policy", "reminders?"])
async def test_a_question_goes_on(remind: Remind, text: str) -> None:
    inside, turn = Inside(), ask(text, place=DIRECT)
    await remind(turn, inside)
    assert inside.turns == [turn]


async def test_everybody_sees_and_forgets_their_own(remind: Remind, posts: Posts) -> None:
    await typed(remind, "tomorrow 8:00 buy milk")
    await typed(remind, "today 18:00 go home", KIM)
    assert await typed(remind, "") == "1. Thursday 26 November at 08:00: buy milk"
    assert await typed(remind, "forget 1", KIM) == "You have no reminder 1."
    assert await typed(remind, "forget 1") == "Forgotten."
    assert (await typed(remind, "")).startswith("You have no reminders.")
    await at(NOW + timedelta(days=2), remind).post_due()
    assert posts.sent == [("D1", "Reminder: go home")]


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("whenever you like", DIRECT, "Write a day or a time"),
        ("today 9:00 x", DIRECT, "That has passed already."),
        ("friday x", Place("terminal", direct=True), "I cannot write to a terminal"),
        ("friday x", Place("slack", "T1", "C1"), "Others would read it here"),
    ],
)
async def test_what_cannot_be_done_is_said(remind: Remind, text: str, place: Place, said: str) -> None:
    assert (await typed(remind, text, place=place)).startswith(said)
    assert (await typed(remind, "")).startswith("You have no reminders.")


async def test_one_person_has_so_many(remind: Remind) -> None:
    for _ in range(3):
        await typed(remind, "friday x")
    assert await typed(remind, "friday x") == "You have 3 reminders already: forget one first."
    assert (await typed(remind, "friday x", KIM)).startswith("I will remind you")


async def test_what_cannot_be_posted_is_tried_again_and_then_told(remind: Remind, posts: Posts) -> None:
    await typed(remind, "in 1 hour x")
    posts.away = True
    await at(NOW + timedelta(hours=2), remind).post_due()
    posts.away = False
    await remind.post_due()
    assert (posts.sent, posts.told) == ([("D1", "Reminder: x")], [])
    await typed(remind, "in 1 hour y")
    posts.away = True
    await at(NOW + timedelta(hours=30), remind).post_due()
    assert posts.told == ["A reminder on slack was never delivered: no bot at work reaches slack"]
    posts.away = False
    await remind.post_due()
    assert len(posts.sent) == 1


def test_what_it_declares(context: Context) -> None:
    plugin = Remind(RemindOptions(cron="*/5 * * * *"), context)
    assert [command.name for command in commands_of(plugin)] == ["remind"]
    assert [(job.name, job.cron) for job in jobs_of(plugin)] == [("post_due", "*/5 * * * *")]
    assert all(name.startswith("remind_") for name in Remind.tables.tables)
