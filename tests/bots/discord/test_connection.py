"""The connection, over the gateway and the REST API on loopback."""

import asyncio
from collections.abc import AsyncIterator

import discord as discordpy
import pytest

from bots.inbox import Inbox
from deskhand.testing.discord import FakeDiscord
from deskhand.testing.discord.server import ALEX, BOT, GENERAL, SAM
from plugins import Outcome, Reply
from settings.errors import BotError
from tests.bots.conftest import Brain
from tests.bots.discord.conftest import Start
from tests.bots.test_desk import slowly

MENTION = f"<@{BOT}>"


async def test_a_mention_is_answered_once_over_the_wire(discord: FakeDiscord, start: Start, brain: Brain) -> None:
    brain.replies = [slowly("Five days may be ", "carried over [1].")]
    async with start():
        asked = discord.say(SAM, GENERAL, f"{MENTION} how many days?")
        [answer] = await discord.answers()
    assert answer.channel == asked.id
    assert answer.content.startswith("Five days may be carried over [1].")
    assert answer.allowed_mentions["parse"] == []
    assert answer.nonce == "deskhand-1-0"
    assert asked.id in discord.rest.typing
    assert len(discord.posts()) == 1


@pytest.mark.parametrize(("characters", "messages"), [(1899, 1), (1900, 1), (1901, 2), (3800, 2), (3801, 3)])
async def test_at_the_boundary_of_discords_limit(
    discord: FakeDiscord, start: Start, brain: Brain, characters: int, messages: int
) -> None:
    brain.replies = [Reply("a" * characters, Outcome())]
    async with start():
        discord.say(SAM, GENERAL, f"{MENTION} everything?")
        await discord.answers()
    assert len(discord.posts()) == messages
    assert sum(len(post.content) for post in discord.posts()) == characters


async def test_rate_limits_are_not_gone_over_with_every_thread(
    discord: FakeDiscord, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = 0

    def is_inactive(_: object) -> bool:
        nonlocal looked_at
        looked_at += 1
        return False

    async with start() as bot:
        monkeypatch.setattr(discordpy.http.Ratelimit, "is_inactive", is_inactive)
        for number in range(1000):
            bot.client.http.get_ratelimit(f"thread {number}")
    assert looked_at <= 1100  # once at most; discord.py alone would go over them 745 times


async def test_heartbeats_go_out(discord: FakeDiscord, start: Start) -> None:
    discord.heartbeat_seconds = 0.05
    async with start():
        await discord.until(lambda: len(discord.heartbeats) >= 3)


@pytest.mark.parametrize("how", ["cut", "op 7"])
async def test_a_session_is_resumed_without_losing_or_repeating(
    discord: FakeDiscord, start: Start, brain: Brain, how: str
) -> None:
    async with start():
        discord.say(SAM, GENERAL, f"{MENTION} before?")
        await discord.answers()
        await (discord.cut() if how == "cut" else discord.ask_to_reconnect())
        discord.say(ALEX, GENERAL, f"{MENTION} meanwhile?")
        await discord.until(lambda: discord.resumed)
        discord.say(SAM, GENERAL, f"{MENTION} after?")
        await discord.answers(count=3)
    assert len(discord.identified) == 1
    assert sorted(message.text for message, _ in brain.asked) == ["after?", "before?", "meanwhile?"]


@pytest.mark.parametrize("how", ["forgotten", "op 9"])
async def test_a_fresh_session_looks_back_over_what_was_missed(
    discord: FakeDiscord, start: Start, brain: Brain, how: str
) -> None:
    async with start():
        first = discord.say(SAM, GENERAL, f"{MENTION} before?")
        discord.say(SAM, discord.direct(SAM), "directly before?")
        await discord.answers(count=2)
        if how == "forgotten":
            await discord.cut(forget=True)
        else:
            await discord.invalidate()
        discord.say(ALEX, GENERAL, f"{MENTION} meanwhile?")
        discord.say(ALEX, GENERAL, "not for the bot")
        discord.say(SAM, first.id, "and a follow-up?")
        discord.say(SAM, discord.direct(SAM), "directly meanwhile?")
        await discord.until(lambda: len(discord.identified) == 2, 20)
        discord.say(SAM, GENERAL, f"{MENTION} after?")
        await discord.answers(count=6, seconds=20)
        await asyncio.sleep(0.3)
    assert sorted(message.text for message, _ in brain.asked) == [
        "after?", "and a follow-up?", "before?", "directly before?", "directly meanwhile?", "meanwhile?",
    ]  # fmt: skip
    assert len(discord.posts()) == 6


async def test_what_was_asked_while_nothing_ran_is_answered_after_the_start(
    discord: FakeDiscord, start: Start, brain: Brain
) -> None:
    discord.say(SAM, GENERAL, f"{MENTION} early?")
    async with start():
        await discord.answers()
    discord.say(SAM, GENERAL, f"{MENTION} between?")
    async with start():
        await discord.answers(count=2)
        await asyncio.sleep(0.3)
    assert [message.text for message, _ in brain.asked] == ["early?", "between?"]


async def test_however_many_were_missed_the_latest_is_found(discord: FakeDiscord, start: Start, brain: Brain) -> None:
    discord.say(SAM, GENERAL, f"{MENTION} the first?")
    for number in range(1100):
        discord.say(ALEX, GENERAL, f"chatter {number}")
    discord.say(SAM, GENERAL, f"{MENTION} the last?")
    async with start():
        await discord.answers(count=2)
    assert [message.text for message, _ in brain.asked] == ["the first?", "the last?"]


async def test_a_look_back_waits_for_a_discord_that_is_away(discord: FakeDiscord, start: Start, brain: Brain) -> None:
    discord.say(SAM, GENERAL, f"{MENTION} early?")
    discord.fail("GET .*/messages$", drop=True, times=7)  # more often than discord.py itself tries
    async with start():
        await discord.answers(seconds=30)
    assert [message.text for message, _ in brain.asked] == ["early?"]


async def test_events_that_come_twice_are_answered_once(discord: FakeDiscord, start: Start, brain: Brain) -> None:
    discord.duplicates = 1.0
    async with start():
        for number in range(5):
            discord.say(SAM, GENERAL, f"{MENTION} question {number}?")
        await discord.answers(count=5)
        await asyncio.sleep(0.3)
    assert len(brain.asked) == len(discord.posts()) == 5


async def test_a_429_is_waited_for(discord: FakeDiscord, start: Start) -> None:
    discord.fail("POST .*/messages$", status=429, retry_after=0.2, times=2)
    async with start():
        discord.say(SAM, GENERAL, f"{MENTION} how many days?")
        [answer] = await discord.answers()
    assert discord.limited == 2
    assert answer.content == "answer to how many days?"


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_fault_of_discords_delays_an_answer(discord: FakeDiscord, start: Start, status: int) -> None:
    discord.fail("POST .*/messages$", status=status)
    async with start():
        discord.say(SAM, GENERAL, f"{MENTION} how many days?")
        await discord.answers(seconds=20)
    assert len(discord.posts()) == 1


async def test_a_send_whose_answer_is_lost_is_not_repeated(discord: FakeDiscord, start: Start) -> None:
    discord.fail("POST .*/messages$", drop=True, times=2)
    async with start():
        discord.say(SAM, GENERAL, f"{MENTION} how many days?")
        await discord.answers(seconds=20)
        await asyncio.sleep(0.2)
    assert len(discord.posts()) == 1


async def test_edits_keep_within_the_rate_limit(discord: FakeDiscord, start: Start, brain: Brain) -> None:
    discord.edits = (5, 5.0)

    async def pieces() -> AsyncIterator[str | Outcome]:
        for number in range(40):
            await asyncio.sleep(0.1)
            yield f"A sentence with the number {number}. "
        yield Outcome()

    brain.replies = [Reply(pieces=pieces())]
    async with start():
        discord.say(SAM, GENERAL, f"{MENTION} everything?")
        [answer] = await discord.answers(seconds=20)
    assert 3 <= len(answer.versions) <= 6
    assert discord.limited == 0
    assert "number 39" in answer.content


async def test_buttons_and_ask_work_over_the_wire(discord: FakeDiscord, start: Start, brain: Brain) -> None:
    async with start():
        token = discord.command(SAM, GENERAL, "ask", question="what is the band?")
        interactions = discord.rest.interactions
        await discord.until(lambda: "message" in interactions[token] and interactions[token]["message"].components)
        answer = interactions[token]["message"]
        assert interactions[token]["callback"] == {"type": 5, "data": {"flags": 64}}
        assert (answer.content, answer.seen_by) == ("answer to what is the band?", SAM)
        shown = discord.click(SAM, answer, "Show everyone")
        await discord.answers(GENERAL)
        await discord.until(lambda: "callback" in interactions[shown])
    assert [message.audience for message, _ in brain.asked] == [("staff",), ()]


async def test_an_interaction_that_has_expired_is_no_defect(
    discord: FakeDiscord, start: Start, inbox: Inbox, brain: Brain
) -> None:
    hold = asyncio.Event()
    brain.replies = [slowly("Too late.", hold=hold)]
    async with start():
        token = discord.command(SAM, GENERAL, "ask", question="what is the band?")
        await discord.until(lambda: brain.asked)
        del discord.rest.interactions[token]
        hold.set()
        entry = await inbox.get(1)
        async with asyncio.timeout(5):
            while entry is None or entry.state != "closed":
                await asyncio.sleep(0.01)
                entry = await inbox.get(1)
    assert entry.reason == "Discord: the interaction has expired"


@pytest.mark.parametrize(("code", "expected"), [
    (4004, "Discord rejects the token: reset it in the developer portal (Bot) and set DISCORD_TOKEN anew"),
    (4011, "the bot is in too many servers for one connection: set shards"),
    (4013, "update discord.py"),
    (4014, "Discord has not granted the message-content intent: switch it on in the developer portal"),
    (4012, "Discord has closed the connection (code 4012)"),
])  # fmt: skip
async def test_a_connection_that_is_refused_is_one_clear_line(
    discord: FakeDiscord, start: Start, code: int, expected: str
) -> None:
    discord.refuse(code)
    with pytest.raises(BotError) as raised:
        async with start():
            pass
    assert str(raised.value).startswith("bots.yaml: discord: ")
    assert expected in str(raised.value)


async def test_a_connection_that_is_ended_later_is_told(discord: FakeDiscord, start: Start) -> None:
    async with start() as bot:
        discord.refuse(4004)
        await discord.invalidate()
        with pytest.raises(BotError, match="Discord rejects the token"):
            async with asyncio.timeout(20):
                await bot.until_lost()


async def test_the_missing_intent_is_found_by_asking_for_it(discord: FakeDiscord, start: Start) -> None:
    discord.intents_granted = False
    with pytest.raises(BotError, match="or set message_content: false"):
        async with start():
            pass
    async with start(message_content=False):
        discord.say(SAM, GENERAL, f"{MENTION} how many days?")
        await discord.answers()


async def test_a_wrong_token_is_one_clear_line(
    discord: FakeDiscord, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "wrong")
    with pytest.raises(BotError, match=r"bots.yaml: discord: Discord rejects the token"):
        async with start():
            pass
    monkeypatch.delenv("DISCORD_TOKEN")
    with pytest.raises(BotError, match="DISCORD_TOKEN is not set"):
        async with start():
            pass


async def test_a_bot_that_anybody_may_invite_needs_the_list_of_servers(discord: FakeDiscord, start: Start) -> None:
    discord.rest.public_bot = True
    with pytest.raises(BotError, match="anybody may invite this bot"):
        async with start():
            pass
    async with start(servers=["7"]):
        discord.say(SAM, GENERAL, f"{MENTION} how many days?")
        await discord.answers()


async def test_it_waits_for_a_discord_that_is_away_at_the_start(discord: FakeDiscord, start: Start) -> None:
    discord.fail("GET /oauth2/applications/@me", status=501)
    async with start():
        discord.say(SAM, GENERAL, f"{MENTION} how many days?")
        await discord.answers()


async def test_with_shards_it_answers_as_well(discord: FakeDiscord, start: Start, brain: Brain) -> None:
    async with start(shards=2):
        discord.say(SAM, GENERAL, f"{MENTION} how many days?")
        discord.say(SAM, discord.direct(SAM), "directly?")
        await discord.answers(count=2)
    assert sorted(each["shard"] for each in discord.identified) == [[0, 2], [1, 2]]
    assert len(brain.asked) == 2


async def test_a_connection_without_heartbeats_is_given_up_and_resumed(
    discord: FakeDiscord, start: Start, brain: Brain
) -> None:
    discord.heartbeat_seconds = 0.1
    async with start(heartbeat_timeout=0.4):
        discord.acknowledges_heartbeats = False
        await discord.until(lambda: discord.resumed)
        discord.acknowledges_heartbeats = True
        discord.say(SAM, GENERAL, f"{MENTION} after?")
        await discord.answers()
    assert len(discord.identified) == 1
    assert [message.text for message, _ in brain.asked] == ["after?"]


async def test_at_the_end_an_answer_is_finished_before_the_connection_is(
    discord: FakeDiscord, start: Start, brain: Brain
) -> None:
    hold = asyncio.Event()
    brain.replies = [slowly("This is the beginning of the answer.", hold=hold)]
    async with start():
        discord.say(SAM, GENERAL, f"{MENTION} how?")
        await discord.until(discord.posts)
        asyncio.get_running_loop().call_later(0.3, hold.set)
    [answer] = discord.posts()
    assert answer.components


async def test_a_former_member_is_not_answered(discord: FakeDiscord, start: Start, brain: Brain) -> None:
    async with start():
        del discord.world.members[ALEX]
        discord.say(ALEX, discord.direct(ALEX), "what is the band?")
        discord.say(SAM, discord.direct(SAM), "what is the band?")
        await discord.answers()
        await asyncio.sleep(0.2)
    assert [message.person.id for message, _ in brain.asked] == [str(SAM)]


async def test_notices_go_to_their_channel(discord: FakeDiscord, start: Start) -> None:
    async with start(notices=str(GENERAL)) as bot:
        await bot.notify("leave.md cannot be read")
    assert [post.content for post in discord.posts(GENERAL)] == ["leave.md cannot be read"]
