"""Whatever happens to a folder and its settings: after a run exactly what should be found is found."""

import asyncio
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge import Index, Receipt, open_index
from knowledge.documents import EVERYONE
from knowledge.embedding import Embedder
from settings import Home, load_settings

PATHS = ("a.md", "b.md", "pay/c.md", "pay/d.md", "team/e.md")
_RULES: tuple[dict[str, list[str]], ...] = ({}, {"pay": ["hr"]}, {"*": ["hr"], "pay/c.md": [EVERYONE]})
_SIZES = ((120, 160), (30, 40))

path = st.sampled_from(PATHS)
step = st.one_of(
    st.tuples(st.just("write"), path, st.integers(0, 9), st.sampled_from([None, None, "hr", EVERYONE])),
    st.tuples(st.just("break"), path),
    st.tuples(st.just("delete"), path),
    st.tuples(st.just("move"), path, path),
    st.tuples(st.just("copy"), path, path),
    st.tuples(st.just("rules"), st.sampled_from(range(len(_RULES)))),
    st.tuples(st.just("cut"), st.sampled_from(range(len(_SIZES)))),
    st.tuples(st.just("sync")),
    st.tuples(st.just("crash"), st.integers(1, 4)),
    st.tuples(st.just("rollback")),
    st.tuples(st.just("restart")),
)


@dataclass(frozen=True)
class Version:
    """What a readable file says: its number, and its own audience."""

    number: int
    own: str | None
    rule: tuple[str, ...] = ()

    def readable_for(self, groups: Sequence[str]) -> bool:
        return bool({self.own} & {EVERYONE, *groups}) if self.own else bool(set(self.rule) & {EVERYONE, *groups})


class Cancel:
    """Progress that cancels the run after so many files."""

    def __init__(self, files: int) -> None:
        self.left = files

    def start(self, files: int) -> None:
        pass

    def chunks(self, done: int, expected: int) -> None:
        assert done <= expected

    def file(self, receipt: Receipt) -> None:
        self.left -= 1
        task = asyncio.current_task()
        if self.left == 0 and task is not None:
            task.cancel()


@dataclass
class World:
    """A home with an open index, and what ought to be found in it."""

    home: Home
    embedder: Embedder
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    there: dict[str, Version | None] = field(default_factory=dict)  # None: broken
    good: dict[str, Version] = field(default_factory=dict)
    rules: int = 0
    cut: int = 0
    clock: int = 1_600_000_000
    index: Index = field(init=False)

    def rule(self, source: str) -> tuple[str, ...]:
        chosen: tuple[str, ...] = (EVERYONE,)
        for pattern, groups in _RULES[self.rules].items():
            if pattern == "*" or source == pattern or source.startswith(f"{pattern}/"):
                chosen = tuple(groups)
        return chosen

    def settings(self) -> Any:
        target, most = _SIZES[self.cut]
        text = f"chunk: {{target_words: {target}, most_words: {most}}}\nsync: {{largest_removal: 1.0}}\n"
        text += f"audience: {_RULES[self.rules]!r}\n"
        text += f"store: {{collection: {self.home.root.name}}}\n"  # other examples may be on the same server
        self.home.settings.mkdir(exist_ok=True)
        (self.home.settings / "knowledge.yaml").write_text(text)
        return load_settings(self.home)

    async def open(self) -> None:
        await self.stack.aclose()
        self.index = await self.stack.enter_async_context(open_index(self.settings(), self.embedder))

    def put(self, source: str, content: bytes, version: Version | None) -> None:
        file = self.home.documents / source
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
        self.clock += 10
        os.utime(file, (self.clock, self.clock))
        self.there[source] = version

    def take(self, source: str) -> None:
        (self.home.documents / source).unlink(missing_ok=True)
        self.there.pop(source, None)

    def expect(self) -> dict[str, Version]:
        """What a run makes of the folder as it is."""
        after = {}
        for source, version in self.there.items():
            rule = self.rule(source)
            if version is not None:
                after[source] = Version(version.number, version.own, rule)
            elif source in self.good and self.good[source].rule == rule:
                after[source] = self.good[source]
        return after

    async def seen(self, *groups: str) -> dict[str, int]:
        """The documents that someone finds, and their numbers: one version of each, one of several copies."""
        found = await self.index.search("the page about a subject", groups, limit=50, per_document=50)
        sources = [passage.source for passage in found.passages]
        assert len(sources) == len(set(sources))
        return {passage.source: int(passage.text.split("subject ")[1].split(".")[0]) for passage in found.passages}

    async def check(self) -> None:
        for groups in ((), ("hr",)):
            visible = {source: v.number for source, v in self.good.items() if v.readable_for(groups)}
            seen = await self.seen(*groups)
            assert seen.items() <= visible.items()
            assert set(seen.values()) == set(visible.values())

    async def check_in_between(self, after: dict[str, Version]) -> None:
        """Old or new, nothing lost that was and will be there, nothing for the wrong eyes."""
        for groups in ((), ("hr",)):
            seen = await self.seen(*groups)
            for source, number in seen.items():
                fitting = [world[source] for world in (self.good, after) if source in world]
                now = [Version(version.number, version.own, self.rule(source)) for version in fitting]
                assert number in [version.number for version in now if version.readable_for(groups)]
            for source in self.good.keys() & after.keys():
                if self.good[source] == after[source] and after[source].readable_for(groups):
                    assert self.good[source].number in seen.values()


async def play(world: World, steps: Sequence[tuple[Any, ...]]) -> None:
    world.put("keep.md", b"# Keep\n\nThe page about subject 99.\n", Version(99, None))
    await world.open()
    await world.index.sync()
    world.good = world.expect()
    try:
        for kind, *arguments in steps:
            await _STEPS[kind](world, *arguments)
        await _sync(world)
    finally:
        await world.stack.aclose()


async def _write(world: World, source: str, number: int, own: str | None) -> None:
    head = f"---\naudience: [{own}]\n---\n" if own else ""
    world.put(source, f"{head}# Page\n\nThe page about subject {number}.\n".encode(), Version(number, own))


async def _break(world: World, source: str) -> None:
    world.put(source, b"\x00\x01 not text any more " * 20 + str(world.clock).encode(), None)


async def _delete(world: World, source: str) -> None:
    world.take(source)


async def _copy(world: World, source: str, to: str) -> None:
    if source in world.there and source != to:
        world.put(to, (world.home.documents / source).read_bytes(), world.there[source])


async def _move(world: World, source: str, to: str) -> None:
    if source != to:
        await _copy(world, source, to)
        world.take(source)


async def _rules(world: World, number: int) -> None:
    world.rules = number
    world.index.use(world.settings())
    seen = await world.seen()
    for source in seen:  # a restriction holds at once, not from the next run on
        assert Version(0, world.good[source].own, world.rule(source)).readable_for(())


async def _cut(world: World, number: int) -> None:
    world.cut = number
    world.index.use(world.settings())


async def _sync(world: World) -> None:
    await world.index.sync()
    world.good = world.expect()
    await world.check()


async def _crash(world: World, files: int) -> None:
    after = world.expect()
    task = asyncio.ensure_future(world.index.sync(Cancel(files)))
    await asyncio.gather(task, return_exceptions=True)
    await world.check_in_between(after)
    await _sync(world)


async def _rollback(world: World) -> None:
    if (await world.index.status()).previous is not None:
        await world.index.rollback()
        world.good = world.expect()
        await world.check()


async def _restart(world: World) -> None:
    await world.open()


_STEPS: dict[str, Callable[..., Any]] = {
    "write": _write, "break": _break, "delete": _delete, "move": _move, "copy": _copy, "rules": _rules, "cut": _cut,
    "sync": _sync, "crash": _crash, "rollback": _rollback, "restart": _restart,
}  # fmt: skip


@pytest.fixture
def folder() -> Iterator[Callable[[], Path]]:
    with tempfile.TemporaryDirectory() as made:
        yield lambda: Path(tempfile.mkdtemp(dir=made))


@given(steps=st.lists(step, min_size=3, max_size=14))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_after_any_history_exactly_the_right_versions_are_found(
    steps: list[tuple[Any, ...]], folder: Callable[[], Path], embedder: Embedder
) -> None:
    home = Home(folder())
    home.documents.mkdir(parents=True)
    asyncio.run(play(World(home, embedder), steps))
