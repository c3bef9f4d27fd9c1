"""The leak detection that teams write first: a fixture around each test, and a threshold.

tracemalloc's snapshots before and after, each following a collection; the differences of
all lines are added up.
"""

import gc
import os
import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from tests.planted.calls import INNOCENT_CALLS, LEAKY_CALLS

CALLS = LEAKY_CALLS | INNOCENT_CALLS
ITERATIONS = 200
THRESHOLD_BYTES = float(os.environ.get("PLANTED_LIMIT", "5")) * 1_000_000


@pytest.fixture(autouse=True)
def _memory_leak_detector() -> Iterator[None]:
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.take_snapshot()
    yield
    gc.collect()
    after = tracemalloc.take_snapshot()
    tracemalloc.stop()
    grown = sum(change.size_diff for change in after.compare_to(before, "lineno"))
    if grown > THRESHOLD_BYTES:
        pytest.fail(f"Memory leak detected: {grown / 1e6:.2f} MB growth")


@pytest.mark.parametrize("call", [pytest.param(call, id=name) for name, call in CALLS.items()])
def test_call(call: Callable[[], None]) -> None:
    for _ in range(ITERATIONS):
        call()
