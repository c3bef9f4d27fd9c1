"""What the judge remembers of all snapshots: a few dozen values of everything that changes.

The album keeps whole snapshots, and packs them; going through it for each verdict would
cost more than taking them. So each snapshot is looked at once, when it is taken.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar, cast

from leakprobe.analysis.in_malloc import python_in_malloc, walked_in_malloc
from leakprobe.analysis.observation import Table, Timeline
from leakprobe.analysis.site_sums import SiteGrowth, SiteSums
from leakprobe.model import Container, Frame, Gauges, LiveStack, ResourceGroup, Snapshot, TypeCount

__all__ = [
    "ALLOCATOR_FREE",
    "GARBAGE",
    "IN_MALLOC",
    "IN_MALLOC_ERROR",
    "OBJECTS",
    "OWNED",
    "Evidence",
]

# Memory that is younger is the working set: requests that still run.
YOUNG_S = 2.0
BYTES_PER_ROW = 150
# What changed less often may as well be another container at each walk.
FEWEST_CHANGES = 3

Result = TypeVar("Result")
GroupKey = tuple[str, str]
ContainerKey = tuple[int, str]

GAUGES = (
    "rss_bytes",
    "threads",
    "fds",
    "children",
    "tasks",
    "zombies",
    "file_bytes",
    "malloc_used_bytes",
    "malloc_free_bytes",
    "pymalloc_used_bytes",
    "pymalloc_free_bytes",
    "traced_bytes",
    "gc_collections",
    "gc_enabled",
)
ALLOCATOR_FREE = "allocator_free_bytes"
OBJECTS, OWNED, GARBAGE = "objects", "owned_bytes", "garbage_bytes"
FROZEN = "frozen_objects"
IN_MALLOC, IN_MALLOC_ERROR = "python_in_malloc_bytes", "python_in_malloc_error"


class Evidence:
    """Series of everything that could leak. Not safe for threads by itself.

    Attributes:
        gauges: numbers of the process, by their names in `Gauges`, and
            `allocator_free_bytes`, the sum of what the allocators hold and nobody uses.
        types: live objects by type, without those that only wait for the collector.
        owned: their owned bytes, by type.
        garbage: objects by type that wait for the collector.
        garbage_owned: their owned bytes, by type.
        c_held: objects by type that only C code holds.
        containers: entries of containers, by address and type.
        weak: which of them hold weak references only.
        gone: the longest of each type that grew for a while and then went.
        heap: sums of a walk: objects, their bytes, bytes that wait for the collector,
            objects that it never looks at, and what objects take from malloc.
        sampled_in_malloc: the same by the samples, with its standard error.
        sites: bytes by line of the application that have outlived a reading.
        bytes_per_sample: for how many bytes a sample stands; 0 where the tracer is exact.
        groups: threads, tasks, descriptors and children, by resource and name.
        group_sites: the lines that they run, where known.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew, as in a forked child."""
        walks, readings = Timeline(), Timeline()
        self.gauges: Table[str] = Table(Timeline(), forgets=True)
        self.types: Table[str] = Table(walks, forgets=False)
        self.owned: Table[str] = Table(walks, forgets=False)
        self.garbage: Table[str] = Table(walks, forgets=False)
        self.garbage_owned: Table[str] = Table(walks, forgets=False)
        self.c_held: Table[str] = Table(walks, forgets=False)
        self.containers: Table[ContainerKey] = Table(walks, forgets=True)
        self.weak: frozenset[ContainerKey] = frozenset()
        self.gone: dict[str, int] = {}
        self.heap: Table[str] = Table(walks, forgets=True)
        self.sites: Table[Frame] = Table(readings, forgets=False)
        self.sampled_in_malloc: Table[str] = Table(readings, forgets=False)
        self.groups: Table[GroupKey] = Table(Timeline(), forgets=False)
        self.group_sites: dict[GroupKey, Frame | None] = {}
        self.bytes_per_sample = 0.0
        self._memory: dict[str, tuple[int, object]] = {}
        self._sums = SiteSums()
        self._stacks: tuple[LiveStack, ...] = ()
        self._survived_by_s = 0.0
        self._read_at_s: float | None = None

    @property
    def size_bytes(self) -> int:
        """About what all of it takes."""
        tables = (
            self.gauges, self.types, self.owned, self.garbage, self.garbage_owned, self.c_held,
            self.containers, self.sites, self.groups, self.heap, self.sampled_in_malloc,
        )  # fmt: skip
        sizes = sum(table.size_bytes + table.timeline.size_bytes for table in tables)
        return sizes + self._sums.size_bytes + BYTES_PER_ROW * len(self._stacks)

    def observe(self, snapshot: Snapshot) -> None:
        """Take over what a snapshot says; what is older than is known already is left out."""
        time_s, requests = snapshot.uptime_s, snapshot.requests
        if self.gauges.timeline.follows(time_s):
            serial = self.gauges.timeline.add(time_s, requests)
            self.gauges.file(serial, _gauge_values(snapshot.gauges))
        if snapshot.types is not None and self.types.timeline.follows(time_s):
            serial = self.types.timeline.add(time_s, requests)
            self._file_types(serial, snapshot.types)
            self._file_containers(serial, snapshot.containers or ())
            self.heap.file(serial, _heap_values(snapshot, snapshot.types))
        if snapshot.stacks is not None:
            self._observe_stacks(time_s, requests, snapshot.stacks)
        if snapshot.groups is not None and self.groups.timeline.follows(time_s):
            serial = self.groups.timeline.add(time_s, requests)
            self._file_groups(serial, snapshot.groups)

    def remembered(self, name: str, timeline: Timeline, find: Callable[[], Result]) -> Result:
        """What was found along a timeline; it is looked for again when that has gone on.

        Args:
            name: of what is looked for; it always goes with the same function.
            timeline: what it depends on.
            find: looks for it.
        """
        latest, found = self._memory.get(name, (None, None))
        if latest != timeline.latest:
            found = find()
            self._memory[name] = timeline.latest, found
        return cast("Result", found)

    def site_growth(self, site: Frame, since_s: float) -> SiteGrowth:
        """What a line has allocated since some uptime that is still alive."""
        return self._sums.growth_of(site, self._stacks, since_s, self._survived_by_s)

    def _file_types(self, serial: int, types: tuple[TypeCount, ...]) -> None:
        live = {one.type: one.objects - one.garbage_objects for one in types}
        lost = [one for one in types if one.garbage_objects]
        self.types.file(serial, live)
        self.owned.file(
            serial,
            {one.type: one.owned_bytes for one in types}
            | {one.type: one.owned_bytes - one.garbage_bytes for one in lost},
        )
        self.garbage.file(serial, {one.type: one.garbage_objects for one in lost})
        self.garbage_owned.file(serial, {one.type: one.garbage_bytes for one in lost})
        self.c_held.file(
            serial, {one.type: one.c_held_objects for one in types if one.c_held_objects}
        )

    def _file_containers(self, serial: int, containers: tuple[Container, ...]) -> None:
        lengths = {(one.address, one.type): one.length for one in containers}
        for key, column in self.containers.items():
            if key not in lengths and column.changes >= FEWEST_CHANGES:
                self.gone[key[1]] = max(self.gone.get(key[1], 0), column.last)
        self.containers.file(serial, lengths)
        self.weak = frozenset((one.address, one.type) for one in containers if one.weak)

    def _observe_stacks(
        self, time_s: float, requests: Mapping[str, int], stacks: tuple[LiveStack, ...]
    ) -> None:
        """What was there at the reading before has outlived one: the first reading has none."""
        timeline, before_s = self.sites.timeline, self._read_at_s
        if before_s is not None and time_s <= before_s:
            return
        self._read_at_s = time_s
        if before_s is None:
            return
        self._survived_by_s = min(before_s, time_s - YOUNG_S)
        self._stacks = stacks
        self.bytes_per_sample = _bytes_per_sample(stacks)
        serial = timeline.add(time_s, requests)
        self.sites.file(serial, self._sums.survivors(stacks, self._survived_by_s))
        large = python_in_malloc(stacks)
        self.sampled_in_malloc.file(serial, {IN_MALLOC: large.bytes, IN_MALLOC_ERROR: large.error})

    def _file_groups(self, serial: int, groups: tuple[ResourceGroup, ...]) -> None:
        self.groups.file(serial, {(one.resource, one.name): one.count for one in groups})
        self.group_sites = {(one.resource, one.name): one.site for one in groups}


def _gauge_values(gauges: Gauges) -> dict[str, int]:
    """What is known, by name."""
    named = {name: getattr(gauges, name) for name in GAUGES}
    values = {name: value for name, value in named.items() if value is not None}
    free = [values[name] for name in ("malloc_free_bytes", "pymalloc_free_bytes") if name in values]
    return {**values, ALLOCATOR_FREE: sum(free)} if free else values


def _heap_values(snapshot: Snapshot, types: tuple[TypeCount, ...]) -> dict[str, int]:
    """All types together; what pymalloc did not hand out of their bytes, malloc did."""
    values = {
        OBJECTS: sum(one.objects - one.garbage_objects for one in types),
        OWNED: sum(one.owned_bytes for one in types),
        GARBAGE: sum(one.garbage_bytes for one in types),
    }
    if snapshot.totals is not None:
        values[FROZEN] = snapshot.totals.frozen_objects
    in_malloc = walked_in_malloc(snapshot)
    if in_malloc is not None:
        values[IN_MALLOC] = in_malloc
    return values


def _bytes_per_sample(stacks: tuple[LiveStack, ...]) -> float:
    """Of n samples of one weight the variance is n times its square, their bytes n times it."""
    variance = sum(live.bytes_error**2 for live in stacks)
    return variance / max(sum(live.bytes for live in stacks), 1)
