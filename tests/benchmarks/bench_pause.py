"""For how long a look at the whole heap holds the application, and what it costs.

    python -m tests.benchmarks.bench_pause [OBJECTS]

The walk in a copy of the process stands beside leakprobe's own in Python and what others
offer. A thread does nothing but take time stamps; "gap" is the longest time between two,
and "said" the pause that leakprobe itself reports. "child" is the CPU time of the copy,
and "more" how much more memory was resident meanwhile, in the process and its copy.
guppy3 and pympler are optional: pip install guppy3 pympler.
"""

import gc
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

import objgraph  # type: ignore[import-untyped]  # it has no stubs
import pytest

from leakprobe.capture.heap.types import count_types
from leakprobe.capture.native import heap_walk_missing
from leakprobe.capture.referrers.search import find_referrers
from leakprobe.model import Price
from tests.benchmarks.holding import Measured, measure, resident_bytes

OBJECTS = 1_000_000
WALKS = 5
COLUMNS = ("wall ms", "cpu ms", "child ms", "gap ms", "said ms", "more MiB")

Call = Callable[[], Price | None]


class Record:
    """An instance with a list, an integer and a string: two tracked objects, two not."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.text = str(number)
        self.parts = [number]


class Leaked:
    pass


def plant(objects: int) -> list[object]:
    """A mixed heap with about as many tracked objects, and one large list and dict."""
    records = [Record(i) for i in range(objects // 2)]
    rows = [{"start": float(i), "text": str(i)} for i in range(objects // 4)]
    leak = {i: [Leaked()] for i in range(1000)}
    return [records, rows, leak, list(range(objects)), dict.fromkeys(range(objects))]


def calls() -> dict[str, Call]:
    """What is compared; what others offer comes last, because it leaves much behind."""
    name = f"{Leaked.__module__}.{Leaked.__qualname__}"
    python: dict[str, Call] = {
        "count_types in Python": lambda: count_types()[1],
        "find_referrers in Python": lambda: find_referrers(name).price,
    }
    return {**_native_calls(name), **python, **_other_calls()}


def _native_calls(name: str) -> dict[str, Call]:
    if heap_walk_missing() is not None:
        return {}
    from leakprobe.capture.heap.forked import WalkRequest, walk

    def run(request: WalkRequest) -> Price:
        return walk(request, available_bytes=None)[1]

    walks: dict[str, Call] = {
        f"heap walk, dominators ({number + 1})": lambda: run(WalkRequest(top=20))
        for number in range(WALKS)
    }
    walks["heap walk, holders of a type"] = lambda: run(WalkRequest(type_name=name, samples=20))
    return walks


def _other_calls() -> dict[str, Call]:
    others: dict[str, Call] = {
        "nothing": lambda: None,
        "gc.get_objects": _get_objects,
        "gc.collect": _collect,
        "objgraph.most_common_types": _most_common_types,
        "objgraph.find_backref_chain": _backref_chain,
    }
    if find_spec("guppy") is not None:
        others["guppy.hpy().heap()"] = _guppy_heap
    if find_spec("pympler") is not None:
        others["pympler.summary.summarize"] = _pympler_summary
    return others


def _get_objects() -> None:
    gc.get_objects()


def _collect() -> None:
    gc.collect()


def _most_common_types() -> None:
    objgraph.most_common_types()


def _backref_chain() -> None:
    leaked = objgraph.by_type("Leaked")[0]
    objgraph.find_backref_chain(leaked, objgraph.is_proper_module)


def _guppy_heap() -> None:
    str(import_module("guppy").hpy().heap())


def _pympler_summary() -> None:
    objects = import_module("pympler.muppy").get_objects()
    import_module("pympler.summary").summarize(objects)


def run(objects: int) -> tuple[int, int, list[Measured]]:
    """How many tracked objects there were, resident bytes, and what each call cost."""
    gc.collect()
    kept = plant(objects)
    gc.collect()
    tracked, resident = len(gc.get_objects()), resident_bytes()
    rows = [measure(name, call) for name, call in calls().items()]
    kept.clear()
    return tracked, resident, rows


def report(tracked: int, resident: int, rows: list[Measured]) -> str:
    """The table."""
    lines = [
        f"{tracked:,} objects tracked by the collector, {resident >> 20} MiB resident",
        f"{'':32}" + "".join(f"{column:>10}" for column in COLUMNS),
    ]
    for row in rows:
        said = "" if row.said_ms is None else f"{row.said_ms:.1f}"
        lines.append(
            f"{row.name:32}{row.wall_ms:10.0f}{row.cpu_ms:10.0f}{row.child_cpu_ms:10.0f}"
            f"{row.gap_ms:10.1f}{said:>10}{row.more_bytes / 2**20:10.0f}"
        )
    return "\n".join(lines)


@pytest.mark.benchmark
@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("default")  # guppy and pympler have their own
def test_pauses_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    tracked, resident, rows = run(100_000)
    with capsys.disabled():
        print(f"\n{report(tracked, resident, rows)}")  # noqa: T201 - the figures are what it is for
    assert tracked > 100_000
    assert len(rows) == len(calls())


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else OBJECTS
    print(f"Python {sys.version.split()[0]}")  # noqa: T201 - as above
    print(report(*run(count)))  # noqa: T201 - as above
