import math
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakprobe.analysis.latency import BOUNDS_S, bucket_of
from leakprobe.capture import native
from leakprobe.capture.requests import (
    MOST_NOTED,
    MOST_ROUTES,
    NATIVE_BOUNDS,
    OTHER,
    Counts,
    RequestCounters,
    RouteTally,
)
from tests.native import needs_requests


@pytest.fixture(autouse=True, params=["python", pytest.param("native", marks=needs_requests)])
def _core(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything here holds for the tally in Python and for the native one."""
    if request.param == "python":
        monkeypatch.setattr(native, "requests_missing", lambda: "a test says so")


def note(counters: RequestCounters, route: str, seconds: float, failed: bool) -> None:
    """Note a request as the middleware does."""
    counters.of(route).note(seconds, failed)


def test_nothing_noted() -> None:
    counters = RequestCounters()
    assert (counters.total, counters.counts(), counters.read()) == (0, {}, ())


def test_counts_errors_and_seconds_by_route() -> None:
    counters = RequestCounters()
    note(counters, "GET /a", 0.25, False)
    note(counters, "GET /a", 0.5, True)
    note(counters, "POST /b", 2.0, False)
    assert counters.counts() == {"GET /a": 2, "POST /b": 1}
    assert counters.total == 3
    first, second = counters.read()
    assert (first.route, first.requests, first.errors) == ("GET /a", 2, 1)
    assert (first.seconds, first.max_s) == (0.75, 0.5)
    assert (second.route, second.requests, second.errors) == ("POST /b", 1, 0)


def test_percentiles_are_within_a_bucket_and_never_above_the_longest() -> None:
    counters = RequestCounters()
    for _ in range(90):
        note(counters, "GET /a", 0.010, False)
    for _ in range(10):
        note(counters, "GET /a", 1.0, False)
    note(counters, "GET /b", 1.0, False)
    busy, single = counters.read()
    assert busy.p50_s == pytest.approx(0.010, rel=0.19)
    assert busy.p95_s == pytest.approx(1.0, rel=0.19)
    assert single.p50_s is not None
    assert single.p50_s <= 1.0
    assert single.p50_s == pytest.approx(1.0, rel=0.19)


def test_busiest_route_comes_first_and_equals_by_name() -> None:
    counters = RequestCounters()
    for route in ("b", "a", "c", "c"):
        note(counters, route, 0.1, False)
    assert [row.route for row in counters.read()] == ["c", "a", "b"]


@pytest.mark.parametrize("seconds", [0.0, 1e-9, 1e9, math.inf])
def test_extreme_latencies_are_counted(seconds: float) -> None:
    counters = RequestCounters()
    note(counters, "a", seconds, False)
    (row,) = counters.read()
    assert (row.requests, row.max_s) == (1, seconds)
    assert row.p95_s is not None


def test_labels_are_bounded() -> None:
    counters = RequestCounters()
    for number in range(MOST_ROUTES + 500):
        note(counters, f"GET /{number}", 0.1, False)
    note(counters, "GET /0", 0.1, False)
    counts = counters.counts()
    assert len(counts) == MOST_ROUTES + 1
    assert counts[OTHER] == 500
    assert counts["GET /0"] == 2
    assert counters.total == MOST_ROUTES + 501
    assert counters.size_bytes < 8_000_000


def test_size_grows_with_the_routes() -> None:
    counters = RequestCounters()
    sizes = [counters.size_bytes]
    for number in range(3):
        note(counters, str(number), 0.1, False)
        sizes.append(counters.size_bytes)
    assert sizes == sorted(set(sizes))


def test_child_starts_from_nothing() -> None:
    counters = RequestCounters()
    held = counters.of("a")
    note(counters, "a", 0.1, True)
    counters.after_fork()
    assert (counters.counts(), counters.read()) == ({}, ())
    note(counters, "a", 0.1, False)
    assert counters.of("a") is held, "who holds it notes where nobody reads"
    assert counters.total == 1


def test_threads_lose_no_count() -> None:
    counters = RequestCounters()
    each, threads = 20_000, 4
    together = threading.Barrier(threads)

    def work() -> None:
        together.wait()
        for _ in range(each):
            note(counters, "GET /a", 0.5, True)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    (row,) = counters.read()
    total = each * threads
    assert (row.requests, row.errors, row.seconds) == (total, total, total * 0.5)


def test_what_is_noted_is_counted_before_it_piles_up() -> None:
    tally = RouteTally()
    for _ in range(10 * MOST_NOTED):
        tally.note(0.5, False)
    assert len(tally._noted_s) <= MOST_NOTED
    assert tally.read().requests == 10 * MOST_NOTED


def test_noting_never_waits_for_somebody_who_counts() -> None:
    tally = RouteTally()
    with tally._counting:
        for _ in range(2 * MOST_NOTED):
            tally.note(0.5, False)
    assert tally.read().requests == 2 * MOST_NOTED


@needs_requests
@given(st.lists(st.tuples(st.floats(0.0, 1e5), st.booleans()), max_size=600))
def test_both_tallies_count_the_same(requests: list[tuple[float, bool]]) -> None:
    from leakprobe.capture._native import _requests

    in_c, in_python = _requests.Tally(NATIVE_BOUNDS), RouteTally()
    for seconds, failed in requests:
        in_c.note(seconds, failed)
        in_python.note(seconds, failed)
    counts = Counts(*in_c.read())
    expected = in_python.read()
    assert counts.seconds == pytest.approx(expected.seconds)
    assert counts._replace(seconds=0.0) == expected._replace(seconds=0.0)


@needs_requests
def test_every_bound_is_the_first_of_its_bucket() -> None:
    from leakprobe.capture._native import _requests

    for bucket, bound in enumerate(BOUNDS_S):
        tally = _requests.Tally(NATIVE_BOUNDS)
        tally.note(bound, False)
        assert tally.read()[4].index(1) == bucket_of(bound) == bucket + 1


@needs_requests
def test_what_is_no_list_of_bounds_is_refused() -> None:
    from leakprobe.capture._native import _requests

    with pytest.raises(ValueError, match="must be doubles, not 9 bytes"):
        _requests.Tally(b"123456789")
    with pytest.raises(TypeError):
        _requests.Tally("12345678")  # type: ignore[arg-type]  # that is what is tried


def test_reading_while_routes_are_added_does_not_fail() -> None:
    counters = RequestCounters()
    done = threading.Event()

    def add() -> None:
        for number in range(900):
            note(counters, str(number), 0.1, False)
        done.set()

    writer = threading.Thread(target=add)
    writer.start()
    while not done.is_set():
        assert counters.total >= 0
        counters.counts()
        counters.read()
    writer.join()
    assert counters.total == 900
