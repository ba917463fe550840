"""Scenarios in a server, through the real discord.py."""

from tests.bots.conftest import Brain
from tests.bots.discord.conftest import Enter
from tests.bots.test_desk import slowly


async def test_a_mention_is_answered_once_in_a_thread_on_it(enter: Enter, brain: Brain) -> None:
    brain.replies = [slowly("Five days may be ", "carried over [1].")]
    async with enter() as world:
        asked = await world.sam.send(world.general, f"{world.mention} can i carry over days?")
        [thread] = world.general.threads
        [answer] = world.own(thread)
    assert thread.id == asked.id
    assert thread.name == "can i carry over days?"
    assert answer.content.startswith(
        "Five days may be carried over [1].\n\n[1] [Leave > Carry over](https://wiki/leave)"
    )
    [(message, _)] = brain.asked
    assert message.text == "can i carry over days?"
    assert message.audience == ()


async def test_a_direct_message_is_answered_in_place_from_public_documents(enter: Enter, brain: Brain) -> None:
    async with enter() as world:
        await world.sam.send_dm("what is the band?")
        [answer] = world.own(world.sam.user.dm_channel)
    assert answer.content == "answer to what is the band?"
    assert brain.asked[0][0].audience == ()
