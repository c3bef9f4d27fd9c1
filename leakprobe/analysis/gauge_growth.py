"""What grows of the process as a whole: native memory, what the allocators hold, counts."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import cast

from leakprobe.analysis.candidate import Candidate
from leakprobe.analysis.evidence import ALLOCATOR_FREE, IN_MALLOC, IN_MALLOC_ERROR, Evidence
from leakprobe.analysis.judged import Found, Judged, Watch
from leakprobe.analysis.trend import trend_of
from leakprobe.model.verdict import Resource

__all__ = ["grown_gauges", "grown_groups"]

COUNTED: dict[str, Resource] = {
    "threads": "threads",
    "tasks": "tasks",
    "fds": "fds",
    "children": "children",
}
LEAST_COUNT = 5
# Less may be what the agent itself files, and rounding: malloc's figures know no owner.
LEAST_NATIVE_BYTES = 1 << 20
# Of what malloc handed out more, what must not be Python objects' for it to be native.
NATIVE_SHARE = 0.25
NATIVE_ERRORS = 3
FEWEST_WALKS = 4
LEAST_FREE_BYTES = 1 << 20
# Of the growth of the resident set, what nobody uses: for a suspicion, and for a leak.
FREE_SHARE = 0.1
FREE_SHARE_CERTAIN = 0.5
# Of the resident set, what they must hold; of their growth, what must be resident.
HELD_SHARE = 0.1
RESIDENT_SHARE = 0.5
# Less may be the working set of a service that becomes slower: more requests run at a time.
SIZEABLE_BYTES = 4 << 20
SIZEABLE_SHARE = 0.03
# What grows so evenly for so long leaks, even if nothing tells what with: at a load that does
# not vary, requests of all routes come as time goes by.
EVENLY = 5.0
EVENLY_LASTING = 0.8
EVENLY_S = 35.0
# What a thread more may take: what it works on, and what malloc keeps for it.
BYTES_PER_THREAD = 1 << 20


def grown_gauges(evidence: Evidence) -> Iterator[Found]:
    """Gauges that grow, each for one resource."""
    watch, gauges = Watch(evidence.gauges.timeline), evidence.gauges
    for name, resource in COUNTED.items():
        judged = watch.judge(gauges.get(name), "count", LEAST_COUNT, from_zero=False)
        if judged is not None:
            yield Found(judged.candidate(resource, "gauge", name, "objects"), judged)
    used = watch.judge(
        gauges.get("malloc_used_bytes"), "bytes", LEAST_NATIVE_BYTES, from_zero=False
    )
    if used is not None:
        yield from (_proven(evidence, found) for found in _native(evidence, used))
    free = watch.judge(gauges.get(ALLOCATOR_FREE), "bytes", LEAST_FREE_BYTES, from_zero=False)
    if free is not None:
        yield from (_proven(evidence, found) for found in _allocator(evidence, free))


def grown_groups(evidence: Evidence) -> Iterator[Found]:
    """Threads, tasks, descriptors or children of one kind that become more."""
    watch = Watch(evidence.groups.timeline)
    for (resource, name), column in evidence.groups.items():
        judged = watch.judge(column, "count", LEAST_COUNT)
        if judged is not None and resource in COUNTED.values():
            found = judged.candidate(cast("Resource", resource), "group", name, "objects")
            site = evidence.group_sites.get((resource, name))
            yield Found(replace(found, site=site), judged)


def _proven(evidence: Evidence, found: Found) -> Found:
    """The same, suspected unless it is much, and surely goes with a route or with time, or evenly.

    Nothing that is counted stands behind bytes of the process as a whole.
    """
    if found.candidate.state == "suspect":
        return found
    rss, threads = evidence.gauges.get("rss_bytes"), evidence.gauges.get("threads")
    least = max(
        SIZEABLE_BYTES,
        SIZEABLE_SHARE * (0 if rss is None else rss.last),
        BYTES_PER_THREAD * (found.judged.amount_of(threads) or 0),
    )
    if (found.candidate.bytes or 0) < least:
        return found.suspected()
    charged = found.charged()
    sure = _is_charged(charged.candidate) or _is_even(charged)
    return charged if sure else charged.suspected()


def _is_charged(candidate: Candidate) -> bool:
    """Whether something is known to make it grow; of one route alone, that or time does."""
    rates = candidate.rates
    if rates is None or len(candidate.routes) <= 1:
        return True
    return bool(rates.rows) or rates.background_per_s > 0


def _is_even(found: Found) -> bool:
    """Whether it has grown for long, by the same each time."""
    series = found.judged.series
    trend = trend_of(series.times, series.values)
    return (
        trend is not None
        and series.seconds >= EVENLY_S
        and trend.grown == trend.windows - 1
        and trend.steadiness >= EVENLY
        and trend.lasting >= EVENLY_LASTING
    )


def _native(evidence: Evidence, used: Judged) -> Iterator[Found]:
    """What malloc handed out more, less what of it Python objects took."""
    growth = used.growth.amount
    known = _python_share(evidence, used)
    python, error = known or (0.0, 0.0)
    native = growth - python
    if native < max(LEAST_NATIVE_BYTES, NATIVE_SHARE * growth, NATIVE_ERRORS * error):
        return
    first, share = used.series.values[0], native / growth
    values = [first + share * (value - first) for value in used.series.values]
    scaled = replace(used, series=replace(used.series, values=values))
    candidate = used.candidate("native", "gauge", "malloc_used_bytes", "bytes")
    found = Found(replace(candidate, bytes=round(native)), scaled)
    yield found if known is not None else found.suspected()


def _python_share(evidence: Evidence, used: Judged) -> tuple[float, float] | None:
    """How much more malloc handed out to Python objects meanwhile, and its standard error.

    A walk adds all objects up; without walks readings of the tracer say it. Those of an exact
    one are rare, but its sum is known at any moment. None: nothing tells.
    """
    walked, sampled = evidence.heap, evidence.sampled_in_malloc
    if (column := walked.get(IN_MALLOC)) is not None and len(walked.timeline) >= FEWEST_WALKS:
        return used.growth_beside(walked.timeline, column), 0.0
    column, errors = sampled.get(IN_MALLOC), sampled.get(IN_MALLOC_ERROR)
    read = None if column is None else used.growth_beside(sampled.timeline, column)
    if not evidence.bytes_per_sample:
        known = [share for share in (read, _traced_share(evidence, used)) if share is not None]
        return (max(known), 0.0) if known else None
    if read is None or errors is None:
        return None
    ends = errors.values(sampled.timeline.serials)
    return read, math.hypot(ends[0], ends[-1])


def _traced_share(evidence: Evidence, used: Judged) -> float | None:
    """What is traced and was not handed out by pymalloc, as far as that is known."""
    gauges = evidence.gauges
    traced, small = gauges.get("traced_bytes"), gauges.get("pymalloc_used_bytes")
    if traced is None:
        return None
    grown = used.growth_beside(gauges.timeline, traced)
    if small is not None:
        grown -= used.growth_beside(gauges.timeline, small)
    return max(0.0, grown)


def _allocator(evidence: Evidence, free: Judged) -> Iterator[Found]:
    """What nobody uses, where it is much, and the resident set grows with it.

    Blocks that were freed and wait to be used again are as large as the service is busy.
    """
    rss = evidence.gauges.get("rss_bytes")
    grown = free.amount_of(rss)
    amount, held = free.growth.amount, free.series.values[-1]
    if rss is None or grown is None or held < HELD_SHARE * rss.last:
        return
    found = Found(free.candidate("allocator", "gauge", ALLOCATOR_FREE, "bytes"), free)
    if grown >= RESIDENT_SHARE * amount:
        if amount >= FREE_SHARE_CERTAIN * grown:
            yield found
        elif amount > FREE_SHARE * grown:
            yield found.suspected()
