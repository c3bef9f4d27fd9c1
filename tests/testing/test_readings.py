"""A reading shows what was planted, and leaves nothing behind for the next."""

import asyncio
import gc
import subprocess
import sys
import threading
from array import array
from xml.etree.ElementTree import XMLParser

from leakprobe.own_threads import OwnThread
from leakprobe.testing.readings import collect_all, take_reading
from tests.native import needs_sampler


class Knot:
    def __init__(self) -> None:
        self.me = self


class Chain:
    """A cycle that holds another one until its finalizer has run."""

    def __init__(self, inner: object) -> None:
        self.me, self.inner = self, inner

    def __del__(self) -> None:
        self.inner = None


@needs_sampler
def test_memory_that_is_kept_is_seen_to_the_byte() -> None:
    take_reading()
    before = take_reading()
    kept = bytes(1_000_000)
    after = take_reading()
    assert before.measured_by == "allocators"
    assert 1_000_000 <= after.memory_bytes - before.memory_bytes < 1_010_000  # malloc maps pages
    assert len(kept) == 1_000_000


@needs_sampler
def test_readings_do_not_grow_by_themselves() -> None:
    values = array("q", bytes(8 * 8))
    for i in range(8):
        values[i] = take_reading().memory_bytes
    assert max(values[2:]) - min(values[2:]) < 512


@needs_sampler
def test_garbage_is_no_memory_unless_nobody_collects() -> None:
    take_reading()
    gc.disable()
    try:
        before = take_reading(collect=False)
        for _ in range(1000):
            Knot()
        uncollected = take_reading(collect=False)
        collected = take_reading()
    finally:
        gc.enable()
    assert uncollected.memory_bytes - before.memory_bytes > 50_000
    assert collected.memory_bytes - before.memory_bytes < 5_000


def test_what_garbage_held_is_collected_too() -> None:
    Chain(Knot())
    collect_all()
    assert not [o for o in gc.get_objects() if type(o) in (Chain, Knot)]


def test_threads_are_counted_exactly_and_ours_are_not() -> None:
    stop = threading.Event()
    before = take_reading().threads
    threads = [threading.Thread(target=stop.wait) for _ in range(3)]
    ours = OwnThread("helper", stop.wait)
    for thread in [*threads, ours]:
        thread.start()
    during = take_reading().threads
    stop.set()
    for thread in [*threads, ours]:
        thread.join()
    assert during - before == 3
    assert take_reading().threads == before


def test_descriptors_are_counted_exactly() -> None:
    before = take_reading().fds
    files = [open(__file__) for _ in range(4)]  # noqa: PTH123, SIM115  # they are to stay open
    during = take_reading().fds
    for file in files:
        file.close()
    assert before is not None
    assert during == before + 4
    assert take_reading().fds == before


def test_children_are_counted_exactly() -> None:
    before = take_reading().children
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        during = take_reading().children
        child.communicate(b"\n")
    assert before is not None
    assert during == before + 1


def test_tasks_are_counted_without_the_one_that_asks() -> None:
    async def main() -> tuple[int, int]:
        before = take_reading().tasks
        tasks = [asyncio.create_task(asyncio.sleep(60)) for _ in range(5)]
        during = take_reading().tasks
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return before, during

    assert asyncio.run(main()) == (0, 5)


@needs_sampler
def test_names_that_c_code_looks_up_are_no_growth() -> None:
    def parse() -> None:
        for _ in range(200):
            XMLParser()

    parse()
    before = take_reading().memory_bytes
    parse()
    assert abs(take_reading().memory_bytes - before) < 500
