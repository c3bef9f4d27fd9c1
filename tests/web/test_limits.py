import math

from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.web.limits import ClientLimits, RateLimit


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_burst_then_waits_then_refills() -> None:
    clock = Clock()
    limit = RateLimit(2, 3, clock=clock)
    assert [limit.wait_s() for _ in range(4)] == [0, 0, 0, 0.5]
    clock.now += 0.5
    assert [limit.wait_s() for _ in range(2)] == [0, 0.5]
    clock.now += 100
    assert [limit.wait_s() for _ in range(4)] == [0, 0, 0, 0.5]


def test_clock_that_goes_back_takes_nothing_away() -> None:
    clock = Clock()
    limit = RateLimit(1, 2, clock=clock)
    limit.wait_s()
    clock.now -= 50
    assert limit.wait_s() == 0
    assert limit.wait_s() == 1


@settings(deadline=None)
@given(
    rate=st.floats(0.1, 1000),
    burst=st.integers(1, 100),
    steps=st.lists(st.floats(0, 5), min_size=1, max_size=100),
)
def test_never_more_than_burst_and_rate_allow(rate: float, burst: int, steps: list[float]) -> None:
    clock = Clock()
    limit = RateLimit(rate, burst, clock=clock)
    passed = 0
    for step in steps:
        clock.now += step
        wait_s = limit.wait_s()
        passed += wait_s == 0
        assert wait_s >= 0
        assert wait_s <= 1 / rate
    assert passed <= burst + math.ceil(rate * sum(steps) + 1e-6)


def test_waiting_as_long_as_told_is_enough() -> None:
    clock = Clock()
    limit = RateLimit(3, 1, clock=clock)
    limit.wait_s()
    clock.now += limit.wait_s() + 1e-9
    assert limit.wait_s() == 0


def test_clients_do_not_share() -> None:
    limits = ClientLimits(1, 1, clock=Clock())
    assert limits.wait_s("a") == 0
    assert limits.wait_s("a") == 1
    assert limits.wait_s("b") == 0


def test_table_is_bounded_and_forgets_who_was_not_seen_longest() -> None:
    limits = ClientLimits(1, 1, 3, clock=Clock())
    for client in ("a", "b", "c", "a", "d"):  # "b" goes when "d" comes
        limits.wait_s(client)
    assert len(limits) == 3
    assert limits.wait_s("a") == 1
    assert limits.wait_s("b") == 0
    for number in range(1000):
        limits.wait_s(str(number))
    assert len(limits) == 3
