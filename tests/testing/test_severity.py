"""Five words for growth, and thresholds that can be set but not be nonsense."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakprobe.testing.arguments import BadArgument
from leakprobe.testing.severity import Severity, Thresholds, thresholds_of

LIMITS = st.lists(st.floats(0, 1e6), min_size=4, max_size=4, unique=True).map(sorted)


@pytest.mark.parametrize(
    ("growth_mb", "severity"),
    [
        (-80, Severity.OK),
        (0, Severity.OK),
        (4.99, Severity.OK),
        (5, Severity.LOW),
        (9.99, Severity.LOW),
        (10, Severity.MEDIUM),
        (49.9, Severity.MEDIUM),
        (50, Severity.HIGH),
        (99.9, Severity.HIGH),
        (100, Severity.CRITICAL),
        (1e9, Severity.CRITICAL),
    ],
)
def test_both_sides_of_each_threshold(growth_mb: float, severity: Severity) -> None:
    assert Thresholds().severity(growth_mb) is severity


@given(LIMITS, st.floats(-1e7, 1e7), st.floats(0, 1e6))
def test_more_growth_is_never_less_severe(
    limits: list[float], growth_mb: float, more_mb: float
) -> None:
    thresholds = Thresholds(*limits)
    assert thresholds.severity(growth_mb) <= thresholds.severity(growth_mb + more_mb)


def test_they_compare_and_read_as_their_names() -> None:
    assert Severity.OK < Severity.LOW < Severity.MEDIUM < Severity.HIGH < Severity.CRITICAL
    assert f"{Severity.HIGH}" == "HIGH"


@pytest.mark.parametrize("given", [{"low": 1}, {"LOW": 1}, {"low_mb": 1}, Thresholds(low_mb=1)])
def test_some_can_be_named(given: Any) -> None:
    assert thresholds_of(given) == Thresholds(1, 10, 50, 100)
    assert thresholds_of(None) == Thresholds()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"low": -1}, "low_mb=-1: must be a number of megabytes, 0 or more"),
        ({"low": "5"}, "low_mb='5': must be a number of megabytes, 0 or more"),
        ({"high": float("nan")}, "high_mb=nan: must be a number of megabytes, 0 or more"),
        ({"low": 10}, "medium_mb=10.0: must be more than low_mb=10"),
        ({"high": 200}, "critical_mb=100.0: must be more than high_mb=200"),
        ({"severe": 5}, "thresholds='severe_mb': must be among critical_mb, high_mb, low_mb"),
        (5, "thresholds=5: must be Thresholds, or a dict of them by name"),
        ("low", "thresholds='low': must be Thresholds, or a dict of them by name"),
    ],
)
def test_nonsense_is_refused_in_one_line(given: Any, message: str) -> None:
    with pytest.raises(BadArgument) as refused:
        thresholds_of(given)
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)
