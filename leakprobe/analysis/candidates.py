"""What grows, of everything that was watched: found by statistics alone.

A candidate says that one series grows: a type's count, a container's length, the bytes of
a line. Several candidates often have one cause; to find it takes a look at the heap
(`leakprobe.analysis.suspects`).
"""

from collections.abc import Sequence
from dataclasses import replace

from leakprobe.analysis.candidate import Candidate, Kind
from leakprobe.analysis.evidence import Evidence
from leakprobe.analysis.gauge_growth import grown_gauges, grown_groups
from leakprobe.analysis.heap_growth import grown_containers, grown_garbage, grown_types
from leakprobe.analysis.judged import Found, Steps
from leakprobe.analysis.route_rates import RouteRates
from leakprobe.analysis.site_growth import grown_sites
from leakprobe.analysis.under_way import tempered

__all__ = ["Candidate", "Kind", "charge", "find_candidates", "find_grown"]

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
    found = find_grown(evidence)
    return charge(found) if rates else tuple(one.candidate for one in found)


def find_grown(evidence: Evidence) -> tuple[Found, ...]:
    """Everything that grows, the surest first, each with a copy of the series that says so."""
    garbage = list(grown_garbage(evidence))
    found = [
        *evidence.remembered("heap", evidence.types.timeline, lambda: _grown_in_heap(evidence)),
        *garbage,
        *grown_gauges(evidence),
        *grown_groups(evidence),
        *grown_sites(evidence, collector_works=not garbage),
    ]
    return tuple(sorted(tempered(evidence, found), key=_order))


def charge(found: Sequence[Found]) -> tuple[Candidate, ...]:
    """The same as candidates, the growth of the first two dozen charged to routes.

    It takes a while, and needs the evidence no longer. What grew alike is charged alike:
    of one cause most series do.
    """
    known: dict[Steps, RouteRates | None] = {}
    candidates = []
    for one in found[:MOST_RATED]:
        steps = one.judged.steps
        if steps not in known:
            known[steps] = one.charged().candidate.rates
        candidates.append(replace(one.candidate, rates=known[steps]))
    return (*candidates, *(one.candidate for one in found[MOST_RATED:]))


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
