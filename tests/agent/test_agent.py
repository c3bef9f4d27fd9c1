"""The agent as a user of the Python API meets it."""

import subprocess
import sys
import tracemalloc
from collections.abc import Iterator

import pytest

from leakprobe import LeakProbe, Settings
from leakprobe.agent import agent as agent_module
from leakprobe.agent import running_agent, walks
from leakprobe.capture import tracer as tracers
from leakprobe.capture.heap import retained
from leakprobe.capture.native import heap_walk_missing
from leakprobe.errors import AgentRunning, BadParameter, NotAvailable, SettingsError
from leakprobe.model import Census, Price, TypeCount
from leakprobe.own_threads import own_idents
from tests.native import needs_heap_walk, needs_sampler

SETTINGS = Settings(token="x", tracer="tracemalloc", heap_budget=0.0, interval_s=3600)


def plant(kept: list[bytearray], count: int) -> None:
    for _ in range(count):
        kept.append(bytearray(50_000))  # noqa: PERF401 - one line allocates


PLANTED_LINE = plant.__code__.co_firstlineno + 2


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> Iterator[LeakProbe]:
    """An agent that does not walk the heap: this process's is large, and it is traced."""
    types = (TypeCount("app.Thing", 1, 100, 100),)
    census = Census(types, None, None, Price(1.0, 1.0, 1.0))
    monkeypatch.setattr(walks, "take_census", lambda **_: census)
    with LeakProbe(SETTINGS) as probe:
        yield probe


@pytest.fixture
def walking() -> Iterator[LeakProbe]:
    """An agent that walks the heap and traces nothing."""
    with LeakProbe(Settings(token="x", tracer="off", heap_budget=0.0, interval_s=3600)) as probe:
        yield probe


def test_a_leak_between_two_snapshots_is_the_first_row_and_prints_as_a_table(
    probe: LeakProbe,
) -> None:
    kept: list[bytearray] = []
    before = probe.take_snapshot(label="before")
    plant(kept, 20)
    diff = probe.diff(before, probe.take_snapshot(), by="line")
    first = diff.rows[0]
    assert (first.file, first.line, first.function) == (__file__, PLANTED_LINE, "plant")
    assert 20 * 50_000 <= first.bytes_diff < 20 * 50_100
    assert first.bytes_per_request is None  # there were no requests
    assert "test_agent.py:" in str(diff)
    assert "+97" in str(diff)  # 20 times 50,000 bytes are 977 KiB


def test_start_and_stop_are_idempotent_and_leave_nothing(probe: LeakProbe) -> None:
    probe.start()
    assert len(own_idents()) == 1
    probe.stop()
    probe.stop()
    assert own_idents() == frozenset()
    assert not tracemalloc.is_tracing()
    assert running_agent() is None
    probe.start()
    assert running_agent() is probe


def test_a_second_agent_is_refused_and_changes_nothing(probe: LeakProbe) -> None:
    second = LeakProbe(SETTINGS)
    with pytest.raises(AgentRunning, match="has an agent already"):
        second.start()
    second.stop()
    assert running_agent() is probe
    assert tracemalloc.is_tracing()


def test_a_demanded_tracer_that_is_not_there_fails_at_construction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tracers, "sampler_missing", lambda: "a test says so")
    with pytest.raises(SettingsError, match="tracer='sampled'"):
        LeakProbe(Settings(tracer="sampled"))
    assert running_agent() is None


def test_moments_resolve_and_now_is_not_kept(probe: LeakProbe) -> None:
    taken = probe.take_snapshot("here")
    before, after = probe.resolve("here", "now", types=True)
    assert before.id == taken.id
    assert after.id == "now"
    assert after.types
    assert "now" not in {snapshot.id for snapshot in probe.history.list()}
    with pytest.raises(BadParameter, match="from='now'"):
        probe.resolve("now", "now", types=False)


def test_types_compare_with_the_baseline(walking: LeakProbe) -> None:
    class Planted: ...

    marked = walking.mark_baseline()
    kept = [Planted() for _ in range(123)]
    rows, hidden, since, price = walking.types(
        sort="growth", limit=3, match="baseline.<locals>.Planted"
    )
    assert since is not None
    assert since.id == marked.id
    assert [(row.objects, row.objects_diff) for row in rows] == [(123, 123)]
    assert hidden == 0
    assert price.pause_ms > 0
    assert kept


@needs_heap_walk
def test_types_are_sorted_by_what_would_be_freed_with_them(walking: LeakProbe) -> None:
    class Heavy:
        def __init__(self) -> None:
            self.payload = {"data": [bytearray(10_000)]}

    class Light(Heavy):
        def __init__(self) -> None:
            self.payload = shared

    shared = {"data": [bytearray(5_000_000)]}
    heavy, light = [Heavy() for _ in range(123)], [Light() for _ in range(123)]
    rows, _, _, _ = walking.types(sort="retained", limit=None, match="Heavy")
    assert [row.objects for row in rows] == [123]
    assert rows[0].retained_bytes is not None
    assert 123 * 10_000 < rows[0].retained_bytes < 123 * 11_000
    rows, _, _, _ = walking.types(sort="retained", limit=None, match="Light")
    assert rows[0].retained_bytes is not None
    assert rows[0].retained_bytes < 123 * 1_000  # the local variable holds what they share
    assert heavy
    assert light


def test_without_the_native_walk_what_needs_it_says_how_to_get_it(
    probe: LeakProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_module, "heap_walk_missing", lambda: "a test says so")
    with pytest.raises(NotAvailable, match=r"native heap walk: a test says so; .*pip install"):
        probe.types(sort="retained", limit=3, match=None)
    monkeypatch.setattr(retained, "heap_walk_missing", lambda: "a test says so")
    for by in ("object", "type"):
        with pytest.raises(NotAvailable, match=r"native heap walk.*a test says so.*pip install"):
            probe.retained(by=by, limit=3)


def test_a_line_is_joined_only_with_samples(probe: LeakProbe) -> None:
    with pytest.raises(NotAvailable, match="sampled"):
        probe.retained(by="line", limit=3)


@needs_heap_walk
@needs_sampler
def test_a_line_is_joined_with_type_and_holder() -> None:
    settings = Settings(token="x", tracer="sampled", heap_budget=0.0, interval_s=3600)
    with LeakProbe(settings) as probe:
        kept: list[bytearray] = []
        plant(kept, 400)
        found = probe.retained(by="line", limit=20)
        owner = next(row for row in found.owners if row.site and row.site.line == PLANTED_LINE)
        assert (owner.site and owner.site.file) == __file__
        assert owner.type == "bytearray"
        assert owner.path is not None
        assert "kept" in owner.path.text
        assert 0 < owner.bytes_error < 400 * 50_000 / 10
        assert abs(owner.bytes - 400 * 50_000) < 5 * owner.bytes_error
        assert found.price.child_cpu_ms > 0
        rows, price = probe.routes()
        untagged = next(row for row in rows if row.route == "untagged")
        assert untagged.live_bytes is not None
        assert untagged.live_bytes > 400 * 50_000 * 0.7
        assert price.pause_ms < 100
        report = probe.overview().agent
        assert (report.tracer, report.sample_bytes) == ("sampled", settings.sample_bytes)
        assert report.self_bytes > 10_000
        assert report.tracer_trouble is None


def test_a_start_that_fails_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    second = LeakProbe(SETTINGS)

    def fail(*_: object, **__: object) -> None:
        raise OSError("a test says so")

    monkeypatch.setattr(second._sampler, "start", fail)
    with pytest.raises(OSError, match="a test says so"):
        second.start()
    assert not tracemalloc.is_tracing()
    assert running_agent() is None


def test_a_tracer_that_refuses_to_start_leaves_the_process_without_an_agent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    second = LeakProbe(SETTINGS)

    def refuse() -> None:
        raise SettingsError("tracer", "sampled", "a test says so")

    monkeypatch.setattr(second._tracer, "start", refuse)
    with pytest.raises(SettingsError):
        second.start()
    assert running_agent() is None
    assert own_idents() == frozenset()


def test_the_agent_is_not_among_its_own_findings(walking: LeakProbe) -> None:
    walking.mark_baseline()
    for _ in range(2):
        walking.take_snapshot()
    rows, _, _, _ = walking.types(sort="growth", limit=None, match=None)
    assert not [row.type for row in rows if row.type.startswith("leakprobe.")]
    threads, _ = walking.threads(group=False)
    assert not [thread.name for thread in threads if thread.name.startswith("leakprobe")]


def test_a_window_without_a_tracer_traces_and_stops() -> None:
    with LeakProbe(Settings(token="x", tracer="off", heap_budget=0.0)) as probe:
        kept: list[bytearray] = []
        probe._sampler.wait = lambda seconds: plant(kept, 10) or True  # type: ignore[method-assign, func-returns-value]
        window = probe.trace(1.0, 1)
        assert not tracemalloc.is_tracing()
        assert window.frames == 1
        planted = [row for row in window.diff.rows if row.file == __file__]
        assert sum(row.bytes_diff for row in planted) >= 10 * 50_000
        assert len(kept) == 10


def test_the_overview_knows_what_is_postponed_and_what_it_costs(
    probe: LeakProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe._tracer, "seconds_per_trace", 1.0)
    overview = probe.overview()
    assert overview.agent.tracer == "tracemalloc"
    assert overview.agent.postponed is not None
    assert overview.agent.self_bytes > 0
    assert overview.agent.sample_bytes == 0
    missing = heap_walk_missing()
    assert overview.agent.heap_walk == ("native" if missing is None else "python")
    assert (missing or "copy of the process") in overview.agent.heap_walk_reason
    assert overview.gauges.rss_bytes > 1_000_000


FORKING = """
import os
from leakprobe import LeakProbe, Settings
from leakprobe.own_threads import own_idents

probe = LeakProbe(Settings(token="x", interval_s=3600, heap_budget=0.0))
probe.start()
probe.requests.of("GET /parent").note(0.1, False)
probe.take_snapshot("of the parent")
with probe._sampler.gate.hold("the capture of the parent", seconds=100, patience_s=0.01):
    child = os.fork()
    if child == 0:
        assert len(own_idents()) == 1, own_idents()
        assert probe.requests.total == 0
        assert "of the parent" not in {s.label for s in probe.history.list()}
        probe.take_snapshot("of the child")
        assert probe.overview().pid == os.getpid()
        probe.stop()
        assert own_idents() == frozenset()
        os._exit(42)
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 42, status
assert probe.requests.total == 1
probe.stop()
print("fine")
"""


def test_a_forked_child_has_a_thread_a_history_and_counters_of_its_own() -> None:
    options = ["-W", "ignore::DeprecationWarning"]  # 3.12 warns of any fork beside threads
    ran = subprocess.run(
        [sys.executable, *options, "-c", FORKING],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.stdout == "fine\n", ran.stderr


def test_importing_starts_nothing() -> None:
    code = (
        "import threading, tracemalloc, gc; import leakprobe; "
        "print(threading.active_count(), tracemalloc.is_tracing(), len(gc.callbacks))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "1 False 0\n"
