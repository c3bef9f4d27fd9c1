"""What is remembered of snapshots."""

from dataclasses import replace

from leakprobe.analysis.evidence import IN_MALLOC, Evidence
from leakprobe.model import Container, HeapTotals, LiveStack, ResourceGroup, TypeCount
from tests.analysis.watching import Moment, Seen, watched
from tests.making import GAUGES, a_snapshot, a_stack

STACK = a_stack(("/srv/app/main.py", 42, "keep"))
TYPES = [
    TypeCount("app.A", 10, 500, 1000, garbage_objects=4, garbage_bytes=300),
    TypeCount("app.B", 2, 100, 100, c_held_objects=1),
]
SITE = STACK.frames[0]


def test_each_part_of_a_snapshot_is_filed() -> None:
    evidence = Evidence()
    groups = (ResourceGroup("fds", "pipe", 4),)
    snapshot = a_snapshot(uptime_s=3.0, types=TYPES, containers=[Container(1, "dict", 40, True)])
    evidence.observe(replace(snapshot, groups=groups))
    assert {name: column.last for name, column in evidence.types.items()} == {
        "app.A": 6,
        "app.B": 2,
    }
    assert {name: column.last for name, column in evidence.owned.items()} == {
        "app.A": 700,
        "app.B": 100,
    }
    assert {name: column.last for name, column in evidence.garbage.items()} == {"app.A": 4}
    assert {name: column.last for name, column in evidence.garbage_owned.items()} == {"app.A": 300}
    assert {name: column.last for name, column in evidence.c_held.items()} == {"app.B": 1}
    assert evidence.weak == {(1, "dict")}
    assert evidence.group_sites == {("fds", "pipe"): None}
    fds = evidence.gauges.get("fds")
    assert fds is not None
    assert fds.last == 20
    assert evidence.gauges.get("children") is None


def test_types_that_come_later_to_a_snapshot_are_filed_then() -> None:
    evidence = Evidence()
    start = a_snapshot(uptime_s=0.5)
    evidence.observe(start)
    evidence.observe(replace(start, types=tuple(TYPES)))
    assert (len(evidence.gauges.timeline), len(evidence.types.timeline)) == (1, 1)


def test_what_is_older_than_what_is_known_is_left_out() -> None:
    evidence = Evidence()
    stacks = [LiveStack(STACK, 100, 1)]
    for uptime_s in (5.0, 6.0, 4.0, 6.0):
        evidence.observe(a_snapshot(uptime_s=uptime_s, types=TYPES, stacks=stacks))
    assert evidence.gauges.timeline.times == evidence.types.timeline.times == [5.0, 6.0]
    assert evidence.sites.timeline.times == [6.0]


def test_only_what_outlived_a_reading_counts() -> None:
    evidence = Evidence()
    for uptime_s in (10.0, 20.0):
        stacks = [
            LiveStack(STACK, 1000, 1, 10, None, 9.0),
            LiveStack(STACK, 700, 1, 10, None, uptime_s - 1),
            LiveStack(STACK, 50, 1),
        ]
        evidence.observe(a_snapshot(uptime_s=uptime_s, stacks=stacks))
    column = evidence.sites.get(SITE)
    assert column is not None
    assert column.last == 1050


def test_growth_of_a_site_is_what_is_new_and_has_survived() -> None:
    evidence = Evidence()
    evidence.observe(a_snapshot(uptime_s=10.0, stacks=[]))
    stacks = [
        LiveStack(STACK, 1000, 3, 10, "GET /old", 9.0),
        LiveStack(STACK, 700, 2, 30, "POST /new", 19.0),
        LiveStack(STACK, 40, 1, 40, None, 18.0),
        LiveStack(STACK, 5000, 1, 10, "GET /running", 30.0),
        LiveStack(a_stack(("/srv/app/other.py", 1, "f")), 9, 1, 1, None, 19.0),
    ]
    evidence.observe(a_snapshot(uptime_s=20.0, stacks=[]))
    evidence.observe(a_snapshot(uptime_s=30.0, stacks=stacks))
    growth = evidence.site_growth(SITE, 10.0)
    assert (growth.bytes, growth.objects, growth.variance) == (740, 3, 2500)
    assert growth.old_bytes == 1000
    assert growth.tags == (("POST /new", 700), (None, 40))
    assert growth.stack == STACK.frames
    assert evidence.site_growth(a_stack(("/nowhere.py", 1, None)).frames[0], 10.0).stack == ()


def test_a_stack_without_frames_has_no_known_site() -> None:
    evidence = Evidence()
    for uptime_s in (1.0, 2.0):
        evidence.observe(a_snapshot(uptime_s=uptime_s, stacks=[LiveStack(a_stack(), 10, 1)]))
    assert [site.file for site, _ in evidence.sites.items()] == ["<unknown>"]


def test_sites_that_are_gone_are_forgotten() -> None:
    evidence = Evidence()
    for second in range(40):
        stacks = [
            LiveStack(a_stack((f"/srv/app/{second}.py", line, "f")), 10, 1) for line in range(100)
        ]
        evidence.observe(a_snapshot(uptime_s=float(second), stacks=stacks))
    assert len(evidence.sites) <= 200
    size = evidence.size_bytes
    for second in range(40, 80):
        stacks = [
            LiveStack(a_stack((f"/srv/app/{second}.py", line, "f")), 10, 1) for line in range(100)
        ]
        evidence.observe(a_snapshot(uptime_s=float(second), stacks=stacks))
    assert evidence.size_bytes < 1.5 * size


def test_what_objects_take_from_malloc_is_what_pymalloc_did_not_hand_out() -> None:
    totals = HeapTotals(10, 5, 20, 5_000_000, 0, 0, 0, 0, 3, 1000)
    gauges = replace(GAUGES, pymalloc_used_bytes=4_000_000, malloc_free_bytes=7)
    gauges = replace(gauges, python_blocks=0)  # nothing is lost between them
    snapshot = replace(a_snapshot(uptime_s=1.0, types=TYPES), totals=totals, gauges=gauges)
    evidence = Evidence()
    evidence.observe(snapshot)
    column, free = evidence.heap.get(IN_MALLOC), evidence.gauges.get("allocator_free_bytes")
    assert column is not None
    assert column.last == 1_001_000
    assert free is not None
    assert free.last == 7


def test_evidence_is_bounded() -> None:
    def look(moment: Moment) -> Seen:
        types = [TypeCount(f"app.T{n}", moment.requests + n, 10, 10) for n in range(50)]
        return Seen(types=types, containers=[Container(n, "dict", 40) for n in range(50)])

    evidence = watched(look, seconds=600.0, gaps_s=(0.9, 1.1))
    size = evidence.size_bytes
    assert 0 < size < 300_000
    evidence.reset()
    assert evidence.size_bytes == 0
