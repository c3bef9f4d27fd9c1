"""How much a cause grew, in bytes and in what it counts."""

from collections.abc import Iterable, Sequence

from leakprobe.analysis.candidates import Candidate
from leakprobe.analysis.holder_paths import outermost, way
from leakprobe.analysis.suspect_cause import Cause
from leakprobe.analysis.suspect_resources import COUNTED
from leakprobe.model import ContainerHolder, SuspectGrowth
from leakprobe.model.verdict import Resource

__all__ = ["counted_of", "growth_of", "resource_of", "scaled"]

# A container of which less than this grew in the span that was judged has old entries,
# which may be of another size.
MOSTLY_NEW = 0.5
# The groups of a resource are all of it where they reach this share of the gauge.
ALL_GROUPS = 0.8


def resource_of(cause: Cause) -> Resource:
    """What grows: the scarcest of what its members count, if that is as sure as the rest."""
    sure = [m for m in cause.members if m.state == "leak"] or cause.members
    found = {member.resource for member in sure}
    for resource in COUNTED:
        if resource in found:
            return resource
    if "native" in found and _other_bytes(sure, "native") > python_bytes(cause):
        return "native"
    return "allocator" if found == {"allocator"} else "python"


def counted_of(cause: Cause) -> Candidate:
    """The member that says how many objects, threads or descriptors more there are."""
    resource = resource_of(cause)
    found = [m for m in cause.members if m.resource == resource and m.objects]
    if resource in COUNTED and found:
        return max(found, key=lambda m: (m.kind == "group", m.objects))
    if cause.head.objects is not None:
        return cause.head
    objects = [m for m in cause.types if m.objects]
    return next(iter(objects), cause.head)


def growth_of(cause: Cause) -> SuspectGrowth:
    """Growth of all members, in the span of the one that is counted."""
    counted = counted_of(cause)
    outside = [m for m in cause.members if m.resource in ("native", "allocator")]
    others = sum(scaled(m.bytes, m, counted) for m in outside)
    size = round(scaled(python_bytes(cause), cause.head, counted) + others) or None
    count = _count(cause, counted)
    seconds, requests = counted.seconds, counted.requests
    return SuspectGrowth(
        bytes=size,
        objects=None if count is None else round(count),
        bytes_per_second=size / seconds if size is not None and seconds > 0 else None,
        bytes_per_request=size / requests if size is not None and requests else None,
        objects_per_request=count / requests if count is not None and requests else None,
    )


def scaled(value: float | None, of: Candidate, to: Candidate) -> float:
    """Growth in the span of one candidate, over the span of another."""
    if value is None:
        return 0.0
    if of.requests and to.requests:
        return value * to.requests / of.requests
    return value * to.seconds / of.seconds if of.seconds > 0 else float(value)


def python_bytes(cause: Cause) -> float:
    """Growth of Python objects: by their sizes where walks know them, else by samples.

    What a container dominates lacks what others hold too, and sizes by type lack the types
    whose growth was not sure: the larger is nearer to the truth. Nothing owns what hangs on
    garbage, so its size may be known from samples alone.
    """
    types = sum(scaled(m.bytes, m, cause.head) for m in cause.types)
    known = max(types, _held_bytes(cause) or _dominated_bytes(cause))
    sampled = sum(scaled(m.bytes, m, cause.head) for m in cause.of_kind("site"))
    if cause.state == "garbage":
        return max(known, sampled)
    return known or sampled


def _held_bytes(cause: Cause) -> float:
    """Growth of the containers with all that they dominate; 0: not known."""
    held = {found.address: found for found in cause.containers}
    ways = [way(found.path) for found in cause.containers]
    total = 0.0
    for member in cause.of_kind("container"):
        found = held.get(member.address or 0)
        if found is not None and outermost(way(found.path), ways):
            size = _entry_bytes(found, member.objects or 0)
            total += scaled((member.objects or 0) * size, member, cause.head)
    return total


def _entry_bytes(found: ContainerHolder, grown: int) -> float:
    """Bytes of one more entry: the mean, where most are new; else that of the newest.

    The newest are known without what their keys hold, which the mean has.
    """
    length = max(found.length, 1)
    looked = sum(entry.objects for entry in found.entries)
    newest = sum(entry.retained_bytes or 0 for entry in found.entries)
    mean = (found.retained_bytes or found.bytes) / length
    if grown >= MOSTLY_NEW * length or not looked or not newest:
        return mean
    return newest / looked + found.bytes / length


def _dominated_bytes(cause: Cause) -> float:
    """Growth of the first type, by what its newest objects dominate."""
    rows = [row for row in cause.type_holders if row.type == cause.head.name]
    looked = sum(row.objects for row in rows)
    known = sum(row.retained_bytes or 0 for row in rows)
    return (cause.head.objects or 0) * known / looked if looked else 0.0


def _count(cause: Cause, counted: Candidate) -> float | None:
    if counted.objects is None:
        return None
    if counted.resource in COUNTED:
        mine = [m for m in cause.members if m.resource == counted.resource and m.objects]
        groups = _sum([m for m in mine if m.kind == "group"], counted)
        gauge = _sum([m for m in mine if m.kind == "gauge"], counted)
        return groups if groups >= ALL_GROUPS * gauge else gauge
    held = {found.address: way(found.path) for found in cause.containers}
    place = held.get(counted.address or 0)
    alike = [m for m in cause.of_kind("container") if place and held.get(m.address or 0) == place]
    return _sum(alike, counted) if counted in alike else float(counted.objects)


def _sum(members: Iterable[Candidate], counted: Candidate) -> float:
    return sum(scaled(m.objects, m, counted) for m in members)


def _other_bytes(members: Sequence[Candidate], resource: str) -> float:
    return sum(m.bytes or 0 for m in members if m.resource == resource)
