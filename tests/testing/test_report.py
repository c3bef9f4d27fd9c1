"""A report says what grew between two snapshots, as text, as values and as JSON."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakprobe.render.plain import columns_of
from leakprobe.testing import MemoryLeakReport, MemorySnapshot
from leakprobe.testing.allocations import Allocation
from leakprobe.testing.arguments import BadArgument
from leakprobe.testing.severity import Severity

START = MemorySnapshot(
    label="before",
    pid=4242,
    taken_at=1_000.0,
    rss_bytes=80_000_000,
    vms_bytes=300_000_000,
    memory_bytes=30_000_000,
    measured_by="allocators",
    cpu_s=2.0,
    cpu_percent=10.0,
    threads=2,
    fds=9,
    open_files=1,
    open_file_paths={"/srv/log.txt": 1},
    descriptors={"file /srv/log.txt": 1, "pipe": 2},
    object_counts={"app.Order": 100, "dict": 5000, "list": 40},
    top_allocations=(),
    traced=False,
    own_bytes=100_000,
)
END = replace(
    START,
    label="after",
    taken_at=1_010.0,
    rss_bytes=92_000_000,
    memory_bytes=42_500_000,
    cpu_s=7.0,
    threads=3,
    fds=12,
    open_files=3,
    open_file_paths={"/srv/log.txt": 1, "/srv/a.wav": 2},
    descriptors={"file /srv/log.txt": 1, "file /srv/*.wav": 2, "pipe": 3},
    object_counts={"app.Order": 1340, "dict": 5005, "list": 30, "app.Line": 10},
    top_allocations=(Allocation("/srv/app/orders.py", 42, 12_000_000, 1240),),
    traced=True,
)
REPORT = MemoryLeakReport(START, END)


def test_growth_of_everything() -> None:
    assert REPORT.memory_growth_mb == 12.4, "the start's own tables do not count"
    assert REPORT.rss_growth_mb == 12.0
    assert REPORT.vms_growth_mb == 0.0
    assert (REPORT.open_files_growth, REPORT.fd_growth, REPORT.thread_growth) == (2, 3, 1)
    assert REPORT.seconds == 10.0
    assert REPORT.cpu_percent == 50.0
    assert REPORT.severity is Severity.MEDIUM
    assert REPORT.has_leak


def test_what_grew_is_named_the_most_first() -> None:
    assert [(one.name, one.growth) for one in REPORT.growing_types] == [
        ("app.Order", 1240),
        ("app.Line", 10),
    ]
    assert [(one.name, one.growth) for one in REPORT.growing_files] == [("/srv/a.wav", 2)]
    assert [(one.name, one.growth) for one in REPORT.growing_handles] == [
        ("file /srv/*.wav", 2),
        ("pipe", 1),
    ]


def test_the_text_has_the_answer_first() -> None:
    lines = str(REPORT).splitlines()
    assert lines[0] == "MEDIUM: memory +12.40 MB from before to after; leak"
    text = REPORT.text()
    assert text == str(REPORT)
    for part in (
        "memory in use     42.50 MB (+12.40 MB)",
        "resident set      92.00 MB (+12.00 MB)",
        "open files        3 (+2)",
        "threads           3 (+1)",
        "CPU time          5.0 s (within 10 s)",
        "    +2    2  file /srv/*.wav",
        "+1,240  1,340  app.Order",
        "  +12.00 MB: /srv/app/orders.py:42",
    ):
        assert part in text, part


def test_json_has_sizes_in_bytes_and_the_schema() -> None:
    document = json.loads(REPORT.to_json())
    assert document == json.loads(json.dumps(REPORT.to_dict()))
    assert document["schema"] == 1
    assert document["pid"] == 4242
    assert document["severity"] == "MEDIUM"
    assert document["has_leak"] is True
    assert document["growth"]["memory_bytes"] == 12_400_000
    assert document["thresholds_bytes"]["critical"] == 100_000_000
    assert document["growing_types"][0] == {"name": "app.Order", "before": 100, "now": 1340}
    assert document["start"] == "1970-01-01T00:16:40Z"


def test_no_growth_is_ok_and_no_leak() -> None:
    report = MemoryLeakReport.between(START, replace(START, memory_bytes=30_100_000))
    assert (report.severity, report.has_leak) == (Severity.OK, False)
    assert report.cpu_percent is None
    assert str(report).startswith("OK: memory 0 B from before to before; no leak")
    assert "tracemalloc was off" in str(report)
    assert (report.growing_types, report.growing_files, report.growing_handles) == ((), (), ())


@pytest.mark.parametrize("grown", [{"open_files": 2}, {"fds": 10}, {"threads": 3}])
def test_a_file_or_thread_more_is_a_leak_however_little_memory_it_takes(grown: Any) -> None:
    report = MemoryLeakReport(START, replace(START, memory_bytes=30_100_000, **grown))
    assert (report.severity, report.has_leak) == (Severity.OK, True)


def test_thresholds_can_be_set() -> None:
    assert MemoryLeakReport(START, END, {"high": 11, "medium": 10.5}).severity is Severity.HIGH
    with pytest.raises(BadArgument, match=r"^low_mb=-5: "):
        MemoryLeakReport(START, END, thresholds={"low": -5})


def test_what_is_no_snapshot_is_refused() -> None:
    with pytest.raises(BadArgument, match=r"^end=42: must be a MemorySnapshot"):
        MemoryLeakReport(START, 42)  # type: ignore[arg-type]  # that is the point


def test_descriptors_that_the_system_does_not_count_stay_unknown() -> None:
    report = MemoryLeakReport(replace(START, fds=None), END)
    assert report.fd_growth is None
    assert report.to_dict()["growth"]["fds"] is None  # type: ignore[index, call-overload]  # a document within
    assert "file descriptors  12 (-)" in report.text()


NAMES = st.text(min_size=1, max_size=150)


@given(st.dictionaries(NAMES, st.integers(11, 10**12), max_size=30), NAMES)
def test_no_line_is_wider_than_a_terminal(counts: dict[str, int], label: str) -> None:
    end = replace(END, object_counts=counts, descriptors=counts, label=label)
    report = MemoryLeakReport(START, end)
    assert all(columns_of(line) <= 100 for line in report.text().splitlines())
    json.loads(report.to_json())
