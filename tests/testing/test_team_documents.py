"""What teams had written for themselves runs with ours: only the import line is another.

The blocks are those of two teams' own guides to their own tools, letter by letter.
"""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.native import needs_sampler

ROOT = Path(__file__).parent.parent.parent

PROFILER = """
from tests.memory_utils import MemoryProfiler

with MemoryProfiler(name="my_test") as profiler:
    # Run code that might leak
    for i in range(1000):
        create_objects()

# Check results
print(f"Memory growth: {profiler.memory_growth_mb:.2f}MB")
print(f"Thread growth: {profiler.thread_growth}")

# Assert no leaks
profiler.assert_no_memory_leak(max_growth_mb=10.0)
profiler.assert_no_thread_leak(max_growth=5)
"""

DETECTOR = """
from tests.memory_utils import LeakDetector
from io import BytesIO

detector = LeakDetector(BytesIO)
detector.start()

# Run code that might leak BytesIO
for i in range(100):
    buffer = BytesIO(b"data")
    # Oops, didn't close it!

# Check for leaks
leaked = detector.leaked_count()
assert leaked < 10, f"{leaked} BytesIO objects leaked"
"""

GROWTH = """
from tests.memory_utils import measure_memory_growth

def my_function():
    # Function to test
    pass

memory_mb, threads = measure_memory_growth(
    my_function,
    iterations=100,
    cleanup_interval=10
)

print(f"Memory growth: {memory_mb:.2f}MB over 100 iterations")
print(f"Thread growth: {threads} threads")
"""

ASYNC_TEST = """
# From tests/memory/test_retry_memory_leaks.py
import pytest
from .memory_leak_detection import MemoryProfiler

@pytest.mark.memory
@pytest.mark.slow
@pytest.mark.asyncio
async def test_long_running_retry_sequence_memory():
    # 1. Initialize the profiler
    profiler = MemoryProfiler()

    # 2. Start profiling to get a baseline
    initial_memory = profiler.start_profiling()
    print(f"Initial memory: {initial_memory:.1f} MB")

    # 3. Setup the long-running operation
    # (e.g., an ErrorRecoveryManager with an AdaptiveStrategy)
    strategy = AdaptiveStrategy(config=RetryConfig(max_attempts=1000))
    manager = ErrorRecoveryManager(strategy, ...)

    # 4. Run the operation that you suspect might leak memory
    for i in range(1000):
        try:
            await manager.execute_with_retry(failing_operation, ...)
        except Exception:
            pass # We expect failures in this test

        # Optionally, take intermediate measurements
        if i % 200 == 0:
            profiler.measure(f"After {i+1} iterations")

    # 5. Take the final measurement
    final_memory = profiler.measure("Final")

    # 6. Assert against memory growth thresholds
    growth = final_memory - initial_memory
    peak_memory = max(profiler.measurements)

    # Check that the final memory usage is close to the initial usage
    assert growth < 5.0, f"Memory grew by {growth:.1f} MB, which is too high."

    # Check that the peak memory usage did not exceed a reasonable limit
    assert peak_memory < 50.0, f"Peak memory reached {peak_memory:.1f} MB."
"""

# What the team's test takes from the team's own service; {keeps} makes it leak.
SERVICE = """
import asyncio
from dataclasses import dataclass, field

@dataclass
class RetryConfig:
    max_attempts: int

@dataclass
class AdaptiveStrategy:
    config: RetryConfig

@dataclass
class ErrorRecoveryManager:
    strategy: AdaptiveStrategy
    reporter: object
    active_recoveries: dict = field(default_factory=dict)

    async def execute_with_retry(self, operation, context):
        key = len(self.active_recoveries)
        self.active_recoveries[key] = bytearray(8_000)
        try:
            return await operation()
        finally:
            {keeps}

async def failing_operation():
    await asyncio.sleep(0)
    raise ConnectionError("gone")

"""
FREES, KEEPS = "del self.active_recoveries[key]", "pass"
SETTINGS = """
[pytest]
markers =
    memory: about memory
    slow: takes long
asyncio_default_fixture_loop_scope = function
"""


def run_block(block: str, **names: object) -> dict[str, object]:
    """Run it with our import line, and give back its variables."""
    ours = block.replace("from tests.memory_utils import", "from leakprobe.testing import")
    assert ours != block
    exec(compile(ours, "<block>", "exec"), names)  # it is our own text
    return names


@needs_sampler
def test_the_profiler_passes_innocent_code(capsys: pytest.CaptureFixture[str]) -> None:
    run_block(PROFILER, create_objects=lambda: [object() for _ in range(50)])
    growth, threads = capsys.readouterr().out.splitlines()
    assert growth in {"Memory growth: 0.00MB", "Memory growth: -0.00MB", "Memory growth: 0.01MB"}
    assert threads == "Thread growth: 0"


@needs_sampler
def test_the_profiler_finds_a_leak(capsys: pytest.CaptureFixture[str]) -> None:
    kept: list[bytes] = []
    with pytest.raises(AssertionError, match=r"^my_test: memory grew by 12\.\d+ MB"):
        run_block(PROFILER, create_objects=lambda: kept.append(bytes(12_000)))
    assert capsys.readouterr().out.startswith("Memory growth: 12.")


def test_the_detector_counts_what_lives() -> None:
    assert run_block(DETECTOR)["leaked"] == 1, "the last one, which a variable still holds"


def test_the_detector_finds_a_leak() -> None:
    kept: list[io.BytesIO] = []
    leaky = DETECTOR.replace("# Oops, didn't close it!", "kept.append(buffer)")
    with pytest.raises(AssertionError, match=r"^100 BytesIO objects leaked"):
        run_block(leaky, kept=kept)


@needs_sampler
def test_growth_of_nothing_is_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    run_block(GROWTH)
    assert capsys.readouterr().out.splitlines() == [
        "Memory growth: 0.00MB over 100 iterations",
        "Thread growth: 0 threads",
    ]


@needs_sampler
def test_the_async_test_passes_and_its_leaky_twin_fails(tmp_path: Path) -> None:
    package = tmp_path / "memory"
    package.mkdir()
    (tmp_path / "pytest.ini").write_text(SETTINGS)
    for name, end in (("frees", FREES), ("keeps", KEEPS)):
        (tmp_path / f"service_{name}.py").write_text(SERVICE.replace("{keeps}", end))
        ours = ASYNC_TEST.replace(
            "from .memory_leak_detection import", "from leakprobe.testing import"
        )
        assert ours != ASYNC_TEST
        (package / f"test_{name}.py").write_text(f"from service_{name} import *\n{ours}")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "pytest_asyncio.plugin", "-rA", "memory"],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "PASSED memory/test_frees.py::test_long_running_retry_sequence_memory" in done.stdout
    assert "Memory grew by 8." in done.stdout
    assert "Initial memory: " in done.stdout
