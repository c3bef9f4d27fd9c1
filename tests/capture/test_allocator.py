"""What the allocators hold: exact numbers for planted memory, and how often they are asked."""

import sys
import tracemalloc

import pytest

from leakprobe.capture.allocator import (
    AllocatorCamera,
    Allocators,
    Use,
    read_malloc,
    read_pymalloc,
)
from tests.native import needs_sampler

needs_glibc = pytest.mark.skipif(read_malloc() is None, reason="no mallinfo2 here")

REPORT = """\
Small block threshold = 512, in 32 size classes.

class   size   num pools   blocks in use  avail blocks
-----   ----   ---------   -------------  ------------
    0     16           1             301           720

3 arenas * 1048576 bytes/arena     =            3,145,728

# bytes in allocated blocks        =            2,325,600
# bytes in available blocks        =              310,112
27 unused pools * 16384 bytes      =              442,368
Total                              =            3,145,728
"""


def malloc() -> Use:
    found = read_malloc()
    assert found is not None
    return found


def pymalloc() -> Use:
    found = read_pymalloc()
    assert found is not None
    return found


def test_the_report_is_read() -> None:
    assert read_pymalloc(lambda: REPORT) == Use(used=2_325_600, free=820_128)


@pytest.mark.parametrize("report", [None, "", "# bytes in allocated blocks = 1\n", "3 arenas"])
def test_what_is_no_report_is_not_known(report: str | None) -> None:
    assert read_pymalloc(lambda: report) is None


@needs_sampler
def test_small_objects_are_in_pymalloc_to_the_byte() -> None:
    before, floats = pymalloc(), [n + 0.5 for n in range(100_000)]
    held = pymalloc()
    # 24 bytes each, in blocks of 32 since blocks are aligned to 16; the list lies in malloc.
    assert held.used - before.used == pytest.approx(3_200_000, abs=20_000)
    del floats
    assert pymalloc().used == pytest.approx(before.used, abs=20_000)


@needs_sampler
def test_what_one_of_many_keeps_is_free_in_pymalloc() -> None:
    many = [n + 0.5 for n in range(400_000)]
    during, kept = pymalloc(), many[::400]
    del many
    after = pymalloc()
    assert during.used - after.used == pytest.approx(399_000 * 32, rel=0.01)
    assert after.free - during.free == pytest.approx(399_000 * 32, rel=0.1), "no arena goes"
    assert len(kept) == 1000


@needs_sampler
def test_a_hook_upon_pymalloc_does_not_hide_it_and_stays() -> None:
    before = pymalloc()
    tracemalloc.start()
    try:
        held = bytearray(300)
        assert pymalloc().used == pytest.approx(before.used, abs=50_000)
        assert tracemalloc.get_object_traceback(held) is not None
        later = bytearray(300)
        assert tracemalloc.get_object_traceback(later) is not None
    finally:
        tracemalloc.stop()


@needs_glibc
def test_large_blocks_are_in_malloc() -> None:
    before = malloc()
    held = [bytes(100_000) for _ in range(100)]
    during = malloc()
    assert during.used - before.used == pytest.approx(10_000_000, rel=0.02)
    held.clear()
    assert malloc().used == pytest.approx(before.used, abs=500_000)


@needs_glibc
def test_a_mapped_block_counts_as_used() -> None:
    before, held = malloc(), bytearray(64 << 20)
    assert malloc().used - before.used == pytest.approx(len(held), rel=0.02)


@needs_glibc
def test_holes_are_free_in_malloc() -> None:
    held = [bytes(2000) for _ in range(20_000)]
    during = malloc()
    del held[::2]
    assert malloc().free - during.free == pytest.approx(20_000_000, rel=0.1)


def test_another_c_library_does_not_say() -> None:
    assert read_malloc(lambda *_: None) is None


class Watched:
    """An allocator whose answers count up, a clock, and one on which asking takes time."""

    def __init__(self, cost_s: float) -> None:
        self.now, self.cpu_s, self.cost_s, self.asked = 100.0, 5.0, cost_s, 0

    def clock(self) -> float:
        return self.now

    def cpu_clock(self) -> float:
        return self.cpu_s

    def ask(self) -> Use:
        self.asked += 1
        self.cpu_s += self.cost_s
        return Use(self.asked, 0)


def test_an_answer_stands_for_a_thousand_times_what_it_took() -> None:
    watched = Watched(cost_s=0.003)
    camera = AllocatorCamera(watched.ask, lambda: None, watched.clock, watched.cpu_clock)
    first, price = camera.read()
    assert first == Allocators(malloc_used_bytes=1, malloc_free_bytes=0)
    assert price.pause_ms == pytest.approx(3)
    watched.now += 2.9
    repeated, price = camera.read()
    assert (repeated, price.pause_ms, price.cpu_ms) == (first, 0.0, 0.0)
    watched.now += 0.2
    assert camera.read()[0].malloc_used_bytes == 2


def test_a_wait_for_the_lock_of_the_interpreter_is_no_price() -> None:
    watched = Watched(cost_s=0.0)

    def ask_and_wait() -> Use:
        watched.now += 0.05
        return watched.ask()

    camera = AllocatorCamera(ask_and_wait, lambda: None, watched.clock, watched.cpu_clock)
    assert [camera.read()[0].malloc_used_bytes for _ in range(3)] == [1, 2, 3]


def test_each_allocator_has_a_ration_of_its_own() -> None:
    dear, cheap = Watched(cost_s=1.0), iter(range(9))

    def ask_cheap() -> Use:
        return Use(next(cheap), 0)

    camera = AllocatorCamera(dear.ask, ask_cheap, dear.clock, dear.cpu_clock)
    pymallocs = [camera.read()[0].pymalloc_used_bytes for _ in range(3)]
    assert (dear.asked, pymallocs) == (1, [0, 1, 2])


@needs_sampler
@needs_glibc
def test_the_real_ones_add_up_to_less_than_the_process() -> None:
    found, price = AllocatorCamera().read()
    assert found.malloc_used_bytes is not None
    assert found.pymalloc_used_bytes is not None
    assert found.pymalloc_used_bytes > 10 * sys.getallocatedblocks()
    assert price.pause_ms > 0
