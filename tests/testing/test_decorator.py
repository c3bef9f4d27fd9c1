"""`@memory_leak_test`: fails on what repeats, says why, and lets everything else through."""

import asyncio
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any  # whatever a test takes

import pytest

from leakprobe.testing import memory_leak_test
from leakprobe.testing.arguments import BadArgument
from tests.native import needs_heap_walk
from tests.testing.planted import Planted, Result


@pytest.fixture
def planted() -> Iterator[Planted]:
    one = Planted()
    yield one
    one.release()


def per_call(message: str) -> float:
    """Bytes per call, as the verdict says them."""
    found = re.search(r"([\d.]+) (KiB|bytes) per call", " ".join(message.split()))
    assert found, message
    return float(found[1]) * (1024 if found[2] == "KiB" else 1)


@pytest.mark.slow
@needs_heap_walk
def test_a_leak_of_2_kb_per_call_fails_with_all_that_is_known(planted: Planted) -> None:
    @memory_leak_test(iterations=200)
    def handler() -> None:
        planted.keeps_results()

    with pytest.raises(AssertionError) as failure:
        handler()
    message = str(failure.value)
    assert per_call(message) == pytest.approx(2080, abs=100)
    for part in ("planted.py:", "Result.__init__", "tests.testing.planted.Result", ".results"):
        assert part in message
    assert max(map(len, message.splitlines())) <= 100


@pytest.mark.slow
@needs_heap_walk
@pytest.mark.parametrize("run", range(10))
def test_2_kb_per_call_in_ten_of_ten_runs(run: int, planted: Planted) -> None:
    with pytest.raises(AssertionError, match="Leak of Python objects"):
        memory_leak_test(iterations=200)(planted.keeps_results)()
    memory_leak_test(iterations=200)(planted.drops_results)()


@pytest.mark.slow
@needs_heap_walk
def test_a_leak_below_the_limit_is_let_pass(planted: Planted) -> None:
    memory_leak_test(iterations=30, max_growth_per_call=3000)(planted.keeps_results)()


@pytest.mark.slow
def test_threads_are_never_let_pass(planted: Planted) -> None:
    limited = memory_leak_test(iterations=20, warmup=2, max_growth_per_call=1e9)
    with pytest.raises(AssertionError, match="Leak of threads"):
        limited(planted.leaves_threads)()


def test_an_innocent_passes_and_returns_nothing(planted: Planted) -> None:
    def handler() -> int:
        planted.called += 1
        return planted.called

    tested: Callable[[], Any] = memory_leak_test(handler)
    assert tested() is None
    assert planted.called == 220


def test_fixtures_and_names_are_seen_through_it() -> None:
    @memory_leak_test
    def handler(request_body: bytes, *, route: str) -> None:
        """What it is for."""

    assert list(inspect.signature(handler).parameters) == ["request_body", "route"]
    assert handler.__doc__ == "What it is for."
    handler(b"{}", route="/")


def test_methods_take_themselves() -> None:
    class TestHandlers:
        seen: set[int]

        @memory_leak_test(iterations=5, warmup=0)
        def test_one(self) -> None:
            self.seen = {id(self)}

    handlers = TestHandlers()
    handlers.test_one()
    assert handlers.seen == {id(handlers)}


def test_a_coroutine_function_stays_one(planted: Planted) -> None:
    async def handler(times: int) -> None:
        planted.called += times
        await asyncio.sleep(0)

    tested = memory_leak_test(iterations=30)(handler)
    assert inspect.iscoroutinefunction(tested)
    asyncio.run(tested(2))
    assert planted.called == 100


@pytest.mark.slow
@needs_heap_walk
def test_a_coroutine_function_that_leaks(planted: Planted) -> None:
    async def handler() -> None:
        await asyncio.sleep(0)
        planted.results.append(Result(9000))

    with pytest.raises(AssertionError) as failure:
        asyncio.run(memory_leak_test(iterations=30)(handler)())
    assert per_call(str(failure.value)) == pytest.approx(9080, abs=200)


@pytest.mark.parametrize("at", [1, 25, 40])
def test_what_the_body_raises_is_its_own(planted: Planted, at: int) -> None:
    @memory_leak_test(iterations=30)
    def handler() -> None:
        planted.called += 1
        if planted.called == at:
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        handler()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"iterations": 0}, "iterations=0: must be a whole number of at least 3"),
        ({"warmup": -1}, "warmup=-1"),
        ({"max_growth_per_call": -1}, "must be a number of bytes, 0 or more"),
        ({"max_growth_per_call": float("nan")}, "must be a number of bytes, 0 or more"),
        ({"max_growth_per_call": "2 KB"}, "must be a number of bytes, 0 or more"),
    ],
)
def test_bad_numbers_are_refused_where_they_are_written(given: dict[str, Any], said: str) -> None:
    with pytest.raises(BadArgument, match=said):
        memory_leak_test(**given)


@pytest.mark.slow
def test_what_monkeypatch_notes_is_no_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    @memory_leak_test(iterations=40)
    def handler() -> None:
        monkeypatch.setenv("LEAKPROBE_TESTED", "1" * 1000)

    handler()


@pytest.mark.slow
def test_under_a_trace_function_c_code_is_not_judged(planted: Planted) -> None:
    before = sys.gettrace()
    sys.settrace(lambda *_: None)
    try:
        memory_leak_test(iterations=60)(planted.keeps_blocks_of_c)()
    except AssertionError as leak:
        assert "native" not in str(leak)  # noqa: PT017  # its addresses are kept by Python
    finally:
        sys.settrace(before)
