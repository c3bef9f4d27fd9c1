"""One unit of work again and again, on the real interpreter: planted truths and twins."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from leakprobe import LeakProbe, Settings
from leakprobe.errors import LeakprobeError
from leakprobe.model.calls import CallsReport, CallSuspect
from leakprobe.testing.calls import judge_calls, judge_calls_async
from tests.native import needs_heap_walk
from tests.testing.planted import Planted, in_bounded_cache, in_closure

HERE = Path(__file__).parent / "planted.py"


@pytest.fixture
def planted() -> Iterator[Planted]:
    one = Planted()
    yield one
    one.release()


def the_leak(report: CallsReport) -> CallSuspect:
    assert report.verdict.state == "leak", report.verdict.reason
    (leak,) = (one for one in report.suspects if one.state == "leak")
    return leak


def line_of(text: str) -> int:
    return 1 + HERE.read_text(encoding="utf-8").splitlines().index(text)


@pytest.mark.slow
@needs_heap_walk
def test_a_leak_of_objects_is_named_in_full(planted: Planted) -> None:
    report = judge_calls(planted.keeps_results)
    leak = the_leak(report)
    assert leak.resource == "python"
    assert leak.bytes_per_call == pytest.approx(2000 + 80, abs=100)
    assert leak.objects_per_call == pytest.approx(1)
    assert leak.site is not None
    assert (leak.site.file, leak.site.line) == (
        str(HERE),
        line_of("        self.payload = bytes(size)"),
    )
    assert leak.types[0].type == "tests.testing.planted.Result"
    assert any("results" in holder.text for holder in leak.holders)
    assert report.growth.bytes == pytest.approx(2000 + 80, abs=120)
    assert (report.name, report.warmup) == ("Planted.keeps_results", 20)
    assert report.calls_in_all == 420
    assert len(planted.results) == 420


@pytest.mark.slow
@needs_heap_walk
def test_what_only_the_callable_holds_is_found() -> None:
    leak = the_leak(judge_calls(in_closure(), iterations=60))
    assert leak.bytes_per_call == pytest.approx(1033 + 184, abs=60)
    assert [one.type for one in leak.types[:2]] == ["bytes", "dict"] or leak.types[0].type == "dict"
    assert leak.holders[0].kind == "closure"


@pytest.mark.slow
@needs_heap_walk
def test_a_leak_of_c_code_is_told_from_python_s(planted: Planted) -> None:
    report = judge_calls(planted.keeps_blocks_of_c)
    leak, *addresses = (one for one in report.suspects if one.state == "leak")
    assert (leak.resource, leak.site, report.verdict.resource) == ("native", None, "native")
    assert leak.bytes_per_call == pytest.approx(3008, abs=100)
    assert all((one.bytes_per_call or 0) < 100 for one in addresses), "a number for each block"


@pytest.mark.slow
def test_threads_that_do_not_end(planted: Planted) -> None:
    report = judge_calls(planted.leaves_threads, iterations=30, warmup=2)
    leak = next(one for one in report.suspects if one.resource == "threads")
    assert (leak.state, report.verdict.state) == ("leak", "leak")
    assert leak.objects_per_call == pytest.approx(1, abs=0.1)
    assert report.growth.threads == pytest.approx(1, abs=0.1)


@pytest.mark.slow
def test_tasks_that_do_not_end(planted: Planted) -> None:
    report = judge_calls(planted.leaves_tasks, iterations=30, warmup=2)
    leak = next(one for one in report.suspects if one.resource == "tasks")
    assert (leak.state, report.verdict.state) == ("leak", "leak")
    assert leak.objects_per_call == pytest.approx(1, abs=0.1)


@needs_heap_walk
@pytest.mark.parametrize(
    "name",
    [
        "drops_results",
        "makes_cycles",
        "fills_a_cache_first",
        pytest.param("frees_blocks_of_c", marks=pytest.mark.slow),
        pytest.param("joins_threads", marks=pytest.mark.slow),
        pytest.param("awaits_tasks", marks=pytest.mark.slow),
    ],
)
def test_innocents(planted: Planted, name: str) -> None:
    report = judge_calls(getattr(planted, name))
    assert report.verdict.state in ("no_leak", "suspect"), report.verdict.reason
    assert not [one for one in report.suspects if one.state == "leak"]
    if name in ("drops_results", "makes_cycles"):
        assert report.verdict.state == "no_leak"
        assert report.calls_in_all == 220


@pytest.mark.slow
@needs_heap_walk
def test_a_bounded_cache_that_fills_is_no_leak() -> None:
    report = judge_calls(in_bounded_cache(), iterations=60)
    assert report.verdict.state == "suspect"
    assert "bound" in report.verdict.reason


@pytest.mark.slow
@needs_heap_walk
def test_few_calls_are_made_more_where_something_grows(planted: Planted) -> None:
    report = judge_calls(planted.keeps_results, iterations=3, warmup=0)
    assert the_leak(report).bytes_per_call == pytest.approx(2080, abs=200)
    assert report.calls_in_all == 3 + 27


@pytest.mark.slow
@needs_heap_walk
def test_only_lines_that_were_asked_about_count(planted: Planted) -> None:
    inside = judge_calls(planted.keeps_results, iterations=40, include=["tests.testing"])
    assert the_leak(inside).site is not None
    outside = judge_calls(planted.keeps_results, iterations=40, include=["shop"])
    assert outside.verdict.state == "no_leak"
    assert outside.verdict.reason.startswith("what grew was allocated elsewhere in 30 calls")


@pytest.mark.slow
@needs_heap_walk
def test_beside_an_agent_that_samples(planted: Planted) -> None:
    with LeakProbe(Settings(tracer="sampled", heap_budget=0)) as probe:
        assert the_leak(judge_calls(planted.keeps_results, iterations=40)).site is not None
        assert probe.tracer.sample_bytes == Settings().sample_bytes


@pytest.mark.slow
def test_a_tracemalloc_that_runs_is_used_and_left_running(planted: Planted) -> None:
    tracemalloc.start(5)
    try:
        leak = the_leak(judge_calls(planted.keeps_results, iterations=30))
        assert tracemalloc.get_traceback_limit() == 5
    finally:
        tracemalloc.stop()
    assert leak.bytes_per_call == pytest.approx(2080, abs=200)


def test_without_the_native_core_the_line_is_named(
    planted: Planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("agent.walks", "testing.calls"):
        monkeypatch.setattr(f"leakprobe.{module}.heap_walk_missing", lambda: "not built")
    monkeypatch.setattr("leakprobe.testing.tracing.sampler_missing", lambda: "not built")
    monkeypatch.setattr("leakprobe.testing.heap_watch.HeapWatch.walks", False)
    report = judge_calls(planted.keeps_results, iterations=60)
    leak = max(report.suspects, key=lambda one: one.bytes_per_call or 0)
    assert leak.bytes_per_call == pytest.approx(2033, abs=150)
    assert leak.site is not None
    assert leak.site.line == line_of("        self.payload = bytes(size)")
    assert report.verdict.reason.endswith("neither types nor holders are known")


def test_what_a_call_raises_comes_out_as_it_is(planted: Planted) -> None:
    def ends() -> None:
        planted.called += 1
        if planted.called == 30:
            raise StopIteration("mine")

    with pytest.raises(StopIteration, match="mine"):
        judge_calls(ends)
    assert planted.called == 30


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"iterations": 0}, "iterations=0: must be a whole number of at least 3"),
        ({"iterations": 2}, "iterations=2: must be a whole number of at least 3"),
        ({"iterations": "9"}, "iterations='9': must be a whole number of at least 3"),
        ({"warmup": -1}, "warmup=-1: must be a whole number of at least 0"),
    ],
)
def test_bad_numbers_are_refused(given: dict[str, int], said: str) -> None:
    with pytest.raises(LeakprobeError, match=said):
        judge_calls(int, **given)  # type: ignore[arg-type]  # refused


async def _judge_inside(planted: Planted) -> CallsReport:
    with pytest.raises(LeakprobeError, match="runs already"):
        judge_calls(planted.awaits_tasks)
    return await judge_calls_async(planted.awaits_tasks, iterations=30)


def test_in_a_loop_that_runs_it_is_awaited(planted: Planted) -> None:
    import asyncio

    report = asyncio.run(_judge_inside(planted))
    assert not [one for one in report.suspects if one.state == "leak"]


def test_a_coroutine_that_nobody_awaits_is_refused(planted: Planted) -> None:
    with pytest.raises(LeakprobeError, match="give the coroutine function itself"):
        judge_calls(lambda: planted.awaits_tasks())  # noqa: PLW0108  # a function, not a coroutine's
