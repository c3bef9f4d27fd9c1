"""Gauges of a real process, and of one whose system refuses to answer."""

import gc
import os
from dataclasses import dataclass, fields
from typing import NoReturn

import psutil
import pytest

from leakprobe.capture.cgroup import CgroupMemory
from leakprobe.capture.process import available_memory_bytes, read_gauges
from leakprobe.model.memory import Gauges
from tests.hostile import alive_zoo

NO_CGROUP = CgroupMemory(version=None, limit_bytes=None, current_bytes=None)


@dataclass
class Memory:
    """Stands for both of psutil's answers about memory."""

    rss: int = 100
    vms: int = 300
    total: int = 10_000
    available: int = 5_000


class FakeProcess:
    def memory_info(self) -> Memory:
        return Memory()

    def num_threads(self) -> int:
        return 3

    def num_fds(self) -> int:
        return 4


class RefusingProcess:
    """A process that hides everything, such as under a strict security module."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def refuse(self) -> NoReturn:
        raise self.error

    memory_info = num_threads = num_fds = refuse


def gauges(cgroup: CgroupMemory = NO_CGROUP, setting: int | None = None) -> Gauges:
    return read_gauges(
        memory_limit_bytes=setting, process=FakeProcess(), cgroup=lambda: cgroup, machine=Memory
    )


def test_the_real_process() -> None:
    with alive_zoo():
        found = read_gauges(traced_bytes=17)
    assert found.traced_bytes == 17
    assert 1 << 20 < found.rss_bytes < found.vms_bytes
    assert found.threads >= 1
    assert found.cpu_s > 0
    assert found.python_blocks > 1000
    for field in fields(found):
        value = getattr(found, field.name)
        assert value is None or value >= 0
    assert found.memory_limit_bytes is not None
    assert found.memory_limit_bytes <= psutil.virtual_memory().total


def test_descriptors_and_collections_are_counted() -> None:
    before = read_gauges()
    descriptor = os.open("/", os.O_RDONLY)
    gc.collect()
    after = read_gauges()
    os.close(descriptor)
    assert before.fds is not None
    assert after.fds == before.fds + 1
    assert after.gc_collections > before.gc_collections


def test_the_limit_is_the_setting_else_the_cgroup_else_the_machine() -> None:
    cgroup = CgroupMemory(version=2, limit_bytes=2_000, current_bytes=500)
    assert gauges(cgroup, setting=700).memory_limit_bytes == 700
    assert gauges(cgroup).memory_limit_bytes == 2_000
    assert gauges().memory_limit_bytes == 10_000
    beyond = CgroupMemory(version=2, limit_bytes=99_999, current_bytes=500)
    assert gauges(beyond).memory_limit_bytes == 10_000


@pytest.mark.parametrize(
    ("cgroup", "setting", "left"),
    [
        (NO_CGROUP, None, 5_000),
        (CgroupMemory(2, 2_000, 500), None, 1_500),
        (CgroupMemory(2, 2_000, 500, 200), None, 1_700),
        (CgroupMemory(2, 2_000, 2_500), None, 0),
        (CgroupMemory(2, 2_000, None), None, 5_000),
        (CgroupMemory(2, 9_000, 500), None, 5_000),
        (NO_CGROUP, 1_000, 900),
        (NO_CGROUP, 50, 0),
        (CgroupMemory(2, 2_000, 500), 1_000, 900),
        (CgroupMemory(2, 2_000, 1_950), 1_000, 50),
    ],
)
def test_what_is_left(cgroup: CgroupMemory, setting: int | None, left: int) -> None:
    assert gauges(cgroup, setting).memory_available_bytes == left
    process = FakeProcess()
    assert left == available_memory_bytes(
        setting, process=process, cgroup=lambda: cgroup, machine=Memory
    )


@pytest.mark.parametrize(
    "error",
    [
        psutil.AccessDenied(pid=1),
        psutil.NoSuchProcess(pid=1),
        psutil.ZombieProcess(pid=1),
        PermissionError(13, "no"),
        NotImplementedError(),
        AttributeError("num_fds"),
    ],
)
def test_what_is_refused_is_none(error: Exception) -> None:
    process = RefusingProcess(error)

    def refuse() -> Memory:
        raise error

    found = read_gauges(process=process, cgroup=lambda: NO_CGROUP, machine=refuse)
    assert (found.fds, found.memory_limit_bytes, found.memory_available_bytes) == (None, None, None)
    assert (found.rss_bytes, found.vms_bytes) == (0, 0)
    assert found.threads >= 1
    assert found.cpu_s > 0
