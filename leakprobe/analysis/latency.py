"""Percentiles of latency out of a histogram of fixed size.

The buckets grow by a quarter of an octave (19 %) from 1 µs to an hour, so a percentile
is known to within one bucket whatever the distribution, and a route costs the same
memory after one request and after a billion.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence

__all__ = ["BOUNDS_S", "BUCKETS", "bucket_of", "percentile_s"]

SHORTEST_S = 1e-6
LONGEST_S = 3600.0
BUCKETS_PER_OCTAVE = 4

STEPS = math.ceil(BUCKETS_PER_OCTAVE * math.log2(LONGEST_S / SHORTEST_S))
BOUNDS_S = tuple(SHORTEST_S * 2 ** (step / BUCKETS_PER_OCTAVE) for step in range(STEPS + 1))
BUCKETS = len(BOUNDS_S) + 1


def bucket_of(seconds: float) -> int:
    """The bucket that a latency is counted in.

    Bucket `i` holds what is at least `BOUNDS_S[i - 1]` and below `BOUNDS_S[i]`; the first
    and the last one hold what is shorter and longer than all bounds.
    """
    return bisect_right(BOUNDS_S, seconds)


def percentile_s(buckets: Sequence[int], share: float) -> float | None:
    """The latency in seconds that `share` of the requests did not exceed (nearest rank).

    Args:
        buckets: requests per bucket, `BUCKETS` numbers.
        share: above 0 and at most 1; 0.95 for the 95th percentile.

    Returns:
        The geometric middle of the bucket that the true percentile lies in (of the open
        buckets their bound); None without requests.
    """
    rank = max(1, math.ceil(share * sum(buckets)))
    seen = 0
    for bucket, count in enumerate(buckets):
        seen += count
        if seen >= rank:
            return _middle_s(bucket)
    return None


def _middle_s(bucket: int) -> float:
    if bucket == 0:
        return SHORTEST_S
    if bucket == BUCKETS - 1:
        return BOUNDS_S[-1]
    return math.sqrt(BOUNDS_S[bucket - 1] * BOUNDS_S[bucket])
