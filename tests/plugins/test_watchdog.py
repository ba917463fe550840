"""Code that blocks everybody is named, with its line."""

import asyncio
import sys
import time
from pathlib import Path

import pytest

from plugins.chain import Chain, Step
from plugins.contract import CallNext, Context, Options, Outcome, Pieces, PluginFunction, Reply, Turn, plugin_of
from plugins.watchdog import stall_of, watched
from tests.plugins.parts import CONTACT, ask, make_plugin


async def blocks(turn: Turn, call_next: CallNext) -> Reply:
    time.sleep(0.6)
    return Reply("five weeks")


async def blocks_in_its_stream(turn: Turn, call_next: CallNext) -> Reply:
    async def pieces() -> Pieces:
        time.sleep(0.6)
        yield "five weeks"
        yield Outcome()

    return Reply(pieces=pieces())


async def passes_on(turn: Turn, call_next: CallNext) -> Reply:
    return await call_next(turn)


@pytest.mark.parametrize("blocking", [blocks, blocks_in_its_stream])
async def test_a_blocking_call_is_named_with_its_line(blocking: PluginFunction, context: Context) -> None:
    told: list[str] = []
    steps = [
        Step(name, plugin_of(code)(Options(), context)) for name, code in (("outer", passes_on), ("stuck", blocking))
    ]
    async with watched(told.append, 0.1):
        await asyncio.sleep(0.2)
        assert await (await Chain(steps, CONTACT)(ask())).read() == "five weeks"
        async with asyncio.timeout(10):
            while not told:
                await asyncio.sleep(0.01)
    lines = [n for n, text in enumerate(Path(__file__).read_text().splitlines(), 1) if text.endswith("time.sleep(0.6)")]
    line = lines[blocking is blocks_in_its_stream]
    assert told[0].startswith(f"Plugin stuck blocks everybody: {__file__}:{line} ")


async def test_it_is_in_the_log_while_the_loop_is_still_blocked(
    context: Context, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str] = []

    async def blocks_until_it_is_logged(turn: Turn, call_next: CallNext) -> Reply:
        ends = time.monotonic() + 20
        while not caplog.messages and time.monotonic() < ends:
            time.sleep(0.01)
        seen.extend(caplog.messages)
        return Reply("five weeks")

    async with watched(lambda _: None, 0.1):
        step = Step("stuck", plugin_of(blocks_until_it_is_logged)(Options(), context))
        await (await Chain([step], CONTACT)(ask())).read()
    assert seen[0].startswith(f"plugin stuck blocks the event loop at {__file__}:")


async def test_what_blocks_outside_of_plugins_is_nobodys(context: Context) -> None:
    stall = stall_of(sys._getframe())
    assert stall is not None
    assert (stall.plugin, stall.place.rpartition(":")[0]) == ("", __file__)


async def test_one_that_waits_is_not_named(context: Context) -> None:
    told: list[str] = []

    async def waits(turn: Turn, call_next: CallNext) -> Reply:
        await asyncio.sleep(0.4)
        return Reply("five weeks")

    async with watched(told.append, 0.1):
        await (await Chain([Step("patient", make_plugin(waits, context))], CONTACT)(ask())).read()
    assert told == []
