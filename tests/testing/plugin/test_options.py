"""What is asked for, where it may be said, and what is refused."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakprobe.testing.plugin.options import (
    Options,
    iterations_from,
    read_options,
    threshold_from,
)


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("DETECT_MEMORY_LEAKS", raising=False)


def options(pytester: pytest.Pytester, *given: str) -> Options:
    return read_options(pytester.parseconfig("-p", "leakprobe", *given))


def test_without_options_it_is_off(pytester: pytest.Pytester) -> None:
    assert options(pytester) == Options(
        on=False, threshold_mb=5.0, report=False, iterations=1, graphs=None
    )


@pytest.mark.parametrize(
    ("given", "on"),
    [
        (["--detect-leaks"], True),
        (["--leak-report"], True),
        (["--leak-iterations=3"], True),
        (["--leak-memray"], True),
        (["--leak-threshold-mb=2"], False),
        (["-o", "detect_leaks=true"], True),
        (["-o", "detect_leaks=false"], False),
        (["-o", "leak_report=true"], False),
    ],
)
def test_what_implies_detection(pytester: pytest.Pytester, given: list[str], on: bool) -> None:
    assert options(pytester, *given).on is on


@pytest.mark.parametrize(
    ("value", "on"),
    [
        *((value, True) for value in ("1", "true", "yes", "TRUE", "Yes", " on ")),
        *((value, False) for value in ("0", "false", "No", "off", "")),
    ],
)
def test_the_environment(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, value: str, on: bool
) -> None:
    monkeypatch.setenv("DETECT_MEMORY_LEAKS", value)
    assert options(pytester).on is on


def test_the_environment_is_stronger_than_the_ini_file_and_weaker_than_the_command_line(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DETECT_MEMORY_LEAKS", "0")
    assert not options(pytester, "-o", "detect_leaks=true").on
    assert options(pytester, "--detect-leaks").on
    monkeypatch.setenv("DETECT_MEMORY_LEAKS", "")
    assert options(pytester, "-o", "detect_leaks=true").on


def test_values_of_the_command_line_are_stronger_than_the_ini_file(
    pytester: pytest.Pytester,
) -> None:
    ini = ["-o", "leak_threshold_mb=2.5", "-o", "leak_iterations=7"]
    of_ini = options(pytester, *ini)
    assert (of_ini.threshold_mb, of_ini.iterations) == (2.5, 7)
    of_both = options(pytester, *ini, "--leak-threshold-mb=10.0", "--leak-iterations=3")
    assert (of_both.threshold_mb, of_both.iterations) == (10.0, 3)


def test_flame_graphs_go_below_the_root(pytester: pytest.Pytester) -> None:
    graphs = options(pytester, "--leak-memray", "--leak-memray-dir=out/graphs").graphs
    assert graphs == pytester.path / "out" / "graphs"


@pytest.mark.parametrize("value", ["x", "", "nan", "inf", "-inf", "-0.1", "1e999", "5 MB"])
def test_a_threshold_that_is_refused(pytester: pytest.Pytester, value: str) -> None:
    with pytest.raises(pytest.UsageError) as refused:
        options(pytester, f"--leak-threshold-mb={value}")
    assert str(refused.value) == (
        f"--leak-threshold-mb={value!r}: must be a number of MB from 0 on, such as 5.0"
    )


@pytest.mark.parametrize("value", ["x", "0", "-3", "1.5", ""])
def test_a_number_of_iterations_that_is_refused(pytester: pytest.Pytester, value: str) -> None:
    with pytest.raises(pytest.UsageError, match=r"^--leak-iterations=.*: must be a whole number"):
        options(pytester, f"--leak-iterations={value}")


@pytest.mark.parametrize(
    ("ini", "said"),
    [
        ("leak_threshold_mb=much", "ini option leak_threshold_mb='much': must be a number of MB"),
        ("leak_iterations=none", "ini option leak_iterations='none': must be a whole number"),
    ],
)
def test_an_ini_option_that_is_refused(pytester: pytest.Pytester, ini: str, said: str) -> None:
    with pytest.raises(pytest.UsageError, match=said):
        options(pytester, "-o", ini)


def test_an_environment_that_is_refused(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DETECT_MEMORY_LEAKS", "maybe")
    with pytest.raises(pytest.UsageError, match="DETECT_MEMORY_LEAKS='maybe': must be 1, true"):
        options(pytester)


@given(st.floats() | st.integers() | st.text() | st.booleans() | st.none())
def test_any_value_becomes_a_threshold_or_is_refused(value: object) -> None:
    try:
        threshold = threshold_from(value, "threshold")
    except pytest.UsageError as refused:
        assert str(refused).startswith(f"threshold={value!r}: ")  # noqa: PT017  # both ways are right
    else:
        assert math.isfinite(threshold)
        assert threshold >= 0


@given(st.floats() | st.integers() | st.text() | st.booleans() | st.none())
def test_any_value_becomes_a_number_of_iterations_or_is_refused(value: object) -> None:
    try:
        iterations = iterations_from(value, "iterations")
    except pytest.UsageError as refused:
        assert "\n" not in str(refused)  # noqa: PT017  # both ways are right
    else:
        assert iterations >= 1
