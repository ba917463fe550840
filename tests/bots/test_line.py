import asyncio
from contextlib import AsyncExitStack

import pytest

from bots.line import Line, LineFull
from bots.platform import Question
from settings.sections.bots import LimitSettings
from tests.fakes.chat_platform import make_question


async def test_a_person_waits_for_their_own_question_before() -> None:
    line, places = Line(LimitSettings(per_person=1)), list[int]()
    async with line.turn(make_question(1), places.append):
        second = asyncio.ensure_future(_hold(line, make_question(2), places))
        await asyncio.sleep(0)
        async with line.turn(make_question(3, person="U2"), places.append):
            assert places == [1]
            assert not second.done()
    await second


async def test_a_channel_takes_no_more_than_its_share() -> None:
    line, places = Line(LimitSettings(per_channel=2)), list[int]()
    async with AsyncExitStack() as stack:
        for number in range(2):
            await stack.enter_async_context(line.turn(make_question(number, person=f"U{number}"), places.append))
        third = asyncio.ensure_future(_hold(line, make_question(3, person="U3"), places))
        await asyncio.sleep(0)
        assert places == [1]
        async with line.turn(make_question(4, person="U4", channel="C2"), places.append):
            assert places == [1]
    await third


async def test_the_one_with_fewest_under_way_goes_first() -> None:
    line, order = Line(LimitSettings(at_a_time=2, per_person=2, per_channel=9)), list[str]()

    async def ask(person: str, number: int, hold: asyncio.Event) -> None:
        async with line.turn(make_question(number, person=person)):
            order.append(f"{person}{number}")
            await hold.wait()

    first, rest = asyncio.Event(), asyncio.Event()
    tasks = [asyncio.ensure_future(ask("busy", 1, first)), asyncio.ensure_future(ask("busy", 2, rest))]
    tasks += [asyncio.ensure_future(ask("busy", 3, rest)), asyncio.ensure_future(ask("other", 4, rest))]
    await asyncio.sleep(0)
    first.set()
    await tasks[0]
    await asyncio.sleep(0)
    assert order == ["busy1", "busy2", "other4"]
    rest.set()
    await asyncio.gather(*tasks)
    assert order[-1] == "busy3"


async def test_a_line_that_is_full_turns_the_next_one_away() -> None:
    line = Line(LimitSettings(at_a_time=1, waiting=1))
    async with line.turn(make_question(1)):
        waiting = asyncio.ensure_future(_hold(line, make_question(2), []))
        await asyncio.sleep(0)
        with pytest.raises(LineFull):
            await _hold(line, make_question(3), [])
    await waiting


@pytest.mark.parametrize("started", [True, False])
async def test_one_who_leaves_gives_the_turn_on(started: bool) -> None:
    line = Line(LimitSettings(at_a_time=1))
    async with line.turn(make_question(1)):
        leaving = asyncio.ensure_future(_hold(line, make_question(2, person="U2"), []))
        staying = asyncio.ensure_future(_hold(line, make_question(3, person="U3"), []))
        await asyncio.sleep(0)
        if not started:
            leaving.cancel()
            await asyncio.wait([leaving])
    if started:
        leaving.cancel()  # its turn has come, but it has not noticed yet
    async with asyncio.timeout(5):
        await staying
    assert leaving.cancelled()


async def _hold(line: Line, question: Question, places: list[int]) -> None:
    async with line.turn(question, places.append):
        pass
