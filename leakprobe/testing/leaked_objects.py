"""What a leaked object is, how large, and who holds it: in words, without keeping it."""

import gc
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from types import FrameType

from leakprobe.capture.heap.sizes import shallow_size
from leakprobe.capture.names import type_name
from leakprobe.capture.native import heap_walk_missing
from leakprobe.capture.process import available_memory_bytes
from leakprobe.model.graph import HolderPath
from leakprobe.render.units import count_text, decimal_text

__all__ = ["LeakedObject", "describe", "leaked_text"]

# Each takes 0.1 ms, beside the walk of the heap.
LOOKED_AT = 2000
# Without the native core each takes a pass over all objects.
LOOKED_AT_SLOWLY = 20
LINES_AT_MOST = 10
HOLDERS_NAMED = 3


@dataclass(frozen=True, slots=True)
class LeakedObject:
    """One object that is still alive.

    Attributes:
        type: full name of its type.
        size_bytes: its shallow size.
        retained_bytes: what would be freed with it; None: not known.
        holder: what holds it, as code would write it: `app.results[…].payload`; None: not
            known, or not looked at. Without the native core only the type of who refers to it.
        steps: the same in words, from a root down.
    """

    type: str
    size_bytes: int
    retained_bytes: int | None
    holder: str | None
    steps: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.type}, {decimal_text(self.size_bytes)}{_held_by(self.holder)}"


def describe(objects: Sequence[object]) -> tuple[LeakedObject, ...]:
    """These objects, the largest first; the holders of the first 2,000 are looked for.

    Raises:
        NotEnoughMemory: there is no room for the walk.
        WalkFailed: the copy of the process came to nothing.
    """
    if not objects:
        return ()
    found = _walked(objects) if heap_walk_missing() is None else _asked(objects)
    described = [_described(o, *found.get(id(o), (None, None))) for o in objects]
    return tuple(sorted(described, key=lambda one: -(one.retained_bytes or one.size_bytes)))


def leaked_text(leaked: Sequence[LeakedObject], max_leaked: int) -> str:
    """What a test says that has found them.

    Args:
        leaked: all that were found.
        max_leaked: how many there may be.
    """
    few = "none is" if max_leaked == 0 else count_text(max_leaked, "is", "are")
    alike = Counter((one.type, one.holder) for one in leaked)
    sizes: Counter[tuple[str, str | None]] = Counter()
    for one in leaked:
        sizes[one.type, one.holder] += one.size_bytes
    lines = [
        f"  {count:,} of {key[0]}, {decimal_text(sizes[key])}{_held_by(key[1])}"
        for key, count in alike.most_common(LINES_AT_MOST)
    ]
    rest = len(alike) - len(lines)
    more = [f"  and {rest:,} more places"] if rest else []
    said = f"{count_text(len(leaked), 'object')} leaked, {few} allowed"
    return "\n".join([said, *lines, *more])


Found = dict[int, tuple[HolderPath | None, int | None]]


def _walked(objects: Sequence[object]) -> Found:
    from leakprobe.capture.heap.forked import WalkRequest, walk
    from leakprobe.capture.heap.layout import Why
    from leakprobe.capture.referrers.steps import way_down

    request = WalkRequest(addresses=tuple(map(id, objects[:LOOKED_AT])))
    result, _ = walk(request, available_bytes=available_memory_bytes())
    found: Found = {}
    for path in result.paths:
        if path.why & Why.ADDRESS:
            node = result.nodes[path.node]
            way = way_down(path, result.nodes, through_threads=True)
            found[node.address] = (way, node.retained_bytes)
    return found


def _asked(objects: Sequence[object]) -> Found:
    """Who refers to them, from one question to the collector for each."""
    found: Found = {}
    for o in islice(objects, LOOKED_AT_SLOWLY):  # a slice would refer to them
        holders = gc.get_referrers(o)
        types = [type(h) for h in holders if h is not objects and type(h) is not FrameType]
        names = [type_name(cls) for cls in types[:HOLDERS_NAMED]]
        holders.clear()
        text = "a " + ", a ".join(names)
        found[id(o)] = (HolderPath(text, (text,), 1) if names else None, None)
    return found


def _described(o: object, way: HolderPath | None, retained_bytes: int | None) -> LeakedObject:
    return LeakedObject(
        type=type_name(type(o)),
        size_bytes=shallow_size(o),
        retained_bytes=retained_bytes,
        holder=way.text if way else None,
        steps=way.steps if way else (),
    )


def _held_by(holder: str | None) -> str:
    return f", held by {holder}" if holder else ""
