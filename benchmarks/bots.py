"""Slack and Discord under load and under `kill -9`, with the real adapters in a process of their own.

The platforms are the fakes of the tests, in this process. Every question has a number of its own; who is
answered how often is counted on the platform, as people would see it.

`python -m benchmarks.bots [--rounds N] [--seconds S] [--rate R]` runs it alone.
"""

import argparse
import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from statistics import quantiles
from typing import Any

from benchmarks.measure import CHECKOUT, Figure, at_most, resident_mb
from deskhand.testing.discord.server import BOT, SAM, TOKEN, FakeDiscord
from deskhand.testing.slack.server import APP_TOKEN, BOT_TOKEN, FakeSlack
from deskhand.testing.slack.state import BOT_USER

_CHANNELS, _PEOPLE = 100, 50
_WARM_SECONDS = 5.0


def run(rounds: int = 5, seconds: float = 10.0, rate: float = 50.0, platform: str | None = None) -> Iterator[Figure]:
    """`rounds` kills at 6 questions a second, then `seconds` of load at `rate` a second; either may be 0."""
    stages = [stage for stage in (SlackStage, DiscordStage) if platform in (None, stage.name)]
    if rounds:
        for stage in stages:
            yield from asyncio.run(_crash(stage(), rounds))
    if seconds:
        for stage in stages:
            yield from asyncio.run(_load(stage(), seconds, rate))


class Stage(ABC):
    """A platform with many people and channels."""

    name: str
    asked_at: dict[str, float]
    url: str

    def __init__(self) -> None:
        self.asked_at = {}
        self.status_at: dict[str, float] = {}

    @abstractmethod
    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """The platform, until the end of the block."""
        yield

    @abstractmethod
    async def ask(self, number: int) -> None:
        """Somebody asks question `number` somewhere; every tenth event comes twice."""

    @abstractmethod
    async def connected(self) -> None:
        """Wait for the bot's connection."""

    @abstractmethod
    async def disconnected(self) -> None:
        """Wait until the connection of a killed bot is gone."""

    @abstractmethod
    def answers(self) -> dict[str, list[str]]:
        """The texts that the bot has posted, by question."""

    def acknowledgements(self) -> Sequence[float]:
        """Seconds until each event was acknowledged, on platforms that have that."""
        return ()


class _Noted(list[Any]):
    """Remembers when the first status of a question came."""

    def __init__(self, stage: Stage, position: int | None) -> None:
        super().__init__()
        self._stage, self._position = stage, position

    def append(self, item: Any) -> None:
        super().append(item)
        key = str(item if self._position is None else item[self._position])
        self._stage.status_at.setdefault(key, time.perf_counter())


class SlackStage(Stage):
    """A workspace."""

    name = "Slack"

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        async with FakeSlack(duplicates=0.1, retries=(0.0, *[15.0] * 40)) as self.slack:
            people = [f"U{number}" for number in range(_PEOPLE)]
            for person in people:
                self.slack.add_person(person)
            for number in range(_CHANNELS):
                self.slack.add_channel(f"C{number}", [*people, BOT_USER])
            self.slack.workspace.statuses = _Noted(self, 1)
            self.url = self.slack.base_url
            yield

    async def ask(self, number: int) -> None:
        said = await self.slack.say(f"U{number % _PEOPLE}", f"C{number % _CHANNELS}", f"<@{BOT_USER}> q{number}")
        self.asked_at[said.ts] = time.perf_counter()

    async def connected(self) -> None:
        await self.slack.connected()

    async def disconnected(self) -> None:
        await self.slack.disconnected()

    def answers(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {ts: [] for ts in self.asked_at}
        for post in self.slack.posts():
            found.setdefault(post.thread_ts, []).append(post.shown if not post.streaming else "unfinished")
        return found

    def acknowledgements(self) -> Sequence[float]:
        return self.slack.ack_times


class DiscordStage(Stage):
    """A server."""

    name = "Discord"

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        async with FakeDiscord(duplicates=0.1) as self.discord:
            for number in range(_PEOPLE):
                self.discord.add_person(SAM + 1000 + number, f"p{number}")
            for number in range(_CHANNELS):
                self.discord.add_channel(1000 + number, f"c{number}")
            self.discord.rest.typing = _Noted(self, None)
            self.url = self.discord.api_url
            yield

    async def ask(self, number: int) -> None:
        said = self.discord.say(SAM + 1000 + number % _PEOPLE, 1000 + number % _CHANNELS, f"<@{BOT}> q{number}")
        self.asked_at[str(said.id)] = time.perf_counter()

    async def connected(self) -> None:
        await self.discord.connected()

    async def disconnected(self) -> None:
        await self.discord.disconnected()

    def answers(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {number: [] for number in self.asked_at}
        for post in self.discord.posts():
            found.setdefault(str(post.channel), []).append(post.content if post.components else "unfinished")
        return found


async def _crash(stage: Stage, rounds: int) -> list[Figure]:
    """Kill the bot again and again while people ask; then let it finish.

    The next process has its imports done when the one before is killed, as the start would be most of the time.
    """
    chance = random.Random(time.time_ns())
    with tempfile.TemporaryDirectory() as folder:
        async with stage.open():
            asking = asyncio.ensure_future(_ask(stage, 6.0))
            child = _start(stage, Path(folder), pause=0.3)
            try:
                for _ in range(rounds):
                    following = _start(stage, Path(folder), pause=0.3)
                    _go(child)
                    await asyncio.wait_for(stage.connected(), 60)
                    await asyncio.sleep(chance.uniform(0.0, 2.0))
                    child.kill()
                    await asyncio.to_thread(child.wait)
                    await stage.disconnected()
                    child = following
            finally:
                asking.cancel()
            _go(child)
            try:
                await _until_answered(stage, 120)
            finally:
                child.terminate()
                await asyncio.to_thread(child.wait)
        figure = _counted(stage, f"{rounds} kills")
        return [replace(figure, beside=f"{figure.beside}; inbox: {_states(Path(folder))}")]


def _states(folder: Path) -> str:
    """Rows of the inbox by state."""
    with closing(sqlite3.connect(folder / "bots.db")) as database:
        rows = database.execute("SELECT state, count(*) FROM inbox GROUP BY state").fetchall()
    return ", ".join(f"{state} {count}" for state, count in rows)


async def _load(stage: Stage, seconds: float, rate: float) -> list[Figure]:
    """Steady load with an instant answer."""
    with tempfile.TemporaryDirectory() as folder:
        async with stage.open():
            child = _start(stage, Path(folder), pause=0.0)
            _go(child)
            try:
                await asyncio.wait_for(stage.connected(), 60)
                await asyncio.sleep(1)
                await _ask(stage, rate, _WARM_SECONDS)
                before = resident_mb(child.pid)
                await _ask(stage, rate, seconds)
                after = resident_mb(child.pid)
                await _until_answered(stage, 120)
            finally:
                child.terminate()
                await asyncio.to_thread(child.wait)
    label = f"{stage.name}, {rate:g} questions a second for {_WARM_SECONDS + seconds:g} s"
    waits = [stage.status_at[key] - asked for key, asked in stage.asked_at.items() if key in stage.status_at]
    figures = [_counted(stage, label)]
    if acknowledged := stage.acknowledgements():
        cuts = quantiles(acknowledged, n=100)
        figures.append(
            at_most(f"{label}: acknowledged, p99", 1000 * cuts[98], 500, f"p50 {1000 * cuts[49]:.0f} ms", " ms")
        )
    if len(waits) > 1:
        cuts = quantiles(waits, n=100)
        beside = f"p50 {cuts[49]:.2f} s, {len(waits)} of {len(stage.asked_at)} showed one"
        figures.append(at_most(f"{label}: first status, p95", cuts[94], 1.0, beside, " s"))
    figures.append(at_most(f"{label}: memory grown", after - before, 20, f"{before:.0f} to {after:.0f} MB", " MB"))
    return figures


def _counted(stage: Stage, beside: str) -> Figure:
    """How many questions did not end in exactly one answer or apology."""
    counts: Counter[str] = Counter()
    for texts in stage.answers().values():
        match texts:
            case []:
                counts["without"] += 1
            case [text] if text.startswith("answer to q"):
                counts["answered"] += 1
            case [text] if text.startswith("I could not answer"):
                counts["apology"] += 1
            case [_]:
                counts["unfinished"] += 1
            case _:
                counts["more than one"] += 1
    wrong = counts["without"] + counts["unfinished"] + counts["more than one"]
    shown = ", ".join(f"{name} {number}" for name, number in sorted(counts.items()))
    return at_most(f"{stage.name}: questions without exactly one answer or apology", wrong, 0,
                   f"{beside}; of {len(stage.asked_at)}: {shown}")  # fmt: skip


async def _ask(stage: Stage, rate: float, seconds: float = 1e9) -> None:
    """Ask at a steady rate, however long the bot takes."""
    start = time.perf_counter()
    first = len(stage.asked_at)
    number = 0
    while time.perf_counter() - start < seconds:
        await stage.ask(first + number)
        number += 1
        await asyncio.sleep(max(0.0, start + number / rate - time.perf_counter()))


async def _until_answered(stage: Stage, seconds: float) -> None:
    deadline = time.perf_counter() + seconds
    while time.perf_counter() < deadline:
        if all(len(texts) == 1 and texts[0] != "unfinished" for texts in stage.answers().values()):
            return
        await asyncio.sleep(0.5)


def _start(stage: Stage, folder: Path, pause: float) -> "subprocess.Popen[bytes]":
    """The bot in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.bots", "--child", stage.name, stage.url, str(folder), str(pause)]
    tokens = {"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN, "DISCORD_TOKEN": TOKEN}
    environment = {**os.environ, **tokens}  # noqa: TID251  # for the child
    return subprocess.Popen(command, cwd=CHECKOUT, env=environment, stdin=subprocess.PIPE)


def _go(child: "subprocess.Popen[bytes]") -> None:
    """The process has waited for this with its imports done."""
    assert child.stdin is not None
    child.stdin.close()


async def _child(name: str, url: str, folder: Path, pause: float) -> None:
    """What the process does: the real inbox, desk and adapter, and an answer that takes `pause` seconds to write."""
    from bots.administration import Administration, AdministrationCommand
    from bots.desk import Desk
    from bots.discord import DiscordBot
    from bots.inbox import Inbox
    from bots.slack import SlackBot
    from plugins import Exchange, Message, Outcome, Reply
    from plugins.feedback import Feedback
    from settings import Home
    from settings.database import open_database
    from settings.secrets import Secrets
    from settings.sections import AssistantSettings
    from settings.sections.bots import DiscordSettings, LimitSettings, SlackSettings

    async def ask(message: Message, history: Sequence[Exchange]) -> Reply:
        async def pieces() -> AsyncIterator[str | Outcome]:
            yield f"answer to {message.text}, which begins "
            await asyncio.sleep(pause)
            yield "and ends here."
            yield Outcome()

        return Reply(pieces=pieces())

    async def nothing(_: Sequence[str] = "") -> str:
        return ""

    async def told() -> AssistantSettings:
        return AssistantSettings()

    await asyncio.to_thread(sys.stdin.read)  # until `_go`
    limits = LimitSettings(at_a_time=100, per_person=20, per_channel=50, waiting=10_000)
    engine = open_database(folder / "bots.db")
    inbox, feedback = Inbox(engine), Feedback(engine)
    await inbox.prepare()
    await feedback.prepare()
    desk = Desk(ask, inbox, limits, told)
    administration = AdministrationCommand(Administration(nothing, nothing, nothing), desk, inbox)
    secrets = Secrets(Home(folder))
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    bot: SlackBot | DiscordBot
    if name == "Slack":
        bot = SlackBot(SlackSettings(base_url=url), limits, secrets, desk, inbox, feedback, administration)
    else:
        bot = DiscordBot(DiscordSettings(api_url=url), limits, secrets, desk, inbox, feedback, administration)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.dispose)
        await stack.enter_async_context(desk.open())
        await stack.enter_async_context(bot.running())
        await ended.wait()


def main() -> None:
    """Print a line a figure; exit status 1 where one is over its bound."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bots", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often the process is killed, on each platform")
    parser.add_argument("--seconds", type=float, default=10.0, help="duration of the load")
    parser.add_argument("--rate", type=float, default=50.0, help="questions a second under load")
    parser.add_argument("--platform", choices=("Slack", "Discord"), help="only this one")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        name, url, folder, pause = options.child
        asyncio.run(_child(name, url, Path(folder), float(pause)))
        return
    fine = True
    for figure in run(options.rounds, options.seconds, options.rate, options.platform):
        print(figure, flush=True)
        fine = fine and figure.good
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
