import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.analysis.latency import BOUNDS_S, BUCKETS, bucket_of, percentile_s

LATENCIES = st.floats(0, 10_000, allow_nan=False)


def histogram(latencies: list[float]) -> list[int]:
    buckets = [0] * BUCKETS
    for latency in latencies:
        buckets[bucket_of(latency)] += 1
    return buckets


def test_buckets_are_19_percent_wide_from_a_microsecond_to_an_hour() -> None:
    assert BOUNDS_S[0] == 1e-6
    assert BOUNDS_S[-2] < 3600 <= BOUNDS_S[-1]
    ratios = [b / a for a, b in pairwise(BOUNDS_S)]
    assert all(math.isclose(ratio, 2**0.25) for ratio in ratios)
    assert BUCKETS < 150


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [(0.0, 0), (0.99e-6, 0), (1e-6, 1), (BOUNDS_S[7], 8), (-1.0, 0), (1e9, BUCKETS - 1)],
)
def test_bucket_of(seconds: float, bucket: int) -> None:
    assert bucket_of(seconds) == bucket


def test_without_requests_there_is_no_percentile() -> None:
    assert percentile_s([0] * BUCKETS, 0.5) is None


@settings(deadline=None)
@given(st.lists(LATENCIES, min_size=1, max_size=200), st.floats(0.001, 1))
def test_percentile_lies_in_the_bucket_of_the_true_one(
    latencies: list[float], share: float
) -> None:
    found = percentile_s(histogram(latencies), share)
    true = sorted(latencies)[max(1, math.ceil(share * len(latencies))) - 1]
    assert found is not None
    if BOUNDS_S[0] <= true < BOUNDS_S[-1]:
        assert bucket_of(found) == bucket_of(true)
        assert abs(found - true) / true < 0.19
    else:
        assert abs(bucket_of(found) - bucket_of(true)) <= 1


@settings(deadline=None)
@given(st.lists(LATENCIES, min_size=1), st.floats(0.001, 1), st.floats(0.001, 1))
def test_percentiles_rise(latencies: list[float], one: float, other: float) -> None:
    buckets = histogram(latencies)
    low, high = percentile_s(buckets, min(one, other)), percentile_s(buckets, max(one, other))
    assert low is not None
    assert high is not None
    assert low <= high
