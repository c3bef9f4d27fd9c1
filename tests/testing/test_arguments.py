"""What the toolkit refuses, in one line each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakprobe.errors import LeakprobeError
from leakprobe.testing.arguments import BadArgument, check_mb, check_whole


@given(st.integers(min_value=1))
def test_a_whole_number_that_is_large_enough_passes(value: int) -> None:
    assert check_whole("iterations", value, 1) == value


@pytest.mark.parametrize("value", [0, -3, 1.0, True, "5", None])
def test_any_other_is_refused_with_name_and_value(value: object) -> None:
    with pytest.raises(BadArgument, match=r"^iterations=.*whole number of at least 1$") as refused:
        check_whole("iterations", value, 1)
    assert repr(value) in str(refused.value)


@given(st.floats(min_value=0, allow_infinity=False) | st.integers(min_value=0, max_value=10**9))
def test_megabytes_pass(value: float) -> None:
    assert check_mb("max_growth_mb", value) == float(value)


@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf"), "10", None, True, [5]])
def test_what_is_no_number_of_megabytes_is_refused(value: object) -> None:
    with pytest.raises(BadArgument, match=r"^max_growth_mb=.*number of megabytes, 0 or more$"):
        check_mb("max_growth_mb", value)


def test_a_refusal_is_ours_and_a_value_error() -> None:
    assert issubclass(BadArgument, LeakprobeError)
    assert issubclass(BadArgument, ValueError)


def test_a_refusal_is_one_line_however_long_the_value() -> None:
    message = str(BadArgument("iterations", "x\n" * 500, "must be a number"))
    assert "\n" not in message
    assert len(message) < 120
