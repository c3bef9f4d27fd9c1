"""What is said of all the evidence together."""

from dataclasses import replace

import pytest

from leakprobe.analysis.candidates import find_candidates
from leakprobe.analysis.evidence import Evidence
from leakprobe.analysis.verdict import decide
from leakprobe.model import LiveStack, TypeCount
from leakprobe.model.verdict import MemoryGrowth, MemorySplit, Suspect, SuspectGrowth, Verdict
from tests.analysis.watching import Load, Moment, Seen, watched
from tests.making import a_snapshot, a_stack

GROWTH = MemoryGrowth(36_000_000.0, None, None, None, None, None)
MEMORY = MemorySplit(100_000_000, None, None, None, None, None, GROWTH)
LIMIT = 200_000_000
LEAK = Suspect(
    rank=1,
    fingerprint="9f2c",
    resource="python",
    state="leak",
    confidence=0.97,
    growth=SuspectGrowth(1, 1, 1.0, 1.0),
    site=None,
    types=(),
    holders=(),
    routes=(),
    reason="grew in 7 of 7 windows, 512 KiB per request of POST /asr",
    advice="remove entries",
)
PERHAPS = replace(LEAK, rank=2, state="suspect", resource="fds", confidence=0.4, reason="perhaps")


def steady(moment: Moment) -> Seen:
    count = 10_000 + moment.chance.randrange(9)
    return Seen(types=[TypeCount("dict", count, 64 * count, 100 * count)])


def said(evidence: Evidence, *suspects: Suspect, limit: int | None = LIMIT) -> Verdict:
    return decide(evidence, (), suspects, MEMORY, limit_bytes=limit)


def test_a_leak_decides_and_says_how_long_it_takes() -> None:
    verdict = said(watched(steady), LEAK)
    assert (verdict.state, verdict.resource, verdict.confidence) == ("leak", "python", 0.97)
    assert verdict.reason == LEAK.reason
    assert verdict.seconds_to_limit == pytest.approx(100_000_000 / 10_000)


def test_the_worst_decides_and_the_others_are_counted() -> None:
    verdict = said(watched(steady), PERHAPS, LEAK)
    assert (verdict.state, verdict.resource) == ("leak", "python")
    assert verdict.reason == f"{LEAK.reason}; 1 more thing grows"
    assert said(watched(steady), PERHAPS, LEAK, LEAK).reason.endswith("; 2 more things grow")
    assert said(watched(steady), PERHAPS).state == "suspect"


@pytest.mark.parametrize("limit", [None, 50_000_000])
def test_a_limit_that_is_not_known_or_passed(limit: int | None) -> None:
    assert said(watched(steady), LEAK, limit=limit).seconds_to_limit == (0.0 if limit else None)


@pytest.mark.parametrize("per_hour", [None, 0.0, -5.0])
def test_memory_that_does_not_grow_reaches_no_limit(per_hour: float | None) -> None:
    memory = replace(MEMORY, growth_bytes_per_hour=replace(GROWTH, rss=per_hour))
    verdict = decide(watched(steady), (), (LEAK,), memory, limit_bytes=LIMIT)
    assert verdict.seconds_to_limit is None


def test_nothing_grows_and_it_is_said_what_would_have_been_seen() -> None:
    verdict = said(watched(steady))
    assert (verdict.state, verdict.resource, verdict.seconds_to_limit) == ("no_leak", None, None)
    assert 0.9 < verdict.confidence < 1
    smallest = verdict.smallest_detectable_bytes_per_request
    assert smallest is not None
    assert 0 < smallest < 10
    assert verdict.reason.startswith("nothing kept growing in ")
    assert verdict.reason.endswith(f"a leak of {smallest} bytes per request would have shown")


def test_what_grew_and_is_explained() -> None:
    grown = find_candidates(
        watched(lambda moment: Seen(types=[TypeCount("a.B", moment.requests, 1, 1)]))
    )
    verdict = decide(watched(steady), grown, (), MEMORY, limit_bytes=None)
    assert verdict.state == "no_leak"
    assert verdict.reason.startswith("all that grew is known to end in ")


@pytest.mark.parametrize(
    ("seconds", "load", "missing"),
    [
        (10.0, Load(), "3 of 8 heap walks"),
        (60.0, Load(begins_s=30.0, ends_s=30.6), "after the warm-up"),
        (60.0, Load(per_second=1), "of 30 requests after the warm-up"),
        (21.0, Load(begins_s=10.0), "of 20 s after the warm-up"),
    ],
)
def test_too_little_evidence_says_what_is_missing(seconds: float, load: Load, missing: str) -> None:
    verdict = said(watched(steady, seconds=seconds, load=load))
    assert (verdict.state, verdict.resource, verdict.confidence) == ("inconclusive", None, 0.0)
    assert verdict.reason.startswith("too little was seen to tell: ")
    assert missing in verdict.reason


def test_no_evidence_at_all() -> None:
    verdict = said(Evidence())
    assert verdict.state == "inconclusive"
    assert "0 of 8 snapshots" in verdict.reason
    assert verdict.smallest_detectable_bytes_per_request is None


def test_a_program_without_requests_needs_none() -> None:
    verdict = said(watched(steady, load=Load(begins_s=1e9)))
    assert verdict.state == "no_leak"
    assert "requests" not in verdict.reason
    assert verdict.smallest_detectable_bytes_per_request is None


@pytest.mark.parametrize(("error", "smallest"), [(65_536, 9 * 65_536), (0, 1024)])
def test_without_walks_the_samples_say_what_would_have_been_seen(error: int, smallest: int) -> None:
    stack = a_stack(("/srv/app/main.py", 1, "f"))
    evidence = Evidence()
    for second in range(60):
        evidence.observe(
            a_snapshot(
                uptime_s=float(second),
                stacks=[LiveStack(stack, 65_536, 1, error)],
                requests={"GET /": 100 * second},
            )
        )
    verdict = said(evidence)
    requests = evidence.sites.timeline.totals[-1]
    found = verdict.smallest_detectable_bytes_per_request
    assert verdict.state == "no_leak"
    assert found is not None
    assert smallest / requests <= found <= 1.5 * smallest / requests + 1


def test_without_walks_and_tracer_only_the_gauges_are_judged() -> None:
    verdict = said(watched(lambda _: Seen()))
    assert verdict.state == "no_leak"
    assert verdict.smallest_detectable_bytes_per_request is None
