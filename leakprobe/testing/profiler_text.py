"""What a profiler says, in words."""

from collections.abc import Sequence

from leakprobe.model.calls import BYTES_PER_MB
from leakprobe.render.units import count_text, decimal_text
from leakprobe.testing.allocations import Allocation, worth_showing
from leakprobe.testing.measurement import Measurement
from leakprobe.testing.readings import Reading

__all__ = ["count_failure", "memory_failure", "summary"]

SHOWN = 10
NO_LINES = "MemoryProfiler(trace=True) would say which lines allocated it"


def memory_failure(
    name: str,
    start: Reading,
    now: Reading,
    limit_mb: float,
    peak_bytes: int,
    measurements: Sequence[Measurement],
    lines: Sequence[Allocation] | None,
) -> str:
    """Memory grew by more than is allowed.

    Args:
        name: of what was profiled.
        start: the reading before.
        now: the reading after.
        limit_mb: by how much it may grow.
        peak_bytes: the most at any reading, less the start.
        measurements: all, the start first.
        lines: what allocated most of the growth; None: nothing traced.
    """
    grown = decimal_text(now.memory_bytes - start.memory_bytes)
    allowed = decimal_text(limit_mb * BYTES_PER_MB)
    beside = [f"peak {decimal_text(peak_bytes, sign=True)}"]
    if now.measured_by == "allocators":
        rss = decimal_text(now.rss_bytes - start.rss_bytes, sign=True)
        beside.append(f"resident set {rss}")
    said = f"{name}: memory grew by {grown}, allowed are {allowed} ({', '.join(beside)})"
    return "\n".join([said, *_measured(measurements), *_allocated(lines)])


def count_failure(name: str, thing: str, growth: int, max_growth: int, which: Sequence[str]) -> str:
    """There are more threads, descriptors or tasks than are allowed.

    Args:
        name: of what was profiled.
        thing: what is counted, in the singular.
        growth: how many more.
        max_growth: how many more there may be.
        which: what they are, with their numbers.
    """
    allowed = "none is" if max_growth == 0 else f"{count_text(max_growth, 'is', 'are')}"
    said = f"{name}: {count_text(growth, thing)} more than before, {allowed} allowed"
    return "\n".join([said, *(f"  {one}" for one in which[:SHOWN])])


def summary(name: str, start: Reading, now: Reading, measurements: Sequence[Measurement]) -> str:
    """What changed, as a few lines."""
    changes = [
        f"memory {decimal_text(now.memory_bytes - start.memory_bytes, sign=True)}",
        f"resident set {decimal_text(now.rss_bytes - start.rss_bytes, sign=True)}",
        f"threads {now.threads - start.threads:+d}",
    ]
    if now.fds is not None and start.fds is not None:
        changes.append(f"file descriptors {now.fds - start.fds:+d}")
    return "\n".join([f"{name}: {', '.join(changes)}", *_measured(measurements)])


def _measured(measurements: Sequence[Measurement]) -> list[str]:
    """What was measured between, where there was anything."""
    if not any(measurement.label not in ("start", "end") for measurement in measurements):
        return []
    return [
        f"  {decimal_text(measurement * BYTES_PER_MB)} {measurement.label}".rstrip()
        for measurement in measurements
    ]


def _allocated(lines: Sequence[Allocation] | None) -> list[str]:
    if lines is None:
        return [NO_LINES]
    return ["allocated by:", *(f"  {line}" for line in worth_showing(lines))] if lines else []
