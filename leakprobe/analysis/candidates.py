"""What grows, of everything that was watched: found by statistics alone.

A candidate says that one series grows: a type's count, a container's length, the bytes of
a line. Several candidates often have one cause; to find it takes a look at the heap
(`leakprobe.analysis.suspects`).
"""

from leakprobe.analysis.candidate import Candidate, Kind
from leakprobe.analysis.evidence import Evidence
from leakprobe.analysis.gauge_growth import grown_gauges, grown_groups
from leakprobe.analysis.heap_growth import grown_containers, grown_garbage, grown_types
from leakprobe.analysis.judged import Found
from leakprobe.analysis.site_growth import grown_sites

__all__ = ["Candidate", "Kind", "find_candidates"]

# Each regression takes some ten milliseconds.
MOST_RATED = 24
STATES = ("leak", "suspect")
# What names a cause best comes first.
KINDS = ("container", "gauge", "group", "c_held", "garbage", "type", "site")


def find_candidates(evidence: Evidence, *, rates: bool = True) -> tuple[Candidate, ...]:
    """Everything that grows, the surest first.

    Args:
        evidence: what was observed.
        rates: charge the growth of the first two dozen to routes, which takes a while.
    """
    garbage = list(grown_garbage(evidence))
    found = [
        *evidence.remembered("heap", evidence.types.timeline, lambda: _grown_in_heap(evidence)),
        *garbage,
        *grown_gauges(evidence),
        *grown_groups(evidence),
        *grown_sites(evidence, collector_works=not garbage),
    ]
    found.sort(key=_order)
    rated = [one.charged() for one in found[:MOST_RATED]] if rates else []
    return tuple(one.candidate for one in (*rated, *found[len(rated) :]))


def _grown_in_heap(evidence: Evidence) -> list[Found]:
    return [*grown_containers(evidence), *grown_types(evidence)]


def _order(found: Found) -> tuple[int, int, int, int, str]:
    candidate = found.candidate
    return (
        STATES.index(candidate.state),
        KINDS.index(candidate.kind),
        -(candidate.bytes or 0),
        -(candidate.objects or 0),
        candidate.name,
    )
