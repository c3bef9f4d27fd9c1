"""Which objects sampled memory belongs to, and who holds them: the join of both cores.

An allocator knows the line and the size, the heap the type and the holder. A sampled
block that is (part of) an object of a walk has all four.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from leakprobe.analysis.own import drop_own_stacks
from leakprobe.capture.heap.layout import NO_GROUP, Group, NodeState, WalkResult
from leakprobe.capture.heap.own import PACKAGE, SHARED_FILES
from leakprobe.capture.pointers import SampledPointers
from leakprobe.capture.referrers.steps import way_down
from leakprobe.model.graph import HolderPath
from leakprobe.model.heap import Owner
from leakprobe.model.memory import Frame, LiveStack, Stack

__all__ = ["find_owners"]

Key = tuple[Frame | None, str | None, str | None]


def find_owners(
    result: WalkResult, pointers: SampledPointers, *, through_threads: bool = False
) -> tuple[Owner, ...]:
    """Estimated live memory by allocation site, type and way from a root, the most first.

    An estimate is the sum of weight times size (Horvitz and Thompson, 1952); its variance
    is estimated by the sum of `(weight * size)**2 * (1 - 1 / weight)`.

    Args:
        result: of a walk that was handed the addresses.
        pointers: the sampled blocks, in the same order.
        through_threads: as for `way_down`.
    """
    ways = [_way(group, result, through_threads) for group in result.groups]
    rows: dict[Key, _Row] = {}
    ours = _own_stacks(pointers.stacks)
    columns = zip(
        result.owners,
        pointers.stacks,
        pointers.routes,
        pointers.weights,
        pointers.sizes,
        strict=True,
    )
    for number, stack, route, weight, size in columns:
        group = None if number == NO_GROUP else result.groups[number]
        if id(stack) in ours or (group is not None and group.state is NodeState.OWN):
            continue
        site = stack.frames[0] if stack.frames else None
        way = None if group is None else ways[number]
        key = (site, group.type if group else None, way.text if way else None)
        row = rows.get(key)
        if row is None:
            row = rows[key] = _Row(way)
        row.add(stack, route, weight, size)
    owners = [row.owner(*key[:2]) for key, row in rows.items()]
    return tuple(sorted(owners, key=lambda owner: -owner.bytes))


@dataclass(slots=True, eq=False)
class _Row:
    """Sums over the samples of one row."""

    path: HolderPath | None
    objects: float = 0.0
    bytes: float = 0.0
    variance: float = 0.0
    samples: int = 0
    # By identity of the stack and route: hashing a stack costs more than all the rest.
    origins: dict[tuple[int, str | None], float] = field(default_factory=dict)
    stacks: dict[int, Stack] = field(default_factory=dict)

    def add(self, stack: Stack, route: str | None, weight: float, size: int) -> None:
        weighed = weight * size
        self.objects += weight
        self.bytes += weighed
        self.variance += weighed * weighed * (1 - 1 / weight)
        self.samples += 1
        origin = id(stack), route
        self.origins[origin] = self.origins.get(origin, 0.0) + weighed
        self.stacks[id(stack)] = stack

    def owner(self, site: Frame | None, type_name: str | None) -> Owner:
        stack, route = max(self.origins, key=self.origins.__getitem__)
        return Owner(
            site=site,
            stack=self.stacks[stack].frames,
            route=route,
            type=type_name,
            path=self.path,
            objects=round(self.objects),
            bytes=round(self.bytes),
            bytes_error=round(math.sqrt(self.variance)),
            samples=self.samples,
        )


def _way(group: Group, result: WalkResult, through_threads: bool) -> HolderPath | None:
    if group.path is None:
        return None
    return way_down(
        group.path, result.nodes, objects=group.objects, through_threads=through_threads
    )


def _own_stacks(stacks: Iterable[Stack]) -> set[int]:
    """Identities of the stacks on which leakprobe allocated for itself."""
    distinct = {id(stack): stack for stack in stacks}
    live = [LiveStack(stack, 0, 0) for stack in distinct.values()]
    kept = drop_own_stacks(live, str(PACKAGE), SHARED_FILES)
    return distinct.keys() - {id(one.stack) for one in kept}
