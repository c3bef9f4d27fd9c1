"""Tighter sampling comes in bounded windows and leaves the setting as it was."""

import pytest

from leakprobe.agent.tightening import REST_S, TIGHT_BYTES, TIGHT_S, Tightening
from tests.agent.bench import FakeTracer


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_window_ends_by_itself_and_is_followed_by_rest(clock: Clock) -> None:
    tracer = FakeTracer(name="sampled", sample_bytes=65536)
    tightening = Tightening(tracer, clock)
    tightening.begin()
    assert tracer.sample_bytes == TIGHT_BYTES
    clock.now += TIGHT_S - 1
    tightening.begin()
    tightening.look_at_the_clock()
    assert tracer.sample_bytes == TIGHT_BYTES
    clock.now += 1
    tightening.look_at_the_clock()
    assert tracer.sample_bytes == 65536
    tightening.begin()
    assert tracer.sample_bytes == 65536  # it rests
    clock.now += REST_S
    tightening.begin()
    assert tracer.sample_bytes == TIGHT_BYTES
    tightening.end()
    assert tracer.sample_bytes == 65536


@pytest.mark.parametrize("sample_bytes", [0, 1024, TIGHT_BYTES])
def test_what_is_exact_or_tight_enough_is_left_alone(clock: Clock, sample_bytes: int) -> None:
    tracer = FakeTracer(sample_bytes=sample_bytes)
    tightening = Tightening(tracer, clock)
    tightening.begin()
    assert tracer.sample_bytes == sample_bytes
    tightening.end()
    assert tracer.sample_bytes == sample_bytes
