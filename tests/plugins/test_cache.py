from collections.abc import Callable
from dataclasses import replace

import pytest

from knowledge import Passage
from plugins.cache import Cache, CacheOptions
from plugins.contract import (
    Citation,
    Context,
    Exchange,
    Outcome,
    Person,
    Place,
    Prompt,
    Reply,
    Status,
    Turn,
    Usage,
)
from tests.plugins.parts import Time, ask, make_passage, streamed

PASSAGES = (make_passage(1), make_passage(2))
ANSWERED = Outcome(citations=(Citation(1, PASSAGES[0]),), model="main", usage=Usage(900, 30), cost_usd=0.01)


def asked(text: str = "how much leave do I have?", **fields: object) -> Turn:
    return ask(text, passages=PASSAGES).with_(**fields)


class Counting:
    """Answers each call in pieces and with its number."""

    def __init__(self, outcome: Outcome = ANSWERED) -> None:
        self.calls = 0
        self.outcome = outcome

    async def __call__(self, turn: Turn) -> Reply:
        self.calls += 1
        return streamed("Answer ", f"{self.calls} [1].", self.outcome)


async def said(cache: Cache, turn: Turn, inside: Callable[[Turn], object]) -> str:
    return await (await cache(turn, inside)).read()  # type: ignore[arg-type]


async def test_the_same_question_is_answered_once_and_costs_once(context: Context) -> None:
    cache, inside, again = Cache(CacheOptions(), context), Counting(), asked()
    assert await said(cache, asked(), inside) == "Answer 1 [1]."
    reply = await cache(again, inside)
    assert await reply.read() == "Answer 1 [1]."
    assert inside.calls == 1
    assert reply.outcome == replace(ANSWERED, usage=Usage(), cost_usd=0.0)
    assert again.trace.events == ["cache: hit"]
    assert again.trace.notes == ["cache: answered as “how much leave do I have?” was, its sources are the same"]


@pytest.mark.parametrize("text", ["HOW MUCH leave do i have", "Hi, can you tell me how much leave do I have? Thanks!"])
async def test_near_enough_is_the_same_question(context: Context, text: str) -> None:
    cache, inside = Cache(CacheOptions(), context), Counting()
    await said(cache, asked(), inside)
    assert await said(cache, asked(text), inside) == "Answer 1 [1]."


CHANGED = (make_passage(1), replace(make_passage(2), version="2"))


def by(place: Place | None = None, groups: tuple[str, ...] = ()) -> Turn:
    turn = asked()
    place = place or turn.message.place
    return turn.with_(message=replace(turn.message, person=Person("u1", "", groups), place=place))


@pytest.mark.parametrize(
    "other",
    [
        asked("how much leave do I not have?"),
        asked(passages=CHANGED),
        asked(passages=PASSAGES[:1]),
        asked(prompt=Prompt(("Another persona",))),
        asked(route="tone"),
        by(groups=("managers",)),
        by(Place("slack", direct=True)),
        by(Place("terminal", channel="C1")),
    ],
    ids=["words", "version", "passages", "persona", "route", "groups", "platform", "channel"],
)
async def test_whatever_an_answer_depends_on_makes_another_one(context: Context, other: Turn) -> None:
    cache, inside = Cache(CacheOptions(), context), Counting()
    await said(cache, asked(), inside)
    assert await said(cache, other, inside) == "Answer 2 [1]."
    assert await said(cache, asked(), inside) == "Answer 1 [1].", "the first is still kept"


async def test_two_channels_with_other_readers_share_nothing(context: Context) -> None:
    cache, inside = Cache(CacheOptions(), context), Counting()
    open_, closed = Place("slack", channel="C1"), Place("slack", channel="C1", groups=("managers",))
    await said(cache, by(closed, ("managers",)), inside)
    await said(cache, by(open_, ("managers",)), inside)
    assert inside.calls == 2


MANY = tuple(make_passage(number) for number in range(1, 6))
LAST = replace(ANSWERED, citations=(Citation(5, MANY[4]),))


@pytest.mark.parametrize(
    ("passages", "outcome", "calls"),
    [
        ((*MANY[:3], make_passage(9), MANY[4]), LAST, 1),
        (MANY[:4], LAST, 2),
        ((*MANY[:4], replace(MANY[4], version="2")), LAST, 2),
        ((*MANY[:2], make_passage(9), *MANY[2:]), LAST, 2),
    ],
    ids=["another that is not cited", "cited one gone", "cited one changed", "a better one"],
)
async def test_the_best_passages_and_the_cited_ones_have_to_be_the_same(
    context: Context, passages: tuple[Passage, ...], outcome: Outcome, calls: int
) -> None:
    cache, inside = Cache(CacheOptions(), context), Counting(outcome)
    await said(cache, asked(passages=MANY), inside)
    await said(cache, asked(passages=passages), inside)
    assert inside.calls == calls


@pytest.mark.parametrize("status", ["abstained", "degraded", "refused"])
async def test_what_is_no_full_answer_is_not_kept(context: Context, status: Status) -> None:
    cache, inside = Cache(CacheOptions(), context), Counting(replace(ANSWERED, status=status))
    await said(cache, asked(), inside)
    assert await said(cache, asked(), inside) == "Answer 2 [1]."


async def test_an_answer_without_a_source_is_not_kept(context: Context) -> None:
    cache, inside = Cache(CacheOptions(), context), Counting(replace(ANSWERED, citations=()))
    await said(cache, asked(), inside)
    await said(cache, asked(), inside)
    assert inside.calls == 2


async def test_a_follow_up_is_answered_anew(context: Context) -> None:
    cache, inside = Cache(CacheOptions(), context), Counting()
    for _ in range(2):
        await said(cache, asked(history=(Exchange("user", "parental leave?"),)), inside)
        await said(cache, asked(question="how much parental leave?"), inside)
        await said(cache, asked(passages=()), inside)
    assert inside.calls == 6


async def test_a_stream_that_breaks_or_is_left_is_not_kept(context: Context) -> None:
    cache, inside = Cache(CacheOptions(), context), Counting()

    async def breaking(turn: Turn) -> Reply:
        return streamed("Half an ", ConnectionError("gone"))

    with pytest.raises(ConnectionError):
        await said(cache, asked(), breaking)
    async for _ in await cache(asked(), inside):
        break
    assert await said(cache, asked(), inside) == "Answer 2 [1]."


async def test_an_answer_grows_old(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    time, cache, inside = Time(monkeypatch), Cache(CacheOptions(minutes=10), context), Counting()
    await said(cache, asked(), inside)
    time.now += 599
    assert await said(cache, asked(), inside) == "Answer 1 [1]."
    time.now += 2
    assert await said(cache, asked(), inside) == "Answer 2 [1]."


async def test_no_more_is_kept_than_allowed_and_what_was_asked_last_stays(context: Context) -> None:
    cache, inside = Cache(CacheOptions(entries=2), context), Counting()
    for text in ("one", "two", "one", "three"):
        await said(cache, asked(text), inside)
    assert inside.calls == 3
    assert await said(cache, asked("one"), inside) == "Answer 1 [1]."
    assert await said(cache, asked("two"), inside) == "Answer 4 [1]."
