"""Leak detection beside other plugins: event loops, further attempts, several processes."""

import textwrap

import pytest

from tests.testing.plugin.test_watch import leaks, read_report

LEAK = """
import asyncio
import pytest

kept = []
calls = []

def leak():
    kept.append(bytes(8_420_000))

"""

LOOPS = """
import pytest_asyncio

@pytest_asyncio.fixture
async def opened():
    yield bytes(20_000_000)
    await asyncio.sleep(0)

@pytest.mark.asyncio
async def test_asyncio(opened):
    held = bytes(20_000_000)
    await asyncio.gather(*(asyncio.sleep(0) for _ in range(100)))

@pytest.mark.asyncio
async def test_import_in_a_thread():
    def work():
        import xml.dom.minidom, xmlrpc.client, unittest.mock
    await asyncio.to_thread(work)

@pytest.mark.asyncio
async def test_leak_asyncio():
    leak()

@pytest.mark.asyncio(loop_scope="module")
async def test_loop_of_the_module():
    await asyncio.sleep(0)

@pytest.mark.asyncio(loop_scope="module")
async def test_leak_in_the_loop_of_the_module():
    leak()

@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.mark.anyio
async def test_anyio():
    held = bytes(20_000_000)
    await asyncio.sleep(0)

@pytest.mark.anyio
async def test_leak_anyio():
    leak()
"""

ATTEMPTS = """
@pytest.mark.flaky(reruns=2)
def test_fills_a_cache_in_its_first_attempt():
    calls.append(1)
    if len(calls) == 1:
        leak()

@pytest.mark.flaky(reruns=1)
def test_leak_in_each_attempt():
    leak()

@pytest.mark.flaky(reruns=3)
def test_passes_in_its_third_attempt():
    calls.append(2)
    held = bytes(20_000_000)
    print("x" * 1_000_000)
    assert calls.count(2) == 3

@pytest.mark.flaky(reruns=1)
def test_leak_of_the_last_attempt():
    calls.append(3)
    leak()
    assert calls.count(3) == 2
"""

BROKEN = """
def test_first():
    leak()

def test_breaks_the_measurement(monkeypatch):
    from leakprobe.testing.plugin.meter import GrowthMeter
    GrowthMeter.growth_bytes = None

def test_goes_on():
    import xml.dom.minidom

def test_fails():
    import there_is_no_such_module
"""


@pytest.fixture(autouse=True)
def _no_other_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def run(pytester: pytest.Pytester, tests: str, *options: str) -> pytest.RunResult:
    pytester.makepyfile(test_it=LEAK + textwrap.dedent(tests))
    return pytester.runpytest_subprocess(
        *("-q", "-p", "leakprobe", "-p", "no:cacheprovider", "--detect-leaks", *options),
        timeout=100,
    )


def test_event_loops(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        LOOPS,
        *("-p", "asyncio", "-p", "anyio", "-o", "asyncio_default_fixture_loop_scope=function"),
        *("--leak-threshold-mb=2", "--junitxml=report.xml"),
    )
    judged = read_report(pytester.path / "report.xml")
    assert len(judged) == 7
    assert set(leaks(judged)) == {name for name in judged if name.startswith("test_leak")}
    assert result.ret == 1


def test_each_attempt_is_measured_by_itself(pytester: pytest.Pytester) -> None:
    result = run(pytester, ATTEMPTS, "-p", "rerunfailures", "--durations=0")
    assert result.ret == 1
    assert result.parseoutcomes()["rerun"] == 5
    assert result.parseoutcomes()["errors"] == 2
    result.stdout.fnmatch_lines_random(
        [
            "LEAK *8.4? MB (threshold: 5.00 MB)  test_it.py::test_leak_in_each_attempt",
            "LEAK *8.4? MB (threshold: 5.00 MB)  test_it.py::test_leak_of_the_last_attempt",
            "4 tests watched, 2 leaks (*",
        ]
    )


def test_a_failure_of_ours_is_said_once_and_fails_no_test(pytester: pytest.Pytester) -> None:
    result = run(pytester, BROKEN, "-W", "error")
    assert result.parseoutcomes() == {"passed": 3, "errors": 1, "failed": 1, "warnings": 1}
    result.stdout.fnmatch_lines(
        [
            "*LeakDetectionWarning: leak detection has failed and is off from here on: TypeError:*",
            "FAILED test_it.py::test_fails - ModuleNotFoundError: *",
            "ERROR test_it.py::test_first - *Memory leak detected: 8.4*",
        ]
    )
    result.stdout.no_fnmatch_line("*find_and_load*")


MARKED = """
@pytest.mark.memory_leak(threshold=3)
def test_marked():
    pass

def test_other():
    pass
"""


def test_a_wrong_marker_stops_the_run_with_one_line(pytester: pytest.Pytester) -> None:
    result = run(pytester, MARKED)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.stderr.str().strip() == (
        "ERROR: test_it.py::test_marked: marker memory_leak has threshold:"
        " it takes threshold_mb, iterations"
    )


@pytest.mark.slow
def test_a_wrong_marker_fails_its_test_in_another_process(pytester: pytest.Pytester) -> None:
    result = run(pytester, MARKED, "-p", "xdist", "-n", "1")
    assert result.parseoutcomes() == {"passed": 1, "errors": 1}
    result.stdout.fnmatch_lines(["*marker memory_leak has threshold: it takes threshold_mb, *"])
