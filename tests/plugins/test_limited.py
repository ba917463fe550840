"""Code that does not end before the event loop can hold it."""

import threading
import time
from pathlib import Path

import pytest

from plugins import limited
from plugins.limited import NotReady

LINES = Path(__file__).read_text().splitlines()


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limited, "SECONDS", 0.2)


def spins() -> None:
    while True:
        pass  # for ever


def waits_elsewhere() -> None:
    threading.Event().wait(20)  # for long


def fails() -> None:
    raise TimeoutError("the calendar is away")


def test_what_it_gives_or_raises_comes_through() -> None:
    assert limited.limited(divmod, 7, 2) == (3, 1)
    with pytest.raises(TimeoutError, match="the calendar is away"):
        limited.limited(fails)


def test_one_that_spins_is_named_and_ends_soon_after() -> None:
    before = set(threading.enumerate())
    with pytest.raises(NotReady, match=r"is not ready after 0\.2 s") as raised:
        limited.limited(spins)
    assert raised.value.file == Path(__file__)
    assert LINES[raised.value.line - 1].strip() in ("while True:", "pass  # for ever")
    [thread] = set(threading.enumerate()) - before
    thread.join(20)
    assert not thread.is_alive()


def test_one_that_waits_is_named_at_its_own_line_and_is_left_behind() -> None:
    start = time.monotonic()
    with pytest.raises(NotReady) as raised:
        limited.limited(waits_elsewhere)
    assert time.monotonic() - start < 15
    assert LINES[raised.value.line - 1].strip() == "threading.Event().wait(20)  # for long"
