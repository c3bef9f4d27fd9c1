"""The evidence for a cause, in one sentence that a tired person understands."""

from collections.abc import Sequence

from leakprobe.analysis.suspect_cause import Cause
from leakprobe.analysis.suspect_growth import counted_of
from leakprobe.analysis.suspect_state import bound_of, deciding, is_bounded
from leakprobe.model import SuspectGrowth, SuspectRoute
from leakprobe.model.live import UNTAGGED

__all__ = ["REQUEST", "reason_for"]

UNITS = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))
ONE = {"threads": "thread", "tasks": "task", "fds": "descriptor", "children": "child"}
MANY = {"child": "children"}
THOUSAND = 1000
# What a service's load is counted in. It has routes; calls of one function have none.
REQUEST = "request"
# A route with less, beside growth of no route, is not what the reason is about.
LEAST_OF_TOP = 0.5


def reason_for(
    cause: Cause, growth: SuspectGrowth, routes: Sequence[SuspectRoute], *, per: str = REQUEST
) -> str:
    """How often it grew, and by how much: per request of its route where that is known.

    Args:
        cause: what grew.
        growth: by how much.
        routes: who causes it; none where the load has no routes.
        per: what the load is counted in.
    """
    best = max(deciding(cause), key=lambda m: (m.state == "leak", m.grown))
    often = f"grew in {best.grown + 1} of {best.windows} windows"
    ending = ", lately more slowly" if best.ended else ""
    return ", ".join([often + ending, *_bound(cause), *_amounts(cause, growth, routes, per)])


def _bound(cause: Cause) -> list[str]:
    if not is_bounded(cause):
        return []
    bound = bound_of(cause)
    return ["below a bound" if bound is None else f"below its bound of {bound:,}"]


def _amounts(
    cause: Cause, growth: SuspectGrowth, routes: Sequence[SuspectRoute], per: str
) -> list[str]:
    one = ONE.get(counted_of(cause).resource, "object")
    counts = one != "object"
    main = [route for route in routes if route.share >= LEAST_OF_TOP * routes[0].share]
    for route in main:
        if route.bytes_per_request is not None and not counts:
            return [f"{_bytes(route.bytes_per_request)} per {per} of {route.route}"]
        if route.objects_per_request is not None:
            return [f"{_number(route.objects_per_request, one)} per {per} of {route.route}"]
    by_requests = not routes or routes[0].route != UNTAGGED
    if growth.bytes_per_request is not None and by_requests and not counts:
        return [f"{_bytes(growth.bytes_per_request)} per {per}"]
    if growth.bytes_per_second is not None and not counts:
        return [f"{_bytes(growth.bytes_per_second)} per second"]
    if growth.objects_per_request is not None and per != REQUEST:
        return [f"{_number(growth.objects_per_request, one)} per {per}"]
    return [] if growth.objects is None else [f"{_number(growth.objects, one)} more"]


def _bytes(size: float) -> str:
    for unit, name in UNITS:
        if size >= unit:
            return f"{size / unit:.3g} {name}"
    return "1 byte" if f"{size:.0f}" == "1" else f"{size:.0f} bytes"


def _number(value: float, one: str) -> str:
    number = f"{value:.3g}" if value < THOUSAND else f"{value:.0f}"
    return f"{number} {one if number == '1' else MANY.get(one, one + 's')}"
