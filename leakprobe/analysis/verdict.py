"""The verdict: what all the evidence says, in one sentence."""

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from leakprobe.analysis.axis_rules import ENOUGH_OBSERVATIONS
from leakprobe.analysis.candidate import Candidate
from leakprobe.analysis.evidence import OBJECTS, OWNED, Evidence
from leakprobe.analysis.growth_rules import ENOUGH_REQUESTS, ENOUGH_S
from leakprobe.analysis.observation import Timeline
from leakprobe.analysis.trend import after_warm_up
from leakprobe.model.verdict import MemorySplit, Suspect, Verdict

__all__ = ["decide"]

S_PER_HOUR = 3600.0
MOST_CONFIDENCE = 0.99
# One object more in each window shows, where nothing else comes and goes.
LEAST_OBJECTS = 8
NOISES = 3
# An estimate exceeds three standard errors from this many samples on.
LEAST_SAMPLES = 9
LEAST_BYTES_EXACTLY = 1024


def decide(
    evidence: Evidence,
    candidates: Sequence[Candidate],
    suspects: Sequence[Suspect],
    memory: MemorySplit,
    *,
    limit_bytes: int | None,
) -> Verdict:
    """What to say of it all: the worst suspect decides.

    Args:
        evidence: what was observed.
        candidates: what grows.
        suspects: the causes of it, the worst first.
        memory: the resident set and its growth.
        limit_bytes: where memory ends; None: not known.
    """
    smallest = _smallest_detectable(evidence)
    worst = next((one for one in suspects if one.state == "leak"), None)
    worst = worst or next(iter(suspects), None)
    if worst is not None:
        return Verdict(
            state=worst.state,
            resource=worst.resource,
            confidence=worst.confidence,
            reason=_reason(worst, suspects),
            smallest_detectable_bytes_per_request=smallest,
            seconds_to_limit=_seconds_to_limit(memory, limit_bytes),
        )
    timeline, name = _most_telling(evidence)
    missing = _missing(timeline, name)
    if missing:
        reason = f"too little was seen to tell: {', '.join(missing)}"
        return Verdict("inconclusive", None, 0.0, reason, smallest, None)
    confidence = min(MOST_CONFIDENCE, 1 - 1 / len(timeline))
    reason = _reason_of_innocence(timeline, candidates, smallest)
    return Verdict("no_leak", None, confidence, reason, smallest, None)


def _reason(worst: Suspect, suspects: Sequence[Suspect]) -> str:
    others = len(suspects) - 1
    if not others:
        return worst.reason
    return f"{worst.reason}; {others} more {'thing grows' if others == 1 else 'things grow'}"


def _seconds_to_limit(memory: MemorySplit, limit_bytes: int | None) -> float | None:
    per_hour = memory.growth_bytes_per_hour.rss
    if limit_bytes is None or per_hour is None or per_hour <= 0:
        return None
    return max(0.0, (limit_bytes - memory.rss_bytes) / per_hour * S_PER_HOUR)


def _most_telling(evidence: Evidence) -> tuple[Timeline, str]:
    """What a leak of objects would show in, and what one observation of it is called."""
    if len(evidence.types.timeline):
        return evidence.types.timeline, "heap walks"
    if len(evidence.sites.timeline):
        return evidence.sites.timeline, "readings of the tracer"
    return evidence.gauges.timeline, "snapshots"


def _missing(timeline: Timeline, name: str) -> list[str]:
    """What must still be seen before nothing can be called nothing."""
    observed, seconds, requests = len(timeline), 0.0, 0
    if observed:
        first = after_warm_up(timeline.times, timeline.totals)
        seconds = timeline.times[-1] - timeline.times[first]
        requests = timeline.totals[-1] - timeline.totals[first]
    missing = []
    if observed < ENOUGH_OBSERVATIONS:
        missing.append(f"{observed} of {ENOUGH_OBSERVATIONS} {name}")
    if seconds < ENOUGH_S:
        missing.append(f"{seconds:.0f} of {ENOUGH_S:.0f} s after the warm-up")
    if observed and timeline.totals[-1] and requests < ENOUGH_REQUESTS:
        missing.append(f"{requests} of {ENOUGH_REQUESTS} requests after the warm-up")
    return missing


def _reason_of_innocence(
    timeline: Timeline, candidates: Sequence[Candidate], smallest: int | None
) -> str:
    first = after_warm_up(timeline.times, timeline.totals)
    seconds = timeline.times[-1] - timeline.times[first]
    requests = timeline.totals[-1] - timeline.totals[first]
    seen = f"{seconds:,.0f} s and {requests:,} requests" if requests else f"{seconds:,.0f} s"
    what = "all that grew is known to end" if candidates else "nothing kept growing"
    reason = f"{what} in {seen} after the warm-up"
    if smallest is None:
        return reason
    return f"{reason}; a leak of {smallest:,} bytes per request would have shown"


def _smallest_detectable(evidence: Evidence) -> int | None:
    """Bytes of Python memory per request that would have been seen."""
    timeline, _ = _most_telling(evidence)
    if not len(timeline):
        return None
    first = after_warm_up(timeline.times, timeline.totals)
    requests = timeline.totals[-1] - timeline.totals[first]
    size = _smallest_growth(evidence, first)
    return math.ceil(size / requests) if requests and size is not None else None


def _smallest_growth(evidence: Evidence, first: int) -> float | None:
    """In bytes, of all requests together.

    Of a walk it is what stands out of all that comes and goes; a leak of a type or in a
    container of its own shows much earlier.
    """
    objects, owned = evidence.heap.get(OBJECTS), evidence.heap.get(OWNED)
    if objects is not None and owned is not None:
        counts = objects.values(evidence.heap.timeline.serials[first:])
        steps = [abs(after - before) for before, after in pairwise(counts)]
        noise = median(steps) if steps else 0
        return (LEAST_OBJECTS + NOISES * noise) * owned.last / max(objects.last, 1)
    if len(evidence.sites.timeline):
        return LEAST_SAMPLES * evidence.bytes_per_sample or LEAST_BYTES_EXACTLY
    return None
