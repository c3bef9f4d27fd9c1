"""What is in memory: stacks, types, gauges, and the snapshot that holds them."""

from dataclasses import dataclass

__all__ = [
    "Container",
    "Frame",
    "Freed",
    "Gauges",
    "HeapTotals",
    "LiveStack",
    "Price",
    "ResourceGroup",
    "Snapshot",
    "Stack",
    "TypeCount",
]


@dataclass(frozen=True, slots=True)
class Frame:
    """One line of code that ran: a file as its code object names it, a line, a function.

    `function` is the qualified name, or None where no loaded function covers the line.
    """

    file: str
    line: int
    function: str | None = None


@dataclass(frozen=True, slots=True)
class Stack:
    """A call stack, the allocating frame first. Its first frame is the allocation site."""

    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class LiveStack:
    """Memory that is allocated now and was allocated by one stack.

    A stack may stand in several of these, told apart by route and by age.

    Attributes:
        bytes: live bytes; an estimate where `bytes_error` is not 0.
        bytes_error: the standard error of `bytes`; 0 where the tracer is exact.
        route: whose requests allocated it; None: no request's, or not known.
        born_by_s: the uptime by which all of it had been allocated; None: not known.
    """

    stack: Stack
    bytes: int
    objects: int
    bytes_error: int = 0
    route: str | None = None
    born_by_s: float | None = None


@dataclass(frozen=True, slots=True)
class TypeCount:
    """Live objects of one type.

    `bytes` are shallow. `owned_bytes` adds what only these objects hold and what does not
    stand for itself: the untracked objects (bytes, strings, numbers) that hang on them
    alone, directly or through containers that nothing else refers to. It never counts an
    object for two types. `retained_bytes` is all that would be freed with these objects
    (objects of one type that hold each other are not counted twice); None where the
    walk did not find dominators. `garbage_objects` of them nothing holds: cycles that wait for
    the collector, each of which owns nothing but itself, together `garbage_bytes`;
    `c_held_objects` only C code holds. All are 0 where that was not found out.
    """

    type: str
    objects: int
    bytes: int
    owned_bytes: int
    retained_bytes: int | None = None
    garbage_objects: int = 0
    c_held_objects: int = 0
    garbage_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Container:
    """A container with many entries, to be found again in a later walk.

    `address` together with `type` tells it from others as long as it lives. `weak`: it
    holds weak references, or is the set or dict inside of a weak collection.
    """

    address: int
    type: str
    length: int
    weak: bool = False


@dataclass(frozen=True, slots=True)
class HeapTotals:
    """The heap in numbers; sizes are shallow, and leakprobe's own objects are apart.

    Attributes:
        objects: every object that was found.
        tracked: those of them that the collector tracks.
        edges: references between them.
        bytes: all of them together.
        c_held_objects: what nothing in Python leads to and C code holds, with all below.
        garbage_objects: what nothing holds: cycles that wait for the collector.
        own_objects: what only leakprobe holds.
        frozen_objects: what `gc.freeze` put out of the collector's reach.
    """

    objects: int
    tracked: int
    edges: int
    bytes: int
    c_held_objects: int
    c_held_bytes: int
    garbage_objects: int
    garbage_bytes: int
    own_objects: int
    own_bytes: int
    frozen_objects: int = 0


@dataclass(frozen=True, slots=True)
class Gauges:
    """The process in numbers, at one moment.

    Attributes:
        rss_bytes: resident set size (proc(5), /proc/pid/statm).
        vms_bytes: virtual memory size.
        cpu_s: user plus system time of the process so far.
        threads: threads of the process, also those that Python does not know.
        fds: open file descriptors.
        children: child processes.
        python_blocks: blocks that pymalloc has handed out (`sys.getallocatedblocks`).
        traced_bytes: live bytes that the tracer accounts for.
        gc_collections: runs of the collector so far, all generations.
        gc_uncollectable: objects that the collector found and could not free.
        memory_limit_bytes: where memory ends: the setting, the cgroup's limit, or all there is.
        memory_available_bytes: what is left below that limit and on the machine.
        file_bytes: resident pages of files and shared memory (proc(5), statm, `shared`).
        malloc_used_bytes: what malloc has handed out, mapped blocks included (mallinfo2(3)),
            less the sampler's tables.
        malloc_free_bytes: what malloc holds and nobody uses.
        pymalloc_used_bytes: what pymalloc has handed out (Objects/obmalloc.c).
        pymalloc_free_bytes: the rest of its arenas.
        tasks: asyncio tasks that are not done, of all loops.
        zombies: children that have ended and nobody waited for.
        gc_full_collections: runs of the collector over its oldest generation.
        gc_enabled: whether the collector runs by itself.

    The last nine are None where the system does not say, or they were not read.
    """

    rss_bytes: int
    vms_bytes: int
    cpu_s: float
    threads: int
    fds: int | None
    children: int | None
    python_blocks: int
    traced_bytes: int | None
    gc_collections: int
    gc_uncollectable: int
    memory_limit_bytes: int | None
    memory_available_bytes: int | None
    file_bytes: int | None = None
    malloc_used_bytes: int | None = None
    malloc_free_bytes: int | None = None
    pymalloc_used_bytes: int | None = None
    pymalloc_free_bytes: int | None = None
    tasks: int | None = None
    zombies: int | None = None
    gc_full_collections: int | None = None
    gc_enabled: bool | None = None


@dataclass(frozen=True, slots=True)
class ResourceGroup:
    """Threads, tasks, descriptors or children that are alike.

    Attributes:
        resource: `threads`, `tasks`, `fds` or `children`.
        name: what they are: what a thread runs, a task's coroutine, kind and target of a
            descriptor, the program of a child (and whether it is a zombie).
        count: how many.
        site: the line of code that they run, where that is known.
    """

    resource: str
    name: str
    count: int
    site: Frame | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """What a capture cost the application.

    Attributes:
        pause_ms: the longest time for which no other thread could run.
        wall_ms: the time that the capture took.
        cpu_ms: CPU time of the capturing thread.
        child_cpu_ms: CPU time of the copy of the process that did the work, if one did.
        child_peak_rss_bytes: the largest resident set of that copy, most of it shared.
    """

    pause_ms: float = 0.0
    wall_ms: float = 0.0
    cpu_ms: float = 0.0
    child_cpu_ms: float = 0.0
    child_peak_rss_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The process at one moment, as it is kept and compared.

    Attributes:
        id: short, safe to type and to put into a URL.
        label: a name that somebody gave it.
        taken_at: when, in seconds since the epoch.
        uptime_s: seconds since the agent started, on the monotonic clock.
        requests: requests finished until then, by route.
        tracer: what recorded the allocations: `tracemalloc`, `sampled` or `off`.
        stacks: live bytes by stack; None where they were not read.
        types: live objects by type; None where the heap was not walked.
        price: what taking it cost.
        containers: containers with many entries; None where the walk did not list them.
        totals: the heap in numbers; None where it was not walked in a copy.
        groups: threads, tasks, descriptors and children by what they are; None where they
            were not read.
    """

    id: str
    label: str | None
    taken_at: float
    uptime_s: float
    requests: dict[str, int]
    gauges: Gauges
    tracer: str
    stacks: tuple[LiveStack, ...] | None
    types: tuple[TypeCount, ...] | None
    price: Price
    containers: tuple[Container, ...] | None = None
    totals: HeapTotals | None = None
    groups: tuple[ResourceGroup, ...] | None = None


@dataclass(frozen=True, slots=True)
class Freed:
    """What handing memory back achieved.

    Attributes:
        action: `gc` for a full collection.
        objects: unreachable objects that were found; None where none were looked for.
        uncollectable: how many of them could not be freed.
        rss_before_bytes: resident set size before.
        rss_after_bytes: and after.
        price: what it cost.
    """

    action: str
    objects: int | None
    uncollectable: int | None
    rss_before_bytes: int
    rss_after_bytes: int
    price: Price
