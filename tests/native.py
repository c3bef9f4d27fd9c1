"""Marks for tests that need the native core: they are skipped only where it is not built."""

import pytest

from leakprobe.capture.native import heap_walk_missing, requests_missing, sampler_missing

__all__ = ["needs_heap_walk", "needs_requests", "needs_sampler"]

needs_requests = pytest.mark.skipif(
    requests_missing() is not None, reason=f"no native request path: {requests_missing()}"
)
needs_sampler = pytest.mark.skipif(
    sampler_missing() is not None, reason=f"no native sampler: {sampler_missing()}"
)
needs_heap_walk = pytest.mark.skipif(
    heap_walk_missing() is not None, reason=f"no native heap walk: {heap_walk_missing()}"
)
