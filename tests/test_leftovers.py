"""The proof that nothing is left behind must itself be able to fail."""

import os
import threading
import tracemalloc

from tests.leftovers import left_since, leftovers
from tests.native import needs_sampler


def test_nothing_is_left_where_nothing_was_done() -> None:
    assert left_since(leftovers()) == []


def test_a_thread_of_ours_is_seen_although_it_is_a_daemon() -> None:
    before, end = leftovers(), threading.Event()
    threads = [threading.Thread(target=end.wait, name=n, daemon=True) for n in ("leakprobe-x", "y")]
    for thread in threads:
        thread.start()
    try:
        assert left_since(before) == ["thread leakprobe-x"]
    finally:
        end.set()
        for thread in threads:
            thread.join()


def test_tracing_that_goes_on_is_seen() -> None:
    before = leftovers()
    tracemalloc.start(3)
    try:
        assert left_since(before) == ["tracemalloc frames 3, before None"]
    finally:
        tracemalloc.stop()


@needs_sampler
def test_sampling_that_goes_on_is_seen() -> None:
    from leakprobe.capture._native import _sampler

    before = leftovers()
    _sampler.start(65536, 8, None)
    try:
        assert left_since(before) == ["the sampler, still on"]
    finally:
        _sampler.stop()


def test_an_open_descriptor_is_seen() -> None:
    before = leftovers()
    reading, writing = os.pipe()
    try:
        assert [found[:24] for found in left_since(before)] == ["file descriptor of pipe:"]
    finally:
        os.close(reading)
        os.close(writing)
    assert left_since(before) == []
