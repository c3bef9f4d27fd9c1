"""What is read at every snapshot leaves nothing to the collector, which may be switched off."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from leakprobe.capture.allocator import AllocatorCamera
from leakprobe.capture.process import read_gauges
from leakprobe.capture.resources import read_groups
from leakprobe.capture.tasks import TaskCamera

READINGS = 50


@contextmanager
def collector_off() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def found_after(read: Callable[[], object]) -> int:
    """How many objects the collector finds after many readings."""
    for _ in range(READINGS):
        read()
    return gc.collect()


@pytest.mark.parametrize(
    "read",
    [read_gauges, read_groups, AllocatorCamera().read, TaskCamera().read],
    ids=["gauges", "groups", "allocators", "tasks"],
)
def test_nothing_is_left_to_the_collector(read: Callable[[], object]) -> None:
    with collector_off():
        found = [found_after(read) for _ in range(2)]
    # In the first round caches are filled, and drop what they had from earlier tests.
    assert found[1] < READINGS
