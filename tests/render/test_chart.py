import math

from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.render.chart import chart_points, finite, sparkline


def test_a_line_fills_its_box() -> None:
    assert chart_points([(0, 10), (1, 30), (2, 20)], 100, 40) == "0.0,40.0 50.0,0.0 100.0,20.0"


def test_a_line_that_never_changes_lies_in_the_middle() -> None:
    assert chart_points([(0, 5), (1, 5)], 100, 40) == "0.0,20.0 100.0,20.0"


def test_one_point_is_no_line() -> None:
    assert chart_points([(0, 5), (1, math.nan)], 100, 40) == ""


def test_a_sparkline_rises_with_its_series() -> None:
    assert sparkline([(i, i) for i in range(8)], 60) == "▁▂▃▄▅▆▇█"
    assert sparkline([(i, i) for i in range(80)], 8) == "▁▂▃▄▅▆▇█"
    assert sparkline([(0, 1), (1, 1)], 60) == "▅▅"
    assert sparkline([(0, math.inf)], 60) == ""


@given(st.lists(st.tuples(st.floats(), st.floats())), st.integers(1, 80))
@settings(deadline=None)
def test_any_series_stays_in_its_box(points: list[tuple[float, float]], columns: int) -> None:
    for pair in chart_points(points, 640, 120).split():
        x, y = map(float, pair.split(","))
        assert 0 <= x <= 640
        assert 0 <= y <= 120
    assert len(sparkline(points, columns)) == min(columns, len(finite(points)))
