"""A snapshot has what was planted, and holds no object of the application."""

import os
import threading
import time
import tracemalloc
import weakref

import pytest

from leakprobe.testing import MemoryLeakReport, MemorySnapshot
from leakprobe.testing.arguments import BadArgument
from tests.hostile import alive_zoo
from tests.native import needs_sampler


class Order:
    pass


@needs_sampler
def test_two_of_them_show_what_was_planted_between(tmp_path: os.PathLike[str]) -> None:
    tracemalloc.start()
    try:
        before = MemorySnapshot.take("before")
        orders = [Order() for _ in range(1234)]
        kept = bytes(6_000_000)
        path = os.path.join(tmp_path, "open.txt")  # noqa: PTH118  # the system names it as text
        files = [open(path, "w") for _ in range(3)]  # noqa: PTH123, SIM115  # they are to stay open
        stop = threading.Event()
        thread = threading.Thread(target=stop.wait)
        thread.start()
        after = MemorySnapshot.take("after", top_lines=3)
    finally:
        tracemalloc.stop()
    stop.set()
    thread.join()
    for file in files:
        file.close()
    report = MemoryLeakReport(before, after)
    assert report.memory_growth_mb == pytest.approx(len(kept) / 1e6, rel=0.05)
    assert after.object_counts[f"{__name__}.Order"] == len(orders)
    assert before.object_counts.get(f"{__name__}.Order", 0) == 0
    assert [(one.name, one.growth) for one in report.growing_files] == [(path, 3)]
    assert (report.open_files_growth, report.fd_growth, report.thread_growth) == (3, 3, 1)
    assert after.traced
    assert len(after.top_allocations) == 3
    assert __file__ in {row.file for row in after.top_allocations}


def test_the_numbers_of_the_process_without_touching_or_keeping_an_object() -> None:
    order = Order()
    watch = weakref.ref(order)
    with alive_zoo():
        snapshot = MemorySnapshot.take("now", clock=lambda: time.time() + 3600)
    del order
    assert watch() is None
    assert snapshot.object_counts[f"{__name__}.Order"] == 1
    assert snapshot.pid == os.getpid()
    assert snapshot.label == "now"
    assert snapshot.vms_bytes >= snapshot.rss_bytes > 10_000_000
    assert snapshot.rss_mb == snapshot.rss_bytes / 1e6
    assert snapshot.vms_mb == snapshot.vms_bytes / 1e6
    assert snapshot.memory_mb == snapshot.memory_bytes / 1e6
    assert snapshot.threads >= 1
    assert 0 < snapshot.cpu_percent < 100
    assert not snapshot.traced
    assert snapshot.top_allocations == ()


@needs_sampler
def test_two_in_a_row_differ_in_nothing() -> None:
    MemorySnapshot.take()
    report = MemoryLeakReport(MemorySnapshot.take(), MemorySnapshot.take())
    assert abs(report.memory_growth_bytes) < 50_000
    assert report.growing_types == ()
    assert not report.has_leak


def test_a_number_of_lines_that_is_none_is_refused() -> None:
    with pytest.raises(BadArgument, match=r"^top_lines=-1: "):
        MemorySnapshot.take(top_lines=-1)
