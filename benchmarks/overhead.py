"""Deskhand's own time around a language model: a model server that answers at once, on loopback.

From the question to the prompt's arrival at the server, and from the model's first piece to the first
piece shown; beside bare retrieval and a bare litellm call in the same run.
"""

import asyncio
import logging
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.measure import Figure, at_most, make_home
from benchmarks.questions import read_questions
from bots import terminal_message
from deskhand.assistant import Assistant, open_assistant
from deskhand.testing.model_server import ModelServer
from plugins.library import import_litellm
from settings import Home, load_settings

_ASSISTANT = "contact: the People team\n"
_MODELS = "models:\n  instant: {{model: openai/instant, api_base: '{url}'}}\nroutes:\n  answer: [instant, extractive]\n"


def run(documents: Path) -> Iterator[Figure]:
    """Medians over the sample company's questions, each asked alone, all three alternating."""
    logging.getLogger("deskhand").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        home = make_home(Path(folder) / "home", documents)
        sent, first, retrieval, bare = asyncio.run(_measure(home))
    beside = f"retrieval {retrieval:.1f} ms, bare litellm call to its arrival {bare:.1f} ms"
    yield at_most(
        "question to prompt sent, minus retrieval and a bare call", sent - retrieval - bare, 15, beside, " ms"
    )
    yield at_most("model's first piece to first piece shown", first, 15, "client library included", " ms")


class _Clock:
    """When the server got the last request, and when it sent its first piece."""

    def __init__(self) -> None:
        self.arrived = 0.0

    def __call__(self, _request: object) -> str:
        self.arrived = time.perf_counter()
        return "Five weeks [1]."


async def _measure(home: Home) -> tuple[float, float, float, float]:
    clock = _Clock()
    async with ModelServer() as server:
        server.add("instant", clock)
        home.settings.mkdir()
        (home.settings / "assistant.yaml").write_text(_ASSISTANT)
        (home.settings / "models.yaml").write_text(_MODELS.format(url=server.url))
        async with open_assistant(load_settings(home)) as assistant:
            return await _alternate(assistant, server, clock)


async def _alternate(assistant: Assistant, server: ModelServer, clock: _Clock) -> tuple[float, float, float, float]:
    litellm = await asyncio.to_thread(import_litellm)
    sent: list[float] = []
    first: list[float] = []
    retrieval: list[float] = []
    bare: list[float] = []
    for number, question in enumerate([question.text for question in read_questions()] * 2):
        await assistant.index.search(question)  # its passages have been read, in both that are compared
        start = time.perf_counter()
        pieces = aiter(await assistant.ask(terminal_message(number, question, ())))
        await anext(pieces)
        shown = time.perf_counter()
        async for _ in pieces:
            pass
        asked = clock.arrived > start  # abstentions send nothing
        if asked:
            sent.append(clock.arrived - start)
            first.append(shown - clock.arrived)
        start = time.perf_counter()
        await assistant.index.search(question)
        retrieval.append(time.perf_counter() - start)
        if not asked:
            continue
        start = time.perf_counter()
        reply = await litellm.module.acompletion(
            model="openai/instant",
            api_base=server.url,
            api_key="none",
            messages=server.requests[-1].messages,
            stream=True,
        )
        bare.append(clock.arrived - start)
        async for _ in reply:
            pass
    warm = len(sent) // 2  # the first round fills caches of all four
    return tuple(median(times[-warm:]) * 1000 for times in (sent, first, retrieval, bare))  # type: ignore[return-value]
