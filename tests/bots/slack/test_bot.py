"""Scenarios in a workspace, through the real slack-bolt and slack_sdk, by socket and by HTTP."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from slack_sdk.models.blocks import Block

from bots.inbox import Inbox
from bots.text import sources
from deskhand.testing.slack import FakeSlack
from deskhand.testing.slack.server import sign
from deskhand.testing.slack.state import BOT_USER
from plugins import Citation, Outcome, Reply
from settings.errors import BotError
from settings.sections.bots import LimitSettings
from tests.bots.conftest import Brain
from tests.bots.slack.conftest import Start
from tests.bots.test_desk import CITED, PASSAGE, slowly

MODES = pytest.mark.parametrize("mode", ["socket", "http"])
MENTION = f"<@{BOT_USER}>"


async def settled(slack: FakeSlack, seconds: float = 0.4) -> None:
    """Long enough for something to happen that should not."""
    await asyncio.sleep(seconds)


@MODES
async def test_a_mention_is_answered_once_in_its_thread(
    slack: FakeSlack, start: Start, brain: Brain, mode: str
) -> None:
    brain.replies = [slowly("Five days may be ", "carried over [1].")]
    async with start(mode=mode):
        asked = await slack.say("U1", "C1", f"{MENTION} can i carry over days &amp; weeks?")
        [answer] = await slack.answers("C1")
        await settled(slack)
    assert answer.thread_ts == asked.ts
    assert answer.shown.startswith("Five days may be carried over [1].\n\n[1] [Leave > Carry over](https://wiki/leave)")
    assert not answer.streaming
    assert len(slack.posts()) == 1
    [(message, _)] = brain.asked
    assert message.text == "can i carry over days & weeks?"
    assert all(slack.acknowledged.values())


async def test_it_is_streamed_natively(slack: FakeSlack, start: Start, brain: Brain) -> None:
    hold = asyncio.Event()
    brain.replies = [slowly("This is the beginning of the answer.", hold=hold)]
    async with start():
        await slack.say("U1", "C1", f"{MENTION} how?")
        await slack.until(lambda: slack.posts())
        assert slack.posts()[0].streaming
        hold.set()
        [answer] = await slack.answers()
    assert [call for call, _ in slack.calls if call.startswith("chat.")] == [
        "chat.startStream", "chat.stopStream",
    ]  # fmt: skip
    [arguments] = [arguments for call, arguments in slack.calls if call == "chat.startStream"]
    assert (arguments["recipient_user_id"], arguments["recipient_team_id"]) == ("U1", "T1")
    assert answer.blocks[-1]["elements"][0]["type"] == "feedback_buttons"


async def test_a_stream_that_slack_ended_is_finished_by_an_edit(slack: FakeSlack, start: Start, brain: Brain) -> None:
    hold = asyncio.Event()
    brain.replies = [slowly("This is the beginning of the answer. ", hold=hold)]
    async with start():
        await slack.say("U1", "C1", f"{MENTION} how?")
        await slack.until(lambda: slack.posts())
        slack.posts()[0].streaming = False  # five minutes are over
        hold.set()
        [answer] = await slack.answers()
    assert answer.shown.startswith("This is the beginning of the answer.\n\n[1]")
    assert len(slack.posts()) == 1


async def test_a_direct_message_is_answered_with_the_groups_of_its_writer(
    slack: FakeSlack, start: Start, brain: Brain
) -> None:
    slack.add_group("hr", ["U1"])
    async with start():
        await slack.say("U1", "DU1", "what is the band?")
        await slack.answers("DU1")
    [(message, _)] = brain.asked
    assert message.place.direct
    assert message.audience == ("hr", "members")


@pytest.mark.parametrize(
    ("members", "private", "expected"),
    [
        (["U1", "U2"], True, ("hr", "members")),
        (["U1", "U3"], True, ("members",)),
        (["U1", "UGUEST"], True, ()),
        (["U1", "U2"], False, ("members",)),
        (["U1", "UGUEST"], False, ()),
    ],
)
async def test_in_a_channel_the_audience_is_everyone_who_can_read_there(
    slack: FakeSlack, start: Start, brain: Brain, members: list[str], private: bool, expected: tuple[str, ...]
) -> None:
    slack.add_person("U3")
    slack.add_person("UGUEST", guest=True)
    slack.add_group("hr", ["U1", "U2"])
    slack.add_channel("C2", [*members, BOT_USER], private=private)
    async with start():
        await slack.say("U1", "C2", f"{MENTION} what is the band?")
        await slack.answers("C2")
    assert brain.asked[0][0].audience == expected


@pytest.mark.parametrize("method", ["usergroups.list", "users.info", "conversations.members", "conversations.info"])
async def test_where_slack_cannot_tell_only_public_documents_are_used(
    slack: FakeSlack, start: Start, brain: Brain, method: str
) -> None:
    slack.add_group("hr", ["U1", "U2"])
    slack.add_channel("C2", ["U1", "U2", BOT_USER], private=True)
    slack.fail(method, status=500, times=99)
    async with start():
        await slack.say("U1", "C2", f"{MENTION} what is the band?")
        await slack.answers("C2")
    assert brain.asked[0][0].audience == ()


async def test_members_who_join_and_groups_that_change_are_noticed(
    slack: FakeSlack, start: Start, brain: Brain
) -> None:
    slack.add_person("U3")
    slack.add_group("hr", ["U1", "U2"])
    slack.add_channel("C2", ["U1", "U2", BOT_USER], private=True)
    async with start():
        await slack.say("U1", "C2", f"{MENTION} what is the band?")
        await slack.answers("C2")
        slack.workspace.channels["C2"].members.append("U3")
        slack.send_event({"type": "member_joined_channel", "user": "U3", "channel": "C2", "event_ts": "1.1"})
        await settled(slack)
        await slack.say("U1", "C2", f"{MENTION} what is the band?")
        await slack.answers("C2", 2)
        slack.workspace.groups["hr"].append("U3")
        slack.send_event({"type": "subteam_updated", "subteam": {"id": "S1"}, "event_ts": "1.2"})
        await settled(slack)
        await slack.say("U1", "C2", f"{MENTION} what is the band?")
        await slack.answers("C2", 3)
    assert [message.audience for message, _ in brain.asked] == [("hr", "members"), ("members",), ("hr", "members")]


async def test_a_follow_up_needs_no_mention_and_comes_with_the_thread(
    slack: FakeSlack, start: Start, brain: Brain
) -> None:
    brain.replies = [slowly("Five days [1].")]
    async with start():
        asked = await slack.say("U1", "C1", f"{MENTION} how many days?")
        await slack.answers("C1")
        await slack.say("U1", "C1", "and part-timers?", thread=asked.ts)
        await slack.answers("C1", 2)
    assert [exchange.text for exchange in brain.asked[1][1]] == ["how many days?", "Five days [1]."]
    assert brain.asked[1][0].place.thread == asked.ts


@pytest.mark.parametrize("text", ["thanks!", "great, that works :)", "<@U2> what do you think?"])
async def test_people_talking_to_each_other_are_left_alone(
    slack: FakeSlack, start: Start, brain: Brain, text: str
) -> None:
    async with start():
        asked = await slack.say("U1", "C1", f"{MENTION} how many days?")
        await slack.answers("C1")
        await slack.say("U1", "C1", text, thread=asked.ts)
        await settled(slack)
    assert len(brain.asked) == 1


async def test_somebody_else_in_the_thread_is_answered_only_with_a_source(
    slack: FakeSlack, start: Start, brain: Brain
) -> None:
    brain.replies = [slowly("Five days [1]."), Reply("I could not find this.", Outcome("abstained", "x"))]
    async with start():
        asked = await slack.say("U1", "C1", f"{MENTION} how many days?")
        await slack.answers("C1")
        await slack.say("U2", "C1", "hm, my cousin says ten", thread=asked.ts)
        await settled(slack)
    assert len(brain.asked) == 2
    assert len(slack.posts()) == 1


async def test_a_chosen_channel_needs_no_mention_but_a_source(slack: FakeSlack, start: Start, brain: Brain) -> None:
    brain.replies = [slowly("Five days [1]."), Reply("I could not find this.", Outcome("abstained", "x"))]
    async with start(channels=["C1"]):
        await slack.say("U1", "C1", "how many days can i carry over?")
        await slack.answers("C1")
        await slack.say("U1", "C1", "who ate my sandwich?")
        await slack.say("U1", "C1", "lunch is ready")
        await settled(slack)
    assert len(brain.asked) == 2
    assert len(slack.posts()) == 1


async def test_elsewhere_nobody_is_answered_unasked(slack: FakeSlack, start: Start, brain: Brain) -> None:
    slack.add_person("UROBOT", bot=True)
    async with start():
        await slack.say("U1", "C1", "how many days can i carry over?")
        await slack.say("UROBOT", "C1", f"{MENTION} how many days?", bot_id="B9", subtype="bot_message")
        await slack.say(BOT_USER, "C1", f"{MENTION} talking to myself?", bot_id="B1")
        await settled(slack)
    assert brain.asked == []
    assert slack.posts() == []


async def test_a_bot_that_may_ask_is_answered(slack: FakeSlack, start: Start, brain: Brain) -> None:
    slack.add_person("UROBOT", bot=True)
    async with start(allowed_bots=["B9"]):
        await slack.say("UROBOT", "C1", f"{MENTION} how many days?", bot_id="B9", subtype="bot_message")
        await slack.answers("C1")
    assert len(brain.asked) == 1


@MODES
async def test_retries_and_duplicates_are_answered_once(
    slack: FakeSlack, start: Start, brain: Brain, mode: str
) -> None:
    slack.duplicates = 1.0
    slack.ack_seconds = 0.0001 if mode == "socket" else 3.0
    async with start(mode=mode):
        for number in range(5):
            await slack.say("U1", "C1", f"{MENTION} question {number}?")
        slack.ack_seconds = 3.0
        await slack.answers("C1", 5)
        await settled(slack)
    assert sum(slack.delivered.values()) > 10
    assert len(brain.asked) == len(slack.posts()) == 5


async def test_nothing_is_lost_when_slack_asks_to_reconnect(slack: FakeSlack, start: Start, brain: Brain) -> None:
    async with start():
        await slack.say("U1", "C1", f"{MENTION} before?")
        await slack.refresh()
        await slack.say("U1", "C1", f"{MENTION} meanwhile?")
        await slack.answers("C1", 2)
        await slack.connected()
        await slack.say("U1", "C1", f"{MENTION} after?")
        await slack.answers("C1", 3)
    assert len(brain.asked) == 3


async def test_an_edited_question_edits_its_answer(slack: FakeSlack, start: Start, brain: Brain) -> None:
    async with start():
        asked = await slack.say("U1", "C1", f"{MENTION} how many days?")
        await slack.answers("C1")
        await slack.edit(asked, f"{MENTION} how many weeks?")
        await slack.until(lambda: "how many weeks" in slack.posts()[0].shown)
        await settled(slack)
    assert len(slack.posts()) == 1


async def test_an_edit_that_adds_the_mention_asks(slack: FakeSlack, start: Start, brain: Brain) -> None:
    async with start():
        said = await slack.say("U1", "C1", "how many days?")
        await slack.edit(said, f"{MENTION} how many days?")
        await slack.answers("C1")
    assert len(brain.asked) == 1


async def test_a_deleted_question_takes_its_answer_along(slack: FakeSlack, start: Start) -> None:
    async with start():
        asked = await slack.say("U1", "C1", f"{MENTION} how many days?")
        await slack.answers("C1")
        await slack.remove(asked)
        await slack.until(lambda: not slack.posts())


@MODES
async def test_ask_is_answered_for_the_asker_alone_and_can_be_shown(
    slack: FakeSlack, start: Start, brain: Brain, mode: str
) -> None:
    slack.add_group("hr", ["U1"])
    brain.replies = [slowly("Band seven [1]."), slowly("In public: nothing.", outcome=Outcome())]
    async with start(mode=mode):
        acknowledged = await slack.command("U1", "/ask", "what is the band?", channel="C1")
        assert acknowledged["text"] == "I am looking it up …"
        await slack.until(lambda: slack.responses)
        [response] = slack.responses
        assert response["response_type"] == "ephemeral"
        assert response["blocks"][0]["text"].startswith("Band seven [1].")
        assert slack.posts() == []
        share = response["blocks"][-1]["elements"][0]
        other = await slack.say("U2", "C1", "nothing to do with it")
        await slack.click("U2", other, share)
        await slack.click("U1", other, share)
        [answer] = await slack.answers("C1")
        await settled(slack)
    assert answer.shown == "In public: nothing."
    assert [message.audience for message, _ in brain.asked] == [("hr", "members"), ("members",)]


async def test_what_the_documents_do_not_say_is_passed_on_to_a_person(
    slack: FakeSlack, start: Start, brain: Brain
) -> None:
    nothing = Outcome("abstained", "the documents do not say")
    brain.replies = [slowly("The documents do not say.", outcome=nothing), slowly("Five days [1].")]
    slack.add_channel("C9", [BOT_USER])
    async with start(hand_over="C9"):
        await slack.say("U1", "C1", f"{MENTION} may I bring my <!channel> parrot?")
        [answer] = await slack.answers("C1")
        button = answer.blocks[-1]["elements"][0]
        assert button["text"]["text"] == "Ask a person"
        await slack.click("U2", answer, button)
        await slack.until(lambda: slack.posts("C1")[-1].text == "Only who asked can pass it on.")
        await slack.click("U1", answer, button)
        await slack.click("U1", answer, button)
        await slack.until(lambda: slack.posts("C9"))
        await slack.until(lambda: slack.posts("C1")[-1].text.startswith("I have passed this on"))
        await slack.say("U1", "C1", "and what now?", thread=answer.thread_ts)
        await settled(slack)
        await slack.say("U1", "C1", f"{MENTION} how many days?", thread=answer.thread_ts)
        await slack.until(lambda: len(brain.asked) == 2)
        await settled(slack)
    [passed_on] = slack.posts("C9")
    assert passed_on.text.startswith("<@U1> asked what the documents do not say: <https://")
    assert "parrot" in passed_on.blocks[1]["text"]["text"]
    assert passed_on.blocks[1]["text"]["type"] == "plain_text"
    assert "<!channel>" not in str(passed_on.blocks)
    assert [message.text for message, _ in brain.asked][1] == "how many days?"


async def test_ask_without_a_question_says_how(slack: FakeSlack, start: Start) -> None:
    async with start():
        assert "/ask how many days" in (await slack.command("U1", "/ask", "  "))["text"]


async def test_the_shortcut_answers_somebodys_message(slack: FakeSlack, start: Start, brain: Brain) -> None:
    async with start():
        said = await slack.say("U2", "C1", "no idea how many days there are")
        await slack.shortcut("U1", said, "deskhand_answer_this")
        [answer] = await slack.answers("C1")
    assert answer.thread_ts == said.ts
    assert brain.asked[0][0].person.id == "U1"


async def test_feedback_is_kept_with_its_reason(slack: FakeSlack, start: Start) -> None:
    async with start() as running:
        await slack.say("U1", "C1", f"{MENTION} how many days?")
        [answer] = await slack.answers("C1")
        buttons = answer.blocks[-1]["elements"][0]
        for user, value in (("U1", "positive_button"), ("U2", "negative_button")):
            value = buttons[value]["value"]
            await slack.click(
                user, answer, {"type": "feedback_buttons", "action_id": buttons["action_id"], "value": value}
            )
        await slack.until(lambda: slack.workspace.views)
        values = {"reason": {"reason": {"type": "plain_text_input", "value": "it is six"}}}
        await slack.submit("U2", slack.workspace.views[0], values)
        opinions = await running.feedback.opinions(1)
    assert [(opinion.person, opinion.verdict, opinion.reason) for opinion in opinions] == [
        ("U1", "up", ""),
        ("U2", "down", "it is six"),
    ]


async def test_administrators_have_commands_and_nobody_else(slack: FakeSlack, start: Start, brain: Brain) -> None:
    slack.add_group("it", ["U2"])
    async with start(administrators=["U1", "it"]):
        await slack.say("U1", "C1", f"{MENTION} how many days?")
        [answer] = await slack.answers("C1")
        link = f"https://larkfield.slack.example/archives/C1/p{answer.ts.replace('.', '')}"
        slack.add_person("U3")
        expected = [
            ("U1", "status", "44 documents"),
            ("U2", "reindex", "A run was started for U2."),
            ("U1", f"why {link}", "how many days?"),
            ("U1", "why https://example.com", "no answer of mine"),
            ("U1", "dance", "There is no `dance`"),
            ("U1", "help", "of Deskhand: `status`, `reindex`"),
            ("U3", "help", "There is no command for you."),
            ("U3", "status", "Only administrators"),
            ("U1", "pause", "Paused"),
        ]
        for number, (user, text, answer_text) in enumerate(expected, start=1):
            await slack.command(user, "/deskhand", text)
            await slack.until(lambda number=number: len(slack.responses) == number)
            assert answer_text in slack.responses[-1]["text"]
        await slack.say("U1", "C1", f"{MENTION} still there?")
        [_, told] = await slack.answers("C1", 2)
    assert "paused by an administrator" in told.shown


async def test_the_home_and_the_prompts(slack: FakeSlack, start: Start) -> None:
    """The home tells of what its reader may ask about, and of nothing else."""
    slack.add_group("hr", ["U1"])
    prompts: list[dict[str, Any]] = [{"title": "Leave", "message": "How much leave do I have?"}]
    async with start(prompts=prompts):
        slack.open_home("U1")
        slack.open_home("U1", "messages")
        await slack.until(lambda: slack.workspace.homes and slack.workspace.prompts)
    assert "what hr, members can ask about" in str(slack.workspace.homes["U1"])
    assert "44 documents" not in str(slack.workspace.homes["U1"])
    assert slack.workspace.prompts == [{"channel_id": "DU1", "prompts": prompts}]


async def test_an_answer_survives_a_429_and_a_lost_receipt(slack: FakeSlack, start: Start, brain: Brain) -> None:
    slack.fail("chat.startStream", status=429, retry_after=0)
    slack.fail("chat.startStream", drop=True)
    brain.replies = [slowly("This is the beginning of the answer.")]
    async with start():
        await slack.say("U1", "C1", f"{MENTION} how?")
        [answer] = await slack.answers()
        await settled(slack)
    assert len(slack.posts()) == 1
    assert answer.shown.startswith("This is the beginning")


async def test_a_long_answer_is_split_within_slacks_limits(slack: FakeSlack, start: Start, brain: Brain) -> None:
    text = "\n\n".join(f"Paragraph {number}: {'word ' * 150}" for number in range(30))
    brain.replies = [Reply(text, Outcome())]
    async with start():
        await slack.say("U1", "C1", f"{MENTION} everything?")
        await slack.answers("C1", 3)
    assert "".join(post.shown for post in slack.posts()).count("Paragraph") == 30


@pytest.mark.parametrize(("characters", "messages"), [(10_999, 1), (11_000, 1), (11_001, 2), (22_000, 2)])
async def test_at_the_boundary_of_slacks_limit(
    slack: FakeSlack, start: Start, brain: Brain, characters: int, messages: int
) -> None:
    brain.replies = [Reply("a" * characters, Outcome())]
    async with start():
        await slack.say("U1", "C1", f"{MENTION} everything?")
        await slack.until(lambda: len(slack.posts()) == messages and slack.posts()[-1].metadata)
    assert sum(len(post.shown) for post in slack.posts()) == characters
    for post in slack.posts():
        assert [block.to_dict() for block in Block.parse_all(post.blocks)]  # the SDK's models check their lengths


async def test_what_an_earlier_process_left_is_answered(
    slack: FakeSlack, start: Start, brain: Brain, inbox: Inbox
) -> None:
    hold = asyncio.Event()
    brain.replies = [slowly("This is the beginning of the answer.", hold=hold)]
    async with start(LimitSettings(grace_seconds=0)):
        await slack.say("U1", "C1", f"{MENTION} how?")
        await slack.until(lambda: slack.posts())
    brain.replies = [slowly("Now it is there.")]
    async with start():
        [answer] = await slack.answers()
    assert len(slack.posts()) == 1
    assert answer.shown.startswith("Now it is there.")


async def test_a_channel_that_is_gone_is_told_in_the_log_and_the_inbox(
    slack: FakeSlack, start: Start, inbox: Inbox
) -> None:
    slack.fail("chat.postMessage", error="is_archived", times=99)
    slack.fail("chat.startStream", error="is_archived", times=99)
    async with start():
        await slack.say("U1", "C1", f"{MENTION} how many days?")
        entry = None
        async with asyncio.timeout(5):
            while entry is None or entry.state != "closed":
                await asyncio.sleep(0.01)
                entry = await inbox.get(1)
    assert entry.reason == "Slack: is_archived"


async def test_a_wrong_token_is_one_clear_line(slack: FakeSlack, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-wrong")
    with pytest.raises(BotError, match=r"bots.yaml: slack: Slack: invalid_auth: set SLACK_BOT_TOKEN anew"):
        async with start():
            pass
    monkeypatch.setenv("SLACK_BOT_TOKEN", "oops")
    with pytest.raises(BotError, match="SLACK_BOT_TOKEN holds no token that begins with xoxb-"):
        async with start():
            pass
    monkeypatch.delenv("SLACK_BOT_TOKEN")
    with pytest.raises(BotError, match="SLACK_BOT_TOKEN is not set"):
        async with start():
            pass


async def test_a_socket_that_slack_refuses_is_one_clear_line(
    slack: FakeSlack, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-wrong")
    with pytest.raises(BotError, match=r"bots.yaml: slack: Slack: invalid_auth: SLACK_APP_TOKEN needs the scope"):
        async with start():
            pass


async def test_a_socket_that_slack_cannot_give_yet_is_waited_for(slack: FakeSlack, start: Start) -> None:
    slack.fail("apps.connections.open", error="internal_error")
    async with start():
        await slack.say("U1", "C1", f"{MENTION} how many days?")
        await slack.answers("C1")


async def test_a_request_that_slack_did_not_sign_is_refused(slack: FakeSlack, start: Start, brain: Brain) -> None:
    event = {"type": "app_mention", "user": "U1", "text": "x", "ts": "1.1", "channel": "C1"}
    body = json.dumps({"type": "event_callback", "team_id": "T1", "event": event})
    async with start(mode="http"), aiohttp.ClientSession() as session:
        for headers in (sign(body, "wrong"), sign(body, at=1_700_000_000), {}):
            headers = {**headers, "Content-Type": "application/json"}
            async with session.post(slack.events_url, data=body, headers=headers) as response:
                assert response.status == 401
    assert brain.asked == []


def test_citations_are_links_or_named_sources() -> None:
    unlinked = replace(PASSAGE, link="")
    assert sources([Citation(1, PASSAGE), Citation(2, unlinked)]) == (
        "[1] [Leave > Carry over](https://wiki/leave)\n[2] Leave > Carry over (`leave.md:5`)"
    )
    assert sources(CITED.citations).startswith("[1]")
