"""Estimates against known allocations: unbiased, with errors that are as large as they say."""

import statistics
import sys
from collections.abc import Callable

import pytest

from leakprobe.capture.native import sampler_missing
from tests.capture.native.sampled import KIB, all_in, sampling
from tests.native import needs_sampler

if sampler_missing() is None:
    from leakprobe.capture._native import _sampler

pytestmark = needs_sampler

RUNS = 30
# Of 30 values with mean 0 and deviation 1, the mean is beyond this once in a million tests.
FARTHEST_MEAN_Z = 0.9
LEAST_WITHIN_TWO = 21

Plant = Callable[[list[object]], None]


def planted(hold: list[object], count: int, size: int) -> None:
    """`count` blocks of `size` bytes, as long as `hold` lives; nothing else that stays."""
    for place in range(count):
        hold[place] = bytes(size - sys.getsizeof(b""))


def run(plant: Plant, count: int, sample_bytes: int) -> tuple[float, int]:
    """One run: z of the estimate against the truth, and the number of samples."""
    hold: list[object] = [None] * count
    with sampling(sample_bytes):
        plant(hold)
        found = all_in("planted")
    truth = sum(sys.getsizeof(block) for block in hold)
    return found.z(truth) if found.error else 0.0, found.samples


def assert_unbiased(plant: Plant, count: int, sample_bytes: int) -> None:
    z = [run(plant, count, sample_bytes)[0] for _ in range(RUNS)]
    assert abs(statistics.fmean(z)) < FARTHEST_MEAN_Z
    assert sum(abs(value) < 2 for value in z) >= LEAST_WITHIN_TWO
    assert statistics.pstdev(z) > 0.4, "errors that are never used up are stated too large"


@pytest.mark.parametrize(
    ("count", "size", "sample_bytes"),
    [(20_000, 100, 16 * KIB), (5_000, KIB, 64 * KIB), (300, 100 * KIB, 64 * KIB)],
)
def test_blocks_of_one_size(count: int, size: int, sample_bytes: int) -> None:
    assert_unbiased(lambda hold: planted(hold, count, size), count, sample_bytes)


def test_blocks_of_mixed_sizes() -> None:
    def plant(hold: list[object]) -> None:
        part: list[object] = [None] * 5_000
        for start, count, size in ((0, 5_000, 100), (5_000, 1_000, KIB), (6_000, 20, 100 * KIB)):
            planted(part, count, size)
            hold[start : start + count] = part[:count]

    assert_unbiased(plant, 6_020, 32 * KIB)


def test_weights_stay_right_when_the_interval_changes_in_the_middle() -> None:
    def plant(hold: list[object]) -> None:
        part: list[object] = [None] * 10_000
        for start, sample_bytes in ((0, 64 * KIB), (10_000, 4 * KIB), (20_000, 128 * KIB)):
            _sampler.set_sample_bytes(sample_bytes)
            planted(part, 10_000, 300)
            hold[start : start + 10_000] = part

    assert_unbiased(plant, 30_000, 64 * KIB)


def test_a_leak_of_ten_thousand_small_objects_is_seen_in_every_run() -> None:
    seen = [run(lambda hold: planted(hold, 10_000, 100), 10_000, 64 * KIB)[1] for _ in range(RUNS)]
    assert min(seen) > 0


def test_the_number_of_objects_is_estimated_too() -> None:
    hold: list[object] = [None] * 20_000
    with sampling(4 * KIB):
        planted(hold, len(hold), 100)
        found = all_in("planted")
    assert found.objects == pytest.approx(found.bytes / 100)


def test_what_is_freed_is_gone() -> None:
    hold: list[object] = [None] * 20_000
    with sampling(KIB):
        planted(hold, len(hold), 100)
        assert all_in("planted").samples > 1_000
        hold.clear()
        assert all_in("planted").samples == 0


def growing_list(length: int) -> list[None]:
    grown: list[None] = []
    for _ in range(length):
        grown.append(None)  # noqa: PERF401 - one reallocation after the other is the point
    return grown


def growing_dict(keys: list[int]) -> dict[int, None]:
    grown: dict[int, None] = {}
    for key in keys:
        grown[key] = None
    return grown


def test_a_list_that_grew_counts_with_the_size_it_has_now() -> None:
    with sampling(KIB):
        grown = growing_list(300_000)
        found = all_in("growing_list")
    # Its block is far above the interval: sampled for certain, and nothing of the moves is left.
    assert found.bytes == pytest.approx(sys.getsizeof(grown), abs=KIB)
    assert found.samples <= 2


def test_a_dict_that_grew_counts_with_the_size_it_has_now() -> None:
    keys = list(range(100_000))
    with sampling(KIB):
        grown = growing_dict(keys)
        found = all_in("growing_dict")
    assert found.bytes == pytest.approx(sys.getsizeof(grown), abs=KIB)
    assert found.samples <= 2
