"""Models for tests: one by hand with defaults, any number by hypothesis."""

from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

from leakprobe.model import (
    Container,
    Frame,
    Gauges,
    HeapTotals,
    LiveStack,
    Price,
    ResourceGroup,
    Snapshot,
    Stack,
    TypeCount,
)

GAUGES = Gauges(
    rss_bytes=100_000_000,
    vms_bytes=400_000_000,
    cpu_s=1.5,
    threads=4,
    fds=20,
    children=None,
    python_blocks=250_000,
    traced_bytes=30_000_000,
    gc_collections=12,
    gc_uncollectable=0,
    memory_limit_bytes=None,
    memory_available_bytes=2_000_000_000,
)


def a_stack(*sites: tuple[str, int, str | None]) -> Stack:
    return Stack(tuple(Frame(*site) for site in sites))


def live(
    stack: Stack,
    size: int,
    objects: int = 1,
    error: int = 0,
    route: str | None = None,
    born_by_s: float | None = None,
) -> LiveStack:
    return LiveStack(stack, size, objects, error, route, born_by_s)


def a_snapshot(
    snapshot_id: str = "s1",
    *,
    uptime_s: float = 0.0,
    stacks: Sequence[LiveStack] | None = None,
    types: Sequence[TypeCount] | None = None,
    containers: Sequence[Container] | None = None,
    groups: Sequence[ResourceGroup] | None = None,
    totals: HeapTotals | None = None,
    gauges: Gauges = GAUGES,
    requests: Mapping[str, int] | None = None,
    label: str | None = None,
    tracer: str = "tracemalloc",
) -> Snapshot:
    return Snapshot(
        id=snapshot_id,
        label=label,
        taken_at=1_700_000_000.0 + uptime_s,
        uptime_s=uptime_s,
        requests=dict(requests or {}),
        gauges=gauges,
        tracer=tracer,
        stacks=None if stacks is None else tuple(stacks),
        types=None if types is None else tuple(types),
        containers=None if containers is None else tuple(containers),
        price=Price(),
        totals=totals,
        groups=None if groups is None else tuple(groups),
    )


sizes = st.integers(0, 1 << 50)
names = st.text(max_size=12)
frames = st.builds(
    Frame,
    file=st.sampled_from(["/srv/app.py", "/srv/lib/a.py", "/srv/lib/ü.py", "<string>"]),
    line=st.integers(0, 3),
    function=st.none() | st.sampled_from(["f", "C.method", "<lambda>"]),
)
stacks = st.builds(Stack, frames=st.lists(frames, max_size=4).map(tuple))
uptimes = st.floats(0, 1e6)
routes = st.sampled_from(["GET /", "POST /asr", "GET /items/{id}"])
live_stacks = st.builds(
    LiveStack,
    stack=stacks,
    bytes=sizes,
    objects=sizes,
    bytes_error=st.just(0) | sizes,
    route=st.none() | routes,
    born_by_s=st.none() | uptimes,
)
type_counts = st.builds(
    TypeCount,
    type=names,
    objects=sizes,
    bytes=sizes,
    owned_bytes=sizes,
    retained_bytes=st.none() | sizes,
    garbage_objects=st.just(0) | sizes,
    c_held_objects=st.just(0) | sizes,
    garbage_bytes=st.just(0) | sizes,
)
groups = st.builds(
    ResourceGroup,
    resource=st.sampled_from(["threads", "tasks", "fds", "children"]),
    name=names,
    count=sizes,
    site=st.none() | frames,
)
containers = st.builds(
    Container, address=st.integers(0, (1 << 64) - 1), type=names, length=sizes, weak=st.booleans()
)
snapshots = st.builds(
    a_snapshot,
    names,
    uptime_s=uptimes,
    stacks=st.none() | st.lists(live_stacks, max_size=12),
    types=st.none() | st.lists(type_counts, max_size=8, unique_by=lambda count: count.type),
    containers=st.none() | st.lists(containers, max_size=8),
    groups=st.none() | st.lists(groups, max_size=8),
    requests=st.dictionaries(names, sizes, max_size=4),
    label=st.none() | names,
)
