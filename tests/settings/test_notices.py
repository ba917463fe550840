import asyncio

import pytest

from settings.notices import Notices
from settings.tasks import running


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_notice_reaches_every_target_and_the_log_without_a_key(caplog: pytest.LogCaptureFixture) -> None:
    notices = Notices()
    one: asyncio.Queue[str] = asyncio.Queue()
    two: asyncio.Queue[str] = asyncio.Queue()
    with notices.target(one.put), notices.target(two.put):
        async with running(notices.deliver()):
            notices.tell("broken: sk-proj-abcdefghijklmnopqrstuvwxyz")
            assert await one.get() == await two.get() == "broken: **********"
    assert "broken: **********" in caplog.text
    assert "sk-proj" not in caplog.text


async def test_the_same_notice_is_told_again_only_after_a_time() -> None:
    clock = Clock()
    notices = Notices(quiet_seconds=60, clock=clock)
    told: list[str] = []

    async def target(text: str) -> None:
        told.append(text)

    with notices.target(target):
        for now in (0, 30, 59, 61):
            clock.now = now
            notices.tell("the run failed")
            await notices.flush()
    assert told == ["the run failed"] * 2


async def test_a_flood_ends_in_one_line_that_says_so() -> None:
    notices = Notices(most=3)
    told: list[str] = []

    async def target(text: str) -> None:
        told.append(text)

    with notices.target(target):
        for number in range(10):
            notices.tell(f"trouble {number}")
        await notices.flush()
    assert told[:3] == ["trouble 0", "trouble 1", "trouble 2"]
    assert told[3:] == ["there is more to tell than a message each: look into the log"]


async def test_a_target_that_fails_costs_the_others_nothing(caplog: pytest.LogCaptureFixture) -> None:
    notices = Notices()
    told: list[str] = []

    async def broken(_: str) -> None:
        raise RuntimeError("the webhook answers 404")

    async def target(text: str) -> None:
        told.append(text)

    with notices.target(broken), notices.target(target):
        notices.tell("trouble")
        await notices.flush()
    notices.tell("nobody listens any more")
    await notices.flush()
    assert told == ["trouble"]
    assert "the webhook answers 404" in caplog.text
