"""A plugin that does its worst: the answer comes all the same, and in time."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from plugins import holding
from plugins.chain import Chain, Step
from plugins.contract import CallNext, Context, Outcome, Reply, StopChain, Turn
from tests.plugins.parts import CONTACT, ask, make_plugin

Handler = Callable[[Turn, CallNext], Awaitable[Any]]


@pytest.fixture(autouse=True)
def _short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "GRACE_SECONDS", 0.02)


async def answers(turn: Turn, call_next: CallNext) -> Reply:
    return Reply("five weeks")


async def yields_for_ever() -> AsyncIterator[str]:
    while True:
        yield "more "


async def swallows() -> None:
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue


async def swallows_in_its_stream() -> AsyncIterator[str]:
    yield "five"
    await swallows()


async def cancelled_but_returns() -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        return


async def raises(turn: Turn, call_next: CallNext) -> Any:
    raise ValueError("no")


async def raises_a_group(turn: Turn, call_next: CallNext) -> Any:
    raise ExceptionGroup("several", [ValueError("no")])


async def ends_the_process(turn: Turn, call_next: CallNext) -> Any:
    sys.exit("goodbye")


async def interrupts_the_process(turn: Turn, call_next: CallNext) -> Any:
    raise KeyboardInterrupt


def ends_the_process_without_await(turn: Turn, call_next: CallNext) -> Any:
    sys.exit("goodbye")


def replies_without_await(turn: Turn, call_next: CallNext) -> Any:
    return Reply("five")


async def waits_and_ends_the_process(turn: Turn, call_next: CallNext) -> Any:
    await asyncio.sleep(0)
    sys.exit("goodbye")


async def ends_the_process_when_cancelled(turn: Turn, call_next: CallNext) -> Any:
    try:
        await asyncio.Event().wait()
    finally:
        sys.exit("goodbye")


async def ends_the_process_in_its_stream(turn: Turn, call_next: CallNext) -> Any:
    async def pieces() -> AsyncIterator[Any]:
        yield "five"
        sys.exit("goodbye")

    return Reply(pieces=pieces())


async def awaits_what_was_cancelled(turn: Turn, call_next: CallNext) -> Any:
    waited: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    waited.cancel()
    await waited


async def hangs(turn: Turn, call_next: CallNext) -> Any:
    await asyncio.Event().wait()


async def hangs_whatever_comes(turn: Turn, call_next: CallNext) -> Any:
    await swallows()


async def returns_though_cancelled(turn: Turn, call_next: CallNext) -> Any:
    await cancelled_but_returns()
    return Reply("too late")


async def floods(turn: Turn, call_next: CallNext) -> Any:
    return Reply(pieces=yields_for_ever())


async def returns_text(turn: Turn, call_next: CallNext) -> Any:
    return "five"


async def yields_numbers(turn: Turn, call_next: CallNext) -> Any:
    async def numbers() -> AsyncIterator[Any]:
        yield 1

    return Reply(pieces=numbers())


async def replies_with_a_number(turn: Turn, call_next: CallNext) -> Any:
    return Reply(5)  # type: ignore[arg-type]


async def bogus_outcome(turn: Turn, call_next: CallNext) -> Any:
    return Reply("x", "answered")  # type: ignore[arg-type]


async def bogus_status(turn: Turn, call_next: CallNext) -> Any:
    return Reply("x", replace(Outcome(), status="great"))  # type: ignore[arg-type]


async def bogus_citations(turn: Turn, call_next: CallNext) -> Any:
    return Reply("x", Outcome(citations=("leave.md",)))  # type: ignore[arg-type]


async def bogus_outcome_at_the_end(turn: Turn, call_next: CallNext) -> Any:
    async def pieces() -> AsyncIterator[Any]:
        yield "five"
        yield Outcome("great")  # type: ignore[arg-type]

    return Reply(pieces=pieces())


async def passes_on_no_turn(turn: Turn, call_next: CallNext) -> Any:
    return await call_next("turn")  # type: ignore[arg-type]


async def passes_on_no_message(turn: Turn, call_next: CallNext) -> Any:
    return await call_next(turn.with_(message="how long?"))


async def stops_with_text(turn: Turn, call_next: CallNext) -> Any:
    raise StopChain("five")  # type: ignore[arg-type]


async def calls_on_for_ever(turn: Turn, call_next: CallNext) -> Any:
    while True:
        await call_next(turn)


HOSTILE = [
    raises, raises_a_group, ends_the_process, interrupts_the_process, ends_the_process_without_await,
    replies_without_await, waits_and_ends_the_process, ends_the_process_when_cancelled,
    ends_the_process_in_its_stream, awaits_what_was_cancelled, hangs, hangs_whatever_comes,
    returns_though_cancelled, floods, returns_text, yields_numbers,
    replies_with_a_number, bogus_outcome, bogus_status, bogus_citations, bogus_outcome_at_the_end, passes_on_no_turn,
    passes_on_no_message, stops_with_text, calls_on_for_ever,
]  # fmt: skip


def chain(context: Context, *handlers: Handler, seconds: float = 0.05, required: bool = False, **rest: Any) -> Chain:
    steps = [
        Step(f"step-{number}", make_plugin(handler, context, required=required), seconds)
        for number, handler in enumerate(handlers)
    ]
    return Chain(steps, CONTACT, **rest)


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda handler: handler.__name__)
async def test_the_answer_comes_all_the_same_and_the_plugin_is_named(hostile: Handler, context: Context) -> None:
    turn = ask()
    async with asyncio.timeout(10):
        reply = await chain(context, hostile, answers)(turn)
        assert await reply.read() == "five weeks"
    assert reply.outcome.status == "answered"
    errors = {record.plugin: record.error for record in turn.trace.plugins}
    assert errors["step-0"]
    assert not errors["step-1"]


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda handler: handler.__name__)
async def test_a_required_one_closes(hostile: Handler, context: Context) -> None:
    async with asyncio.timeout(10):
        reply = await chain(context, hostile, answers, required=True)(ask())
        assert "five weeks" not in await reply.read()
    assert reply.outcome.status == "refused"
    assert reply.outcome.reason == "the required plugin step-0 failed"


async def test_a_stream_that_hangs_whatever_comes_ends_with_the_turn(context: Context) -> None:
    async def hostile(turn: Turn, call_next: CallNext) -> Reply:
        return Reply(pieces=swallows_in_its_stream())

    async with asyncio.timeout(10):
        reply = await chain(context, hostile, answers, deadline_seconds=0.1)(ask())
        text = await reply.read()
    assert text == "five\n\n(The answer breaks off here: no answer within 0.1 seconds. Please ask the People team.)"
    assert reply.outcome.status == "refused"


@pytest.mark.parametrize("hostile", [hangs, hangs_whatever_comes, returns_though_cancelled])
async def test_a_cancelled_turn_ends_though_a_plugin_swallows_it(hostile: Handler, context: Context) -> None:
    reply = await chain(context, answers_after, hostile, answers, seconds=60)(ask())
    async with asyncio.TaskGroup() as group:
        task = group.create_task(reply.read())
        await asyncio.sleep(0.01)
        task.cancel()
        async with asyncio.timeout(10):
            await asyncio.wait([task])
    assert task.cancelled()


async def answers_after(turn: Turn, call_next: CallNext) -> Reply:
    return await call_next(turn)


async def test_a_plugin_may_clean_up_when_its_time_is_over(context: Context) -> None:
    cleaned: list[str] = []

    async def tidy(turn: Turn, call_next: CallNext) -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append("tidy")

    reply = await chain(context, tidy, answers)(ask())
    assert await reply.read() == "five weeks"
    assert cleaned == ["tidy"]


async def test_a_time_limit_of_the_plugins_own_is_no_swallowed_cancellation(context: Context) -> None:
    async def careful(turn: Turn, call_next: CallNext) -> Reply:
        try:
            async with asyncio.timeout(0.01):
                await asyncio.Event().wait()
        except TimeoutError:
            pass
        await asyncio.sleep(0.01)
        return Reply("I waited")

    turn = ask()
    reply = await chain(context, careful, answers, seconds=10)(turn)
    assert await reply.read() == "I waited"
    assert [record.error for record in turn.trace.plugins] == [""]


async def test_one_that_fails_often_is_switched_off_and_the_administrators_are_told(context: Context) -> None:
    calls: list[str] = []
    told: list[str] = []

    async def fails(turn: Turn, call_next: CallNext) -> Any:
        calls.append("called")
        raise ValueError("the calendar is away")

    failing = chain(context, fails, answers, tell=told.append)
    for _ in range(8):
        reply = await failing(turn := ask())
        assert await reply.read() == "five weeks"
    assert len(calls) == 5
    assert turn.trace.plugins[0].error == "switched off: it failed often"
    [notice] = told
    assert notice.startswith("Plugin step-0 fails often and is switched off: questions are answered without it.")
    assert "the calendar is away" in notice


async def test_a_required_one_that_is_switched_off_refuses_at_once(context: Context) -> None:
    failing = chain(context, raises, answers, required=True)
    for _ in range(6):
        reply = await failing(ask())
        await reply.read()
    assert reply.outcome.reason == "the required plugin step-0 fails"


async def test_an_answer_given_twice_is_said_once(context: Context) -> None:
    async def answers_twice(turn: Turn, call_next: CallNext) -> Any:
        async def pieces() -> AsyncIterator[Any]:
            yield "five"
            yield Outcome()
            yield " weeks"
            yield Outcome("abstained")

        return Reply(pieces=pieces())

    reply = await chain(context, answers_twice, answers)(ask())
    pieces = [piece async for piece in reply]
    assert "".join(map(str, pieces)) == reply.text == "five weeks"
    assert reply.outcome.status == "abstained"


async def test_calling_on_twice_gives_one_answer(context: Context) -> None:
    async def calls_on_twice(turn: Turn, call_next: CallNext) -> Any:
        await call_next(turn)
        return await call_next(turn)

    reply = await chain(context, calls_on_twice, answers)(ask())
    assert await reply.read() == "five weeks"
