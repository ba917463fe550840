import pytest
from pydantic import ValidationError

from plugins.contract import Context, Exchange
from plugins.history import History, HistoryOptions
from tests.plugins.parts import Inside, ask

THREAD = tuple(Exchange("user" if number % 2 else "assistant", f"message {number}") for number in range(1, 7))


async def kept(context: Context, thread: tuple[Exchange, ...] = THREAD, **options: int) -> list[str]:
    inside = Inside()
    await History(HistoryOptions(**options), context)(ask(history=thread), inside)
    return [exchange.text for exchange in inside.turns[0].history]


async def test_a_short_thread_is_kept_whole(context: Context) -> None:
    assert await kept(context) == [f"message {number}" for number in range(1, 7)]


@pytest.mark.parametrize("messages", [1, 2, 5, 6, 7, 100])
async def test_of_a_long_thread_the_latest_messages_are_kept_in_order(context: Context, messages: int) -> None:
    assert await kept(context, messages=messages) == [f"message {number}" for number in range(1, 7)][-messages:]


async def test_no_messages_means_none(context: Context) -> None:
    assert await kept(context, messages=0) == []


async def test_text_beyond_the_limit_drops_the_oldest_messages_whole(context: Context) -> None:
    assert await kept(context, characters=3 * len("message 1")) == ["message 4", "message 5", "message 6"]
    assert await kept(context, characters=3 * len("message 1") - 1) == ["message 5", "message 6"]


async def test_a_message_longer_than_the_limit_is_dropped_too(context: Context) -> None:
    assert await kept(context, (Exchange("user", "x" * 50),), characters=49) == []


async def test_an_empty_thread_stays_empty(context: Context) -> None:
    assert await kept(context, ()) == []


def test_negative_limits_are_refused() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        HistoryOptions(messages=-1)
