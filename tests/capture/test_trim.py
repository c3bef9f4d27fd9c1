"""Memory that malloc held free comes back, and the split says so before."""

import subprocess
import sys

import pytest

from leakprobe.capture.allocator import read_malloc
from leakprobe.capture.trim import trim
from leakprobe.errors import NotAvailable
from tests.native import needs_sampler

needs_glibc = pytest.mark.skipif(read_malloc() is None, reason="this C library is not glibc")

# 100 MB in blocks of malloc, of which every hundredth stays: the heap cannot shrink from its
# end, and what is free lies in holes. Prints the split in MiB before and after a trim.
FRAGMENTED = """
from leakprobe.analysis.memory_split import split_memory
from leakprobe.capture.allocator import AllocatorCamera
from leakprobe.capture.process import read_gauges
from leakprobe.capture.trim import trim

held = [bytes(5_000) for _ in range(20_000)]
if {fragmented}:
    held = held[::100]

def show(*more):
    split = split_memory(read_gauges(allocators=AllocatorCamera().read()[0]), 0)
    print(split.allocator_free_bytes >> 20, split.rss_bytes >> 20, *more)

show()
freed = trim()
show((freed.rss_before_bytes - freed.rss_after_bytes) >> 20)
"""


def run(*, fragmented: bool) -> tuple[int, ...]:
    """Free and RSS before, free and RSS after, and what a trim says has come back."""
    script = FRAGMENTED.format(fragmented=fragmented)
    # A thread's arena would be mapped in pieces; the main thread's is one heap.
    output = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    return tuple(map(int, output.split()))


@needs_glibc
@needs_sampler
def test_a_fragmented_heap_is_told_and_trimmed() -> None:
    free, rss, free_after, rss_after, freed = run(fragmented=True)
    assert 85 <= free <= 105
    assert freed >= 80
    assert rss - rss_after == pytest.approx(freed, abs=2)
    assert free_after < free - 80, "what is not resident is no part of the resident set"


@needs_glibc
@needs_sampler
def test_a_heap_in_use_has_nothing_to_give_back() -> None:
    free, _, _, _, freed = run(fragmented=False)
    assert free < 10
    assert freed < 5


@needs_glibc
def test_a_trim_says_what_it_did() -> None:
    freed = trim()
    assert (freed.action, freed.objects, freed.uncollectable) == ("trim", None, None)
    assert freed.rss_before_bytes > 0
    assert freed.price.pause_ms > 0


def test_another_c_library_is_refused() -> None:
    with pytest.raises(NotAvailable, match="glibc"):
        trim(lambda *_: None)
