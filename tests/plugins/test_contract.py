from dataclasses import FrozenInstanceError

import pytest
from pydantic import ValidationError

from plugins.contract import Context, Message, Options, Outcome, Person, Place, Plugin, Prompt, Replace, Reply
from tests.plugins.parts import Inside, ask, make_passage, streamed


async def test_a_reply_of_plain_text_has_ended_from_the_start() -> None:
    reply = Reply("five weeks", Outcome("degraded", "why"))
    assert reply.ended
    assert reply.outcome.reason == "why"
    assert [piece async for piece in reply] == ["five weeks"]


async def test_a_streamed_reply_gives_its_pieces_and_then_its_outcome() -> None:
    reply = streamed("five ", "weeks", Outcome("abstained", "why"))
    assert [piece async for piece in reply] == ["five ", "weeks"]
    assert reply.outcome == Outcome("abstained", "why")


async def test_the_outcome_cannot_be_read_before_the_text_has_ended() -> None:
    reply = streamed("five ", "weeks")
    assert not reply.ended
    with pytest.raises(RuntimeError, match="still on its way"):
        _ = reply.outcome


async def test_a_stream_without_an_outcome_counts_as_answered() -> None:
    reply = streamed("five weeks")
    await reply.read()
    assert reply.outcome == Outcome("answered")


async def test_a_reply_can_be_read_again() -> None:
    reply = streamed("five ", "weeks")
    assert await reply.read() == "five weeks"
    assert await reply.read() == "five weeks"
    assert "".join([piece async for piece in reply if isinstance(piece, str)]) == "five weeks"


async def test_a_second_reader_gets_all_of_a_reply_that_the_first_one_left_half_read() -> None:
    reply = streamed("five ", "weeks ", "a year", Outcome("abstained"))
    async for _ in reply:
        break
    assert reply.text == "five "
    assert "".join([piece async for piece in reply if isinstance(piece, str)]) == "five weeks a year"
    assert reply.outcome.status == "abstained"


async def test_a_replacement_stands_in_the_place_of_all_that_came_before() -> None:
    reply = streamed("five ", Replace("six "), "weeks")
    assert [piece async for piece in reply] == ["five ", Replace("six "), "weeks"]
    assert reply.text == "six weeks"
    assert [piece async for piece in reply] == ["six weeks"]


async def test_a_broken_stream_never_counts_as_ended() -> None:
    reply = streamed("five ", ValueError("broken"), "weeks")
    with pytest.raises(ValueError, match="broken"):
        await reply.read()
    assert await reply.read() == "five "
    assert not reply.ended
    assert reply.broken


def test_a_changed_turn_leaves_the_original_as_it_was_and_shares_its_trace() -> None:
    turn = ask()
    changed = turn.with_(passages=(make_passage(1),), prompt=Prompt(("Be kind.",)))
    assert turn.passages == ()
    assert changed.message is turn.message
    changed.trace.note("seen")
    assert turn.trace.notes == ["seen"]


def test_a_turn_cannot_be_changed_in_place() -> None:
    with pytest.raises(FrozenInstanceError):
        ask().route = "other"  # type: ignore[misc]


def test_every_turn_has_a_trace_of_its_own() -> None:
    assert ask().trace is not ask().trace


def test_options_refuse_names_they_do_not_know() -> None:
    with pytest.raises(ValidationError, match="colour"):
        Options.model_validate({"colour": "red"})


async def test_a_plugin_that_overrides_nothing_passes_on_the_turn_and_the_reply(context: Context) -> None:
    inside, turn = Inside(), ask()
    plugin = Plugin(Options(), context)
    reply = await plugin(turn, inside)
    assert inside.turns == [turn]
    assert reply.text == "from inside"
    async with plugin.running():
        pass


def test_an_answer_that_others_read_is_made_for_all_of_them() -> None:
    person = Person("u1", groups=("hr", "managers"))
    assert Message("1", "?", person, Place("slack", direct=True)).audience == ("hr", "managers")
    assert Message("1", "?", person, Place("slack", groups=("managers", "board"))).audience == ("managers",)
    assert Message("1", "?", person, Place("slack")).audience == ()
