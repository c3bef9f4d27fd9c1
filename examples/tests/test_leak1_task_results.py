"""Leak 1: finished tasks stay in a dictionary. Fix: a cache with a bound."""

import asyncio
import itertools
from types import ModuleType

import pytest

from leakprobe.testing import LeakDetector, MemoryProfiler, memory_leak_test

from .fixed import RESULTS_KEPT
from .leaky import TaskResult

pytestmark = [pytest.mark.leak1, pytest.mark.memory_leak]

REQUESTS = 20
task_ids = (f"task-{number}" for number in itertools.count())


@pytest.mark.unit
def test_memory_does_not_grow_with_requests(service: ModuleType) -> None:
    with MemoryProfiler(name="20 requests") as profiler:
        for _ in range(REQUESTS):
            asyncio.run(service.asr(next(task_ids)))
    profiler.assert_no_memory_leak(max_growth_mb=2.0)


@pytest.mark.unit
@pytest.mark.asyncio
async def test_finished_tasks_are_forgotten(service: ModuleType) -> None:
    with LeakDetector(TaskResult) as detector:
        for _ in range(REQUESTS):
            await service.asr(next(task_ids))
    leaked = detector.leaked_count()
    assert leaked <= RESULTS_KEPT, f"{leaked} results of {REQUESTS} are kept"


@pytest.mark.integration
@pytest.mark.asyncio
@memory_leak_test(iterations=30, warmup=5)
async def test_a_request_leaves_nothing(service: ModuleType) -> None:
    assert await service.asr(next(task_ids))
