import pytest

from plugins.contract import CallNext, Reply, Turn
from plugins.reply_check import check_reply, in_words


async def nothing(turn: Turn) -> Reply:
    return Reply()


async def forgets_twice(call_next: CallNext, turn: Turn) -> None:
    called = call_next(turn)
    try:
        await called.read()  # type: ignore[attr-defined]
    finally:
        called.close()  # type: ignore[attr-defined]


async def forgets_in_a_loop(call_next: CallNext, turn: Turn) -> None:
    called = call_next(turn)
    try:
        async for _ in called:  # type: ignore[attr-defined]
            pass
    finally:
        called.close()  # type: ignore[attr-defined]


async def returns_it(call_next: CallNext, turn: Turn) -> None:
    check_reply(call_next(turn))


@pytest.mark.parametrize(
    ("slip", "words"),
    [
        (forgets_twice, "AttributeError: 'coroutine' object has no attribute 'read': is an `await` missing?"),
        (
            forgets_in_a_loop,
            "TypeError: 'async for' requires an object with __aiter__ method, got coroutine: is an `await` missing?",
        ),
        (returns_it, "TypeError: returned coroutine, not a Reply: is an `await` missing?"),
    ],
)
async def test_a_forgotten_await_is_asked_for(slip: object, words: str) -> None:
    turn: Turn = None  # type: ignore[assignment]  # nobody looks at it
    with pytest.raises((TypeError, AttributeError)) as raised:
        await slip(nothing, turn)  # type: ignore[operator]
    assert in_words(raised.value) == words


def test_other_failures_are_named_as_they_are() -> None:
    assert in_words(ValueError("the coroutine of the day")) == "ValueError: the coroutine of the day"
    assert in_words(TypeError("returned str, not a Reply")) == "TypeError: returned str, not a Reply"
    assert in_words(OSError("away\n  for ever")) == "OSError: away for ever"
