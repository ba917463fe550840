from plugins.breaker import Breaker


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_it_opens_at_five_failures_tries_after_the_pause_and_closes_with_a_success() -> None:
    told: list[str] = []
    clock = Clock()
    breaker = Breaker("calendar", False, told.append, 300, clock)
    for _ in range(4):
        breaker.failed("away")
    breaker.failed("away")
    assert breaker.off
    clock.now = 301
    breaker.failed("still away")
    clock.now = 700
    breaker.succeeded()
    clock.now = 0
    assert told[-1] == "Plugin calendar works again."
    assert len(told) == 3


def test_one_that_fails_seldom_stays() -> None:
    breaker = Breaker("calendar", False, lambda _: None)
    for number in range(100):
        breaker.failed("away") if number % 3 == 0 else breaker.succeeded()
    assert not breaker.off
