"""Which tracer is taken, where what is there."""

import tracemalloc
from collections.abc import Iterator

import pytest

from leakprobe.capture import auto_tracer
from leakprobe.capture import tracer as tracer_module
from leakprobe.capture.native import HOW_TO_BUILD
from leakprobe.capture.route_tags import RouteTags
from leakprobe.capture.tracer import Tracer, choose_tracer
from leakprobe.errors import NotAvailable, SettingsError
from leakprobe.settings import Settings, TracerName
from tests.native import needs_sampler

MISSING = "it is not built in this installation"


def choose(name: TracerName, frames: int | None = None) -> Tracer:
    return choose_tracer(Settings(tracer=name, frames=frames), RouteTags())


@pytest.fixture
def _no_core(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (tracer_module, auto_tracer):
        monkeypatch.setattr(module, "sampler_missing", lambda: MISSING)


@pytest.fixture
def _tracemalloc_on() -> Iterator[None]:
    tracemalloc.start(3)
    yield
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("name", "frames", "kind", "depth"),
    [
        ("off", None, "off", 0),
        ("tracemalloc", None, "tracemalloc", 1),
        ("tracemalloc", 7, "tracemalloc", 7),
        ("auto", None, "tracemalloc", 1),
        ("auto", 4, "tracemalloc", 4),
    ],
)
@pytest.mark.usefixtures("_no_core")
def test_without_the_core(name: TracerName, frames: int | None, kind: str, depth: int) -> None:
    chosen = choose(name, frames)
    assert (chosen.name, chosen.frames, chosen.sample_bytes) == (kind, depth, 0)
    assert (MISSING in chosen.reason) == (name == "auto")


@needs_sampler
@pytest.mark.parametrize("name", ["auto", "sampled"])
@pytest.mark.parametrize(("frames", "depth"), [(None, 32), (7, 7)])
def test_with_the_core(name: TracerName, frames: int | None, depth: int) -> None:
    chosen = choose(name, frames)
    assert (chosen.name, chosen.frames) == ("sampled", depth)
    assert chosen.sample_bytes == Settings().sample_bytes
    assert 0 < chosen.seconds_per_trace < 1e-6
    assert chosen.reason


@pytest.mark.usefixtures("_no_core")
def test_a_demanded_native_core_that_is_missing_is_a_loud_error() -> None:
    with pytest.raises(SettingsError, match=f"tracer='sampled': .*{MISSING}.*{HOW_TO_BUILD[:20]}"):
        choose("sampled")


@needs_sampler
@pytest.mark.usefixtures("_tracemalloc_on")
def test_a_running_tracemalloc_is_used_and_left_running_unless_sampling_was_demanded() -> None:
    chosen = choose("auto")
    assert chosen.name == "tracemalloc"
    chosen.start()
    assert "already" in chosen.reason
    assert chosen.frames == 3
    chosen.stop()
    assert tracemalloc.is_tracing()
    demanded = choose("sampled")
    with pytest.raises(SettingsError, match=r"tracer='sampled': .*tracemalloc is tracing"):
        demanded.start()


@needs_sampler
def test_the_choice_is_made_anew_at_each_start() -> None:
    chosen = choose("auto")
    assert chosen.name == "sampled"
    tracemalloc.start(2)
    try:
        chosen.start()
        assert (chosen.name, chosen.frames) == ("tracemalloc", 2)
        chosen.stop()
    finally:
        tracemalloc.stop()
    chosen.start()
    try:
        assert chosen.name == "sampled"
        assert chosen.trouble() is None
        assert chosen.self_bytes() > 0
        held = [bytearray(1 << 20) for _ in range(10)]  # each of them is a sample
        chosen.read(uptime_s=1.0)
        assert chosen.traced_bytes() is not None
        assert chosen.expected_traces() >= len(held)
        assert len(chosen.pointers().addresses) >= len(held)
    finally:
        chosen.stop()


@needs_sampler
def test_where_sampling_is_refused_tracemalloc_is_taken_and_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from leakprobe.capture.sampled_tracer import SampledTracer  # needs the core

    monkeypatch.setattr(SampledTracer, "refusal", lambda _: "there are sub-interpreters")
    chosen = choose("auto")
    assert chosen.name == "tracemalloc"
    assert chosen.reason.startswith("there are sub-interpreters; ")
    with pytest.raises(SettingsError, match="tracer='sampled': there are sub-interpreters"):
        choose("sampled").start()


def test_no_tracer_says_what_to_do() -> None:
    tracer = choose("off")
    tracer.start()
    assert tracer.traced_bytes() is None
    assert (tracer.expected_traces(), tracer.self_bytes(), tracer.trouble()) == (0, 0, None)
    with pytest.raises(NotAvailable, match="POST trace"):
        tracer.read()
    with pytest.raises(NotAvailable, match="LEAKPROBE_TRACER=sampled"):
        tracer.pointers()
    tracer.after_fork()
    tracer.stop()
