"""What is growth, and what may be chance."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.model.growth import within_error


@pytest.mark.parametrize(
    ("difference", "error", "chance"),
    [
        (0, 0, False),
        (5, 0, False),
        (0, 5, True),
        (9, 5, True),
        (-9, 5, True),
        (10, 5, False),
        (-10, 5, False),
    ],
)
def test_below_two_errors_a_difference_may_be_chance(
    difference: int, error: int, chance: bool
) -> None:
    assert within_error(difference, error) is chance


@given(st.integers(), st.integers(min_value=0), st.integers(min_value=1))
@settings(deadline=None)
def test_growing_more_never_makes_it_chance(difference: int, error: int, more: int) -> None:
    farther = difference + (more if difference >= 0 else -more)
    assert within_error(difference, error) or not within_error(farther, error)
    assert within_error(difference, error) is within_error(-difference, error)
