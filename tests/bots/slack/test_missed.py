"""Looking back over what was said while nobody listened."""

import asyncio

import pytest

from bots.inbox import Inbox
from deskhand.testing.slack import FakeSlack
from deskhand.testing.slack.state import BOT_USER
from tests.bots.conftest import Brain
from tests.bots.slack.conftest import Start

MENTION = f"<@{BOT_USER}>"


@pytest.fixture(autouse=True)
def _never_sent_again(slack: FakeSlack) -> None:
    """As when the outage was longer than Slack repeats its events."""
    slack.ack_seconds, slack.retries = 0.01, ()


async def _unheard(slack: FakeSlack) -> None:
    """Wait until Slack has given up what nobody acknowledged."""
    await slack.until(lambda: not slack.undelivered)


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_what_was_asked_while_nothing_ran_is_answered_after_the_start(
    slack: FakeSlack, start: Start, brain: Brain, mode: str
) -> None:
    slack.events_url = "http://127.0.0.1:9/nobody" if mode == "http" else ""
    await slack.say("U1", "C1", f"{MENTION} in a channel?")
    await slack.say("U1", "C1", "not for the bot")
    await slack.say("U2", "DU2", "directly?")
    await _unheard(slack)
    async with start(mode=mode):
        await slack.answers(count=2)
        await asyncio.sleep(0.2)
    assert sorted(message.text for message, _ in brain.asked) == ["directly?", "in a channel?"]


async def test_what_was_heard_is_not_answered_again(slack: FakeSlack, start: Start, brain: Brain) -> None:
    slack.ack_seconds = 3.0
    async with start():
        first = await slack.say("U1", "C1", f"{MENTION} before?")
        await slack.answers()
    slack.ack_seconds = 0.01
    await slack.say("U1", "C1", "and a follow-up?", first.ts)
    await slack.say("U2", "C1", "thanks!", first.ts)
    await _unheard(slack)
    async with start():
        await slack.answers(count=2)
        await asyncio.sleep(0.2)
    assert [message.text for message, _ in brain.asked] == ["before?", "and a follow-up?"]
    assert len(slack.posts()) == 2


async def test_a_mention_in_a_thread_of_others_is_found(slack: FakeSlack, start: Start, brain: Brain) -> None:
    root = await slack.say("U1", "C1", "does anybody know the band?")
    await slack.say("U2", "C1", f"{MENTION} what is the band?", root.ts)
    await _unheard(slack)
    async with start():
        [answer] = await slack.answers()
    assert answer.thread_ts == root.ts
    assert [message.text for message, _ in brain.asked] == ["what is the band?"]


async def test_however_many_there_are_the_latest_is_found(slack: FakeSlack, start: Start, brain: Brain) -> None:
    await slack.say("U1", "C1", f"{MENTION} the first?")
    for number in range(450):
        await slack.say("U2", "C1", f"chatter {number}")
    await slack.say("U1", "C1", f"{MENTION} the last?")
    await _unheard(slack)
    async with start():
        await slack.answers(count=2)
    assert [message.text for message, _ in brain.asked] == ["the first?", "the last?"]


async def test_what_is_older_than_the_settings_answer_is_left(slack: FakeSlack, start: Start, brain: Brain) -> None:
    slack.workspace.made_at -= 31 * 60
    await slack.say("U1", "C1", f"{MENTION} long ago?")
    await _unheard(slack)
    slack.workspace.made_at += 31 * 60
    await slack.say("U1", "C1", f"{MENTION} just now?")
    await _unheard(slack)
    async with start():
        await slack.answers()
        await asyncio.sleep(0.2)
    assert [message.text for message, _ in brain.asked] == ["just now?"]


async def test_a_limit_is_waited_for_and_a_channel_that_is_refused_told(
    slack: FakeSlack, start: Start, inbox: Inbox, brain: Brain, caplog: pytest.LogCaptureFixture
) -> None:
    slack.fail("users.conversations", status=429, retry_after=0.2)
    slack.fail("conversations.history", error="channel_not_found")
    await slack.say("U2", "DU2", "directly?")
    await _unheard(slack)
    async with start():
        await slack.answers()
    assert "CGENERAL could not be looked back over" in caplog.text


async def test_a_socket_that_was_lost_for_long_is_looked_back_over(
    slack: FakeSlack, start: Start, brain: Brain
) -> None:
    async with start():
        slack.fail("apps.connections.open", status=503, times=3)
        await slack.cut()
        await slack.say("U1", "C1", f"{MENTION} meanwhile?")
        await _unheard(slack)
        await slack.answers(seconds=30)
    assert [message.text for message, _ in brain.asked] == ["meanwhile?"]
