"""Growth per call: what is looked at closely, what is C code's, and what is said."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakprobe.analysis.calls import (
    CallSeries,
    in_calls,
    native_suspect,
    verdict_of,
    windows_of,
    with_native,
)
from leakprobe.model import Frame, Site, Suspect, SuspectGrowth

CALLS = [13 * window for window in range(16)]
SHOP, LIBRARY = Frame("/srv/shop/orders.py", 7, "add"), Frame("/lib/python3.11/json/x.py", 3, "f")
DRIVER = Frame("/opt/leakprobe/testing/driving.py", 70, "_call")
PYTEST = Frame("/opt/pytest/python.py", 1, "run")


def series(per_call: float, *, start: float = 1e7) -> CallSeries:
    return CallSeries(CALLS, [round(start + per_call * calls) for calls in CALLS]).counted


def suspect(
    stack: tuple[Frame, ...] = (LIBRARY, SHOP, DRIVER, PYTEST), **kwargs: object
) -> Suspect:
    first = SHOP if SHOP in stack else stack[0]
    found = Suspect(
        rank=1,
        fingerprint="f",
        resource="python",
        state="leak",
        confidence=0.99,
        growth=SuspectGrowth(26_000, 130, 433.0, 200.0, 1.0),
        site=Site(first.file, first.line, first.function, stack),
        types=(),
        holders=(),
        routes=(),
        reason="grew in 8 of 8 windows, 200 bytes per call",
        advice="mend it",
    )
    return replace(found, **kwargs)  # type: ignore[arg-type]  # fields by name


@given(st.integers(1, 10_000), st.integers(1, 20))
def test_windows_take_all_calls_in_parts_as_equal_as_can_be(calls: int, most: int) -> None:
    windows = windows_of(calls, most)
    assert sum(windows) == calls
    assert len(windows) == min(calls, most)
    assert max(windows) - min(windows) <= 1


@given(st.floats(1, 1e6), st.integers(0, 1 << 40))
def test_the_slope_is_the_growth_per_call(per_call: float, start: int) -> None:
    assert series(per_call, start=start).slope == pytest.approx(per_call, rel=0.1, abs=0.1)


def test_the_first_fifth_does_not_count() -> None:
    values = [0, 5_000_000, 6_000_000, 6_500_000, *([6_600_000] * 12)]
    counted = CallSeries(CALLS, values).counted
    assert (counted.values[0], counted.span) == (6_600_000, 13 * 11)
    assert not counted.rises(1)


def test_of_a_handful_of_values_three_are_left() -> None:
    counted = CallSeries([0, 1, 2, 3], [0, 100, 200, 300]).counted
    assert counted.calls == [1, 2, 3]
    assert counted.slope == 100


@pytest.mark.parametrize(
    ("values", "rises"),
    [
        ([0] * 13, False),
        ([0] * 6 + [9000] + [0] * 6, False),
        ([9000] * 6 + [0] * 7, False),
        ([100 * n for n in range(13)], False),
        ([130 * n for n in range(13)], True),
        ([0] * 7 + [2000] * 6, True),
        ([0] * 2 + [2000] * 11, False),
        ([9000 * min(n, 6) for n in range(13)], False),
    ],
    ids=["flat", "peak", "falls", "just below", "just above", "step", "early step", "fills"],
)
def test_only_what_rises_is_looked_at_closely(values: list[int], rises: bool) -> None:
    assert CallSeries(CALLS[:13], values).rises(1024) is rises


def test_a_suspect_speaks_of_calls_and_of_the_tested_code_alone() -> None:
    (found,) = in_calls([suspect()])
    assert (found.bytes_per_call, found.objects_per_call) == (200.0, 1.0)
    assert found.site == Site(SHOP.file, 7, "add", (LIBRARY, SHOP))


@pytest.mark.parametrize(
    ("include", "line"),
    [
        ("shop", 7),
        ("shop.orders", 7),
        ("shop/ord", 7),
        ("./shop/orders.py", 7),
        ("/srv/shop", 7),
        ("json", 3),
        ("hop", None),
        ("orders.add", None),
    ],
)
def test_only_lines_that_are_asked_about(include: str, line: int | None) -> None:
    found = in_calls([suspect()], [include])
    assert [one.site.line for one in found if one.site] == ([] if line is None else [line])


def test_what_has_no_line_is_asked_about_always() -> None:
    nowhere = suspect(site=None)
    assert [one.rank for one in in_calls([suspect(), nowhere], ["elsewhere"])] == [1]


def test_memory_that_nothing_explains_twice_is_c_code_s() -> None:
    found = native_suspect(series(1008), series(1010), [])
    assert found is not None
    assert (found.resource, found.state) == ("native", "leak")
    assert found.bytes_per_call == pytest.approx(1008)
    verdict = verdict_of(series(1008), with_native((), found), grew=True)
    assert (verdict.state, verdict.resource) == ("leak", "native")
    assert verdict.reason == (
        "grew in 8 of 8 windows, 1,008 bytes per call that no Python object explains"
    )


@pytest.mark.parametrize(
    ("first", "again", "suspects"),
    [
        (series(1008), series(0), []),
        (series(1008), series(300), []),
        (series(300), series(300), []),
        (series(300, start=0), series(300), [suspect()]),
        (series(1008), series(1008), [suspect(growth=SuspectGrowth(1, 1, 1, 700.0, 1))]),
        (series(9000), series(9000), [suspect(resource="threads")]),
    ],
    ids=["not again", "less again", "little", "explained", "mostly explained", "threads take it"],
)
def test_what_is_not_c_code_s(
    first: CallSeries, again: CallSeries, suspects: list[Suspect]
) -> None:
    assert native_suspect(first, again, suspects) is None


def test_the_worst_decides_and_the_rest_is_told() -> None:
    likely = suspect(state="suspect", growth=SuspectGrowth(1, 1, 1, 9000.0, 1))
    both = with_native(in_calls([likely, suspect()]), None)
    assert [(one.rank, one.state) for one in both] == [(1, "leak"), (2, "suspect")]
    verdict = verdict_of(series(200), both, grew=True, elsewhere=2, walked=False)
    assert verdict.state == "leak"
    assert verdict.reason == (
        "grew in 8 of 8 windows, 200 bytes per call; 1 more thing grows; 2 more grew elsewhere; "
        "without the native core neither types nor holders are known"
    )


def test_nothing_grew() -> None:
    verdict = verdict_of(series(0), (), grew=False)
    assert (verdict.state, verdict.resource) == ("no_leak", None)
    assert verdict.smallest_detectable_bytes_per_call == 8
    assert verdict.reason == (
        "nothing kept growing in 143 calls after the warm-up; "
        "a leak of 8 bytes per call would have shown"
    )


def test_what_grew_did_not_go_on() -> None:
    verdict = verdict_of(series(0), (), grew=True)
    assert verdict.reason == "what grew at first did not go on in 143 calls after the warm-up"


@pytest.mark.parametrize(
    "file",
    [
        "/venv/lib/python3.12/site-packages/_pytest/monkeypatch.py",
        "/usr/lib/python3.12/unittest/mock.py",
        "/venv/lib/python3.12/site-packages/coverage/collector.py",
    ],
)
def test_what_the_machinery_of_tests_keeps_is_not_the_test_s(file: str) -> None:
    machinery, decoding = Frame(file, 317, "setitem"), Frame("<frozen os>", 761, "decode")
    assert in_calls([suspect((machinery, SHOP, DRIVER))]) == ()
    assert in_calls([suspect((decoding, machinery, SHOP, DRIVER))]) == ()
    assert len(in_calls([suspect((SHOP, Frame(file, 1, "run")))])) == 1
