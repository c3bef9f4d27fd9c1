"""Who records what is watched closely, and that all is as it was afterwards."""

import tracemalloc

import pytest

from leakprobe import LeakProbe, Settings
from leakprobe.capture.native import sampler_missing
from leakprobe.testing.tracing import SAMPLE_BYTES, tight_tracer
from tests.leftovers import left_since, leftovers
from tests.native import needs_sampler

KEPT: list[bytes] = []


@needs_sampler
def test_the_sampler_is_started_and_stopped() -> None:
    before = leftovers()
    with tight_tracer() as tracer:
        KEPT.extend(bytes(4000) for _ in range(200))
        stacks, _ = tracer.read()
        here = sum(live.bytes for live in stacks if live.stack.frames[0].file == __file__)
    KEPT.clear()
    assert (tracer.name, tracer.sample_bytes) == ("sampled", SAMPLE_BYTES)
    assert here == pytest.approx(200 * 4033, rel=0.1)
    assert not left_since(before)


@needs_sampler
def test_an_agent_s_sampler_is_tightened_meanwhile() -> None:
    with LeakProbe(Settings(tracer="sampled", heap_budget=0)) as probe:
        with tight_tracer():
            assert probe.tracer.sample_bytes == SAMPLE_BYTES
        assert probe.tracer.sample_bytes == Settings().sample_bytes
        assert probe.tracer.traced_bytes() is not None


def test_a_tracemalloc_of_somebody_s_is_left_running() -> None:
    tracemalloc.start(3)
    try:
        with tight_tracer() as tracer:
            assert tracer.name == "tracemalloc"
        assert tracemalloc.get_traceback_limit() == 3
    finally:
        tracemalloc.stop()


def test_tracemalloc_where_the_core_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leakprobe.testing.tracing.sampler_missing", lambda: "not built")
    with tight_tracer() as tracer:
        assert (tracer.name, tracemalloc.is_tracing()) == ("tracemalloc", True)
    assert not tracemalloc.is_tracing()


@pytest.mark.skipif(sampler_missing() is not None, reason="no native sampler")
def test_it_ends_with_an_error_too() -> None:
    before = leftovers()
    with pytest.raises(ValueError, match="mine"), tight_tracer():
        raise ValueError("mine")
    assert not left_since(before)
