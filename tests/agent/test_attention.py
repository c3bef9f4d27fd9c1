"""What looks closer comes in bounded windows and leaves the tracer as it was."""

import pytest

from leakprobe.agent.attention import REST_S, TIGHT_BYTES, WINDOW_S, Attention
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
    attention = Attention(tracer, clock)
    attention.tighten()
    assert tracer.sample_bytes == TIGHT_BYTES
    clock.now += WINDOW_S - 1
    attention.tighten()
    attention.look_at_the_clock()
    assert tracer.sample_bytes == TIGHT_BYTES
    clock.now += 1
    attention.look_at_the_clock()
    assert tracer.sample_bytes == 65536
    attention.tighten()
    assert tracer.sample_bytes == 65536  # it rests
    clock.now += REST_S
    attention.tighten()
    assert tracer.sample_bytes == TIGHT_BYTES
    attention.end()
    assert tracer.sample_bytes == 65536


@pytest.mark.parametrize("sample_bytes", [0, 1024, TIGHT_BYTES])
def test_what_is_exact_or_tight_enough_is_left_alone(clock: Clock, sample_bytes: int) -> None:
    tracer = FakeTracer(sample_bytes=sample_bytes)
    attention = Attention(tracer, clock)
    attention.tighten()
    assert tracer.sample_bytes == sample_bytes
    attention.end()
    assert tracer.sample_bytes == sample_bytes


def test_recycled_objects_are_followed_in_windows_of_their_own(clock: Clock) -> None:
    tracer = FakeTracer(name="sampled", sample_bytes=65536)
    attention = Attention(tracer, clock)
    attention.follow_recycled()
    assert (tracer.follows, tracer.sample_bytes) == (True, 65536)
    clock.now += WINDOW_S / 2
    attention.tighten()
    clock.now += WINDOW_S / 2
    attention.look_at_the_clock()
    assert (tracer.follows, tracer.sample_bytes) == (False, TIGHT_BYTES)
    attention.follow_recycled()
    assert (tracer.follows, tracer.sample_bytes) == (False, TIGHT_BYTES)  # it rests
    clock.now += REST_S
    attention.follow_recycled()
    assert (tracer.follows, tracer.sample_bytes) == (True, TIGHT_BYTES)
    attention.end()
    assert (tracer.follows, tracer.sample_bytes) == (False, 65536)
