"""How often a body runs, and what its readings say in a sentence."""

import pytest

from leakprobe.capture.in_use import MeasuredBy, MemoryInUse, read_memory_in_use
from leakprobe.testing.plugin import repetition
from leakprobe.testing.plugin.repetition import (
    Repetition,
    RepetitionVerdict,
    not_repeated,
    repeated,
)


def unmoved() -> MemoryInUse:
    return MemoryInUse(10_000_000, "allocators")


def verdict_of(steps: list[int], by: MeasuredBy = "allocators") -> RepetitionVerdict:
    """What is said of a body that grows by so much each time that it is called."""
    calls: list[int] = []
    run = Repetition(
        len(steps), lambda: MemoryInUse(10_000_000 + sum(steps[: len(calls)]), by), lambda: 0
    )
    repeated(lambda: calls.append(1), run)()
    assert (len(calls), run.complete) == (len(steps), True)
    return run.verdict()


@pytest.mark.parametrize(
    ("steps", "state", "text"),
    [
        ([84_200] * 10, "leak", "grew by 84.2 kB per iteration, in 9 of 9 iterations"),
        ([3_000_000] * 2, "leak", "grew by 3.00 MB per iteration, in 1 of 1 iteration"),
        ([0] * 10, "no growth", "no growth in 9 iterations after the first"),
        (
            [90_000] + [0] * 9,
            "levels off",
            "grew in the first iteration only, in none of 9 after it",
        ),
        (
            [90_000] * 5 + [0] * 5,
            "levels off",
            "grew in 4 of 9 iterations after the first, and does not go on",
        ),
    ],
)
def test_what_is_said(steps: list[int], state: str, text: str) -> None:
    verdict = verdict_of(steps)
    assert (verdict.state, verdict.text) == (state, text)
    assert verdict.iterations == len(steps)
    assert verdict.growth_bytes == sum(steps)


def test_the_resident_set_may_move_by_some_pages() -> None:
    assert verdict_of([8192] * 8, "resident set").state == "no growth"
    assert verdict_of([8192] * 8).state == "leak"
    assert verdict_of([100_000] * 8, "resident set").state == "leak"


def test_only_what_grows_costs_full_collections(monkeypatch: pytest.MonkeyPatch) -> None:
    collections: list[int] = []
    monkeypatch.setattr(repetition, "collect_all", lambda: collections.append(1))
    verdict_of([0] * 10)
    assert len(collections) == 0
    verdict_of([90_000] + [0] * 9)
    assert len(collections) == 1
    verdict_of([90_000] * 10)
    assert len(collections) == 11


def test_what_waits_for_the_collector_is_no_growth() -> None:
    old: list[list[object]] = []

    def body() -> None:
        for cycle in old:  # promoted meanwhile: only a full collection finds it
            cycle.append(cycle)
        old[:] = [[bytearray(50_000)]]

    run = Repetition(8, read_memory_in_use, lambda: 0)
    repeated(body, run)()
    assert run.verdict().state != "leak"


def test_arguments_and_name_are_the_bodys() -> None:
    given: list[tuple[int, int]] = []

    def body(a: int, *, b: int) -> None:
        given.append((a, b))

    run = repeated(body, Repetition(2, unmoved, lambda: 0))
    run(1, b=2)
    assert given == [(1, 2)] * 2
    assert run.__name__ == "body"


@pytest.mark.parametrize("at", [1, 3])
def test_an_error_ends_it_and_comes_out_as_it_is(at: int) -> None:
    error, calls = LookupError("mine"), []

    def body() -> None:
        calls.append(1)
        if len(calls) == at:
            raise error

    run = Repetition(5, unmoved, lambda: 0)
    with pytest.raises(LookupError) as raised:
        repeated(body, run)()
    assert raised.value is error
    assert (len(calls), run.complete) == (at, False)
    notes = getattr(error, "__notes__", [])
    assert notes == ([] if at == 1 else ["leakprobe: in iteration 3 of 5"])


def test_a_result_is_handed_on_and_ends_it() -> None:
    run = Repetition(5, unmoved, lambda: 0)
    assert repeated(lambda: 7, run)() == 7
    assert run.verdict() == not_repeated("it returns something")


def test_subtests_end_it() -> None:
    reported: list[int] = []
    run = Repetition(5, unmoved, lambda: len(reported))
    repeated(lambda: reported.append(1), run)()
    assert len(reported) == 1
    assert run.verdict() == not_repeated("pytest keeps the reports of its subtests")
