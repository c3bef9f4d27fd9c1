"""What a snapshot holds, and what of it is read how often."""

import asyncio
from dataclasses import replace

import pytest

from leakprobe.agent import reader as reader_module
from leakprobe.agent import walks
from leakprobe.model import HeapTotals, Price, ResourceGroup
from tests.agent.bench import CENSUS, Bench, FakeTracer

TOTALS = HeapTotals(412_000, 300_000, 900_000, 40_000_000, 120, 1 << 20, 30, 2048, 900, 1 << 19)
GROUPS = (ResourceGroup("threads", "app.work", 3),)


@pytest.fixture
def bench() -> Bench:
    return Bench(FakeTracer())


def test_gauges_say_what_the_allocators_hold_and_how_many_tasks_there_are(bench: Bench) -> None:
    async def ask() -> int | None:
        waiting = asyncio.create_task(asyncio.sleep(60))
        found = bench.sampler.reader.gauges().tasks
        waiting.cancel()
        return found

    assert asyncio.run(ask()) == 2
    gauges = bench.sampler.reader.gauges()
    assert gauges.tasks == 0
    assert gauges.malloc_used_bytes is None or gauges.malloc_used_bytes > 1_000_000


def test_a_walk_brings_the_totals_too(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walks, "take_census", lambda **_: replace(CENSUS, totals=TOTALS))
    assert bench.sampler.take("a snapshot").totals == TOTALS


def test_groups_are_read_as_often_as_their_price_allows(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "read_groups", lambda tasks: (GROUPS, Price(3.0, 6.0, 5.0)))
    monkeypatch.setattr(
        bench.sampler.reader, "tasks", type("Tasks", (), {"read": lambda *_, **__: ((), Price())})()
    )
    seen = []
    for _ in range(9):  # 5 ms at half a percent of the time: one in every second
        bench.tick(after_s=0.25)
        seen.append(bench.history.list(1)[0].groups is not None)
    assert seen == [True, *[False] * 3] * 2 + [True]
    assert bench.sampler.reader.longest_pause_ms >= 3.0


def test_a_forked_child_reads_groups_at_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        reader_module, "read_groups", lambda tasks: (GROUPS, Price(3.0, 6.0, 500.0))
    )
    bench.tick()
    bench.tick()
    assert bench.history.list(1)[0].groups is None
    bench.sampler.reader.after_fork()
    snapshot = bench.sampler.reader.with_groups(bench.sampler.reader.bare("s9", None))
    assert snapshot.groups == GROUPS
