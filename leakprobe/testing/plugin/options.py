"""What was asked for: command line, environment and ini file, checked and in one value."""

import math
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

__all__ = [
    "DEFAULT_THRESHOLD_MB",
    "Options",
    "add_options",
    "iterations_from",
    "read_options",
    "threshold_from",
]

ENVIRONMENT = "DETECT_MEMORY_LEAKS"
ON = frozenset({"1", "true", "yes", "on"})
OFF = frozenset({"", "0", "false", "no", "off"})
DEFAULT_THRESHOLD_MB = 5.0
DEFAULT_GRAPHS = "leak-flamegraphs"


@dataclass(frozen=True, slots=True)
class Options:
    """How tests are watched; 1 MB is 1,000,000 bytes.

    Attributes:
        on: whether they are watched at all.
        threshold_mb: a test that leaves behind more has a leak.
        report: whether the allocations of a leak are traced and shown.
        iterations: how often each body is called; 1: once, as without the plugin.
        graphs: where memray's flame graphs of leaks go; None: none are made.
    """

    on: bool
    threshold_mb: float
    report: bool
    iterations: int
    graphs: Path | None


def add_options(parser: pytest.Parser) -> None:
    """Define every option of the command line and of the ini file."""
    group = parser.getgroup("leakprobe", "memory leaks (leakprobe)")
    group.addoption(
        "--detect-leaks",
        action="store_true",
        default=False,
        help="Fail each test whose memory stays grown after its teardown"
        f" (environment: {ENVIRONMENT}=1, ini: detect_leaks)",
    )
    group.addoption(
        "--leak-threshold-mb",
        type=lambda text: threshold_from(text, "--leak-threshold-mb"),
        metavar="MB",
        help="How much a test may leave behind, in MB of 1,000,000 bytes"
        f" (default: {DEFAULT_THRESHOLD_MB:.1f}, ini: leak_threshold_mb)",
    )
    group.addoption(
        "--leak-report",
        action="store_true",
        default=False,
        help="Trace allocations, and show those of each leak with what holds them;"
        " slower; implies --detect-leaks (ini: leak_report)",
    )
    group.addoption(
        "--leak-iterations",
        type=lambda text: iterations_from(text, "--leak-iterations"),
        metavar="N",
        help="Call the body of each test N times: only growth that repeats is a leak, a cache"
        " that fills is none; implies --detect-leaks (ini: leak_iterations)",
    )
    group.addoption(
        "--leak-memray",
        action="store_true",
        default=False,
        help="Make a memray flame graph of each leak; implies --detect-leaks",
    )
    group.addoption(
        "--leak-memray-dir",
        default=DEFAULT_GRAPHS,
        metavar="DIR",
        help=f"Where --leak-memray puts its flame graphs (default: {DEFAULT_GRAPHS})",
    )
    parser.addini("detect_leaks", "As --detect-leaks", type="bool", default=False)
    parser.addini("leak_threshold_mb", "As --leak-threshold-mb", default="")
    parser.addini("leak_report", "As --leak-report", type="bool", default=False)
    parser.addini("leak_iterations", "As --leak-iterations", default="")


def read_options(config: pytest.Config) -> Options:
    """What holds for this run: the command line before the environment before the ini file.

    Raises:
        pytest.UsageError: a value that is not allowed.
    """
    given = config.option
    asked = given.detect_leaks or given.leak_report or given.leak_memray
    from_environment = _switch(os.environ.get(ENVIRONMENT))
    on = asked or given.leak_iterations is not None
    if not on:
        on = config.getini("detect_leaks") if from_environment is None else from_environment
    threshold, iterations = given.leak_threshold_mb, given.leak_iterations
    return Options(
        on=bool(on),
        threshold_mb=_ini_threshold(config) if threshold is None else threshold,
        report=bool(given.leak_report or config.getini("leak_report")),
        iterations=_ini_iterations(config) if iterations is None else iterations,
        graphs=config.rootpath / given.leak_memray_dir if given.leak_memray else None,
    )


def threshold_from(value: object, name: str) -> float:
    """A threshold in MB.

    Args:
        value: what was written.
        name: where it was written.

    Raises:
        pytest.UsageError: it is no finite number, or is negative.
    """
    try:
        number = float(value) if isinstance(value, int | float | str) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if isinstance(value, bool) or not math.isfinite(number) or number < 0:
        raise _refused(name, value, "a number of MB from 0 on, such as 5.0")
    return number


def iterations_from(value: object, name: str) -> int:
    """How often a body is called; as `threshold_from`, for a whole number from 1 on."""
    try:
        number = int(value) if isinstance(value, int | str) else 0
    except ValueError:
        number = 0
    if isinstance(value, bool) or number < 1:
        raise _refused(name, value, "a whole number from 1 on, such as 20")
    return number


def _ini_threshold(config: pytest.Config) -> float:
    text = config.getini("leak_threshold_mb")
    return threshold_from(text, "ini option leak_threshold_mb") if text else DEFAULT_THRESHOLD_MB


def _ini_iterations(config: pytest.Config) -> int:
    text = config.getini("leak_iterations")
    return iterations_from(text, "ini option leak_iterations") if text else 1


def _switch(text: str | None) -> bool | None:
    """What the environment says; None: nothing."""
    if text is None:
        return None
    word = text.strip().lower()
    if word in ON:
        return True
    if word in OFF:
        return False if word else None
    raise _refused(f"environment variable {ENVIRONMENT}", text, "1, true, yes, 0, false or no")


def _refused(name: str, value: object, allowed: str) -> pytest.UsageError:
    return pytest.UsageError(f"{name}={value!r}: must be {allowed}")
