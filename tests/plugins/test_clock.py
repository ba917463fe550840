import pytest

from plugins.clock import Clock, timed
from plugins.contract import Outcome, PluginTrace, Reply
from tests.plugins.parts import Time, streamed

RUNS, STOPS = (1, 0), (-1, 0)
"""Changes of a clock, which runs once when it is made."""
ENTERS, LEAVES = (0, 1), (0, -1)


async def test_only_the_time_in_which_the_clock_runs_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    time, record = Time(monkeypatch), PluginTrace("a")
    clock = Clock(record, 60)
    time.now += 1
    for change, seconds in ((ENTERS, 2), (LEAVES, 4), (STOPS, 8), (ENTERS, 16), (LEAVES, 32), (RUNS, 64), (STOPS, 0)):
        clock.change(*change)
        time.now += seconds
    assert record.seconds == 69


async def test_the_clock_stands_still_until_the_last_of_several_calls_inwards_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    time, record = Time(monkeypatch), PluginTrace("a")
    clock = Clock(record, 60)
    for change, seconds in ((ENTERS, 1), (ENTERS, 2), (LEAVES, 4), (LEAVES, 8), (STOPS, 0)):
        clock.change(*change)
        time.now += seconds
    assert record.seconds == 8


async def test_what_is_left_of_the_plugins_time_stands_still_with_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    time = Time(monkeypatch)
    clock = Clock(PluginTrace("a"), 60)
    left = []
    for change in (ENTERS, LEAVES, STOPS):
        time.now += 10
        left.append(clock.left())
        clock.change(*change)
        left.append(clock.left())
    assert left == [50, None, None, 50, 40, None]


async def test_a_reply_that_has_ended_is_left_as_it_is() -> None:
    reply = Reply("five weeks")
    assert timed(reply, Clock(PluginTrace("a"), 60), inside=False) is reply


async def test_a_streamed_reply_runs_the_clock_only_while_a_piece_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    time, record = Time(monkeypatch), PluginTrace("a")
    clock = Clock(record, 60)
    clock.change(*STOPS)
    reply = timed(streamed("five ", "weeks", Outcome("abstained")), clock, inside=False)
    async for _ in reply:
        time.now += 1
    assert reply.text == "five weeks"
    assert reply.outcome.status == "abstained"
    assert record.seconds == 0
