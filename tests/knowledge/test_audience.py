"""Nobody learns anything of a document outside their audience: not its text, not that it is there.

Each example is two homes: one with all of its documents, and one with those alone that the reader may read.
What the reader gets must be the same from both, with the real engine, model, chain and files.
"""

import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deskhand.report import answer_as_dict, found_as_dict
from deskhand.why import why_as_dict
from knowledge import Found, Index, open_index
from knowledge.documents import EVERYONE
from knowledge.embedding import Embedder, Vector
from plugins import Exchange, Message, Person, Place, Turn, open_chain
from settings import Home, Settings, load_settings

GROUPS = ("hr", "it", "board")
TEXTS = {
    "leave": "Employees have 25 days of annual leave. Unused days move on until March.",
    "leave-board": "Directors have 40 days of annual leave and a bonus of ZK-7701.",
    "pay": "The salary band of a team lead is band seven. Pay day is the last Friday.",
    "raise": "All salaries rise by four percent in May. Project Heron is not to be named before.",
    "vpn": "Error E-4107 means that the certificate has expired: renew it in the hub.",
    "vpn-admin": "The administrator renews a certificate with the pass phrase quillwort.",
    "travel": "Trains are booked in second class. Hotels cost at most 120 euros a night.",
    "merger": "Project Heron is the merger with Brightwater. Travel to Brightwater needs a code name.",
}
QUESTIONS = (
    "How many days of annual leave do I have?",
    "What is the bonus of directors, ZK-7701?",
    "what is project heron",
    "projct hreon brightwatr",
    "E-4107",
    "renew the certificate with quillwort",
    "When do salaries rise?",
    "hotel",
    "vacation allowance",
    "how much does a squad boss earn?",
    "zzz",
)
CANNED = "Pay day moves to QX-4410 this month."
PLUGINS = """
plugins:
  - history
  - canned: {file: lists/canned.yaml}
  - escalate: {topics: [{name: pay, words: [salary], contact: the payroll desk}]}
  - glossary: {file: lists/glossary.yaml}
  - rag
  - cache
  - output
  - answer
"""
LISTS = {
    "settings/assistant.yaml": PLUGINS,
    "settings/lists/canned.yaml": f"- {{questions: ['When do salaries rise?'], answer: '{CANNED}', audience: [hr]}}\n",
    "settings/lists/glossary.yaml": "AL: annual leave\n",
}
"""A chain with the steps that answer by themselves or again."""
SECRETS = ("QX-4410", "ZK-7701", "40 days", "band seven", "four percent", "Heron", "E-4107", "quillwort", "Brightwater")

NO_FILES: Mapping[str, str] = {}
_numbers = count(1)


class Remembering(Embedder):
    """The real model, asked only once for each text: examples share their texts."""

    def __init__(self, real: Embedder) -> None:
        self._real = real
        self._known: dict[str, Future[Vector]] = {}
        self._read: dict[str, npt.NDArray[np.float32]] = {}
        self.fingerprint = real.fingerprint
        self.dimension = real.dimension

    def submit(self, text: str, first: bool = False) -> "Future[Vector]":
        return self._known.setdefault(text, self._real.submit(text) if text not in self._known else Future())

    async def tokens(self, texts: Sequence[str]) -> list[npt.NDArray[np.float32]]:
        new = [text for text in texts if text not in self._read]
        self._read |= dict(zip(new, await self._real.tokens(new), strict=True))
        return [self._read[text] for text in texts]


@pytest.fixture(scope="module")
def quick(embedder: Embedder) -> Embedder:
    return Remembering(embedder)


Documents = dict[str, tuple[str, ...]]
"""Names of texts, each with the groups that may read it; none: everyone."""

audiences = st.lists(st.sampled_from(GROUPS), unique=True, max_size=2).map(tuple)
companies = st.dictionaries(st.sampled_from(sorted(TEXTS)), audiences, min_size=1)
readers = st.lists(st.sampled_from((*GROUPS, EVERYONE, "staff")), unique=True).map(tuple)
questions = st.sampled_from(QUESTIONS)
examples = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def readable(documents: Documents, groups: Sequence[str]) -> Documents:
    return {name: who for name, who in documents.items() if not who or set(who) & set(groups)}


@dataclass(frozen=True)
class Company:
    settings: Settings
    index: Index


@asynccontextmanager
async def company(
    documents: Documents, embedder: Embedder, files: Mapping[str, str] = NO_FILES
) -> AsyncIterator[Company]:
    """A home with these documents, one more for everyone so that it is never empty, and other files by their path."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        home.documents.mkdir(parents=True)
        for path, text in files.items():
            (home.root / path).parent.mkdir(parents=True, exist_ok=True)
            (home.root / path).write_text(text)
        (home.documents / "hello.md").write_text("# Hello\n\nThe canteen opens at noon.\n")
        for name, who in documents.items():
            head = f"---\naudience: [{', '.join(who)}]\n---\n" if who else ""
            (home.documents / f"{name}.md").write_text(f"{head}# {name.title()}\n\n{TEXTS[name]}\n")
        loaded = load_settings(home)
        store = loaded.knowledge.store.model_copy(update={"collection": f"company{next(_numbers)}"})
        loaded = replace(loaded, knowledge=loaded.knowledge.model_copy(update={"store": store}))
        async with open_index(loaded, embedder) as index:
            await index.sync()
            yield Company(loaded, index)


async def answers(
    documents: Documents,
    embedder: Embedder,
    groups: Sequence[str],
    limit: int,
    thread: Sequence[str] = (),
    answer: str = "",
) -> list[Found]:
    """What each of the questions finds."""
    async with company(documents, embedder) as made:
        return [await made.index.search(question, groups, limit, limit, thread, answer) for question in QUESTIONS]


@examples
@given(documents=companies, groups=readers, thread=st.lists(questions, max_size=2))
async def test_everything_that_may_be_read_is_found_and_nothing_else(
    quick: Embedder, documents: Documents, groups: tuple[str, ...], thread: list[str]
) -> None:
    may = {"hello.md", *(f"{name}.md" for name in readable(documents, groups))}
    async with company(documents, quick) as made:
        for question in QUESTIONS:
            found = await made.index.search(question, groups, 50, 50, thread)
            quotes = await made.index.quote(question, found.passages)
            assert {passage.source for passage in found.passages} == may
            assert {quote.passage.source for quote in quotes} <= may


@examples
@given(documents=companies, groups=readers)
async def test_what_is_found_does_not_depend_on_what_may_not_be_read(
    quick: Embedder, documents: Documents, groups: tuple[str, ...]
) -> None:
    """Which passages, how many, and how near in meaning each is."""
    whole = await answers(documents, quick, groups, 50)
    alone = await answers(readable(documents, groups), quick, groups, 50)
    for with_others, without in zip(whole, alone, strict=True):
        assert {p.id: p.text for p in with_others.passages} == {p.id: p.text for p in without.passages}
        cosines = {passage.id: passage.cosine for passage in without.passages}
        assert {passage.id: passage.cosine for passage in with_others.passages} == pytest.approx(cosines, abs=1e-6)


@examples
@given(
    documents=companies,
    groups=readers,
    thread=st.lists(questions, max_size=2),
    answer=st.sampled_from(["", TEXTS["travel"]]),
)
async def test_order_and_scores_do_not_depend_on_what_may_not_be_read(
    quick: Embedder, documents: Documents, groups: tuple[str, ...], thread: list[str], answer: str
) -> None:
    """Not even a digit: a score that moves would tell that somewhere a document has this word."""
    whole = await answers(documents, quick, groups, 3, thread, answer)
    alone = await answers(readable(documents, groups), quick, groups, 3, thread, answer)
    assert [found_as_dict(found) for found in whole] == [found_as_dict(found) for found in alone]


@examples
@given(documents=companies, question=questions, groups=readers, direct=st.booleans(), follows=st.booleans())
async def test_the_whole_reply_is_the_same_without_what_may_not_be_read(
    quick: Embedder, documents: Documents, question: str, groups: tuple[str, ...], direct: bool, follows: bool
) -> None:
    """Text, citations, reason, scores and trace: what `deskhand ask --why --json` prints, times aside."""
    place = Place("terminal", channel="" if direct else "general", direct=direct, groups=groups)
    message = Message("1", question, Person("u1", "Sam", groups), place)
    before = (Exchange("user", "Which trains?"), Exchange("assistant", TEXTS["travel"])) if follows else ()
    whole = await reply(documents, quick, message, before)
    assert whole == await reply(readable(documents, groups), quick, message, before)


async def reply(documents: Documents, embedder: Embedder, message: Message, history: tuple[Exchange, ...]) -> object:
    async with company(documents, embedder, LISTS) as made, open_chain(made.settings, made.index) as chain:
        turn = Turn(message, history)
        answer = await chain(turn)
        shown = answer_as_dict(await answer.read(), answer.outcome, turn.trace)
    return _without_times({**shown, "why": why_as_dict(turn.trace)})


def _without_times(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_times(of) for key, of in value.items() if key not in ("ms", "timings_ms")}
    return [_without_times(item) for item in value] if isinstance(value, list) else value


@examples
@given(
    documents=companies,
    question=questions,
    asker=readers,
    direct=st.booleans(),
    others=readers,
    asked_before=st.lists(questions, max_size=1),
)
async def test_an_answer_holds_nothing_that_one_of_its_readers_may_not_read(
    quick: Embedder,
    documents: Documents,
    question: str,
    asker: tuple[str, ...],
    direct: bool,
    others: tuple[str, ...],
    asked_before: list[str],
) -> None:
    """Through the whole chain: text, citations, reason, trace."""
    place = Place("terminal", channel="" if direct else "general", direct=direct, groups=others)
    message = Message("1", question, Person("u1", "Sam", asker), place)
    groups = asker if direct else tuple(set(asker) & set(others))
    history = tuple(Exchange("user", text) for text in asked_before)
    async with company(documents, quick) as made, open_chain(made.settings, made.index) as chain:
        turn = Turn(message, history)
        reply = await chain(turn)
        text = await reply.read()
    may = readable(documents, groups)
    assert {citation.passage.source for citation in reply.outcome.citations} <= {"hello.md", *(f"{n}.md" for n in may)}
    told = "\n".join([text, reply.outcome.reason, *turn.trace.notes])
    known = "\n".join([*(TEXTS[name] for name in may), question, *asked_before])
    assert [secret for secret in SECRETS if secret in told and secret not in known] == []
    assert not any(f"{name}.md" in told for name in documents.keys() - may.keys())


steps = st.lists(
    st.tuples(questions, readers, st.sampled_from(["", "C1", "C2"]), st.booleans()), min_size=2, max_size=5
)
"""Questions: who asks, in which channel (none: alone with the assistant), and whether below what was said there."""


@examples
@given(documents=companies, steps=steps, members=st.tuples(readers, readers))
async def test_one_after_the_other_in_several_places(
    quick: Embedder,
    documents: Documents,
    steps: list[tuple[str, tuple[str, ...], str, bool]],
    members: tuple[tuple[str, ...], tuple[str, ...]],
) -> None:
    """Nothing that was kept of an answer to some comes before others: of one chain with a cache, in threads."""
    readers_of = dict(zip(("C1", "C2"), members, strict=True))
    said: dict[str, list[Exchange]] = {}
    async with company(documents, quick, LISTS) as made, open_chain(made.settings, made.index) as chain:
        for number, (question, asker, channel, follows) in enumerate(steps):
            place = Place("slack", channel=channel, direct=not channel, groups=readers_of.get(channel, ()))
            message = Message(str(number), question, Person(f"u{asker}", "Sam", asker), place)
            thread = said.setdefault(channel or f"with {asker}", [])
            history = tuple(thread) if follows else ()
            turn = Turn(message, history)
            reply = await chain(turn)
            text = await reply.read()
            thread += [Exchange("user", question), Exchange("assistant", text)]
            groups = set(message.audience)
            may = readable(documents, tuple(groups))
            files = {"hello.md", *(f"{name}.md" for name in may)}
            named = {passage.source for search in turn.trace.searches for passage in search.passages}
            assert named | {citation.passage.source for citation in reply.outcome.citations} <= files
            told = "\n".join([text, reply.outcome.reason, *turn.trace.notes])
            known = "\n".join([*(TEXTS[name] for name in may), *(exchange.text for exchange in history), question])
            known += CANNED if "hr" in groups else ""
            assert [secret for secret in SECRETS if secret in told and secret not in known] == []


async def test_in_a_channel_only_what_all_of_it_may_read_is_used(quick: Embedder) -> None:
    """A manager asks the same in a conversation of their own, among managers, and in everybody's channel."""
    question = "What is the salary band of a team lead?"
    places = {
        "direct": Place("slack", direct=True),
        "managers": Place("slack", channel="C1", groups=("board",)),
        "unknown": Place("slack", channel="C2"),
        "another": Place("slack", channel="C3", groups=("hr",)),
    }
    answers = {}
    async with company({"pay": ("board",)}, quick) as made, open_chain(made.settings, made.index) as chain:
        for name, place in places.items():
            message = Message(name, question, Person("u1", "Sam", ("board", "staff")), place)
            answers[name] = await (await chain(Turn(message))).read()
    assert {name for name, text in answers.items() if "band seven" in text} == {"direct", "managers"}
    assert answers["unknown"] == answers["another"]


async def test_one_reader_after_the_other(quick: Embedder) -> None:
    """Nothing that was kept from one search is used for a reader who may not read it."""
    async with company({"pay": ("board",), "raise": ("hr",), "leave": ()}, quick) as made:
        for groups in (("board",), (), ("hr",), ("board", "hr"), ("hr", "board"), (), ("Board",), ("board ",)):
            found = await made.index.search("salary of a team lead", groups, 50, 50)
            expected = {"hello.md", "leave.md"}
            expected |= {"pay.md"} if "board" in groups else set()
            expected |= {"raise.md"} if "hr" in groups else set()
            assert {passage.source for passage in found.passages} == expected


@settings(examples, max_examples=8)
@given(documents=companies, closed=st.sets(st.sampled_from(sorted(TEXTS)), min_size=1), groups=readers)
async def test_what_the_settings_close_leaves_no_trace_even_before_the_next_run(
    quick: Embedder, documents: Documents, closed: set[str], groups: tuple[str, ...]
) -> None:
    """Nobody finds it until it has been read again, and its words weigh nothing; put back, all is as it was."""
    left = {name: who for name, who in documents.items() if name not in closed}
    without = await answers(left, quick, groups, 50)
    async with company(documents, quick) as made:
        before = [await made.index.search(question, groups, 50, 50) for question in QUESTIONS[:4]]
        narrowed = made.settings.knowledge.model_copy(update={"audience": {f"{name}.md": ["board"] for name in closed}})
        made.index.use(replace(made.settings, knowledge=narrowed))
        found = [await made.index.search(question, groups, 50, 50) for question in QUESTIONS]
        assert [found_as_dict(some) for some in found] == [found_as_dict(some) for some in without]
        assert await made.index.readable(groups) == 1 + len(readable(left, groups))
        made.index.use(made.settings)
        again = [await made.index.search(question, groups, 50, 50) for question in QUESTIONS[:4]]
        assert [found_as_dict(some) for some in again] == [found_as_dict(some) for some in before]
        made.index.use(replace(made.settings, knowledge=narrowed))
        await made.index.search("hotel", groups)
        await made.index.sync()
        sources = {passage.source for passage in (await made.index.search("hotel", groups, 50, 50)).passages}
        now = {name: who or (("board",) if name in closed else ()) for name, who in documents.items()}
        assert sources == {"hello.md", *(f"{name}.md" for name in readable(now, groups))}
        assert await made.index.readable(groups) == len(sources)


async def test_a_slip_of_the_keyboard_is_not_mended_by_a_word_that_the_settings_have_closed(quick: Embedder) -> None:
    async with company({"travel": ()}, quick) as without:
        expected = await without.index.search("projct hreon brightwatr")
    async with company({"travel": (), "merger": ()}, quick) as made:
        assert found_as_dict(await made.index.search("projct hreon brightwatr")) != found_as_dict(expected)
        narrowed = made.settings.knowledge.model_copy(update={"audience": {"merger.md": ["board"]}})
        made.index.use(replace(made.settings, knowledge=narrowed))
        assert found_as_dict(await made.index.search("projct hreon brightwatr")) == found_as_dict(expected)


async def test_an_audience_that_becomes_smaller_holds_at_once(quick: Embedder) -> None:
    async with company({"leave": ()}, quick) as made:
        assert "leave.md" in {p.source for p in (await made.index.search("annual leave")).passages}
        path = made.settings.home.documents / "leave.md"
        path.write_text(f"---\naudience: [hr]\n---\n{path.read_text()}")
        await made.index.sync()
        assert "leave.md" not in {p.source for p in (await made.index.search("annual leave")).passages}
        assert "leave.md" in {p.source for p in (await made.index.search("annual leave", ["hr"])).passages}
