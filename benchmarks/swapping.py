"""The routes file swapped 100 times under 20 questions a second, broken edits in between.

Two routings, each with a model of its own that answers with its name in two halves: an answer is whole,
of one routing, or the swap is wrong.
"""

import asyncio
import logging
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Figure, at_most, make_home
from bots import terminal_message
from deskhand.assistant import Assistant, open_assistant
from deskhand.testing.model_server import ModelServer
from plugins import Message
from settings import Home, load_settings

_SWAPS = 100
_SECONDS_A_SWAP = 0.2
_QUESTIONS_A_SECOND = 20
_ANSWERS = {f"{name} [1] {name}" for name in ("red", "blue")}
_MODELS = "models:\n  {name}: {{model: openai/{name}, api_base: '{url}'}}\nroutes:\n  answer: [{name}]\n"


def run() -> Iterator[Figure]:
    """Counts, and the longest wait of a reader."""
    logging.getLogger("deskhand").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        home = make_home(Path(folder) / "home")
        (home.documents / "leave.md").write_text("# Leave\n\nYou have five weeks of annual leave a year.\n")
        home.settings.mkdir()
        answers, asked, longest = asyncio.run(_swap(home.settings / "models.yaml", home.root))
    mixed = sum(answer not in _ANSWERS for answer in answers)
    beside = f"{asked} questions, {_SWAPS} swaps, as many broken edits, both routings seen: {set(answers) == _ANSWERS}"
    yield at_most("questions lost while the routes are swapped", asked - len(answers), 0, beside)
    yield at_most("answers that are not of one routing", mixed, 0, beside)
    yield at_most("longest wait for a whole answer", longest, 5, "swaps included", " s")


async def _swap(file: Path, root: Path) -> tuple[list[str], int, float]:
    answers: list[str] = []
    waits: list[float] = []
    async with ModelServer() as server:
        for name in ("red", "blue"):
            server.add(name, [f"{name} [1] ", name], latency=0.05)
        file.write_text(_MODELS.format(name="red", url=server.url))
        async with open_assistant(load_settings(Home(root)), watch=True) as assistant:
            await (await assistant.ask(_question(0))).read()
            async with asyncio.TaskGroup() as group:
                swapping = group.create_task(_rewrite(file, server.url))
                asked = 0
                while not swapping.done():
                    asked += 1
                    group.create_task(_ask(assistant, asked, answers, waits))
                    await asyncio.sleep(1 / _QUESTIONS_A_SECOND)
    return answers, asked, max(waits)


async def _rewrite(file: Path, url: str) -> None:
    for number in range(_SWAPS):
        name = ("blue", "red")[number % 2]
        file.write_text(_MODELS.format(name=name, url=url))
        await asyncio.sleep(_SECONDS_A_SWAP / 2)
        file.write_text(f"models: {{}}\nroutes:\n  answer: [gone{number}]\n")
        await asyncio.sleep(_SECONDS_A_SWAP / 2)


async def _ask(assistant: Assistant, number: int, answers: list[str], waits: list[float]) -> None:
    start = time.perf_counter()
    reply = await assistant.ask(_question(number))
    answers.append(await reply.read())
    waits.append(time.perf_counter() - start)


def _question(number: int) -> Message:
    return terminal_message(number, "how many weeks of annual leave do I have?", ())
