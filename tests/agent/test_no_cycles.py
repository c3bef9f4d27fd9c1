"""Nothing of ours leaves cycles behind: where the collector is off they would pile up."""

import gc

import pytest

from leakprobe.agent import walks
from tests.agent.bench import Bench, FakeTracer, Walked


def test_snapshots_and_reports_leave_nothing_to_the_collector(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(walks, "take_census", Walked())
    bench = Bench(FakeTracer(name="sampled", sample_bytes=65536), heap_budget=1.0)
    for _ in range(3):  # what is made once is made
        bench.tick()
        bench.sampler.judge.report()
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            bench.tick()
            bench.sampler._think()
            bench.sampler.judge.report()
            bench.sampler.judge.latest()
        assert gc.collect() == 0
    finally:
        gc.enable()
