import asyncio
import logging
import re
import traceback
from collections.abc import AsyncIterator

import pytest

from plugins.chain import Chain, Step
from plugins.contract import CallNext, Citation, Context, Outcome, Pieces, Replace, Reply, StopChain, Turn
from settings.tasks import running
from tests.plugins.parts import CONTACT, Handler, Time, ask, make_passage, make_plugin, streamed

SHORT = 0.05
LONG = 0.3
"""More than SHORT, on however busy a machine."""


@pytest.fixture
def step(context: Context) -> "StepMaker":
    return StepMaker(context)


class StepMaker:
    """Makes steps of functions."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def __call__(self, name: str, handler: Handler, *, required: bool = False, seconds: float = 60.0) -> Step:
        return Step(name, make_plugin(handler, self._context, required=required), seconds)


def chain(*steps: Step, deadline: float = 60.0) -> Chain:
    return Chain(steps, CONTACT, deadline)


async def read(made: Chain, turn: Turn | None = None) -> tuple[str, Outcome]:
    reply = await made(turn or ask())
    return await reply.read(), reply.outcome


async def forever() -> None:
    await asyncio.Event().wait()


async def answers(turn: Turn, call_next: CallNext) -> Reply:
    return streamed("five ", "weeks", Outcome("answered", model="main"))


async def passes(turn: Turn, call_next: CallNext) -> Reply:
    return await call_next(turn)


async def fails_before(turn: Turn, call_next: CallNext) -> Reply:
    raise ValueError("broken before")


async def fails_after(turn: Turn, call_next: CallNext) -> Reply:
    await call_next(turn)
    raise ValueError("broken after")


async def waits_before(turn: Turn, call_next: CallNext) -> Reply:
    await forever()
    return await call_next(turn)


async def waits_after(turn: Turn, call_next: CallNext) -> Reply:
    reply = await call_next(turn)
    await forever()
    return reply


class Recorder:
    """Plugins that note when they begin and when they end."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def around(self, name: str) -> Handler:
        async def handler(turn: Turn, call_next: CallNext) -> Reply:
            self.events.append(f"{name} begins")
            reply = await call_next(turn)
            self.events.append(f"{name} ends")
            return reply

        return handler

    def instead(self, name: str, reply: Reply) -> Handler:
        async def handler(turn: Turn, call_next: CallNext) -> Reply:
            self.events.append(name)
            return reply

        return handler


# order


async def test_the_first_of_the_list_is_the_outermost_and_code_after_call_next_runs_in_reverse(step: StepMaker) -> None:
    seen = Recorder()
    made = chain(
        step("a", seen.around("a")), step("b", seen.around("b")), step("c", seen.instead("c", Reply("five weeks")))
    )
    assert (await read(made))[0] == "five weeks"
    assert seen.events == ["a begins", "b begins", "c", "b ends", "a ends"]


async def test_a_plugin_that_answers_itself_ends_the_chain(step: StepMaker) -> None:
    seen = Recorder()
    made = chain(step("a", seen.instead("a", Reply("mine"))), step("b", seen.around("b")), step("c", answers))
    assert (await read(made))[0] == "mine"
    assert seen.events == ["a"]


async def test_a_changed_turn_reaches_the_plugins_inside_only(step: StepMaker) -> None:
    routes: list[str] = []

    async def reroutes(turn: Turn, call_next: CallNext) -> Reply:
        reply = await call_next(turn.with_(route="other"))
        routes.append(turn.route)
        return reply

    async def notes(turn: Turn, call_next: CallNext) -> Reply:
        routes.append(turn.route)
        return await call_next(turn)

    await read(chain(step("a", notes), step("b", reroutes), step("c", notes), step("d", answers)))
    assert routes == ["answer", "other", "answer"]


async def test_the_reply_arrives_piece_by_piece(step: StepMaker) -> None:
    may_end = asyncio.Event()

    async def pieces() -> AsyncIterator[str | Outcome]:
        yield "five "
        await may_end.wait()
        yield "weeks"

    async def slowly(turn: Turn, call_next: CallNext) -> Reply:
        return Reply(pieces=pieces())

    arriving = aiter(await chain(step("outer", passes), step("answer", slowly))(ask()))
    assert await anext(arriving) == "five "
    may_end.set()
    assert [piece async for piece in arriving] == ["weeks"]


async def test_an_empty_chain_ends_in_a_refusal_that_names_the_contact() -> None:
    text, outcome = await read(chain())
    assert outcome == Outcome("refused", "no plugin of the chain answers questions")
    assert CONTACT in text


async def test_a_chain_in_which_nobody_answers_ends_in_a_refusal(step: StepMaker) -> None:
    assert (await read(chain(step("a", passes))))[1].status == "refused"


# failing plugins


async def test_a_plugin_that_fails_before_calling_on_is_skipped_and_named_in_the_log(
    step: StepMaker, caplog: pytest.LogCaptureFixture
) -> None:
    text, outcome = await read(chain(step("bad", fails_before), step("answer", answers)))
    assert (text, outcome.model) == ("five weeks", "main")
    [record] = caplog.records
    assert re.fullmatch(r"plugin bad failed: ValueError: broken before \(/.*/test_chain\.py:\d+\)", record.getMessage())


async def test_the_log_has_the_plugins_own_part_of_the_traceback(
    step: StepMaker, caplog: pytest.LogCaptureFixture
) -> None:
    await read(chain(step("outer", passes), step("bad", fails_before), step("answer", answers)))
    [record] = caplog.records
    assert record.exc_info is not None
    assert [frame.name for frame in traceback.extract_tb(record.exc_info[2])] == ["fails_before"]


async def test_a_plugin_that_fails_after_calling_on_keeps_the_reply_from_inside(step: StepMaker) -> None:
    calls = Recorder()
    made = chain(step("bad", fails_after), step("answer", calls.instead("answer", Reply("five weeks"))))
    assert (await read(made))[0] == "five weeks"
    assert calls.events == ["answer"]


@pytest.mark.parametrize("pieces_read", [0, 1, 2, 3])
async def test_the_reply_is_kept_whole_however_much_of_it_the_failing_plugin_has_read(
    step: StepMaker, pieces_read: int
) -> None:
    async def fails_reading(turn: Turn, call_next: CallNext) -> Reply:
        pieces = aiter(await call_next(turn))
        for _ in range(pieces_read):
            await anext(pieces, None)
        raise ValueError("broken")

    text, outcome = await read(chain(step("bad", fails_reading), step("answer", answers)))
    assert (text, outcome) == ("five weeks", Outcome("answered", model="main"))


async def test_every_failing_plugin_is_skipped_by_itself(step: StepMaker) -> None:
    made = chain(step("a", fails_after), step("b", fails_before), step("c", fails_after), step("answer", answers))
    assert (await read(made))[0] == "five weeks"


@pytest.mark.parametrize("wrong", [None, "five weeks", Outcome()])
async def test_returning_something_that_is_no_reply_is_a_failure(step: StepMaker, wrong: object) -> None:
    async def returns(turn: Turn, call_next: CallNext) -> object:
        return wrong

    turn = ask()
    assert (await read(chain(step("bad", returns), step("answer", answers)), turn))[0] == "five weeks"
    assert {entry.plugin: entry.error for entry in turn.trace.plugins}["bad"] == (
        f"TypeError: returned {type(wrong).__name__}, not a Reply"
    )


@pytest.mark.parametrize(
    ("handler", "reached"), [(fails_before, False), (waits_before, False), (fails_after, True), (waits_after, True)]
)
async def test_a_required_plugin_that_fails_ends_the_turn_with_a_refusal(
    step: StepMaker, handler: Handler, reached: bool
) -> None:
    seen = Recorder()
    inside = step("answer", seen.instead("answer", Reply("secret")))
    text, outcome = await read(chain(step("guard", handler, required=True, seconds=SHORT), inside))
    assert outcome == Outcome("refused", "the required plugin guard failed")
    assert "secret" not in text
    assert CONTACT in text
    assert bool(seen.events) == reached


async def test_a_failing_plugin_around_a_required_one_does_not_get_past_it(step: StepMaker) -> None:
    made = chain(step("bad", fails_after), step("guard", fails_before, required=True), step("answer", answers))
    assert (await read(made))[1].status == "refused"


async def test_an_answering_plugin_that_fails_leaves_a_refusal(step: StepMaker) -> None:
    text, outcome = await read(chain(step("answer", fails_before)))
    assert outcome.status == "refused"
    assert CONTACT in text


# time limits


async def test_a_plugin_over_its_time_limit_is_skipped(step: StepMaker, caplog: pytest.LogCaptureFixture) -> None:
    text, _ = await read(chain(step("slow", waits_before, seconds=SHORT), step("answer", answers)))
    assert text == "five weeks"
    [record] = caplog.records
    assert re.fullmatch(r"plugin slow failed: took over 0.05 s \(/.*/test_chain\.py:\d+\)", record.getMessage())


async def test_a_plugin_that_dawdles_after_calling_on_keeps_the_reply_from_inside(step: StepMaker) -> None:
    text, _ = await read(chain(step("slow", waits_after, seconds=SHORT), step("answer", answers)))
    assert text == "five weeks"


async def test_the_clock_of_a_plugin_stands_still_while_the_plugins_inside_it_work(step: StepMaker) -> None:
    async def slow_answer(turn: Turn, call_next: CallNext) -> Reply:
        await asyncio.sleep(LONG)
        return Reply("five weeks")

    async def shouts(turn: Turn, call_next: CallNext) -> Reply:
        return Reply((await (await call_next(turn)).read()).upper())

    assert (await read(chain(step("a", shouts, seconds=SHORT), step("b", slow_answer))))[0] == "FIVE WEEKS"


async def test_the_clock_of_a_plugin_stands_still_while_it_reads_a_reply_that_comes_slowly(step: StepMaker) -> None:
    async def pieces() -> AsyncIterator[str | Outcome]:
        yield "five "
        await asyncio.sleep(LONG)
        yield "weeks"

    async def slow_answer(turn: Turn, call_next: CallNext) -> Reply:
        return Reply(pieces=pieces())

    async def shouts(turn: Turn, call_next: CallNext) -> Reply:
        return Reply((await (await call_next(turn)).read()).upper())

    text, _ = await read(chain(step("shout", shouts, seconds=SHORT), step("answer", slow_answer)))
    assert text == "FIVE WEEKS"


async def test_the_time_before_and_after_calling_on_counts_together(step: StepMaker) -> None:
    async def dawdles(turn: Turn, call_next: CallNext) -> Reply:
        await asyncio.sleep(0.2)
        await call_next(turn)
        await asyncio.sleep(0.2)
        return Reply("too late")

    assert (await read(chain(step("slow", dawdles, seconds=0.3), step("answer", answers))))[0] == "five weeks"


async def test_a_timeout_of_the_plugins_own_is_an_error_like_any_other(step: StepMaker) -> None:
    async def times_out(turn: Turn, call_next: CallNext) -> Reply:
        raise TimeoutError("the calendar did not answer")

    turn = ask()
    await read(chain(step("bad", times_out), step("answer", answers)), turn)
    assert {entry.error for entry in turn.trace.plugins} == {"", "TimeoutError: the calendar did not answer"}


# the deadline of the turn


async def test_the_deadline_ends_in_a_reply_that_names_the_contact(step: StepMaker) -> None:
    text, outcome = await read(chain(step("a", passes), step("answer", waits_before), deadline=SHORT))
    assert outcome == Outcome("refused", "no answer within 0.05 seconds")
    assert text == f"I could not answer this: no answer within 0.05 seconds. Please ask {CONTACT}."


async def test_the_deadline_in_mid_stream_keeps_what_was_said_and_names_the_contact(step: StepMaker) -> None:
    ended: list[bool] = []

    async def pieces() -> AsyncIterator[str | Outcome]:
        try:
            yield "five "
            await forever()
        finally:
            ended.append(True)

    async def stalls(turn: Turn, call_next: CallNext) -> Reply:
        return Reply(pieces=pieces())

    text, outcome = await read(chain(step("a", passes), step("answer", stalls), deadline=SHORT))
    assert outcome.status == "refused"
    assert text == f"five \n\n(The answer breaks off here: no answer within 0.05 seconds. Please ask {CONTACT}.)"
    assert ended == [True]


async def test_a_timeout_in_the_stream_is_not_taken_for_the_deadline(step: StepMaker) -> None:
    async def breaks(turn: Turn, call_next: CallNext) -> Reply:
        return streamed("five ", TimeoutError("a socket"))

    assert (await read(chain(step("answer", breaks))))[1].reason == "an internal error (TimeoutError)"


# streams


@pytest.mark.parametrize("said", ["", "five "])
async def test_a_stream_that_breaks_ends_in_a_refusal_that_names_the_contact(step: StepMaker, said: str) -> None:
    async def breaks(turn: Turn, call_next: CallNext) -> Reply:
        return streamed(said, ValueError("token=abc"), "weeks")

    text, outcome = await read(chain(step("a", passes), step("answer", breaks)))
    assert outcome == Outcome("refused", "an internal error (ValueError)")
    assert text.startswith(said)
    assert ("breaks off here" in text) == bool(said)
    assert CONTACT in text
    assert "token=abc" not in text


async def test_a_stream_that_breaks_in_the_hands_of_another_plugin_ends_in_a_refusal(step: StepMaker) -> None:
    async def reads(turn: Turn, call_next: CallNext) -> Reply:
        return Reply(await (await call_next(turn)).read())

    async def breaks(turn: Turn, call_next: CallNext) -> Reply:
        return streamed("five ", ValueError("broken"))

    text, outcome = await read(chain(step("reads", reads), step("answer", breaks)))
    assert outcome.status == "refused"
    assert CONTACT in text


async def test_a_plugin_may_change_the_stream_of_the_plugins_inside_it(step: StepMaker) -> None:
    async def shouting(reply: Reply) -> Pieces:
        async for piece in reply:
            yield Replace(piece.text.upper()) if isinstance(piece, Replace) else piece.upper()
        yield reply.outcome

    async def shouts(turn: Turn, call_next: CallNext) -> Reply:
        return Reply(pieces=shouting(await call_next(turn)))

    text, outcome = await read(chain(step("shout", shouts), step("answer", answers)))
    assert (text, outcome.model) == ("FIVE WEEKS", "main")


SOURCE = Citation(1, make_passage(1))
FOUND = Outcome("answered", citations=(SOURCE,), model="main", cost_usd=0.5)
NOT_FOUND = Outcome("abstained", "the documents do not say")


async def _with_footer(reply: Reply) -> Pieces:
    async for piece in reply:
        yield piece
    yield "!"


async def streams_a_footer(turn: Turn, call_next: CallNext) -> Reply:
    return Reply(pieces=_with_footer(await call_next(turn)))


async def adds_a_footer(turn: Turn, call_next: CallNext) -> Reply:
    return Reply(await (await call_next(turn)).read() + "!")


@pytest.mark.parametrize("plugin", [streams_a_footer, adds_a_footer])
@pytest.mark.parametrize("outcome", [FOUND, NOT_FOUND])
@pytest.mark.parametrize("at_once", [True, False])
async def test_an_outcome_that_a_plugin_does_not_give_is_that_of_the_reply_inside(
    step: StepMaker, plugin: Handler, outcome: Outcome, at_once: bool
) -> None:
    async def finds(turn: Turn, call_next: CallNext) -> Reply:
        return Reply("weeks", outcome) if at_once else streamed("five ", Replace("weeks"), outcome)

    assert await read(chain(step("footer", plugin), step("again", plugin), step("answer", finds))) == (
        "weeks!!",
        outcome,
    )


@pytest.mark.parametrize("plugin", [streams_a_footer, adds_a_footer])
async def test_an_outcome_that_is_given_counts(step: StepMaker, plugin: Handler) -> None:
    async def finds(turn: Turn, call_next: CallNext) -> Reply:
        return streamed("five", NOT_FOUND)

    async def helps(turn: Turn, call_next: CallNext) -> Reply:
        await (await call_next(turn)).read()
        return Reply("Ask Kim.", Outcome("answered"))

    assert (await read(chain(step("footer", plugin), step("helps", helps), step("answer", finds))))[1] == Outcome()


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_plugin_that_never_called_on_has_answered(step: StepMaker, at_once: bool) -> None:
    async def replies(turn: Turn, call_next: CallNext) -> Reply:
        return Reply("five") if at_once else streamed("fi", Replace("five"))

    async def abstains(turn: Turn, call_next: CallNext) -> Reply:
        return Reply("no", NOT_FOUND)

    assert await read(chain(step("replies", replies), step("answer", abstains))) == ("five", Outcome("answered"))


async def test_a_reply_inside_that_was_not_read_to_its_end_has_no_say(step: StepMaker) -> None:
    async def finds(turn: Turn, call_next: CallNext) -> Reply:
        return streamed("five ", "weeks", NOT_FOUND)

    async def first_word(reply: Reply) -> Pieces:
        async for piece in reply:
            yield piece
            break

    async def cuts(turn: Turn, call_next: CallNext) -> Reply:
        return Reply(pieces=first_word(await call_next(turn)))

    assert await read(chain(step("cuts", cuts), step("answer", finds))) == ("five ", Outcome())


@pytest.mark.parametrize("said", ["", "FIVE "])
async def test_a_plugin_that_breaks_in_its_own_stream_keeps_the_reply_from_inside(step: StepMaker, said: str) -> None:
    async def shouting(reply: Reply) -> Pieces:
        async for _ in reply:
            if said:
                yield said
            raise ValueError("hoarse")

    async def shouts(turn: Turn, call_next: CallNext) -> Reply:
        return Reply(pieces=shouting(await call_next(turn)))

    turn = ask()
    text, outcome = await read(chain(step("shout", shouts), step("answer", answers)), turn)
    assert (text, outcome.model) == ("five weeks", "main")
    assert [record.error for record in turn.trace.plugins] == ["", "ValueError: hoarse"]


async def test_a_plugin_that_breaks_in_its_stream_before_calling_on_is_skipped(step: StepMaker) -> None:
    async def late(turn: Turn, call_next: CallNext) -> Reply:
        async def pieces() -> Pieces:
            yield "wait"
            raise ValueError("too late")

        return Reply(pieces=pieces())

    assert (await read(chain(step("late", late), step("answer", answers))))[0] == "five weeks"


async def test_a_required_plugin_that_breaks_in_its_stream_takes_back_what_it_said(step: StepMaker) -> None:
    async def guarding(reply: Reply) -> Pieces:
        async for piece in reply:
            yield piece
            raise ValueError("broken")

    async def guards(turn: Turn, call_next: CallNext) -> Reply:
        return Reply(pieces=guarding(await call_next(turn)))

    text, outcome = await read(chain(step("guard", guards, required=True), step("answer", answers)))
    assert outcome == Outcome("refused", "the required plugin guard failed")
    assert "five" not in text
    assert CONTACT in text


async def test_a_replacement_passes_through_every_plugin(step: StepMaker) -> None:
    async def breaks_off(turn: Turn, call_next: CallNext) -> Reply:
        return streamed("five ", Replace("six "), "weeks", Outcome())

    text, _ = await read(chain(step("a", passes), step("answer", breaks_off)))
    assert text == "six weeks"


async def test_plugins_are_told_when_the_turn_has_to_end(step: StepMaker) -> None:
    async def tells(turn: Turn, call_next: CallNext) -> Reply:
        return Reply(str(round(turn.deadline - asyncio.get_running_loop().time())))

    assert (await read(chain(step("answer", tells), deadline=50)))[0] == "50"


async def test_a_plugin_may_call_on_while_its_own_reply_is_read(step: StepMaker) -> None:
    async def pieces(turn: Turn, call_next: CallNext) -> AsyncIterator[str | Outcome]:
        yield "Thinking… "
        yield await (await call_next(turn)).read()

    async def announces(turn: Turn, call_next: CallNext) -> Reply:
        return Reply(pieces=pieces(turn, call_next))

    assert (await read(chain(step("a", announces), step("answer", answers))))[0] == "Thinking… five weeks"


# calling on more than once


async def test_a_plugin_may_call_on_twice_and_the_latest_reply_is_kept(step: StepMaker) -> None:
    async def twice(turn: Turn, call_next: CallNext) -> Reply:
        await call_next(turn)
        await call_next(turn.with_(route="other"))
        raise ValueError("broken")

    async def names_route(turn: Turn, call_next: CallNext) -> Reply:
        return Reply(turn.route)

    assert (await read(chain(step("a", twice), step("b", names_route))))[0] == "other"


async def test_a_plugin_may_call_on_twice_at_once_and_its_clock_stands_still_for_both(step: StepMaker) -> None:
    async def both(turn: Turn, call_next: CallNext) -> Reply:
        replies = await asyncio.gather(call_next(turn), call_next(turn.with_(route="slow")))
        return Reply(" ".join([await reply.read() for reply in replies]))

    async def names_route(turn: Turn, call_next: CallNext) -> Reply:
        await asyncio.sleep(LONG if turn.route == "slow" else 0)
        return Reply(turn.route)

    assert (await read(chain(step("a", both, seconds=SHORT), step("b", names_route))))[0] == "answer slow"


# StopChain


async def test_stop_chain_from_however_deep_is_the_reply_that_outer_plugins_see(step: StepMaker) -> None:
    seen: list[str] = []

    def deep_down() -> None:
        raise StopChain(Reply("stopped", Outcome("refused", "closed")))

    async def half_way_down(turn: Turn) -> None:
        deep_down()

    async def stops(turn: Turn, call_next: CallNext) -> Reply:
        await half_way_down(turn)
        return await call_next(turn)

    async def outer(turn: Turn, call_next: CallNext) -> Reply:
        reply = await call_next(turn)
        seen.append(await reply.read())
        return reply

    turn = ask()
    text, outcome = await read(chain(step("outer", outer), step("stops", stops), step("answer", answers)), turn)
    assert (text, outcome) == ("stopped", Outcome("refused", "closed"))
    assert seen == ["stopped"]
    assert [(entry.plugin, entry.error) for entry in turn.trace.plugins] == [("stops", ""), ("outer", "")]


async def test_stop_chain_from_a_required_plugin_is_no_failure(step: StepMaker) -> None:
    async def stops(turn: Turn, call_next: CallNext) -> Reply:
        raise StopChain(Reply("stopped"))

    assert (await read(chain(step("guard", stops, required=True), step("answer", answers))))[0] == "stopped"


# cancellation


@pytest.mark.parametrize("where", ["before", "stream"])
async def test_a_cancelled_turn_ends_every_plugin_and_raises_out_of_the_chain(step: StepMaker, where: str) -> None:
    ended: list[str] = []
    reached = asyncio.Event()

    async def waits() -> None:
        try:
            reached.set()
            await forever()
        finally:
            ended.append("answer")

    async def pieces() -> AsyncIterator[str | Outcome]:
        yield "five "
        await waits()

    async def answer(turn: Turn, call_next: CallNext) -> Reply:
        if where == "before":
            await waits()
        return Reply(pieces=pieces())

    async def outer(turn: Turn, call_next: CallNext) -> Reply:
        try:
            return Reply(await (await call_next(turn)).read())
        finally:
            ended.append("outer")

    made = chain(step("outer", outer, required=True), step("answer", answer))
    async with running(read(made)) as task:
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert ended == ["answer", "outer"]


async def test_a_plugin_that_answers_its_own_cancellation_hangs_nothing(step: StepMaker) -> None:
    async def stubborn(turn: Turn, call_next: CallNext) -> Reply:
        try:
            await forever()
        except asyncio.CancelledError:
            return await call_next(turn)
        raise AssertionError("cannot be reached")

    text, _ = await read(chain(step("stubborn", stubborn, seconds=SHORT), step("answer", answers)))
    assert text == "five weeks"


# trace


async def test_the_trace_has_each_plugin_with_its_error_from_the_inside_out(
    step: StepMaker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    turn = ask()
    made = chain(step("a", passes), step("b", fails_before), step("c", fails_after), step("answer", answers))
    await read(made, turn)
    assert [(entry.plugin, entry.error) for entry in turn.trace.plugins] == [
        ("answer", ""),
        ("c", "ValueError: broken after"),
        ("b", "ValueError: broken before"),
        ("a", ""),
    ]


async def test_the_trace_has_each_plugins_own_time_also_while_it_streams(
    step: StepMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = Time(monkeypatch)

    async def pieces() -> AsyncIterator[str | Outcome]:
        time.now += 1
        yield "five "
        time.now += 2
        yield "weeks"

    async def answer(turn: Turn, call_next: CallNext) -> Reply:
        time.now += 4
        return Reply(pieces=pieces())

    async def outer(turn: Turn, call_next: CallNext) -> Reply:
        time.now += 8
        reply = await call_next(turn)
        time.now += 16
        return reply

    turn = ask()
    reply = await chain(step("idle", passes), step("outer", outer), step("answer", answer), deadline=1000)(turn)
    async for _ in reply:
        time.now += 100  # the reader's time is nobody's
    assert {entry.plugin: entry.seconds for entry in turn.trace.plugins} == {"answer": 7, "outer": 24, "idle": 0}
