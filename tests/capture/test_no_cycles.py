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


@pytest.mark.parametrize(
    "read",
    [read_gauges, read_groups, AllocatorCamera().read, TaskCamera().read],
    ids=["gauges", "groups", "allocators", "tasks"],
)
def test_nothing_is_left_to_the_collector(read: Callable[[], object]) -> None:
    read()  # what is found once and kept
    with collector_off():
        for _ in range(READINGS):
            read()
        assert gc.collect() < READINGS
