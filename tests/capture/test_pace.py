from collections.abc import Callable, Iterable

from leakprobe.capture.pace import REST_S, Pace
from leakprobe.model import Price


def clock(times: Iterable[float]) -> Callable[[], float]:
    return iter(times).__next__


def test_the_longest_stretch_is_cpu_time_between_rests() -> None:
    rests: list[float] = []
    cpu = clock([1.0, 1.25, 1.25, 5.0, 6.0, 6.0, 7.0, 8.0])
    pace = Pace(rests.append, clock([10.0, 19.0]), cpu)
    pace.rest()  # 0.25 s of work; the 3.75 s of the rest are nobody's
    pace.rest()
    assert pace.price() == Price(pause_ms=1000.0, wall_ms=9000.0, cpu_ms=7000.0)
    assert rests == [REST_S, REST_S]


def test_little_work_needs_no_rest() -> None:
    rests: list[float] = []
    pace = Pace(rests.append, lambda: 0.0, clock([0.0, 0.001, 0.0019, 0.0021, 0.0021, 0.0021]))
    for _ in range(3):
        pace.rest()
    assert rests == [REST_S]


def test_a_hold_is_wall_time() -> None:
    pace = Pace(lambda _: None, clock([0.0, 2.0, 2.5, 3.0]), lambda: 0.0)
    assert pace.hold(lambda: "result") == "result"
    assert pace.price().pause_ms == 500.0


def test_a_hold_that_was_measured_elsewhere_is_all_that_counts_of_its_call() -> None:
    pace = Pace(lambda _: None, lambda: 0.0, clock([0.0, 5.0, 5.001, 5.0025, 5.0025, 5.0025, 6.0]))
    pace.held(0.25)  # of a call that took 5 s of CPU, most of it without the GIL
    pace.rest()
    pace.rest()
    assert pace.price().pause_ms == 250.0
