"""Runs the garbage collector on request, and says what that freed and cost."""

import gc
import time

import psutil

from leakprobe.model import Freed, Price

__all__ = ["collect_garbage"]


def collect_garbage() -> Freed:
    """Run a full collection (`gc.collect(2)`); it holds the GIL from beginning to end."""
    process = psutil.Process()
    garbage, rss = len(gc.garbage), process.memory_info().rss
    wall, cpu = time.perf_counter(), time.thread_time()
    objects = gc.collect()
    wall_ms = (time.perf_counter() - wall) * 1e3
    return Freed(
        action="gc",
        objects=objects,
        uncollectable=max(0, len(gc.garbage) - garbage),
        rss_before_bytes=rss,
        rss_after_bytes=process.memory_info().rss,
        price=Price(wall_ms, wall_ms, (time.thread_time() - cpu) * 1e3),
    )
