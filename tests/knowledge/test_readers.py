import asyncio

from knowledge.readers import Readers
from settings.tasks import running


async def test_waiting_ends_with_those_who_were_reading_and_not_with_later_ones() -> None:
    readers = Readers()
    first_may_end, events = asyncio.Event(), list[str]()

    async def first() -> None:
        with readers.reading():
            await first_may_end.wait()
            events.append("read")

    async def wait() -> None:
        await readers.gone()
        events.append("gone")

    async with running(first()) as reading:
        await asyncio.sleep(0)
        async with running(wait()) as waiting:
            await asyncio.sleep(0)
            with readers.reading():
                assert events == []
                first_may_end.set()
                await waiting
            await reading
    assert events == ["read", "gone"]


async def test_nobody_reading_is_no_wait() -> None:
    await asyncio.wait_for(Readers().gone(), 5)
