"""Where a cause was allocated, what it consists of, and what holds it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from leakprobe.analysis.candidates import Candidate
from leakprobe.analysis.holder_kinds import holder_kind, thread_of
from leakprobe.analysis.holder_paths import Way, goes_through, outermost, way
from leakprobe.analysis.suspect_cause import Cause
from leakprobe.analysis.type_kinds import is_plumbing
from leakprobe.model import (
    ContainerHolder,
    Frame,
    HolderPath,
    Owner,
    Site,
    SuspectHolder,
    SuspectType,
    TypeHolder,
)
from leakprobe.model.application import application_frame, is_library

__all__ = ["holders_of", "site_of", "types_of"]

TYPES_SHOWN = 12
HOLDERS_SHOWN = 5
# Fewer entries of a type were there before.
LEAST_ENTRIES = 0.2
# Further below a container, what is held says nothing about who holds it.
STEPS_BELOW = 3


def site_of(cause: Cause, owners: Iterable[Owner]) -> Site | None:
    """The line of the application that allocated most of it, with the stack of that.

    Sampled memory that belongs to the cause says it; else a line that grows with it; else
    what threads or tasks of it run, where that is the application's own.
    """
    stacks: dict[tuple[str, int], tuple[int, tuple[Frame, ...]]] = {}
    sizes: dict[tuple[str, int], int] = {}
    found = [(owner.bytes, owner.stack or _stack(owner.site)) for owner in owners]
    found = found or [(site.bytes or 0, site.stack) for site in cause.of_kind("site")]
    for size, stack in found:
        frame = application_frame(stack)
        if frame is not None:
            key = (frame.file, frame.line)
            sizes[key] = sizes.get(key, 0) + size
            stacks[key] = max(stacks.get(key, (0, stack)), (size, stack), key=lambda one: one[0])
    if sizes:
        return _site(stacks[max(sizes, key=sizes.__getitem__)][1])
    lines = [member.site for member in cause.of_kind("group") if member.site is not None]
    own = [line for line in lines if not is_library(line.file)]
    return _site((own[0],)) if own else None


def types_of(cause: Cause) -> tuple[SuspectType, ...]:
    """What it consists of: types that say something first, of these the largest growth."""
    found = {m.name: _type(m) for m in cause.types}
    for held in cause.containers[:1]:
        for name, objects in _entries(held, cause.head):
            if name not in found:
                found[name] = SuspectType(name, objects, None)
    order = sorted(found.values(), key=lambda t: (is_plumbing(t.type), -(t.bytes or 0), -t.objects))
    return tuple(order[:TYPES_SHOWN])


def holders_of(cause: Cause) -> tuple[SuspectHolder, ...]:
    """What keeps it alive: the containers that grow, each with the way to what it holds."""
    ways = [way(held.path) for held in cause.containers]
    outer = [
        held for held, path in zip(cause.containers, ways, strict=True) if outermost(path, ways)
    ]
    rows = [_of_container(held, cause) for held in outer]
    types = [row for row in cause.type_holders if not goes_through(way(row.path), ways)]
    rows += [_of_type(row) for row in types if outermost(way(row.path), _ways(types))]
    known: dict[str, SuspectHolder] = {}
    for row in rows:
        if row is not None:
            known.setdefault(row.text, row)
    return tuple(known.values())[:HOLDERS_SHOWN]


def _ways(rows: Sequence[TypeHolder]) -> list[Way]:
    return [way(row.path) for row in rows]


def _type(member: Candidate) -> SuspectType:
    """Its growth; what the owners of small objects count is not said to be theirs."""
    known = member.bytes is not None and member.bytes > 0
    return SuspectType(member.name, member.objects or 0, member.bytes if known else None)


def _site(stack: tuple[Frame, ...]) -> Site | None:
    frame = application_frame(stack)
    return None if frame is None else Site(frame.file, frame.line, frame.function, stack)


def _stack(frame: Frame | None) -> tuple[Frame, ...]:
    return () if frame is None else (frame,)


def _entries(held: ContainerHolder, grown: Candidate) -> list[tuple[str, int]]:
    """Types of its entries, with their parts of the growth; only what there is much of."""
    looked = sum(entry.objects for entry in held.entries)
    return [
        (entry.type, round((grown.objects or 0) * entry.objects / looked))
        for entry in held.entries
        if entry.objects >= LEAST_ENTRIES * looked > 0
    ]


def _of_container(held: ContainerHolder, cause: Cause) -> SuspectHolder | None:
    """The container; named by the way to the first of its types where that leads further.

    Threads that run hold themselves: what their table holds alone says nothing.
    """
    if held.path is None:
        return None
    path = _way_below(held.path, cause.type_holders)
    near = replace(path, steps=path.steps[: len(held.path.steps) + STEPS_BELOW])
    return SuspectHolder(
        text=path.text,
        steps=path.steps,
        kind=holder_kind(near, held.state),
        objects=held.length,
        retained_bytes=None if thread_of(near) else held.retained_bytes,
    )


def _way_below(path: HolderPath, rows: Sequence[TypeHolder]) -> HolderPath:
    """The shortest way to objects of the cause that leads through a container."""
    inside = [row for row in rows if goes_through(way(row.path), [way(path)])]
    nearest = min(inside, key=lambda row: (len(way(row.path)), -row.objects), default=None)
    return path if nearest is None or nearest.path is None else nearest.path


def _of_type(row: TypeHolder) -> SuspectHolder | None:
    kind = holder_kind(row.path, row.state)
    if row.path is None:
        return None
    return SuspectHolder(row.path.text, row.path.steps, kind, row.objects, row.retained_bytes)
