"""Live objects by type and the long containers: from a copy of the process where that works."""

from operator import attrgetter

from leakprobe.capture.heap.layout import WalkResult
from leakprobe.capture.heap.types import count_types
from leakprobe.capture.native import heap_walk_missing
from leakprobe.model.heap import Census
from leakprobe.model.memory import TypeCount

__all__ = ["take_census", "type_counts"]

# Of a tally, in the order of the fields of `TypeCount` after its name.
COLUMNS = tuple(
    attrgetter(name)
    for name in (
        "objects",
        "bytes",
        "owned_bytes",
        "retained_bytes",
        "garbage_objects",
        "c_held_objects",
        "garbage_bytes",
    )
)


def take_census(
    *, own: tuple[object, ...], available_bytes: int | None, least_length: int | None = None
) -> Census:
    """What is alive now.

    Args:
        own: the agent's tables; they and what only they hold are left out.
        available_bytes: memory that is left, where that is known.
        least_length: containers with so many entries or more are listed; None: with 32.

    Raises:
        NotEnoughMemory: the walk would take more than half of what is left.
        WalkFailed: the copy of the process came to nothing.
    """
    if heap_walk_missing() is not None:
        types, price = count_types(own=own, available_bytes=available_bytes)
        return Census(types, None, None, price)
    from leakprobe.capture.heap.forked import LEAST_LENGTH, WalkRequest, walk

    request = WalkRequest(own=own, container_least=least_length or LEAST_LENGTH)
    result, price = walk(request, available_bytes=available_bytes)
    return Census(type_counts(result), result.containers, result.totals, price)


def type_counts(result: WalkResult) -> tuple[TypeCount, ...]:
    """Types of a walk, the most owned bytes first. Types that share a name are one row."""
    rows: dict[str, list[int]] = {}
    for tally in result.types:
        row = rows.setdefault(tally.name, [0] * len(COLUMNS))
        for i, column in enumerate(COLUMNS):
            row[i] += column(tally)
    counts = [TypeCount(name, *row) for name, row in rows.items() if row[0]]
    return tuple(sorted(counts, key=lambda count: (-count.owned_bytes, count.type)))
