"""Scenarios in a server, through the real discord.py."""

from typing import Any

import pytest
import simcord

from bots.inbox import Inbox
from plugins import Outcome, Reply
from tests.bots.conftest import Brain
from tests.bots.discord.conftest import Enter
from tests.bots.test_desk import slowly

NOTHING = Reply("I could not find this.", Outcome("abstained", "x"))


async def test_a_mention_is_answered_once_in_a_thread_on_it(enter: Enter, brain: Brain) -> None:
    brain.replies = [slowly("Five days may be ", "carried over [1].")]
    async with enter() as world:
        asked = await world.sam.send(
            world.general, f"{world.mention} can i carry over days in {world.staff_only.mention}?"
        )
        [thread] = world.general.threads
        [answer] = world.own(thread)
    assert thread.id == asked.id
    assert thread.name == "can i carry over days in #staff-only?"
    assert answer.content.startswith(
        "Five days may be carried over [1].\n\n[1] [Leave > Carry over](https://wiki/leave)"
    )
    [(message, _)] = brain.asked
    assert message.text == "can i carry over days in #staff-only?"
    assert message.audience == ()


async def test_inside_a_thread_it_answers_in_place_by_a_reply(enter: Enter, brain: Brain) -> None:
    async with enter() as world:
        await world.sam.send(world.general, f"{world.mention} how many days?")
        [thread] = world.general.threads
        asked = await world.alex.send(thread, f"{world.mention} and part-timers?")
        [_, answer] = world.own(thread)
    assert answer.reference is not None
    assert answer.reference.message_id == asked.id
    said = [exchange.text for exchange in brain.asked[1][1]]
    assert said == ["how many days?", "answer to how many days?"]


async def test_a_direct_message_is_answered_in_place_from_public_documents(enter: Enter, brain: Brain) -> None:
    async with enter() as world:
        await world.sam.send_dm("what is the band?")
        await world.sam.send_dm("and mine?")
        [answer, _] = world.own(world.sam.user.dm_channel)
    assert answer.content == "answer to what is the band?"
    assert brain.asked[0][0].audience == ()
    assert [exchange.text for exchange in brain.asked[1][1]] == ["what is the band?", "answer to what is the band?"]


async def test_where_the_settings_allow_it_direct_messages_read_what_the_roles_read(enter: Enter, brain: Brain) -> None:
    async with enter(direct_messages="mutual") as world:
        await world.sam.send_dm("what is the band?")
        await world.alex.send_dm("what is the band?")
    assert [message.audience for message, _ in brain.asked] == [("staff",), ()]


async def test_a_channel_for_one_role_reads_what_that_role_reads(enter: Enter, brain: Brain) -> None:
    async with enter() as world:
        await world.sam.send(world.staff_only, f"{world.mention} what is the band?")
        [thread] = world.staff_only.threads
        await world.sam.send(thread, "and last year?")
    assert [message.audience for message, _ in brain.asked] == [("staff",), ("staff",)]


async def test_strangers_and_their_servers_are_not_answered(enter: Enter, brain: Brain) -> None:
    async with enter(servers=["1"]) as world:  # a server that is not the company's
        await world.sam.send(world.general, f"{world.mention} what is the band?")
        await world.sam.send_dm("what is the band?")
        asked = await world.sam.slash(world.general, "ask", question="what is the band?")
        assert asked.response is not None
        assert asked.response.content.startswith("I answer in the servers of the company")
        said = await world.sam.send(world.general, "hm")
        await world.sam.context_menu(world.general, "Answer this", said)
        assert world.general.threads == []
    assert brain.asked == []


async def test_a_follow_up_needs_no_mention(enter: Enter, brain: Brain) -> None:
    async with enter() as world:
        await world.sam.send(world.general, f"{world.mention} how many days?")
        [thread] = world.general.threads
        await world.sam.send(thread, "and part-timers?")
    assert [message.text for message, _ in brain.asked] == ["how many days?", "and part-timers?"]


@pytest.mark.parametrize("text", ["thanks!", "great, that works :)", "{alex} what do you think?"])
async def test_people_talking_to_each_other_are_left_alone(enter: Enter, brain: Brain, text: str) -> None:
    async with enter() as world:
        await world.sam.send(world.general, f"{world.mention} how many days?")
        [thread] = world.general.threads
        await world.sam.send(thread, text.format(alex=world.alex.mention))
    assert len(brain.asked) == 1


async def test_somebody_else_in_the_thread_is_answered_only_with_a_source(enter: Enter, brain: Brain) -> None:
    brain.replies = [slowly("Five days [1]."), NOTHING, slowly("Six days [1].")]
    async with enter() as world:
        await world.sam.send(world.general, f"{world.mention} how many days?")
        [thread] = world.general.threads
        await world.alex.send(thread, "my cousin says ten")
        await world.alex.send(thread, "really, how many?")
        assert [message.content[:9] for message in world.own(thread)] == ["Five days", "Six days "]


async def test_a_chosen_channel_needs_no_mention_but_a_source(enter: Enter, brain: Brain) -> None:
    brain.replies = [slowly("Five days [1]."), NOTHING]
    async with enter(channels=["general"]) as world:
        await world.sam.send(world.general, "how many days can i carry over?")
        await world.sam.send(world.general, "who ate my sandwich?")
        await world.sam.send(world.general, "lunch is ready")
        assert len(world.general.threads) == 1
    assert len(brain.asked) == 2


async def test_elsewhere_nobody_is_answered_unasked(enter: Enter, brain: Brain) -> None:
    async with enter() as world:
        robot = world.guild.add_member(world.env.create_user("robot", bot=True))
        await world.sam.send(world.general, "how many days can i carry over?")
        await robot.send(world.general, f"{world.mention} how many days?")
    assert brain.asked == []


async def test_a_bot_that_may_ask_is_answered(enter: Enter, brain: Brain) -> None:
    allowed: list[str] = []
    async with enter(allowed_bots=allowed) as world:
        robot = world.guild.add_member(world.env.create_user("robot", bot=True))
        client = world.env.bot
        client.settings.allowed_bots.append(str(robot.id))  # type: ignore[attr-defined]
        await robot.send(world.general, f"{world.mention} how many days?")
    assert len(brain.asked) == 1


async def test_without_the_message_content_intent_mentions_and_direct_messages_work(enter: Enter, brain: Brain) -> None:
    async with enter(message_content=False) as world:
        await world.sam.send(world.general, f"{world.mention} how many days?")
        [thread] = world.general.threads
        await world.sam.send(thread, f"{world.mention} and part-timers?")
        await world.sam.send(thread, "and this one cannot be read?")
        await world.sam.send_dm("what is the band?")
    assert [message.text for message, _ in brain.asked] == ["how many days?", "and part-timers?", "what is the band?"]
    assert [exchange.text for exchange in brain.asked[1][1]] == ["how many days?", "answer to how many days?"]


async def test_ask_is_deferred_private_and_can_be_shown(enter: Enter, brain: Brain) -> None:
    brain.replies = [slowly("Band seven [1]."), slowly("In public: nothing.", outcome=Outcome())]
    async with enter() as world:
        asked = await world.sam.slash(world.general, "ask", question="what is the band?")
        [deferred] = [request.json for request in world.env.http_requests if request.path.endswith("/callback")]
        assert deferred is not None
        assert deferred["type"] == 5
        assert asked.response is not None
        assert asked.response.ephemeral
        assert asked.response.content.startswith("Band seven [1].")
        assert world.own(world.general) == [] or all(one.flags.ephemeral for one in world.own(world.general))
        shown = await world.sam.click(asked.response.message, label="Show everyone")
        again = await world.sam.click(asked.response.message, label="Show everyone")
        assert shown.response is not None
        assert again.response is not None
        assert (shown.response.content, again.response.content) == ("It is on its way.", "It has been shown already.")
        public = [one for one in world.own(world.general) if not one.flags.ephemeral]
    assert [one.content for one in public] == ["In public: nothing."]
    assert [message.audience for message, _ in brain.asked] == [("staff",), ()]


async def test_what_the_documents_do_not_say_is_passed_on_to_a_person(enter: Enter, brain: Brain) -> None:
    nothing = Outcome("abstained", "the documents do not say")
    brain.replies = [slowly("The documents do not say.", outcome=nothing)]
    async with enter(hand_over="1") as world:
        bot: Any = world.env.bot
        bot.settings = bot.settings.model_copy(update={"hand_over": str(world.staff_only.id)})
        await world.sam.send(world.general, f"{world.mention} may I bring my parrot?")
        [answer] = world.answers()
        [thread] = world.general.threads
        other = await world.alex.click(answer, label="Ask a person")
        first = await world.sam.click(answer, label="Ask a person")
        again = await world.sam.click(answer, label="Ask a person")
        said = [click.response.content for click in (other, first, again) if click.response is not None]
        await world.sam.send(thread, "and what now?")
        [passed_on] = world.own(world.staff_only)
    assert said[0] == "Only who asked can pass it on."
    assert said[1].startswith(f"I have passed this on to <#{world.staff_only.id}>")
    assert said[2] == "It has been passed on already."
    assert "asked what the documents do not say: https://discord.com/" in passed_on.content
    assert "> may I bring my parrot?" in passed_on.content
    assert len(brain.asked) == 1


async def test_answer_this_answers_somebodys_message_in_its_thread(enter: Enter, brain: Brain) -> None:
    async with enter() as world:
        said = await world.alex.send(world.general, "no idea how many days there are")
        chosen = await world.sam.context_menu(world.general, "Answer this", said)
        again = await world.sam.context_menu(world.general, "Answer this", said)
        assert chosen.response is not None
        assert again.response is not None
        assert (chosen.response.content, again.response.content) == (
            "I am looking it up …", "That has been asked already.",
        )  # fmt: skip
        [answer] = world.answers()
    assert answer.channel.id == said.id
    assert brain.asked[0][0].person.name == "sam"


async def test_feedback_and_its_reason_survive_a_restart(enter: Enter, brain: Brain) -> None:
    async with enter() as world:
        await world.sam.send(world.general, f"{world.mention} how many days?")
        [answer] = world.answers()
        await world.env.restart_bot(world.fresh())
        await world.sam.click(answer, label="Good answer")
        shown = await world.alex.click(answer, label="Bad answer")
        await world.env.restart_bot(world.fresh())
        await world.alex.submit_modal(shown, {"reason": "it is six"})
        opinions = await world.feedback.opinions(1)
    assert [(opinion.verdict, opinion.reason) for opinion in opinions] == [("up", ""), ("down", "it is six")]


async def test_administrators_have_commands_and_nobody_else(enter: Enter, brain: Brain) -> None:
    async with enter(administrators=["staff"]) as world:
        await world.sam.send(world.general, f"{world.mention} how many days?")
        [answer] = world.answers()

        async def told(who: simcord.MemberActor, command: str, **options: str) -> str:
            result = await who.slash(world.general, f"deskhand {command}", **options)
            assert result.ephemeral
            assert result.response is not None
            return result.response.content

        assert "44 documents" in await told(world.sam, "status")
        assert "A run was started for sam." in await told(world.sam, "reindex")
        assert "of Deskhand: `status`, `reindex`" in await told(world.sam, "help")
        assert await told(world.alex, "help") == "There is no command for you."
        assert "how many days?" in await told(world.sam, "why", link=answer.jump_url)
        assert "no answer of mine" in await told(world.sam, "why", link="https://example.com")
        assert "Only administrators" in await told(world.alex, "status")
        assert "Only administrators" in await told(world.alex, "pause")
        assert "Paused" in await told(world.sam, "pause")
        await world.sam.send_dm("still there?")
        [answer] = world.own(world.sam.user.dm_channel)
        assert "paused by an administrator" in answer.content
        assert "answered again" in await told(world.sam, "resume")


async def test_an_edited_question_edits_its_answer(enter: Enter, brain: Brain) -> None:
    async with enter() as world:
        asked = await world.sam.send(world.general, f"{world.mention} how many days?")
        await world.sam.edit(asked, f"{world.mention} how many weeks?")
        await world.sam.edit(asked, f"{world.mention} how many weeks?")
        [answer] = world.answers()
    assert answer.content == "answer to how many weeks?"
    assert len(brain.asked) == 2


async def test_an_edit_that_adds_the_mention_asks(enter: Enter, brain: Brain) -> None:
    async with enter() as world:
        said = await world.sam.send(world.general, "how many days?")
        await world.sam.edit(said, f"{world.mention} how many days?")
    assert len(brain.asked) == 1


async def test_an_edit_after_a_minute_changes_nothing(enter: Enter, brain: Brain) -> None:
    async with enter() as world:
        asked = await world.sam.send(world.general, f"{world.mention} how many days?")
        await world.env.advance_time(61)
        await world.sam.edit(asked, f"{world.mention} how many weeks?")
    assert len(brain.asked) == 1


async def test_a_deleted_question_takes_its_answer_along(enter: Enter, inbox: Inbox) -> None:
    async with enter() as world:
        asked = await world.sam.send(world.general, f"{world.mention} how many days?")
        assert len(world.answers()) == 1
        await world.sam.delete(asked)
        assert world.answers() == []
        dm = await world.sam.send_dm("what is the band?")
        await world.sam.user.delete(dm)
        assert world.own(world.sam.user.dm_channel) == []
    entry = await inbox.get(2)
    assert entry is not None
    assert entry.reason == "withdrawn by the asker"


async def test_a_long_answer_is_split_within_discords_limit(enter: Enter, brain: Brain) -> None:
    code = "```python\n" + "\n".join(f"line_{number} = {number}" for number in range(200)) + "\n```"
    table = "| Level | Days |\n|---|---|\n" + "\n".join(f"| {number} | {number * 2} |" for number in range(200))
    brain.replies = [Reply(f"{code}\n\n{table}", Outcome())]
    async with enter() as world:
        await world.sam.send(world.general, f"{world.mention} everything?")
        posts = world.answers()
    assert len(posts) > 3
    assert all(len(post.content) <= 2000 and post.content.count("```") % 2 == 0 for post in posts)
    assert sum(post.content.count("line_199") for post in posts) == 1
    assert not any("|---" in post.content for post in posts)
    assert [bool(post.components) for post in posts] == [False] * (len(posts) - 1) + [True]


async def test_nobody_is_called_whatever_the_answer_says(enter: Enter, brain: Brain) -> None:
    async with enter() as world:
        brain.replies = [
            Reply(f"hey @everyone @here {world.alex.mention} <@&{world.guild.roles['staff'].id}>", Outcome())
        ]
        await world.sam.send(world.general, f"{world.mention} who?")
        [answer] = world.answers()
        sent = [request.json for request in world.env.http_requests if request.path.endswith("/messages")]
    assert (answer.mention_everyone, answer.mentions, answer.role_mentions) == (False, [], [])
    assert [body["allowed_mentions"]["parse"] for body in sent if body] == [[]]


async def test_without_the_permission_for_threads_it_answers_in_the_channel(enter: Enter, brain: Brain) -> None:
    async with enter() as world:
        world.env.inject_error("POST", "/channels/*/messages/*/threads", status=403, code=50013, times=None)
        asked = await world.sam.send(world.general, f"{world.mention} how many days?")
        [answer] = world.own(world.general)
    assert answer.reference is not None
    assert answer.reference.message_id == asked.id


@pytest.mark.parametrize(("status", "code", "reason"), [
    (404, 10003, "the channel is gone"), (403, 50001, "it may not see the channel"),
])  # fmt: skip
async def test_what_discord_refuses_is_told_in_the_inbox(
    enter: Enter, inbox: Inbox, status: int, code: int, reason: str
) -> None:
    async with enter() as world:
        world.env.inject_error("POST", "/channels/*/messages", status=status, code=code, times=None)
        await world.sam.send(world.general, f"{world.mention} how many days?")
    entry = await inbox.get(1)
    assert entry is not None
    assert (entry.state, entry.reason) == ("closed", f"Discord: {reason}")


async def test_what_an_earlier_process_left_is_answered_in_its_place(enter: Enter, brain: Brain, inbox: Inbox) -> None:
    async with enter() as world:
        await world.sam.send(world.general, f"{world.mention} how many days?")
        entry = await inbox.get(1)
        assert entry is not None
        await inbox.sending(entry.question, [])  # as if the process had died before it noted the post
        await world.env.restart_bot(world.fresh())
        await world.env.settle()
        [answer] = world.answers()
    assert answer.content == "answer to how many days?"
    assert len(brain.asked) == 2
