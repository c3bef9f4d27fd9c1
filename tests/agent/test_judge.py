"""The judge at work, over snapshots that a test makes up and looks that it hands out."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from leakprobe.agent import judge as judge_module
from leakprobe.agent import walks
from leakprobe.agent.attention import TIGHT_BYTES
from leakprobe.agent.judge import Judge
from leakprobe.agent.looks import FRESH_S, LOOK_EVERY_S, STALE_S, wanted_of
from leakprobe.analysis.candidate import Candidate
from leakprobe.analysis.candidates import charge
from leakprobe.analysis.judged import Found
from leakprobe.errors import CaptureBusy, NotEnoughMemory, Refusal, WalkFailed
from leakprobe.model import (
    Census,
    CloseLook,
    Container,
    ContainerHolder,
    HolderPath,
    Price,
    Snapshot,
    TypeCount,
)
from tests.agent.bench import CENSUS, Bench, FakeTracer
from tests.making import a_snapshot

ADDRESS = 4096
PATH = HolderPath("app.results[…]", ("module app", "global results", "dict value"), 1)
PER_TICK = 20
OBJECT_BYTES = 1000


def the_look(address: int = ADDRESS) -> CloseLook:
    entries = (TypeCount("app.Result", 400, 20_000, 400 * OBJECT_BYTES),)
    holder = ContainerHolder(
        address, "dict", 400, 18_000, 400 * OBJECT_BYTES, "module", PATH, entries
    )
    return CloseLook((), (holder,), (), None, Price(3.0, 200.0, 8.0, 150.0))


@dataclass
class Looking:
    """What `look_closely` is replaced by."""

    answer: CloseLook | Refusal = field(default_factory=the_look)
    asked: list[Mapping[str, object]] = field(default_factory=list)

    def __call__(self, **what: object) -> CloseLook:
        self.asked.append(what)
        if isinstance(self.answer, Refusal):
            raise self.answer
        return self.answer


@pytest.fixture
def looking(monkeypatch: pytest.MonkeyPatch) -> Looking:
    looking = Looking()
    monkeypatch.setattr(walks, "look_closely", looking)
    return looking


@pytest.fixture
def bench() -> Bench:
    """A judge whose tracer samples; nothing runs."""
    return Bench(FakeTracer(name="sampled", sample_bytes=65536), heap_budget=0.01)


def moment(number: int, *, grows: bool) -> Snapshot:
    """One second of a service that is asked 20 times, and keeps a result each time, or none."""
    kept = 100 + (PER_TICK * number if grows else 0)
    results = TypeCount("app.Result", kept, kept * 48, kept * OBJECT_BYTES)
    snapshot = a_snapshot(
        f"s{number}",
        uptime_s=float(number),
        types=(results, TypeCount("app.Config", 7, 700, 7000)),
        containers=(Container(ADDRESS, "dict", kept),),
        requests={"POST /keep": PER_TICK * number},
    )
    gauges = replace(snapshot.gauges, rss_bytes=100_000_000 + kept * OBJECT_BYTES)
    return replace(snapshot, gauges=gauges)


def watched(bench: Bench, *, grows: bool, seconds: int = 40) -> Judge:
    judge = bench.sampler.judge
    for number in range(seconds):
        judge.observe(moment(number, grows=grows))
    return judge


def test_what_grows_is_a_leak_with_its_holder(bench: Bench, looking: Looking) -> None:
    report = watched(bench, grows=True).report()
    assert (report.verdict.state, report.verdict.resource) == ("leak", "python")
    first = report.suspects[0]
    assert first.holders[0].text.startswith("app.results")
    assert "app.Result" in [found.type for found in first.types]
    assert first.growth.bytes_per_request == pytest.approx(OBJECT_BYTES, rel=0.25)
    assert report.price.pause_ms == 3.0
    assert report.memory.rss_bytes > 0
    (asked,) = looking.asked
    assert asked["containers"] == (ADDRESS,)
    assert asked["types"] == ("app.Result",)


def test_what_does_not_grow_is_none_and_needs_no_look(bench: Bench, looking: Looking) -> None:
    report = watched(bench, grows=False).report()
    assert report.verdict.state == "no_leak"
    assert report.suspects == ()
    assert looking.asked == []
    assert report.price == Price()


def test_too_little_is_inconclusive_and_says_what_is_missing(bench: Bench) -> None:
    report = watched(bench, grows=True, seconds=2).report()
    assert report.verdict.state == "inconclusive"
    assert report.verdict.reason


def test_the_same_question_a_moment_later_costs_no_second_look(
    bench: Bench, looking: Looking
) -> None:
    judge = watched(bench, grows=True)
    judge.report()
    again = judge.report()
    assert again.suspects
    assert again.price == Price()
    judge.observe(moment(40, grows=True))
    judge.report()
    assert len(looking.asked) == 1
    bench.now += FRESH_S
    judge.report()
    assert len(looking.asked) == 2


def test_a_limit_cuts_the_suspects_only(bench: Bench, looking: Looking) -> None:
    judge = watched(bench, grows=True)
    assert judge.report(0).suspects == ()
    assert judge.report(0).verdict.state == "leak"


@pytest.mark.parametrize("refusal", [NotEnoughMemory("no room"), WalkFailed("late")])
def test_a_look_that_fails_is_a_refusal_unless_an_older_one_helps(
    bench: Bench, looking: Looking, refusal: Refusal
) -> None:
    judge = watched(bench, grows=True)
    looking.answer = refusal
    with pytest.raises(type(refusal)):
        judge.report()
    looking.answer = the_look()
    judge.report()
    looking.answer = refusal
    bench.now += FRESH_S
    judge.observe(moment(40, grows=True))
    report = judge.report()
    assert report.suspects[0].holders
    assert report.price == Price()


def test_one_capture_at_a_time(bench: Bench, looking: Looking) -> None:
    judge = watched(bench, grows=True)
    with (
        bench.sampler.gate.hold("an exact trace", seconds=300, patience_s=0.01),
        pytest.raises(CaptureBusy),
    ):
        judge.report()
    assert looking.asked == []


def test_the_first_page_takes_what_is_known_and_looks_at_nothing(
    bench: Bench, looking: Looking
) -> None:
    judge = watched(bench, grows=True)
    assert judge.latest().verdict.state == "leak"
    assert looking.asked == []
    judge.report()
    assert judge.latest().suspects[0].holders
    assert len(looking.asked) == 1


def test_growth_is_looked_at_once_in_the_background_and_again_when_it_is_stale(
    bench: Bench, looking: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge_module, "JUDGING_SHARE", 1e9)  # a fake clock stands still meanwhile
    judge = watched(bench, grows=True)
    bench.now += 100
    assert judge.think() == pytest.approx(0.15)
    assert judge.suspicious
    bench.now += LOOK_EVERY_S
    assert judge.think() == 0.0
    bench.now += STALE_S
    assert judge.think() > 0.0
    assert len(looking.asked) == 2


def test_nothing_that_grows_is_nothing_to_think_about(bench: Bench, looking: Looking) -> None:
    judge = watched(bench, grows=False)
    assert judge.think() == 0.0
    assert not judge.suspicious
    assert looking.asked == []


def test_a_suspect_without_a_line_is_sampled_more_tightly_for_a_while(
    bench: Bench, looking: Looking
) -> None:
    judge = watched(bench, grows=True)
    judge.think()
    assert bench.tracer.sample_bytes == TIGHT_BYTES
    judge.stop()
    assert bench.tracer.sample_bytes == 65536


def test_a_line_that_a_report_lacks_is_looked_for_by_whoever_thinks_next(
    bench: Bench, looking: Looking
) -> None:
    judge = watched(bench, grows=True)
    judge.report()
    assert bench.tracer.sample_bytes == 65536, "who asks only reads"
    judge.think()
    assert len(looking.asked) == 1, "the look of the report serves"
    assert bench.tracer.sample_bytes == TIGHT_BYTES


def test_a_forked_child_begins_anew(bench: Bench, looking: Looking) -> None:
    judge = watched(bench, grows=True)
    before = judge.self_bytes
    judge.report()
    assert judge.self_bytes > before
    judge.after_fork()
    assert judge.self_bytes < before
    assert judge.report().verdict.state == "inconclusive"


def test_without_the_native_walk_and_a_tracer_it_is_walked_on_request_and_that_is_said(
    looking: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(FakeTracer(name="off"), heap_budget=0.01, native=False)
    monkeypatch.setattr(walks, "take_census", lambda **_: pytest.fail("nobody asked"))
    judge = watched(bench, grows=True)
    judge.think()
    assert looking.asked == []
    monkeypatch.setattr(walks, "take_census", lambda **_: CENSUS)
    reason = judge.report().verdict.reason
    assert "a test says so" in reason


def candidate(kind: str, name: str, **more: object) -> Candidate:
    known = {"resource": "python", "state": "leak", "confidence": 0.99, "objects": 9}
    rest = {"bytes": None, "seconds": 30.0, "requests": 600, "windows": 8, "grown": 7}
    return Candidate(kind=kind, name=name, **{**known, **rest, **more})  # type: ignore[arg-type]  # fields by name


def test_a_look_is_asked_about_what_tells_most() -> None:
    weak = candidate("container", "set", address=1, weak=True)
    holding = candidate("container", "dict", address=2)
    types = [candidate("type", name) for name in ("dict", "app.A", "app.A")]
    line = candidate("site", "app.py:3 f")
    thread = candidate("group", "app.work", resource="threads")
    wanted = wanted_of([weak, holding, *types, line, thread])
    assert (wanted.containers, wanted.types, wanted.sites) == (
        (2, 1), ("app.A",), ("app.py:3 f",)
    )  # fmt: skip
    assert wanted_of([thread]).keys == frozenset()


def test_builtin_types_are_asked_about_where_nothing_else_leaks() -> None:
    doubtful = candidate("type", "app.A", state="suspect")
    assert wanted_of([candidate("type", "dict"), doubtful]).types == ("app.A", "dict")
    assert wanted_of([candidate("c_held", "bytes")]).types == ("bytes",)


def test_a_rank_means_what_the_latest_report_said(bench: Bench, looking: Looking) -> None:
    judge = watched(bench, grows=True)
    assert judge.told()  # nothing was said yet: of what is known
    said = judge.report(1).suspects
    assert judge.told()[:1] == said


def test_without_the_native_walk_a_tracer_has_to_do(
    looking: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(FakeTracer(), heap_budget=0.01, native=False)
    monkeypatch.setattr(walks, "take_census", lambda **_: pytest.fail("it takes too long"))
    assert "a test says so" in watched(bench, grows=False).report().verdict.reason


def test_a_walk_in_the_process_is_not_made_each_time_that_somebody_asks(
    looking: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(FakeTracer(name="off"), heap_budget=0.01, native=False)
    dear = replace(CENSUS, price=Price(100.0, 3000.0, 3000.0, 0.0))
    made: list[float] = []

    def census(**_: object) -> Census:
        made.append(bench.now)
        return dear

    monkeypatch.setattr(walks, "take_census", census)
    judge = watched(bench, grows=False)
    for _ in range(4):
        judge.report()
        bench.now += 10.0
    assert len(made) == 2


def test_snapshots_do_not_wait_for_what_is_charged_to_routes(
    bench: Bench, looking: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = watched(bench, grows=True)

    def charge_while_one_comes(found: tuple[Found, ...]) -> tuple[Candidate, ...]:
        thread = threading.Thread(target=judge.observe, args=(moment(40, grows=True),))
        thread.start()
        thread.join(10)
        assert not thread.is_alive()
        return charge(found)

    monkeypatch.setattr(judge_module, "charge", charge_while_one_comes)
    assert judge.report().verdict.state == "leak"
