"""What every tracer that records has to do; tracemalloc is the reference of the sampled one."""

import linecache
import threading
from collections.abc import Iterator
from math import sqrt

import pytest

from leakprobe.capture.route_tags import RouteTags
from leakprobe.capture.tracer import Tracer
from leakprobe.errors import NotAvailable
from leakprobe.model import Frame, LiveStack
from tests.capture.exact import exact_tracer
from tests.native import needs_sampler

HERE = __file__
PLANTED_BYTES = 100_000
SAMPLE_BYTES = 4096
# A right estimate is farther off once in 15,000 runs.
MOST_ERRORS = 4
DEPTH = 5


def make_sampled(frames: int) -> Tracer:
    from leakprobe.capture.sampled_tracer import SampledTracer  # needs the core

    return SampledTracer(frames, SAMPLE_BYTES, "a test", RouteTags())


@pytest.fixture(params=[exact_tracer, pytest.param(make_sampled, marks=needs_sampler)])
def tracer(request: pytest.FixtureRequest) -> Iterator[Tracer]:
    tracer: Tracer = request.param(DEPTH)
    tracer.start()
    yield tracer
    tracer.stop()


def plant(count: int, size: int = PLANTED_BYTES) -> list[bytearray]:
    return [bytearray(size) for _ in range(count)]  # planted


PLANTED_LINE = plant.__code__.co_firstlineno + 1


def planted(tracer: Tracer) -> list[LiveStack]:
    """The rows of the line that plants."""
    stacks, _ = tracer.read()
    return [live for live in stacks if any(map(plants, live.stack.frames[:1]))]


def plants(frame: Frame) -> bool:
    return (frame.file, frame.line) == (HERE, PLANTED_LINE)


def total(rows: list[LiveStack]) -> tuple[int, float]:
    """Their bytes, and the standard error of that."""
    return sum(r.bytes for r in rows), sqrt(sum(r.bytes_error**2 for r in rows))


def assert_near(rows: list[LiveStack], truth: int, headers: int) -> None:
    """Their bytes are the truth within the stated error; headers may come on top."""
    found, error = total(rows)
    assert truth - MOST_ERRORS * error <= found <= truth + headers + MOST_ERRORS * error


@pytest.mark.parametrize(
    ("count", "size"), [(10_000, 100), (2_000, 1000), (50, PLANTED_BYTES), (3, 1_000_000)]
)
def test_what_was_planted_is_found_on_its_line(tracer: Tracer, count: int, size: int) -> None:
    kept = plant(count, size)
    rows = planted(tracer)
    assert linecache.getline(HERE, PLANTED_LINE).rstrip().endswith("# planted")
    # A bytearray is an object and a buffer; the list that holds them is a third kind.
    assert_near(rows, count * size, headers=count * 200)
    assert rows
    assert {live.stack.frames[0].function for live in rows} <= {
        "plant", "plant.<locals>.<listcomp>",
    }  # fmt: skip
    assert len(kept) == count


def test_only_an_estimate_has_an_error(tracer: Tracer) -> None:
    kept = plant(1000, 1000)
    errors = [live.bytes_error for live in planted(tracer)]
    assert any(errors) == (tracer.sample_bytes > 0)
    assert len(kept) == 1000


def test_what_is_freed_is_gone_from_the_next_read(tracer: Tracer) -> None:
    kept = plant(20)
    before, _ = total(planted(tracer))
    kept.clear()
    after, _ = total(planted(tracer))
    assert before > 10 * PLANTED_BYTES
    assert after < PLANTED_BYTES


def test_the_twin_that_keeps_nothing_is_innocent(tracer: Tracer) -> None:
    for _ in range(50):
        plant(20)
    assert total(planted(tracer))[0] < PLANTED_BYTES


def test_a_stack_begins_with_the_allocating_frame_and_has_its_callers(tracer: Tracer) -> None:
    kept = plant(5)
    deep = max(planted(tracer), key=lambda live: live.bytes)
    names = [frame.function for frame in deep.stack.frames]
    assert names[0] in {"plant", "plant.<locals>.<listcomp>"}
    own_name = test_a_stack_begins_with_the_allocating_frame_and_has_its_callers.__name__
    assert own_name in names
    assert len(names) <= DEPTH
    assert len(kept) == 5


def test_a_reading_states_its_price(tracer: Tracer) -> None:
    kept = plant(100)
    _, price = tracer.read()
    assert price.wall_ms >= price.pause_ms > 0
    assert len(kept) == 100


def test_stop_twice_and_start_again(tracer: Tracer) -> None:
    kept = plant(5)
    tracer.stop()
    tracer.stop()
    assert tracer.traced_bytes() is None
    with pytest.raises(NotAvailable):
        tracer.read()
    tracer.start()
    assert total(planted(tracer))[0] == 0
    kept += plant(5)
    assert total(planted(tracer))[0] >= 2 * PLANTED_BYTES
    assert tracer.traced_bytes() is not None
    assert len(kept) == 10


def test_traced_bytes_after_a_reading_are_all_of_it(tracer: Tracer) -> None:
    kept = plant(50)
    stacks, _ = tracer.read()
    assert tracer.traced_bytes() == pytest.approx(sum(live.bytes for live in stacks), rel=0.1)
    assert len(kept) == 50


def test_it_may_be_read_from_several_threads_at_once(tracer: Tracer) -> None:
    kept = plant(50)
    found: list[int] = []
    together = threading.Barrier(4)

    def read() -> None:
        together.wait()
        found.extend(total(planted(tracer))[0] for _ in range(10))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 40
    # The heap stood still, and so does what is said of it, to a rounding a row.
    assert max(found) - min(found) < PLANTED_BYTES
    assert min(found) > 30 * PLANTED_BYTES
    assert len(kept) == 50
