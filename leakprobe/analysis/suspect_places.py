"""Where a cause was allocated, what it consists of, and what holds it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from math import sqrt

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
TASKS = ("_asyncio.Task", "asyncio.tasks.Task")
# Of a library's line, what one of the application has at least where it is that one.
SHARE_OF_LIBRARY = 0.1
# Fewer samples do not say what grows inside of objects.
FEWEST_SAMPLES = 2


def site_of(cause: Cause, owners: Iterable[Owner]) -> Site | None:
    """The line of the application that allocated most of it, with the stack of that.

    Sampled memory that belongs to the cause says it, of tasks that of the tasks themselves
    and not what they made; else a line that grows with it; else what threads or tasks of it
    run, where that is the application's own.
    """
    owners = tuple(owners)
    if any(member.resource == "tasks" for member in cause.members):
        owners = tuple(owner for owner in owners if _is_task(owner)) or owners
    found = [_Sampled(o.bytes, o.bytes_error, o.type, o.stack or _stack(o.site)) for o in owners]
    found = found or [_Sampled(s.bytes or 0, 0, None, s.stack) for s in cause.of_kind("site")]
    stack = _main_stack(found, {member.name for member in cause.own_types})
    if stack:
        return _site(stack)
    lines = [member.site for member in cause.of_kind("group") if member.site is not None]
    own = [line for line in lines if not is_library(line.file)]
    return _site((own[0],)) if own else None


def _is_task(owner: Owner) -> bool:
    """Whether it is memory of a task, or of the coroutine that it was made of."""
    if owner.type == "coroutine" and owner.path is not None:
        return owner.path.steps[-1] == "attribute _coro"
    return owner.type in TASKS


@dataclass(frozen=True, slots=True)
class _Sampled:
    """Memory with the stack that allocated it, and the type that it belongs to, if known."""

    bytes: int
    error: int
    type: str | None
    stack: tuple[Frame, ...]


def _main_stack(found: Iterable[_Sampled], types: Collection[str]) -> tuple[Frame, ...]:
    """The stack of the line of the application with most of it; empty: there is none.

    Where a line that allocated objects of one of these types has as much, within the error
    of the samples, it is that one: what else they refer to may have been made later.
    """
    lines = _lines(found)
    if not lines:
        return ()
    main = max(lines, key=_size)
    making = [line for line in lines if any(one.type in types for one in line)]
    best = max(making, key=_size, default=main)
    if _size(main) - _size(best) >= sqrt(_variance(main) + _variance(best)):
        best = main
    return max(best, key=lambda sampled: sampled.bytes).stack


def _lines(found: Iterable[_Sampled]) -> list[list[_Sampled]]:
    """By line; the application's own alone, unless they have little beside those of libraries.

    Where no line of the application is on the stack, the memory was often taken for
    something else before, and is used again.
    """
    lines: dict[tuple[str, int], list[_Sampled]] = {}
    for sampled in found:
        frame = application_frame(sampled.stack)
        if frame is not None:
            lines.setdefault((frame.file, frame.line), []).append(sampled)
    own = [line for (file, _), line in lines.items() if not is_library(file)]
    largest = max((_size(line) for line in lines.values()), default=0)
    enough = any(_size(line) >= SHARE_OF_LIBRARY * largest for line in own)
    return own if enough else list(lines.values())


def _size(line: Iterable[_Sampled]) -> int:
    return sum(sampled.bytes for sampled in line)


def _variance(line: Iterable[_Sampled]) -> int:
    return sum(sampled.error**2 for sampled in line)


def types_of(cause: Cause, owners: Iterable[Owner] = ()) -> tuple[SuspectType, ...]:
    """What it consists of: types that say something first, of these the largest growth.

    Where objects grow and do not become more, it is what the samples found in them.
    """
    found = {m.name: _type(m) for m in cause.types}
    for held in cause.containers[:1]:
        for name, objects in _entries(held, cause.head):
            if name not in found:
                found[name] = SuspectType(name, objects, None)
    if cause.head.kind == "type" and not cause.head.objects:
        for owner in owners:
            if owner.type is not None and owner.samples >= FEWEST_SAMPLES:
                found.setdefault(owner.type, SuspectType(owner.type, owner.objects, owner.bytes))
    order = sorted(found.values(), key=lambda t: (is_plumbing(t.type), -(t.bytes or 0), -t.objects))
    return tuple(order[:TYPES_SHOWN])


def holders_of(cause: Cause) -> tuple[SuspectHolder, ...]:
    """What keeps it alive: the containers that grow, each with the way to what it holds."""
    if cause.state == "garbage":
        return (_of_cycles(cause),)
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


def _of_cycles(cause: Cause) -> SuspectHolder:
    """Cycles that the collector does not get are held by nothing but themselves."""
    text = f"cycles of {cause.head.name}"
    finalized = any(row.finalizer for row in cause.type_holders)
    kind = "uncollected cycle with __del__" if finalized else "uncollected cycle"
    return SuspectHolder(text, (text,), kind, cause.head.objects or 0, None)


def _of_type(row: TypeHolder) -> SuspectHolder | None:
    kind = holder_kind(row.path, row.state)
    if row.path is None:
        return None
    return SuspectHolder(row.path.text, row.path.steps, kind, row.objects, row.retained_bytes)
