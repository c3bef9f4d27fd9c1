"""Chooses who searches for holders: a walk of a copy where there is one, else Python."""

from collections.abc import Callable, Iterable

from leakprobe.capture.native import heap_walk_missing
from leakprobe.capture.referrers import search
from leakprobe.model.graph import ReferrerGraph

__all__ = ["find_referrers"]


def find_referrers(
    type_name: str,
    *,
    depth: int = 12,
    limit: int = 3,
    reveal: bool = False,
    own: Iterable[object] = (),
    available_bytes: int | None = None,
) -> ReferrerGraph:
    """What keeps objects of a type alive, up to a module, class, thread or running frame.

    Args:
        type_name: as `type_name` writes it; a bare class name if it is unambiguous.
        depth: how many references to go back at most.
        limit: how many objects to follow. They are spread evenly over the order in which
            the collector lists them, so that young and old ones are among them.
        reveal: show keys, indexes and reprs of builtin atoms.
        own: the agent's tables; they and what only they hold are left out.
        available_bytes: memory that is left, where that is known.

    Raises:
        UnknownName: no live object is of that type.
        NotEnoughMemory: it would take more than half of what is left.
        WalkFailed: the copy of the process came to nothing.
    """
    find: Callable[..., ReferrerGraph] = search.find_referrers
    if heap_walk_missing() is None:
        from leakprobe.capture.referrers import forked

        find = forked.find_referrers
    return find(
        type_name,
        depth=depth,
        limit=limit,
        reveal=reveal,
        own=own,
        available_bytes=available_bytes,
    )
