"""Containers that grow, as causes: the outermost of those inside each other."""

from collections.abc import Callable, Iterable, Sequence

from leakprobe.analysis.candidates import Candidate
from leakprobe.analysis.holder_paths import goes_through, is_lasting, way
from leakprobe.analysis.suspect_cause import Cause, amount, same_route
from leakprobe.analysis.type_kinds import is_plumbing, resource_of_type
from leakprobe.model import CloseLook, ContainerHolder

__all__ = ["container_causes", "is_symptom"]

# Two containers that grow alike hold the same objects, or one is the index of the other.
ALIKE = 0.05
SLACK_ENTRIES = 2
INDEX_SHARE = 0.1
# Fewer entries of a type were there before.
LEAST_ENTRIES = 0.05
INDEX_ENTRY_BYTES = 256


def container_causes(containers: Sequence[Candidate], look: CloseLook | None) -> list[Cause]:
    """A cause for each container that is not inside another one or its index."""
    known = {} if look is None else {found.address: found for found in look.containers}
    causes = [_cause(one, known.get(one.address or 0)) for one in containers]
    outermost = _merged(sorted(causes, key=_depth), _is_inside)
    return _merged(sorted(outermost, key=_held_growth, reverse=True), _grows_with)


def is_symptom(weak: Candidate, others: Sequence[Candidate]) -> bool:
    """Whether a container of weak references grows because what it refers to does."""
    return any(_alike(weak, other) for other in others if other.objects and not other.weak)


def _cause(container: Candidate, found: ContainerHolder | None) -> Cause:
    if found is None:
        return Cause(container, [container])
    return Cause(container, [container], [found], state=found.state)


def _merged(causes: Iterable[Cause], belongs: Callable[[Cause, Cause], bool]) -> list[Cause]:
    """Each cause, or the one before it that it belongs to."""
    kept: list[Cause] = []
    for cause in causes:
        home = next((other for other in kept if belongs(cause, other)), None)
        if home is None:
            kept.append(cause)
        else:
            home.absorb(cause)
    return kept


def _depth(cause: Cause) -> tuple[bool, int, float]:
    """The outermost first, of these what lasts and what holds most."""
    path = way(cause.containers[0].path) if cause.containers else ()
    return not is_lasting(path), len(path), -_held_growth(cause)


def _held_growth(cause: Cause) -> float:
    return _entry_bytes(cause) * amount(cause.head)


def _entry_bytes(cause: Cause) -> float:
    if not cause.containers:
        return 0.0
    found = cause.containers[0]
    return (found.retained_bytes or 0) / max(found.length, 1)


def _is_inside(cause: Cause, other: Cause) -> bool:
    return any(goes_through(way(held.path), other.ways) for held in cause.containers)


def _grows_with(cause: Cause, other: Cause) -> bool:
    """Whether one is an index of the other, or holds the same, or nothing is known of it.

    A task and the future that it waits for stand for one task, and so do other objects that
    stand for the same resource. An index holds keys and numbers. What holds objects of a
    type of its own has a cause of its own, however like the growth: requests often come in a
    fixed mix.
    """
    if not _alike(cause.head, other.head):
        return False
    mine, theirs = _entry_types(cause), _entry_types(other)
    if not cause.containers or mine & theirs or _one_resource(mine, theirs):
        return True
    size, larger = _entry_bytes(cause), _entry_bytes(other)
    return not mine and size <= max(INDEX_SHARE * larger, INDEX_ENTRY_BYTES)


def _one_resource(types: set[str], others: set[str]) -> bool:
    found = {resource_of_type(name) for name in types | others}
    return bool(types and others) and len(found) == 1 and None not in found


def _alike(one: Candidate, other: Candidate) -> bool:
    if not same_route(one, [other]):
        return False
    small, large = sorted((amount(one), amount(other)))
    slack = SLACK_ENTRIES / max(min(one.objects or 0, other.objects or 0), 1)
    return large - small <= (ALIKE + slack) * large


def _entry_types(cause: Cause) -> set[str]:
    return {
        entry.type
        for held in cause.containers
        for entry in held.entries
        if not is_plumbing(entry.type)
        and entry.objects >= LEAST_ENTRIES * sum(e.objects for e in held.entries)
    }
