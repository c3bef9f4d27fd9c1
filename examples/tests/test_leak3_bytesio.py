"""Leak 3: a buffer is never closed. Fix: a context manager."""

import io
from types import ModuleType

import pytest

from leakprobe.testing import LeakDetector, measure_memory_growth

pytestmark = [pytest.mark.leak3, pytest.mark.memory_leak]


@pytest.mark.unit
def test_no_buffer_stays_open(service: ModuleType) -> None:
    detector = LeakDetector(io.BytesIO)
    detector.start()
    for _ in range(10):
        service.detect_language()
    detector.assert_none_leaked()


@pytest.mark.stress
def test_memory_over_100_calls(service: ModuleType) -> None:
    memory_mb, _ = measure_memory_growth(service.detect_language, iterations=100)
    assert memory_mb < 1.0, f"{memory_mb:.2f} MB over 100 calls"
