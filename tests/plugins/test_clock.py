import pytest

from plugins.clock import Clock, timed
from plugins.contract import Outcome, PluginTrace, Reply
from tests.plugins.parts import Time, streamed


async def test_only_the_time_in_which_the_clock_runs_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    time, record = Time(monkeypatch), PluginTrace("a")
    clock = Clock(record, 60)
    time.now += 1
    with clock.running:
        time.now += 2
        with clock.paused:
            time.now += 4
        time.now += 8
    time.now += 16
    assert record.seconds == 10


async def test_the_clock_stands_still_until_the_last_of_several_calls_inwards_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    time, record = Time(monkeypatch), PluginTrace("a")
    clock = Clock(record, 60)
    with clock.running:
        first, second = clock.paused, clock.paused
        first.__enter__()
        second.__enter__()
        time.now += 1
        first.__exit__(None, None, None)
        time.now += 2
        second.__exit__(None, None, None)
        time.now += 4
    assert record.seconds == 4


async def test_a_pause_while_the_clock_does_not_run_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    time, record = Time(monkeypatch), PluginTrace("a")
    with Clock(record, 60).paused:
        time.now += 1
    assert record.seconds == 0


async def test_what_is_left_of_the_plugins_time_stands_still_with_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    time = Time(monkeypatch)
    clock = Clock(PluginTrace("a"), 60)
    assert clock.left() is None
    with clock.running:
        assert clock.left() == 60
        time.now += 10
        with clock.paused:
            assert clock.left() is None
            time.now += 100
        assert clock.left() == 50
    assert clock.left() is None


async def test_a_reply_that_has_ended_is_left_as_it_is() -> None:
    reply = Reply("five weeks")
    assert timed(reply, Clock(PluginTrace("a"), 60).running) is reply


async def test_a_streamed_reply_runs_the_clock_only_while_a_piece_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    time, record = Time(monkeypatch), PluginTrace("a")
    reply = timed(streamed("five ", "weeks", Outcome("abstained")), Clock(record, 60).running)
    async for _ in reply:
        time.now += 1
    assert reply.text == "five weeks"
    assert reply.outcome.status == "abstained"
    assert record.seconds == 0
