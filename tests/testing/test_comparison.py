"""Two ways of the same work, side by side: what was planted is found, and nothing else."""

import asyncio
import gc
import threading
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping

import pytest

from leakprobe.errors import LeakprobeError
from leakprobe.testing import compare_growth, compare_growth_async
from tests.native import needs_sampler

LIBRARY = "<library>" + '<video key="1" title="A film"><media/></video>' * 100 + "</library>"


@pytest.fixture(autouse=True)
def _collections_are_short() -> Iterator[None]:
    """What the other tests have made need not be gone through again and again."""
    gc.freeze()
    yield
    gc.unfreeze()


def nothing() -> None:
    pass


@needs_sampler
def test_trees_that_are_kept_beside_trees_that_are_cleared() -> None:
    kept: list[ET.Element] = []

    def without_clear() -> None:
        kept.append(ET.fromstring(LIBRARY))

    def with_clear() -> None:
        ET.fromstring(LIBRARY).clear()

    found = compare_growth({"without clear()": without_clear, "with clear()": with_clear}, 60)
    assert found.is_real
    assert [way.label for way in found.ways] == ["without clear()", "with clear()"]
    assert 2.4 < found.difference_mb < 3.3  # 40 to 55 kB each, by version of Python
    assert found.difference_mb == pytest.approx(found.difference_bytes_per_call * 60 / 1e6, rel=0.1)
    assert abs(found["with clear()"].growth_mb) < 0.02
    assert "Difference to with clear(): " in str(found)
    assert len(kept) == 20 + 60 + 10  # warm-up, measured, and one before each window


@needs_sampler
def test_as_much_as_was_planted_and_its_interval() -> None:
    kept: list[bytes] = []
    keeping = {"keeps": lambda: kept.append(bytes(967)), "keeps nothing": nothing}
    found = compare_growth(keeping, 500)
    way = found["keeps"]
    assert way.growth_bytes_per_call_low <= way.growth_bytes_per_call
    assert way.growth_bytes_per_call == pytest.approx(1008, rel=0.02)  # 1000, and a place in a list
    assert way.growth_mb == pytest.approx(0.504, rel=0.05)
    assert (found.iterations, found.warmup, way.iterations) == (500, 20, 500)


@needs_sampler
@pytest.mark.parametrize("iterations", [1, 4, 5, 60])
def test_equal_ways_do_not_differ(iterations: int) -> None:
    def work() -> None:
        ET.fromstring(LIBRARY)

    def again() -> None:
        ET.fromstring(LIBRARY)

    assert not compare_growth({"one": work, "other": again}, iterations).is_real


@needs_sampler
def test_what_waits_for_the_collector_is_no_growth_and_is_told() -> None:
    def cycle() -> None:
        held: list[object] = [bytes(10_000)]
        held.append(held)

    found = compare_growth({"cycles": cycle, "nothing": nothing}, 36)
    assert not found.is_real
    assert abs(found["cycles"].growth_mb) < 0.01
    assert 0.2 < found["cycles"].growth_before_collection_mb < 0.4


@needs_sampler
def test_what_a_way_replaces_of_the_other_is_not_charged_to_either() -> None:
    last: list[bytes] = [b""]

    def replacing(size: int) -> Callable[[], None]:
        def work() -> None:
            last[0] = bytes(size)

        return work

    found = compare_growth({"large": replacing(1_000_000), "small": replacing(10)}, 60)
    assert not found.is_real
    assert abs(found.difference_mb) < 0.01


def test_threads_are_counted() -> None:
    stop = threading.Event()
    started: list[threading.Thread] = []

    def start() -> None:
        started.append(threading.Thread(target=stop.wait))
        started[-1].start()

    try:
        found = compare_growth({"start": start, "nothing": nothing}, 4, warmup=0)
    finally:
        stop.set()
        for thread in started:
            thread.join()
    assert [way.threads for way in found.ways] == [4, 0]


@needs_sampler
def test_coroutine_functions_and_functions_side_by_side() -> None:
    kept: list[bytes] = []

    async def keeps() -> None:
        await asyncio.sleep(0)
        kept.append(bytes(5_000))

    found = compare_growth({"plain": nothing, "async": keeps}, 24)
    assert found.is_real
    assert found.difference_mb < -0.1


def test_inside_of_an_event_loop_the_awaited_form() -> None:
    async def work() -> None:
        await asyncio.sleep(0)

    async def main() -> None:
        with pytest.raises(LeakprobeError, match="an event loop runs already"):
            compare_growth({"a": work, "b": work}, 3)
        assert not compare_growth({"a": nothing, "b": nothing}, 3).is_real
        found = await compare_growth_async({"a": work, "b": nothing, "c": nothing}, 6)
        assert [way.label for way in found.ways] == ["a", "b", "c"]
        assert [(one.first, one.second) for one in found.differences] == [("a", "b"), ("a", "c")]

    asyncio.run(main())


def test_what_a_way_raises_comes_out() -> None:
    def fail() -> None:
        raise ZeroDivisionError("no sound")

    with pytest.raises(ZeroDivisionError, match="no sound"):
        compare_growth({"a": nothing, "b": fail})


def test_a_way_is_found_by_its_name_only() -> None:
    with pytest.raises(KeyError):
        compare_growth({"a": nothing, "b": nothing}, 1)["c"]


@pytest.mark.parametrize(
    ("ways", "iterations", "said"),
    [
        ({}, 5, "two ways or more"),
        ({"a": nothing}, 5, "two ways or more"),
        ([nothing, nothing], 5, "two ways or more"),
        ({"a": nothing, "b": 3}, 5, "'b' is of type int: give a function"),
        ({"a": nothing, "b": nothing}, 0, "iterations=0"),
        ({"a": nothing, "b": nothing}, -5, "iterations=-5"),
        ({"a": nothing, "b": nothing}, 2.5, "iterations=2.5"),
        ({"a": nothing, "b": nothing}, True, "iterations=True"),
    ],
)
def test_a_mistake_gets_one_line(
    ways: Mapping[str, Callable[[], object]], iterations: int, said: str
) -> None:
    with pytest.raises(LeakprobeError, match=said) as raised:
        compare_growth(ways, iterations)
    assert "\n" not in str(raised.value)
