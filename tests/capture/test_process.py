"""Gauges of a real process, and of one whose system refuses to answer."""

import gc
import mmap
import os
import subprocess
import sys
from dataclasses import dataclass, fields
from typing import NoReturn

import psutil
import pytest

from leakprobe.capture.allocator import Allocators
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


def test_whether_the_collector_runs_by_itself_and_how_often_in_full() -> None:
    before = read_gauges()
    gc.collect()
    gc.disable()
    try:
        after = read_gauges()
    finally:
        gc.enable()
    assert (before.gc_enabled, after.gc_enabled) == (True, False)
    assert before.gc_full_collections is not None
    assert after.gc_full_collections == before.gc_full_collections + 1


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


def test_what_others_have_read_is_passed_on() -> None:
    found = read_gauges(allocators=Allocators(1, 2, 3, 4), tasks=5)
    assert (found.malloc_used_bytes, found.malloc_free_bytes) == (1, 2)
    assert (found.pymalloc_used_bytes, found.pymalloc_free_bytes) == (3, 4)
    assert found.tasks == 5
    bare = read_gauges()
    assert (bare.malloc_used_bytes, bare.pymalloc_free_bytes, bare.tasks) == (None, None, None)


def test_pages_of_files_are_part_of_the_resident_set() -> None:
    region = mmap.mmap(-1, 32 << 20)  # shared, as a file's pages are
    before = read_gauges()
    region.write(b"x" * (32 << 20))
    after = read_gauges()
    region.close()
    assert before.file_bytes is not None
    assert after.file_bytes is not None
    assert 30 << 20 <= after.file_bytes - before.file_bytes <= 40 << 20
    assert after.file_bytes < after.rss_bytes
    assert gauges().file_bytes is None, "this system does not say"


def test_zombies_are_children_that_nobody_waited_for() -> None:
    before = read_gauges()
    assert before.zombies is not None
    assert before.children is not None
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        ended = read_gauges()
        assert (ended.children, ended.zombies) == (before.children + 1, before.zombies + 1)
    assert read_gauges().zombies == before.zombies


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
    assert (found.fds, found.file_bytes) == (None, None)
    assert (found.memory_limit_bytes, found.memory_available_bytes) == (None, None)
    assert (found.rss_bytes, found.vms_bytes) == (0, 0)
    assert found.threads >= 1
    assert found.cpu_s > 0
