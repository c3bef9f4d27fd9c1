"""What becomes more in walk after walk of the heap: exact counts."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace

from leakprobe.analysis.candidate import Kind
from leakprobe.analysis.evidence import FROZEN, Evidence
from leakprobe.analysis.judged import Found, Judged, Watch
from leakprobe.analysis.type_kinds import is_builtin

__all__ = ["grown_containers", "grown_garbage", "grown_types"]

LEAST_ENTRIES = 8
# As long as one that is gone, about.
AS_LONG = 1.25
LEAST_OBJECTS = 16
# The interpreter has objects of these itself, which come and go with everything it does.
LEAST_BUILTIN_OBJECTS = 32
# Bytes of a type whose objects do not become more: buffers and containers that grow.
LEAST_OWNED_BYTES = 64 << 10
# The latest cycles have not been frozen yet.
FROZEN_SHARE = 0.8


def grown_containers(evidence: Evidence) -> Iterator[Found]:
    """Containers that become longer, weak ones too.

    One that was not listed yet was too short, or was not there. Where one of its type had
    grown as long and is gone, it may go as well: a buffer that is swapped for another.
    """
    table = evidence.containers
    watch = Watch(table.timeline)
    for (address, kind), column in table.items():
        judged = watch.judge(column, "count", LEAST_ENTRIES, from_zero=False)
        if judged is not None:
            found = _found(judged, "container", kind, None)
            weak = (address, kind) in evidence.weak
            found = replace(found, candidate=replace(found.candidate, address=address, weak=weak))
            later = column.first_serial > table.timeline.serials[0]
            swapped = later and column.last <= AS_LONG * evidence.gone.get(kind, 0)
            yield found.suspected() if swapped else found


def grown_types(evidence: Evidence) -> Iterator[Found]:
    """Types of which there are more objects, in use or held by C code, or larger ones.

    What slows down is no candidate where it is the interpreter's own: the caches of every
    library that is used for the first time are made of it. C code that fills a cache is as
    good as C code that leaks until much is known.
    """
    watch = Watch(evidence.types.timeline)
    for name, column in evidence.types.items():
        owned, builtin = evidence.owned.get(name), is_builtin(name)
        judged = watch.judge(column, "count", LEAST_BUILTIN_OBJECTS if builtin else LEAST_OBJECTS)
        if judged is None:
            larger = watch.judge(owned, "bytes", LEAST_OWNED_BYTES)
            waiting = watch.judge(evidence.garbage.get(name), "count", 1)
            if larger is not None and not larger.growth.ended and waiting is None:
                yield Found(larger.candidate("python", "type", name, "bytes"), larger)
        elif not (builtin and judged.growth.ended):
            yield _found(judged, "type", name, judged.amount_of(owned))
    for name, column in evidence.c_held.items():
        judged = watch.judge(column, "count", LEAST_OBJECTS)
        if judged is not None and judged.growth.state == "leak":
            size = judged.amount_of(evidence.owned.get(name))
            yield _found(judged, "c_held", name, size)


def grown_garbage(evidence: Evidence) -> Iterator[Found]:
    """Cycles that pile up because the collector is off, or does not look at what is frozen.

    Others wait for it, and be it rarely: it will get them.
    """
    watch = Watch(evidence.garbage.timeline)
    for name, column in evidence.garbage.items():
        judged = watch.judge(column, "count", LEAST_OBJECTS)
        if judged is not None and (
            _collector_is_off(evidence, judged) or _is_frozen(evidence, judged)
        ):
            size = judged.amount_of(evidence.garbage_owned.get(name))
            yield _found(judged, "garbage", name, size)


def _collector_is_off(evidence: Evidence, judged: Judged) -> bool:
    """Whether it is, and nobody called it either."""
    gauges = evidence.gauges
    enabled, runs = gauges.get("gc_enabled"), gauges.get("gc_collections")
    if enabled is None or runs is None or enabled.last:
        return False
    since = bisect_left(gauges.timeline.times, judged.series.times[0])
    values = runs.values(gauges.timeline.serials[since:])
    return bool(values) and values[-1] == values[0]


def _is_frozen(evidence: Evidence, judged: Judged) -> bool:
    """Whether as much was put out of the collector's sight (`gc.freeze`) meanwhile."""
    frozen = judged.amount_of(evidence.heap.get(FROZEN))
    return frozen is not None and frozen >= FROZEN_SHARE * judged.growth.amount


def _found(judged: Judged, kind: Kind, name: str, size: int | None) -> Found:
    return Found(judged.candidate("python", kind, name, "objects", size), judged)
