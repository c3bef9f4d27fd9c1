"""Growth over iterations: planted bytes and threads, sync and async."""

import asyncio
import logging
import threading
from functools import partial

import pytest

from leakprobe.testing import measure_memory_growth
from leakprobe.testing.growth import MemoryGrowth
from tests.native import needs_sampler

KEPT = 10_000


@needs_sampler
def test_two_values_and_more() -> None:
    kept: list[bytes] = []
    growth = measure_memory_growth(lambda: kept.append(bytes(KEPT)))
    memory_mb, threads = growth
    assert memory_mb == pytest.approx(100 * KEPT / 1e6, rel=0.02)
    assert threads == 0
    assert (growth[0], growth[1], len(growth)) == (memory_mb, threads, 2)
    assert growth.growth_per_iteration == pytest.approx(KEPT, rel=0.02)
    assert growth.iterations == 100
    assert len(kept) == 100
    assert growth.fds == 0
    assert growth.peak_mb == pytest.approx(memory_mb, rel=0.01)
    assert [value.label for value in growth.measurements[:2]] == [
        "after 0 iterations",
        "after 10 iterations",
    ]
    assert len(growth.measurements) == 11
    assert str(growth).startswith("memory +1.0")


@needs_sampler
def test_what_keeps_nothing_does_not_grow() -> None:
    growth = measure_memory_growth(lambda: [bytes(KEPT)] * 2, 40, 10)
    assert abs(growth.growth_per_iteration) < 20
    assert growth.memory_mb < 0.03


@needs_sampler
def test_a_first_call_counts_in_all_but_not_per_iteration() -> None:
    cache: dict[str, bytes] = {}
    growth = measure_memory_growth(lambda: cache.setdefault("model", bytes(2_000_000)))
    assert growth.memory_mb == pytest.approx(2.0, rel=0.02)
    assert abs(growth.growth_per_iteration) < 20


@needs_sampler
def test_what_pytest_captures_is_no_growth(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger(__name__)
    growth = measure_memory_growth(lambda: logger.warning("call %s", "x" * 1000), 50)
    assert growth.memory_mb < 0.03
    assert caplog.records == []


def test_threads_and_files_are_counted_exactly() -> None:
    stop, files, threads = threading.Event(), [], []

    def work() -> None:
        threads.append(threading.Thread(target=stop.wait))
        threads[-1].start()
        files.append(open(__file__))  # noqa: PTH123, SIM115  # it leaks on purpose

    growth = measure_memory_growth(work, iterations=7, cleanup_interval=3)
    stop.set()
    for thread in threads:
        thread.join()
    for file in files:
        file.close()
    assert (growth.threads, growth.fds) == (7, 7)
    assert len(growth.measurements) == 4


@needs_sampler
def test_a_coroutine_function_runs_in_a_loop_of_its_own() -> None:
    kept: list[bytes] = []

    async def work(size: int = KEPT) -> None:
        kept.append(bytes(size))
        await asyncio.sleep(0)

    memory_mb, threads = measure_memory_growth(work, iterations=50)
    assert memory_mb == pytest.approx(50 * KEPT / 1e6, rel=0.04)
    assert threads == 0
    assert measure_memory_growth(partial(work, 2 * KEPT), 50).growth_per_iteration == pytest.approx(
        2 * KEPT, rel=0.02
    )


@needs_sampler
def test_in_a_running_loop_it_is_awaited() -> None:
    kept: list[bytes] = []

    async def work() -> None:
        await asyncio.sleep(0)
        kept.append(bytes(KEPT))

    async def main() -> tuple[float, int, MemoryGrowth]:
        memory_mb, threads = await measure_memory_growth(work, iterations=20, cleanup_interval=5)
        return memory_mb, threads, measure_memory_growth(lambda: None, 5)

    memory_mb, threads, sync = asyncio.run(main())
    assert memory_mb == pytest.approx(20 * KEPT / 1e6, rel=0.05)
    assert threads == 0
    assert sync.iterations == 5


def test_what_the_function_raises_comes_out_as_it_is() -> None:
    calls = iter([None, None])
    with pytest.raises(StopIteration):
        measure_memory_growth(lambda: next(calls), iterations=10)


@pytest.mark.parametrize("iterations", [0, -1, 2.0, True, "100"])
def test_iterations_that_are_none_are_refused(iterations: int) -> None:
    with pytest.raises(ValueError, match=r"^iterations=.* whole number of at least 1$"):
        measure_memory_growth(lambda: None, iterations)


def test_an_interval_and_a_function_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^cleanup_interval=0: "):
        measure_memory_growth(lambda: None, 10, 0)
    with pytest.raises(ValueError, match=r"^func=.*: must be something that can be called"):
        measure_memory_growth(3)  # type: ignore[call-overload]  # that is the point
