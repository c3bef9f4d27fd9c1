"""The plugin as users meet it: commands, the environment, markers, fixtures, and being off."""

import re

import pytest

LEAKY = """
import pytest

kept = []

def read_all():
    kept.append(bytes(3_240_000))
    kept.append(bytes(2_150_000))
    kept.append(bytes(1_890_000))
    kept.extend([bytearray(1_140_000)])

def test_example():
    read_all()

def test_other():
    pass

@pytest.mark.skip_leak_detection
def test_large_data_structure():
    kept.append([0] * 10_000_000)
"""

OFF = """
import sys
import pytest

def pytest_sessionfinish(session):
    manager = session.config.pluginmanager
    ours = sorted(name for name, _ in manager.list_name_plugin() if "leakprobe" in name)
    loaded = sorted(name for name in sys.modules if name.startswith("leakprobe"))
    print("\\nregistered", *ours, "loaded", *loaded)
    heavy = {"psutil", "starlette", "objgraph", "memray", "tracemalloc"} & set(sys.modules)
    print("heavy", sorted(heavy))
"""


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("DETECT_MEMORY_LEAKS", raising=False)


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess(
        *("-p", "leakprobe", "-p", "no:cacheprovider", *options), timeout=100
    )


def test_off_it_registers_nothing_and_loads_next_to_nothing(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(OFF)
    pytester.makepyfile(test_it=LEAKY)
    result = run(pytester, "--strict-markers", "-s", "--leak-threshold-mb=0.001")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        [
            "registered leakprobe loaded leakprobe leakprobe._version leakprobe.testing *",
            "heavy []",
        ]
    )
    said = result.stdout.str()
    assert "memory growth" not in said
    assert "leakprobe.capture" not in said
    assert "leakprobe.testing.plugin.session" not in said


def test_the_environment_switches_it_on(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DETECT_MEMORY_LEAKS", "1")
    pytester.makepyfile(test_it=LEAKY)
    result = run(pytester)
    assert result.ret == 1
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_example*",
            "Memory leak detected: 8.4? MB growth (threshold: 5.00 MB).",
            "Run with --leak-report for details.",
            "LEAK     +8.4? MB (threshold: 5.00 MB)  test_it.py::test_example",
        ]
    )


def test_a_threshold_from_the_command_line(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\ndetect_leaks = true\nleak_threshold_mb = 2")
    pytester.makepyfile(test_it=LEAKY)
    result = run(pytester, "--leak-threshold-mb=10.0")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["*8.4? MB (threshold: 10.00 MB)  test_it.py::test_example"])


def test_a_report_names_lines_and_holders(pytester: pytest.Pytester) -> None:
    file = pytester.makepyfile(test_it=LEAKY)
    result = run(pytester, "--detect-leaks", "--leak-report")
    said = result.stdout.str()
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(
        [
            "Memory leak detected: 8.[345]* MB growth (threshold: 5.00 MB).",
            "=" * 70,
            "MEMORY LEAK DETECTED: test_it.py::test_example",
            "Memory growth: 8.[345]* MB (threshold: 5.00 MB)",
            "=" * 70,
            "Top 10 memory allocations:",
            f"  +3.24 MB: {file}:6",
            f"  +2.15 MB: {file}:7",
            f"  +1.89 MB: {file}:8",
            f"  +1.14 MB: {file}:9",
            "Held by:",
            "  test_it.kept*",
        ]
    )
    growth = re.search(r"Memory growth: ([\d.]+) MB", said)
    assert growth is not None
    assert float(growth[1]) == pytest.approx(8.42, abs=0.2)
    assert "Run with --leak-report" not in said


def test_collecting_measures_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_it=LEAKY)
    result = run(pytester, "--collect-only", "-q", "--detect-leaks")
    assert result.ret == 0
    assert "memory growth" not in result.stdout.str()


def test_wrong_values_are_usage_errors_of_one_line(pytester: pytest.Pytester) -> None:
    result = run(pytester, "--leak-threshold-mb=many")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.stderr.lines == [
        "ERROR: --leak-threshold-mb='many': must be a number of MB from 0 on, such as 5.0",
        "",
    ]


FIXTURES = """
from io import BytesIO

def test_profiler(memory_profiler):
    held = bytes(3_000_000)
    assert memory_profiler.memory_growth_mb > 2.9
    del held
    memory_profiler.assert_no_memory_leak(max_growth_mb=0.5)

def test_detector(leak_detector):
    detector = leak_detector(BytesIO)
    held = [BytesIO(b"data") for _ in range(7)]
    assert detector.leaked_count() == 7
    held.clear()
    detector.assert_none_leaked()
"""


def test_fixtures(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_it=FIXTURES)
    result = run(pytester, "--detect-leaks", "--leak-threshold-mb=1")
    result.assert_outcomes(passed=2)
