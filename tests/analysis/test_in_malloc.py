"""What Python objects take from malloc: by samples, by walks, and by the tracer's sum."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from leakprobe.analysis.in_malloc import (
    Estimate,
    python_in_malloc,
    series_in_malloc,
    walked_in_malloc,
)
from leakprobe.model import HeapTotals, Snapshot
from tests.making import GAUGES, a_snapshot, a_stack, live

TOTALS = HeapTotals(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


def test_by_samples_it_is_what_is_above_512_bytes() -> None:
    small, large = a_stack(("/srv/app.py", 1, "f")), a_stack(("/srv/app.py", 2, "g"))
    stacks = [
        live(small, 512_000, 1000, error=7),
        live(large, 5_000_000, 1000, error=30),
        live(large, 3_000_000, 1000, error=40),
    ]
    assert python_in_malloc(stacks) == Estimate(8_000_000, 50)
    assert python_in_malloc([]) == Estimate(0, 0)


def moment(
    uptime_s: float,
    *,
    walked: int | None = None,
    pymalloc: int | None = 440,
    traced: int | None = None,
) -> Snapshot:
    """Pymalloc has 440 bytes in 10 blocks, 40 of them to spare, of all that a walk has found."""
    return a_snapshot(
        uptime_s=uptime_s,
        gauges=replace(GAUGES, python_blocks=10, pymalloc_used_bytes=pymalloc, traced_bytes=traced),
        totals=None if walked is None else replace(TOTALS, bytes=walked - 100, own_bytes=100),
    )


@pytest.mark.parametrize(
    ("snapshot", "expected"),
    [
        (moment(0, walked=1000), 600),
        (moment(0, walked=300), 0),
        (moment(0, walked=1000, pymalloc=None), None),
        (moment(0), None),
    ],
)
def test_by_a_walk_it_is_what_pymalloc_does_not_have(
    snapshot: Snapshot, expected: int | None
) -> None:
    assert walked_in_malloc(snapshot) == expected


@pytest.mark.parametrize(
    ("walks", "expected"),
    [
        ({2: 1000}, [600, 600, 600, 600, 600]),
        ({1: 1000, 3: 1400}, [600, 600, 800, 1000, 1000]),
        ({0: 1000, 4: 800}, [600, 550, 500, 450, 400]),
    ],
)
def test_between_walks_it_is_interpolated(walks: dict[int, int], expected: list[int]) -> None:
    snapshots = [moment(float(second), walked=walks.get(second)) for second in range(5)]
    assert series_in_malloc(snapshots) == expected


@pytest.mark.parametrize(
    ("snapshots", "expected"),
    [
        # The tracer has seen 50 bytes less than pymalloc holds: those were there before it.
        ([moment(0, traced=390), moment(1, traced=940), moment(2, traced=340)], [0, 550, 0]),
        ([moment(0), moment(1, traced=500), moment(2, traced=700)], [None, 0, 200]),
        ([moment(0), moment(1)], [None, None]),
    ],
)
def test_without_walks_the_tracer_tells(
    snapshots: Sequence[Snapshot], expected: list[int | None]
) -> None:
    assert series_in_malloc(snapshots) == expected
