"""Adding up the sampler's rows, against the plainest way to do it."""

from array import array
from collections import defaultdict
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.capture.age_bands import MOST_BANDS, AgeBand
from leakprobe.capture.pace import Pace
from leakprobe.capture.sampled_rows import BAND_BITS, add_up

if TYPE_CHECKING:
    from leakprobe.capture._native._sampler import Rows

BANDS = (AgeBand(2, 10.0), AgeBand(5, 20.0), AgeBand(9, 30.0))
BAND_OF = {1: 0, 2: 0, 3: 1, 5: 1, 6: 2, 9: 2}

sampled = st.tuples(
    st.sampled_from([1, 7, 2**32 - 1]),
    st.sampled_from([-1, 0, 1, 2**31 - 1]),
    st.sampled_from(list(BAND_OF)),
    st.integers(1, 10**9),
    st.integers(1, 1000),
    st.integers(0, 10**9),
)


def as_rows(samples: list[tuple[int, ...]]) -> "Rows":
    """Samples in the form in which the sampler gives them."""
    names = ("stacks", "routes", "epochs", "live_bytes", "live_objects", "live_bytes_variance")
    columns = list(zip(*samples, strict=True)) or [()] * len(names)
    found = {
        name: array(code, column).tobytes()
        for name, code, column in zip(names, "IiIddd", columns, strict=True)
    }
    return cast("Rows", SimpleNamespace(hold_ns=0, epoch=9, **found))


@given(st.lists(sampled, max_size=60))
@settings(deadline=None)
def test_sums_are_those_of_the_plainest_way(samples: list[tuple[int, ...]]) -> None:
    expected: dict[tuple[int, int, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    for stack, route, epoch, *numbers in samples:
        sums = expected[stack, max(route, 0), BAND_OF[epoch]]
        sums[:] = [a + b for a, b in zip(sums, numbers, strict=True)]
    found = add_up(as_rows(samples), BANDS, Pace(pause=lambda _: None))
    assert sorted(found.stacks()) == sorted(stack for stack, _, _ in expected)
    by_key = {row[:3]: list(row[3:]) for row in found}
    assert len(by_key) == len(list(found))
    assert by_key == {key: pytest.approx(sums) for key, sums in expected.items()}


def test_every_band_has_its_number() -> None:
    assert MOST_BANDS <= 1 << BAND_BITS
