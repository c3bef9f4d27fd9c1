"""Leak 2: each call leaves a thread that waits. Fix: cancel and join the timer before."""

from types import ModuleType

import pytest

from leakprobe.testing import MemoryProfiler, measure_memory_growth

pytestmark = [pytest.mark.leak2, pytest.mark.memory_leak]


@pytest.mark.unit
def test_one_timer_waits_at_most(service: ModuleType) -> None:
    with MemoryProfiler(name="5 calls") as profiler:
        for _ in range(5):
            service.schedule_model_cleanup()
    profiler.assert_no_thread_leak(max_growth=1)


@pytest.mark.stress
def test_threads_do_not_pile_up(service: ModuleType) -> None:
    memory_mb, threads = measure_memory_growth(
        service.schedule_model_cleanup, iterations=100, cleanup_interval=10
    )
    assert threads <= 1, f"{threads} more threads, and {memory_mb:.2f} MB"
