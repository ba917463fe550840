"""What the chain itself costs: ten plugins that do nothing, beside a bare chain of `await` in the same run."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from statistics import median
from typing import Any

from benchmarks.measure import Figure, at_most
from plugins.chain import Chain, Step
from plugins.contract import CallNext, Message, Options, Person, Place, Plugin, Reply, Turn

_STEPS = 10
_MESSAGES = 5000


class _Empty(Plugin[Options]):
    """Passes on."""

    async def __call__(self, turn: Turn, call_next: CallNext) -> Reply:
        return await call_next(turn)


class _Answer(Plugin[Options]):
    """Answers at once."""

    async def __call__(self, turn: Turn, call_next: CallNext) -> Reply:
        return Reply("five weeks")


def run() -> Iterator[Figure]:
    """Medians over messages that take turns, after a warm-up."""
    logging.getLogger("deskhand").setLevel(logging.ERROR)
    chain, bare = asyncio.run(_measure())
    yield at_most(f"a message through {_STEPS} empty plugins, p50", chain, 100, f"bare await chain {bare:.1f}", " µs")


async def _measure() -> tuple[float, float]:
    context: Any = None
    empty = [Step(f"empty-{number}", _Empty(Options(), context)) for number in range(_STEPS)]
    chain = Chain([*empty, Step("answer", _Answer(Options(), context))], "the People team")
    bare = _bare(_Answer(Options(), context), _Empty(Options(), context))

    async def through_chain(turn: Turn) -> None:
        await (await chain(turn)).read()

    async def through_bare(turn: Turn) -> None:
        await (await bare(turn)).read()

    times: dict[Any, list[float]] = {through_chain: [], through_bare: []}
    for number in range(_MESSAGES):
        for ask, taken in times.items():
            turn = Turn(Message(str(number), "how long?", Person("u1"), Place("terminal", direct=True)))
            start = time.perf_counter()
            await ask(turn)
            taken.append(time.perf_counter() - start)
    warm = _MESSAGES // 10
    return median(times[through_chain][warm:]) * 1e6, median(times[through_bare][warm:]) * 1e6


def _bare(answer: Plugin[Any], empty: Plugin[Any]) -> Callable[[Turn], Awaitable[Reply]]:
    async def innermost(turn: Turn) -> Reply:
        return await answer(turn, innermost)

    handler: CallNext = innermost
    for _ in range(_STEPS):
        handler = _one(empty, handler)
    return handler


def _one(plugin: Plugin[Any], inner: CallNext) -> CallNext:
    async def handle(turn: Turn) -> Reply:
        return await plugin(turn, inner)

    return handle
