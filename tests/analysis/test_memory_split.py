"""The resident set in parts: planted growth of one part is found in that part alone."""

import random
from collections.abc import Callable, Sequence
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.analysis.memory_split import memory_split, split_memory
from leakprobe.model import Gauges, HeapTotals, Snapshot
from leakprobe.model.verdict import MemoryGrowth, MemorySplit
from tests.making import GAUGES, a_snapshot

MIB = 1 << 20
KNOWN = replace(
    GAUGES,
    rss_bytes=200 * MIB,
    python_blocks=0,  # nothing is lost between them
    file_bytes=20 * MIB,
    malloc_used_bytes=90 * MIB,
    malloc_free_bytes=30 * MIB,
    pymalloc_used_bytes=40 * MIB,
    pymalloc_free_bytes=10 * MIB,
)
TOTALS = HeapTotals(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


def parts(split: MemorySplit) -> list[int | None]:
    """Python, native, allocators', files', the rest; in MiB."""
    sizes = [
        split.python_bytes,
        split.native_bytes,
        split.allocator_free_bytes,
        split.file_bytes,
        split.unassigned_bytes,
    ]
    return [None if size is None else size // MIB for size in sizes]


def test_every_byte_stands_in_one_part() -> None:
    # 60 MiB of malloc's 90 are Python's, so that Python has 100 and others 30.
    assert parts(split_memory(KNOWN, 60 * MIB)) == [100, 30, 40, 20, 10]


@pytest.mark.parametrize(
    ("rss", "expected"),
    [
        (190, [100, 30, 40, 20, 0]),
        (160, [100, 30, 10, 20, 0]),
        (140, [100, 20, 0, 20, 0]),
        (110, [90, 0, 0, 20, 0]),
        (10, [0, 0, 0, 10, 0]),
    ],
)
def test_what_is_not_resident_is_taken_from_the_free_first(rss: int, expected: list[int]) -> None:
    assert parts(split_memory(replace(KNOWN, rss_bytes=rss * MIB), 60 * MIB)) == expected


def test_python_has_no_more_in_malloc_than_that_has_handed_out() -> None:
    assert parts(split_memory(KNOWN, 500 * MIB)) == [130, 0, 40, 20, 10]


@pytest.mark.parametrize(
    ("gauges", "expected"),
    [
        (replace(KNOWN, malloc_used_bytes=None, malloc_free_bytes=None), [100, None, 10, 20, 70]),
        (replace(KNOWN, malloc_free_bytes=None, pymalloc_free_bytes=None), [100, 30, None, 20, 50]),
        (replace(KNOWN, file_bytes=None), [100, 30, 40, None, 30]),
        # The tracer's sum is all that is known of Python's memory then.
        (
            replace(KNOWN, pymalloc_used_bytes=None, pymalloc_free_bytes=None),
            [28, None, 30, 20, 121],
        ),
    ],
)
def test_what_is_not_known_is_not_guessed(gauges: Gauges, expected: list[int | None]) -> None:
    assert parts(split_memory(gauges, 60 * MIB)) == expected


def test_a_system_that_says_nothing() -> None:
    split = split_memory(replace(GAUGES, traced_bytes=None), None)
    assert parts(split) == [None, None, None, None, GAUGES.rss_bytes // MIB]
    assert split.unassigned_bytes == GAUGES.rss_bytes


sizes = st.none() | st.integers(0, 1 << 40)


@given(st.integers(0, 1 << 40), st.lists(sizes, min_size=6, max_size=6), sizes)
@settings(deadline=None)
def test_the_parts_add_up_to_the_resident_set(
    rss: int, known: list[int | None], in_malloc: int | None
) -> None:
    gauges = replace(
        GAUGES,
        rss_bytes=rss,
        traced_bytes=known[0],
        file_bytes=known[1],
        malloc_used_bytes=known[2],
        malloc_free_bytes=known[3],
        pymalloc_used_bytes=known[4],
        pymalloc_free_bytes=known[5],
    )
    split = split_memory(gauges, in_malloc)
    every = (
        split.python_bytes,
        split.native_bytes,
        split.allocator_free_bytes,
        split.file_bytes,
        split.unassigned_bytes,
    )
    assert sum(size or 0 for size in every) == split.rss_bytes == rss
    assert min(size or 0 for size in every) >= 0


def history(
    change: Callable[[Gauges, int], Gauges], *, seconds: int = 120, walks: int = 4
) -> list[Snapshot]:
    """A snapshot a second, ten requests each; of every fourth the heap was walked.

    Of the walk's 100 MiB pymalloc has 40: so 60 of malloc's 90 are Python's.
    """
    totals = replace(TOTALS, bytes=97 * MIB, own_bytes=3 * MIB)
    return [
        a_snapshot(
            f"s{second}",
            uptime_s=float(second),
            requests={"GET /": 10 * second},
            gauges=change(KNOWN, second),
            totals=totals if walks and second % walks == 0 else None,
        )
        for second in range(seconds)
    ]


def growing(*names: str, bytes_per_s: int = MIB) -> Callable[[Gauges, int], Gauges]:
    """These gauges, and the resident set with them, grow."""

    def change(gauges: Gauges, second: int) -> Gauges:
        more = {name: getattr(gauges, name) + bytes_per_s * second for name in names}
        return replace(gauges, rss_bytes=gauges.rss_bytes + bytes_per_s * second, **more)

    return change


@pytest.mark.parametrize(
    ("names", "part", "advised"),
    [
        (("malloc_used_bytes",), "native", "memory of no Python object grows"),
        (("malloc_free_bytes",), "allocator_free", "POST /trim hands it back"),
        (("pymalloc_free_bytes",), "allocator_free", "/trim cannot hand back"),
        (("file_bytes",), "file", "pages of files and shared memory grow"),
        ((), "unassigned", "memory of no allocator grows"),
    ],
)
def test_growth_is_found_in_its_part_alone(names: tuple[str, ...], part: str, advised: str) -> None:
    split = memory_split(history(growing(*names)))
    growth = split.growth_bytes_per_hour
    expected = MemoryGrowth(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    assert growth == replace(expected, rss=growth.rss, **{part: getattr(growth, part)})
    assert growth.rss == pytest.approx(3600 * MIB, rel=0.01)
    assert getattr(growth, part) == pytest.approx(3600 * MIB, rel=0.01)
    (sentence,) = split.advice
    assert advised in sentence


def with_walks(snapshots: Sequence[Snapshot]) -> list[Snapshot]:
    """Python's objects are known to grow as malloc does: walks have counted them."""
    return [
        snapshot
        if snapshot.totals is None
        else replace(
            snapshot,
            totals=replace(
                snapshot.totals, bytes=snapshot.totals.bytes + MIB * int(snapshot.uptime_s)
            ),
        )
        for snapshot in snapshots
    ]


def test_large_objects_are_pythons_though_they_lie_in_malloc() -> None:
    split = memory_split(with_walks(history(growing("malloc_used_bytes"))))
    assert split.growth_bytes_per_hour.python == pytest.approx(3600 * MIB, rel=0.02)
    assert split.growth_bytes_per_hour.native == pytest.approx(0, abs=100 * MIB)
    (sentence,) = split.advice
    assert sentence.startswith("Python objects grow")
    # The last walk was at 116 seconds, the last snapshot at 119.
    assert parts(split) == [100 + 116, 30 + 3, 40, 20, 10]


def test_small_objects_are_pythons() -> None:
    split = memory_split(with_walks(history(growing("pymalloc_used_bytes"))))
    assert split.growth_bytes_per_hour.python == pytest.approx(3600 * MIB, rel=0.02)
    assert split.growth_bytes_per_hour.native == 0.0


def test_without_walks_the_tracer_tells_what_is_large() -> None:
    split = memory_split(history(growing("malloc_used_bytes", "traced_bytes"), walks=0))
    assert split.growth_bytes_per_hour.python == pytest.approx(3600 * MIB, rel=0.01)
    assert split.growth_bytes_per_hour.native == 0.0
    # What was large before the first snapshot nobody knows: it counts as native.
    assert parts(split) == [40 + 119, 90, 40, 20, 10]


@pytest.mark.parametrize("seed", range(5))
def test_noise_does_not_grow_and_needs_no_advice(seed: int) -> None:
    chance = random.Random(seed)

    def shake(gauges: Gauges, _: int) -> Gauges:
        extra = chance.randrange(8 * MIB)
        return replace(
            gauges,
            rss_bytes=gauges.rss_bytes + extra,
            malloc_used_bytes=90 * MIB + extra,
            malloc_free_bytes=30 * MIB - extra,
        )

    split = memory_split(history(shake))
    assert split.growth_bytes_per_hour.native == 0.0
    assert split.advice == ()


def test_a_little_growth_is_said_and_not_advised_on() -> None:
    split = memory_split(history(growing("malloc_used_bytes", bytes_per_s=1000)))
    assert split.growth_bytes_per_hour.native == pytest.approx(3_600_000, rel=0.01)
    assert split.advice == ()


def test_a_step_beside_a_little_growth_is_not_advised_on() -> None:
    def change(gauges: Gauges, second: int) -> Gauges:
        gauges = growing("malloc_used_bytes", bytes_per_s=1000)(gauges, second)
        return growing("malloc_used_bytes")(gauges, 0 if second < 110 else 5)

    assert memory_split(history(change)).advice == ()


def test_what_shrinks_is_said() -> None:
    split = memory_split(history(growing("malloc_free_bytes", bytes_per_s=-100_000)))
    assert split.growth_bytes_per_hour.rss == pytest.approx(-360e6, rel=0.01)
    assert split.growth_bytes_per_hour.allocator_free == pytest.approx(-360e6, rel=0.01)


def test_only_the_last_hour_counts() -> None:
    def early(gauges: Gauges, second: int) -> Gauges:
        return growing("malloc_used_bytes")(gauges, min(second, 1000))

    assert memory_split(history(early, seconds=4700)).growth_bytes_per_hour.native == 0.0


@pytest.mark.parametrize("count", [1, 2, 3])
def test_too_little_to_see_growth_in(count: int) -> None:
    split = memory_split(history(growing("malloc_used_bytes"))[:count])
    growth = split.growth_bytes_per_hour
    assert [getattr(growth, field.name) for field in fields(growth)] == [None] * 6
    assert (split.advice, split.rss_bytes) == ((), 200 * MIB + (count - 1) * MIB)


def test_the_largest_comes_first() -> None:
    def change(gauges: Gauges, second: int) -> Gauges:
        gauges = growing("malloc_used_bytes", bytes_per_s=MIB // 2)(gauges, second)
        return growing("file_bytes")(gauges, second)

    first, second = memory_split(history(change)).advice
    assert first.startswith("pages of files")
    assert second.startswith("memory of no Python object")
