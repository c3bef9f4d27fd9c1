"""What is said of work that was called again and again: growth per call, and the verdict.

Memory in use after each window of calls is known to the byte, but everything counts in it.
So it decides whether a closer look is worth its price, and shows what no look can see:
memory that C code took.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from leakprobe.analysis.advice import advice_for
from leakprobe.analysis.axis_rules import CERTAIN_P, Finding, Series, on_axis
from leakprobe.analysis.fingerprint import fingerprint
from leakprobe.analysis.trend import trend_of
from leakprobe.model import Frame, Site, Suspect
from leakprobe.model.application import above_toolkit, is_library
from leakprobe.model.calls import CallSuspect, CallsVerdict

__all__ = [
    "CLOSE_WINDOWS",
    "FEWEST_CALLS",
    "FEWEST_CLOSELY",
    "LEAST_BYTES",
    "LEAST_COUNT",
    "LEAST_RESIDENT_BYTES",
    "CallSeries",
    "in_calls",
    "native_suspect",
    "verdict_of",
    "windows_of",
    "with_native",
]

WINDOWS = 12
# Each ends with a walk of the heap; the judge needs eight values after the warm-up.
CLOSE_WINDOWS = 9
# A dozen objects more is nothing to it: one of each call shows in so many.
FEWEST_CLOSELY = 27
# Growth has to repeat: once, and once more.
FEWEST_CALLS = 3
# First calls fill caches: what the first fifth brings is not counted.
WARM_UP_SHARE = 0.2

# Less may be rounding of the allocators, and their thread caches.
LEAST_BYTES = 1024
# The resident set goes in pages, and comes and goes with what the allocators keep.
LEAST_RESIDENT_BYTES = 256 << 10
LEAST_COUNT = 2
# What grows evenly brings half of it from the middle third to the last; what fills ends.
LATE_PART = 4
# Memory that nothing explains is C code's, where it is much and came twice alike.
LEAST_NATIVE_BYTES = 64 << 10
UNEXPLAINED_SHARE = 0.5
NOISES = 3
MOST_CONFIDENCE = 0.99
STATES = ("leak", "suspect")
COUNTED = ("threads", "tasks", "fds", "children")
MACHINERY = ("/_pytest/", "/pluggy/", "/pytest_mock/", "/unittest/mock.py", "/coverage/")
WITHOUT_WALKS = "; without the native core neither types nor holders are known"


@dataclass(frozen=True, slots=True)
class CallSeries:
    """One value after each window of calls; the first was there before the first call.

    Attributes:
        calls: made until then, rising.
        values: what was read.
    """

    calls: Sequence[int]
    values: Sequence[float]

    @property
    def counted(self) -> "CallSeries":
        """Without the first fifth, as long as three values are left."""
        first = min(math.ceil(WARM_UP_SHARE * len(self.calls)), max(len(self.calls) - 3, 0))
        return CallSeries(self.calls[first:], self.values[first:])

    @property
    def span(self) -> int:
        """Calls from the first value to the last."""
        return self.calls[-1] - self.calls[0]

    @property
    def slope(self) -> float:
        """Growth per call: the median slope, or that from end to end of a handful of values."""
        trend = trend_of(self.calls, self.values)
        if trend is not None:
            return trend.slope
        return (self.values[-1] - self.values[0]) / self.span

    def rises(self, least: float) -> bool:
        """A cheap sieve: whether the last third lies above the first, and above the middle."""
        third = max(len(self.values) // 3, 1)
        late = median(self.values[-third:])
        return (
            late - median(self.values[:third]) >= least
            and late - median(self.values[third:-third]) >= least / LATE_PART
        )

    def finding(self, least: float) -> Finding | None:
        """What the judge's rules for one axis say of bytes; None: there are too few values."""
        series = Series(self.calls, self.calls, self.values, "bytes", least)
        return on_axis(self.calls, series, CERTAIN_P, by_request=True)


def windows_of(calls: int, most: int = WINDOWS) -> list[int]:
    """How many calls each window has: at most so many windows, as equal as can be."""
    windows = min(calls, most)
    return [(at + 1) * calls // windows - at * calls // windows for at in range(windows)]


def in_calls(suspects: Sequence[Suspect], include: Sequence[str] = ()) -> tuple[CallSuspect, ...]:
    """The judge's suspects per call, without those that were allocated elsewhere.

    What the machinery of tests has allocated is theirs: monkeypatch notes what to undo, a
    mock how it was called, coverage which thread it traces.

    Args:
        suspects: the worst first.
        include: beginnings of paths (`src/shop`) or of modules (`shop.orders`); the line of a
            suspect is the innermost of its stack that lies below one. None given: all lines.
            What has no line is kept.
    """
    found: list[CallSuspect] = []
    for suspect in suspects:
        site = None if suspect.site is None else _site(suspect.site, include)
        if site is None and suspect.site is not None:
            continue
        growth = suspect.growth
        found.append(
            CallSuspect(
                rank=len(found) + 1,
                fingerprint=suspect.fingerprint,
                resource=suspect.resource,
                state=suspect.state,
                confidence=suspect.confidence,
                bytes=growth.bytes,
                objects=growth.objects,
                bytes_per_call=growth.bytes_per_request,
                objects_per_call=growth.objects_per_request,
                site=site,
                types=suspect.types,
                holders=suspect.holders,
                reason=suspect.reason,
                advice=suspect.advice,
            )
        )
    return tuple(found)


def native_suspect(
    first: CallSeries, again: CallSeries, suspects: Sequence[Suspect]
) -> CallSuspect | None:
    """Memory that C code took and did not give back: what grows and nothing in Python explains.

    Args:
        first: memory in use, over the calls that were counted.
        again: the same over as many calls more, later.
        suspects: what is known to grow in Python.
    """
    if any(one.resource in COUNTED for one in suspects):
        return None  # each thread and descriptor takes memory of C libraries
    explained = sum(one.growth.bytes_per_request or 0.0 for one in suspects)
    findings = [series.finding(LEAST_NATIVE_BYTES) for series in (first, again)]
    trends = [found.trend for found in findings if found is not None and found.state == "leak"]
    slopes = [trend.slope for trend in trends]
    if len(trends) < len(findings) or min(slopes) - explained < UNEXPLAINED_SHARE * max(slopes):
        return None
    per_call, trend = min(slopes) - explained, trends[-1]
    return CallSuspect(
        rank=0,
        fingerprint=fingerprint("native", "malloc", None, None),
        resource="native",
        state="leak",
        confidence=min(MOST_CONFIDENCE, 1 - trend.p),
        bytes=round(per_call * again.span),
        objects=None,
        bytes_per_call=per_call,
        objects_per_call=None,
        site=None,
        types=(),
        holders=(),
        reason=f"grew in {trend.grown + 1} of {trend.windows} windows, {per_call:,.0f} bytes "
        "per call that no Python object explains",
        advice=advice_for("native", None, (), "malloc", None),
    )


def with_native(
    suspects: Sequence[CallSuspect], native: CallSuspect | None
) -> tuple[CallSuspect, ...]:
    """All suspects, ranked anew: leaks first, of these the largest growth."""
    found = [*suspects, *([] if native is None else [native])]
    found.sort(key=lambda one: (STATES.index(one.state), -(one.bytes_per_call or 0)))
    return tuple(replace(suspect, rank=rank) for rank, suspect in enumerate(found, 1))


def verdict_of(
    memory: CallSeries,
    suspects: Sequence[CallSuspect],
    *,
    grew: bool,
    elsewhere: int = 0,
    walked: bool = True,
) -> CallsVerdict:
    """What to say of all of it: the worst suspect decides.

    Args:
        memory: in use, over the calls that were counted.
        suspects: the worst first.
        grew: something had seemed to grow, and was looked at closely.
        elsewhere: how many suspects were left out because their lines were not asked about.
        walked: the closer look walked the heap.
    """
    smallest = _smallest_detectable(memory)
    others = f"; {elsewhere} more grew elsewhere" if elsewhere else ""
    worst = min(suspects, key=lambda one: STATES.index(one.state), default=None)
    if worst is not None:
        more = len(suspects) - 1
        also = f"; {more} more {'thing grows' if more == 1 else 'things grow'}" if more else ""
        reason = worst.reason + also + others + ("" if walked else WITHOUT_WALKS)
        return CallsVerdict(worst.state, worst.resource, worst.confidence, reason, smallest)
    what = "what grew at first did not go on" if grew else "nothing kept growing"
    if elsewhere:
        what = "what grew was allocated elsewhere"
    reason = f"{what} in {memory.span:,} calls after the warm-up"
    if not grew:
        reason += f"; a leak of {smallest:,} bytes per call would have shown"
    confidence = min(MOST_CONFIDENCE, 1 - 1 / len(memory.calls))
    return CallsVerdict("no_leak", None, confidence, reason, smallest)


def _smallest_detectable(memory: CallSeries) -> int:
    """What stands out of how memory in use goes up and down from window to window."""
    steps = [after - before for before, after in pairwise(memory.values)]
    usual = median(steps)
    noise = median(abs(step - usual) for step in steps)
    return math.ceil((LEAST_BYTES + NOISES * noise) / memory.span)


def _site(site: Site, include: Sequence[str]) -> Site | None:
    """The line that is asked about, with the stack above what called it; None: it is another's."""
    stack = above_toolkit(site.stack)
    if _is_of_machinery(stack):
        return None
    lines = [frame for frame in stack if not include or _lies_below(frame.file, include)]
    if not lines:
        return None if include else site
    line = lines[0] if include else site
    return Site(line.file, line.line, line.function, stack)


def _is_of_machinery(stack: Sequence[Frame]) -> bool:
    """Whether a stack comes to the machinery of tests before it comes to the application."""
    for frame in stack:
        if any(part in frame.file for part in MACHINERY):
            return True
        if not is_library(frame.file):
            return False
    return False


def _lies_below(file: str, prefixes: Sequence[str]) -> bool:
    """Whether a path begins so, or its end from a `/` on."""
    return any(f"/{_path(prefix)}" in f"/{file.lstrip('/')}" for prefix in prefixes)


def _path(prefix: str) -> str:
    """A prefix as paths are written: `shop.orders` is `shop/orders`."""
    if "/" in prefix or prefix.endswith(".py"):
        return prefix.removeprefix("./").lstrip("/")
    return prefix.replace(".", "/")
