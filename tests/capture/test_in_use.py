"""Memory in use: exact for Python and C alike, without what we or tracemalloc keep."""

import ctypes
import tracemalloc

import pytest

from leakprobe.capture import in_use
from leakprobe.capture.in_use import read_memory_in_use
from leakprobe.testing.tracing import tight_tracer
from tests.native import needs_sampler

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]

# What malloc rounds up to, and the list that holds the objects.
SLACK_BYTES = 4096


def bytes_in_use() -> int:
    return read_memory_in_use().bytes


@pytest.fixture(autouse=True)
def _read_once_before() -> None:
    bytes_in_use()


@needs_sampler
@pytest.mark.parametrize(("count", "size"), [(1, 8_420_000), (1, 100_000), (5000, 100)])
def test_python_objects_to_the_byte(count: int, size: int) -> None:
    before = bytes_in_use()
    kept = [bytearray(size) for _ in range(count)]
    grown = bytes_in_use() - before
    # An object of 56 bytes, its buffer with the byte behind it, a place in the list; all rounded.
    least, most = count * (56 + size + 1), count * (64 + size + 32 + 9)
    assert least <= grown <= most + SLACK_BYTES
    kept.clear()
    assert abs(bytes_in_use() - before) < SLACK_BYTES


@needs_sampler
def test_memory_of_c_counts_as_well() -> None:
    before = bytes_in_use()
    block = libc.malloc(5_000_000)
    grown = bytes_in_use() - before
    libc.free(block)
    left = bytes_in_use() - before
    assert grown == pytest.approx(5_000_000, abs=2 * SLACK_BYTES)
    assert abs(left) < SLACK_BYTES


@needs_sampler
def test_nothing_grows_by_reading() -> None:
    before = bytes_in_use()
    for _ in range(100):
        bytes_in_use()
    assert abs(bytes_in_use() - before) < SLACK_BYTES


@needs_sampler
def test_little_of_the_sampler_s_counts() -> None:
    """Its tables do not; what sampled blocks take more is known up to how malloc rounds."""
    kept: list[bytearray] = []
    with tight_tracer():
        before = bytes_in_use()
        kept.extend(bytearray(300) for _ in range(5000))
        grown = bytes_in_use() - before
    assert grown == pytest.approx(5000 * (56 + 301), rel=0.15)


@needs_sampler
def test_nearly_nothing_of_tracemalloc_s_tables_counts() -> None:
    tracemalloc.start()
    try:
        before = bytes_in_use()
        kept = [bytearray(3000) for _ in range(2000)]
        grown = bytes_in_use() - before
    finally:
        tracemalloc.stop()
    assert grown == pytest.approx(len(kept) * (56 + 3001), rel=0.05)


@pytest.mark.parametrize("missing", ["malloc", "core"])
def test_the_resident_set_has_to_do(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    if missing == "malloc":
        monkeypatch.setattr(in_use, "read_malloc", lambda: None)
    else:
        monkeypatch.setattr(in_use, "sampler_missing", lambda: "not built")
    before = read_memory_in_use()
    kept = bytearray(b"x") * 50_000_000
    after = read_memory_in_use()
    assert before.by == after.by == "resident set"
    assert after.bytes - before.bytes == pytest.approx(len(kept), rel=0.1)


@needs_sampler
def test_without_pymalloc_all_is_malloc_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_use, "read_pymalloc", lambda: None)
    before = read_memory_in_use()
    kept = bytearray(100_000)
    after = read_memory_in_use()
    assert after.by == "allocators"
    assert after.bytes - before.bytes == pytest.approx(len(kept), rel=0.05)
