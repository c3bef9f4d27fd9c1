"""Lines of the application whose memory piles up: what they allocated survives."""

import heapq
import math
from collections.abc import Iterator
from dataclasses import replace

from leakprobe.analysis.axis_rules import ENOUGH_OBSERVATIONS, Unit
from leakprobe.analysis.evidence import GARBAGE, Evidence
from leakprobe.analysis.judged import Found, Judged, Watch
from leakprobe.analysis.site_sums import SiteGrowth
from leakprobe.model import Frame
from leakprobe.model.application import is_library

__all__ = ["grown_sites"]

LEAST_BYTES = 1024
# An exact tracer keeps one frame, and of a library's line that does not tell whose call it
# was: what the agent keeps of each snapshot is allocated by psutil and dataclasses.
LEAST_BYTES_OF_LIBRARIES = 64 << 10
ERRORS = 3
WAITING_SHARE = 0.5
# Each is looked for among all live stacks.
MOST_SITES = 20


def grown_sites(evidence: Evidence, *, collector_works: bool = True) -> Iterator[Found]:
    """The lines that grow most, beyond what the error of the samples explains.

    Samples do not tell what is in use from what waits for the collector: where the heap
    is walked, a line alone is never more than suspected, and it is left out where at some
    time as much waited as it has grown by: its growth may be the rise of a saw-tooth.

    Args:
        evidence: what was observed.
        collector_works: whether it will get the cycles that wait for it.
    """
    watch = Watch(evidence.sites.timeline)
    unit: Unit = "estimate" if evidence.bytes_per_sample else "bytes"
    grown = [
        (judged.growth.amount, site, judged)
        for site, column in evidence.sites.items()
        if (judged := watch.judge(column, unit, _least(site, unit))) is not None
    ]
    walked = len(evidence.types.timeline) >= ENOUGH_OBSERVATIONS
    for _, site, judged in heapq.nlargest(MOST_SITES, grown, key=lambda one: one[0]):
        found = _found(evidence, site, judged)
        if found is None or (collector_works and _waits(evidence, judged)):
            continue
        yield found.suspected() if walked else found


def _least(site: Frame, unit: Unit) -> int:
    return LEAST_BYTES_OF_LIBRARIES if unit == "bytes" and is_library(site.file) else LEAST_BYTES


def _waits(evidence: Evidence, judged: Judged) -> bool:
    column = evidence.heap.get(GARBAGE)
    if column is None:
        return False
    waiting = judged.most_beside(evidence.heap.timeline, column)
    return waiting >= WAITING_SHARE * judged.growth.amount


def _found(evidence: Evidence, site: Frame, judged: Judged) -> Found | None:
    new = evidence.site_growth(site, judged.series.times[0])
    if judged.growth.amount < ERRORS * _error(judged, new):
        return None
    name = f"{site.file}:{site.line}"
    candidate = judged.candidate(
        "python", "site", f"{name} {site.function}" if site.function else name, "bytes"
    )
    size = new.variance / new.bytes if new.variance and new.bytes else 0.0
    candidate = replace(
        candidate,
        site=site,
        stack=new.stack,
        tags=new.tags,
        samples=round(new.bytes / size) if size else None,
    )
    return Found(candidate, judged)


def _error(judged: Judged, new: SiteGrowth) -> float:
    """The standard error of the growth: of what is new, and of what was freed.

    What is alive at both ends is the same samples, which cancel out.
    """
    if not new.variance or not new.bytes:
        return 0.0
    freed = max(0.0, judged.series.values[0] - new.old_bytes)
    return math.sqrt(new.variance * (1 + freed / new.bytes))
