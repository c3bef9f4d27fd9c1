"""A service under watch, simulated: what it does with each request is known exactly."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from leakprobe.analysis.evidence import Evidence
from leakprobe.model import Container, HeapTotals, LiveStack, ResourceGroup, Snapshot, TypeCount
from tests.making import GAUGES, a_snapshot

LEAKY, INNOCENT = "POST /leaky", "GET /innocent"


@dataclass(frozen=True, slots=True)
class Seen:
    """What one snapshot reads beside the clock and the requests."""

    # Any: some gauges are counts, some are true or false.
    gauges: Mapping[str, Any] = field(default_factory=dict)
    types: Sequence[TypeCount] | None = None
    containers: Sequence[Container] | None = None
    stacks: Sequence[LiveStack] | None = None
    groups: Sequence[ResourceGroup] | None = None
    totals: HeapTotals | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """When a snapshot is taken, and what has happened until then."""

    uptime_s: float
    leaky: int
    innocent: int
    chance: random.Random

    @property
    def requests(self) -> int:
        return self.leaky + self.innocent


@dataclass(frozen=True, slots=True)
class Load:
    """Requests at random, so many a second while it lasts, on two routes in equal parts."""

    per_second: int = 40
    begins_s: float = 6.0
    ends_s: float = 1e9


def a_type(name: str, live: int, waiting: int, size: int) -> TypeCount:
    """Objects of a type; those that wait for the collector take so many bytes each, others 40."""
    lost, total = size * waiting, 40 * live + size * waiting
    return TypeCount(
        name, live + waiting, total, total, garbage_objects=waiting, garbage_bytes=lost
    )


def moments(load: Load, seconds: float, gaps_s: tuple[float, float], seed: int) -> Iterator[Moment]:
    """Snapshots at irregular distances, as walks come that are paid from a budget."""
    chance = random.Random(seed)
    at, before, leaky, innocent = 0.5, 0.0, 0, 0
    while at <= seconds:
        busy_s = max(0.0, min(at, load.ends_s) - max(before, load.begins_s))
        for _ in range(round(busy_s * load.per_second)):
            if chance.random() < 0.5:
                leaky += 1
            else:
                innocent += 1
        yield Moment(at, leaky, innocent, chance)
        before, at = at, at + chance.uniform(*gaps_s)


def snapshot_at(moment: Moment, seen: Seen) -> Snapshot:
    requests = {LEAKY: moment.leaky, INNOCENT: moment.innocent} if moment.requests else {}
    bare = a_snapshot(
        f"s{moment.uptime_s}",
        uptime_s=moment.uptime_s,
        requests=requests,
        stacks=seen.stacks,
        types=seen.types,
        containers=seen.containers,
    )
    return replace(
        bare,
        gauges=replace(GAUGES, **seen.gauges),
        groups=None if seen.groups is None else tuple(seen.groups),
        totals=seen.totals,
    )


def watched(
    look: Callable[[Moment], Seen],
    *,
    load: Load = Load(),
    seconds: float = 60.0,
    gaps_s: tuple[float, float] = (2.0, 6.0),
    seed: int = 0,
) -> Evidence:
    """Evidence of a service that `look` describes."""
    evidence = Evidence()
    for moment in moments(load, seconds, gaps_s, seed):
        evidence.observe(snapshot_at(moment, look(moment)))
    return evidence
