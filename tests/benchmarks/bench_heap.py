"""How long the heap camera takes and holds other threads, at a million tracked objects.

    python -m tests.benchmarks.bench_heap [objects]

A thread that sleeps half a millisecond at a time notes the longest time for which it did
not come to run. Ratios are to one bare `gc.get_objects()`, measured in the same run.
"""

import gc
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import objgraph  # type: ignore[import-untyped]  # it has no stubs
import pytest

from leakprobe.capture.heap.types import count_types
from leakprobe.capture.referrers.search import find_referrers

OBJECTS = 1_000_000
NAP_S = 0.0005


class Record:
    """An instance with a list, an integer and a string: two tracked objects, two not."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.text = str(number)
        self.parts = [number]


class Leaked:
    pass


@dataclass(frozen=True)
class Measured:
    name: str
    wall_ms: float
    cpu_ms: float
    hold_ms: float
    said_ms: float | None


def plant(objects: int) -> list[object]:
    """A mixed heap with about as many tracked objects, and one large list and dict."""
    records = [Record(i) for i in range(objects // 2)]
    rows = [{"start": float(i), "text": str(i)} for i in range(objects // 4)]
    leak = {i: [Leaked()] for i in range(1000)}
    return [records, rows, leak, [float(i) for i in range(10**6)], dict.fromkeys(range(10**6))]


class HoldProbe:
    """The longest time that a thread was kept from running."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self.longest_s = 0.0
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "HoldProbe":
        self._thread.start()
        time.sleep(0.05)
        self.longest_s = 0.0
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        last = time.perf_counter()
        while not self._stop.is_set():
            time.sleep(NAP_S)
            now = time.perf_counter()
            self.longest_s = max(self.longest_s, now - last)
            last = now


def measure(name: str, call: Callable[[], float | None]) -> Measured:
    """Run a call beside the probe. It returns the pause that it reports itself, if it does."""
    with HoldProbe() as probe:
        wall, cpu = time.perf_counter(), time.thread_time()
        said = call()
        wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
        time.sleep(0.01)
    return Measured(name, wall * 1e3, cpu * 1e3, probe.longest_s * 1e3, said)


def nothing() -> None:
    time.sleep(3)


def bare() -> None:
    gc.get_objects()


def listed(objects: list[object]) -> Callable[[], list[object]]:
    """A lister that costs nothing: the list is made before."""
    return lambda: objects


def typestats() -> None:
    objgraph.typestats()


def backref_chain() -> None:
    leaked = objgraph.by_type("Leaked")[0]
    objgraph.find_backref_chain(leaked, objgraph.is_proper_module)


def run(objects: int) -> list[Measured]:
    """Every measurement, the bare listing first."""
    gc.collect()
    kept = plant(objects)
    gc.collect()
    name = f"{Leaked.__module__}.Leaked"
    rows = [
        measure("gc.get_objects", bare),
        measure("count_types", lambda: count_types()[1].pause_ms),
        measure("find_referrers", lambda: find_referrers(name).price.pause_ms),
        _without_listing("count_types, listed before", lambda f: count_types(list_objects=f)[1]),
        _without_listing(
            "find_referrers, listed before", lambda f: find_referrers(name, list_objects=f).price
        ),
        measure("nothing", nothing),
        measure("objgraph.typestats", typestats),
        measure("objgraph.find_backref_chain", backref_chain),
    ]
    kept.clear()
    return rows


def _without_listing(name: str, walk: Callable[[Callable[[], list[object]]], object]) -> Measured:
    lister = listed(gc.get_objects())

    def call() -> float | None:
        price = walk(lister)
        return float(price.pause_ms)  # type: ignore[attr-defined]  # a Price

    return measure(name, call)


def table(rows: list[Measured]) -> str:
    """The measurements, with ratios to the first."""
    base = rows[0]
    lines = [f"{'':32}{'wall ms':>9}{'x':>7}{'cpu ms':>9}{'hold ms':>9}{'x':>7}{'said ms':>9}"]
    for row in rows:
        said = "" if row.said_ms is None else f"{row.said_ms:.1f}"
        lines.append(
            f"{row.name:32}{row.wall_ms:9.0f}{row.wall_ms / base.wall_ms:7.1f}{row.cpu_ms:9.0f}"
            f"{row.hold_ms:9.1f}{row.hold_ms / base.hold_ms:7.2f}{said:>9}"
        )
    return "\n".join(lines)


@pytest.mark.benchmark
def test_the_figures_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    rows = run(100_000)
    with capsys.disabled():
        sys.stdout.write(f"\n{table(rows)}\n")
    assert len(rows) == 8


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else OBJECTS
    sys.stdout.write(f"Python {sys.version.split()[0]}, {count:,} tracked objects planned\n")
    sys.stdout.write(table(run(count)) + "\n")
