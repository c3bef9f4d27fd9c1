"""How sure a cause is."""

from typing import Literal

from leakprobe.analysis.candidates import Candidate
from leakprobe.analysis.holder_kinds import is_below_limit, limit_of
from leakprobe.analysis.suspect_cause import Cause, amount
from leakprobe.analysis.suspect_growth import resource_of
from leakprobe.analysis.type_kinds import is_plumbing

__all__ = ["bound_of", "deciding", "is_bounded", "state_of"]

# An entry of the list that a bounded lru_cache keeps (Modules/_functoolsmodule.c): such a
# cache fills up to its bound.
BOUNDED_CACHE_ENTRY = "functools._lru_list_elem"
ALIKE = 0.15


def state_of(cause: Cause) -> tuple[Literal["leak", "suspect"], float]:
    """Whether it is a leak, by the members that say most, and how sure that is.

    A cache with a bound is none before it has reached it: growth below is what it is for.
    """
    members = deciding(cause)
    sure = [member for member in members if member.state == "leak"]
    if sure and not is_bounded(cause):
        return "leak", max(member.confidence for member in sure)
    return "suspect", max(member.confidence for member in members) / (2 if sure else 1)


def deciding(cause: Cause) -> list[Candidate]:
    """The head, and what else tells a cause: there is always some growth of builtin types."""
    telling = [cause.head]
    telling += [m for m in cause.own_types if m is not cause.head]
    telling += [m for m in cause.members if m.kind in ("container", "group", "gauge")]
    return list(dict.fromkeys(telling))


def bound_of(cause: Cause) -> int | None:
    """How many entries the container that grows may have; None: no limit is known."""
    held = [found for found in cause.containers if found.address == cause.head.address]
    limits = (limit_of(found.path) for found in held)
    return next((limit for limit in limits if limit is not None), None)


def is_bounded(cause: Cause) -> bool:
    """Whether it hangs on something with a bound, or is what such a cache's entries refer to."""
    head = cause.head
    if resource_of(cause) != "python":
        return False
    if head.kind == "container":
        return bound_of(cause) is not None
    rows = [row for row in cause.type_holders if row.type == head.name]
    # Where objects become larger, and not more, it is the large ones that count.
    sizes = [row.objects if head.objects else row.retained_bytes or 0 for row in rows]
    below = [size for row, size in zip(rows, sizes, strict=True) if is_below_limit(row.path)]
    return 2 * sum(below) > sum(sizes) or _is_result(cause)


def _is_result(cause: Cause) -> bool:
    """Whether builtin objects grow by one with each entry of a bounded cache."""
    head = cause.head
    links = [member for member in cause.types if member.name == BOUNDED_CACHE_ENTRY]
    alike = any(abs(amount(link) - amount(head)) <= ALIKE * amount(head) for link in links)
    return alike and is_plumbing(head.name)
