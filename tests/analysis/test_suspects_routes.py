"""Routes: by the regression of exact counts where it is sure, else by the tags of samples."""

from dataclasses import replace

import pytest

from leakprobe.analysis.route_rates import RouteRate, RouteRates
from leakprobe.analysis.suspects import find_suspects
from leakprobe.model import Owner, Suspect
from tests.analysis.suspect_evidence import (
    APP,
    INNOCENT,
    ROUTE,
    candidate,
    container,
    held,
    looked,
    owner,
    path,
    rates,
)

WAY = path("module app", "global results")
VALUE = path("module app", "global results", "dict value")
WIDE = RouteRates((RouteRate(ROUTE, 0.75, 0.5, 1.1, 0.75),), 0.0, told_apart=True)
TAGGED = (owner("bytes", VALUE, samples=45), owner("bytes", VALUE, route=None, samples=5))


def results(*owners: Owner, regressed: RouteRates | None) -> Suspect:
    look = looked((held(1, WAY, length=400, retained_bytes=40_000_000),), (), owners)
    (found,) = find_suspects([container(1, rates=regressed)], look)
    return found


def test_a_regression_is_not_misled_by_tags_of_memory_that_is_used_again() -> None:
    stray = owner("bytes", VALUE, route=INNOCENT, samples=10)
    (route,) = results(TAGGED[0], stray, regressed=rates(1.0)).routes
    assert (route.route, route.share, route.by) == (ROUTE, 1.0, "regression")
    assert route.bytes_per_request == pytest.approx(100_000)
    assert route.bytes_per_request_low == pytest.approx(98_000)
    assert route.bytes_per_request_high == pytest.approx(102_000)


def test_growth_that_nothing_is_charged_with_is_the_only_routes() -> None:
    (route,) = results(regressed=WIDE).routes
    assert (route.share, route.by) == (1.0, "regression")
    assert route.objects_per_request == pytest.approx(1)
    assert route.bytes_per_request == pytest.approx(100_000)
    assert route.bytes_per_request_low == pytest.approx(100_000 * 0.5 / 0.75)


def test_growth_that_goes_on_without_requests_is_not() -> None:
    (route,) = results(regressed=replace(WIDE, background_per_s=5.0)).routes
    assert route.share == 0.75
    assert route.objects_per_request == pytest.approx(0.75)


def test_half_of_the_growth_is_not_charged_with_the_other_half() -> None:
    half = RouteRates((RouteRate(ROUTE, 0.5, 0.1, 0.9, 0.5),), 0.0, told_apart=True)
    (route,) = results(regressed=half).routes
    assert route.share == 0.5
    assert route.objects_per_request == pytest.approx(0.5)


HALF = RouteRates((RouteRate(ROUTE, 0.7, 0.5, 0.9, 0.7),), 0.0, told_apart=True)


def test_what_regression_and_tags_name_both_is_that_route_alone() -> None:
    (route,) = results(TAGGED[0], regressed=HALF).routes
    assert (route.route, route.share) == (ROUTE, 1.0)
    assert route.bytes_per_request == pytest.approx(100_000)


def test_where_they_name_different_routes_tags_decide_unless_the_regression_is_sure() -> None:
    stray = owner("bytes", VALUE, route=INNOCENT)
    assert results(stray, regressed=HALF).routes[0].route == INNOCENT
    assert results(stray, regressed=WIDE).routes[0].route == ROUTE


def test_where_the_mix_stays_the_same_tags_say_it() -> None:
    same = RouteRates((), 0.0, told_apart=False)
    first, second = results(*TAGGED, regressed=same).routes
    assert (first.route, first.share, second.route) == (ROUTE, 0.5, "untagged")
    assert first.bytes_per_request == pytest.approx(50_000)
    assert second.bytes_per_request is None


def test_a_few_tags_say_nothing() -> None:
    few = owner("bytes", VALUE, samples=4)
    assert results(few, regressed=None).routes == ()


UNTAGGED = owner("bytes", VALUE, route=None)


def test_work_that_no_request_did_is_untagged() -> None:
    (route,) = results(UNTAGGED, regressed=None).routes
    assert (route.route, route.share, route.bytes_per_request) == ("untagged", 1.0, None)
    found = results(UNTAGGED, regressed=None)
    assert found.reason == "grew in 8 of 8 windows, 1.91 MiB per second"


def test_one_route_at_an_even_rate_is_not_charged_with_what_no_request_allocated() -> None:
    look = looked((held(1, WAY),), (), (UNTAGGED,))
    alone = container(1, rates=rates(1.0, INNOCENT), routes=((INNOCENT, 800),))
    (found,) = find_suspects([alone], look)
    assert [route.route for route in found.routes] == ["untagged"]


def test_threads_that_do_not_know_for_whom_they_work_are_told_by_the_regression() -> None:
    (route,) = results(UNTAGGED, regressed=rates(1.0)).routes
    assert (route.route, route.by) == (ROUTE, "regression")


def test_shares_below_a_percent_are_noise() -> None:
    rows = (RouteRate(ROUTE, 1, 0.99, 1.01, 0.995), RouteRate(INNOCENT, 0.1, 0.05, 0.2, 0.005))
    found = results(regressed=RouteRates(rows, 0.0, told_apart=True))
    assert [route.route for route in found.routes] == [ROUTE]


def test_tags_of_a_line_count_where_nobody_owns_its_memory() -> None:
    line = candidate(
        "site",
        f"{APP}:40",
        None,
        bytes=8_000_000,
        samples=80,
        tags=((ROUTE, 6_000_000), (INNOCENT, 2_000_000)),
        site=TAGGED[0].site,
        stack=TAGGED[0].stack,
    )
    (found,) = find_suspects([line], None)
    assert [(r.route, r.share, r.by) for r in found.routes] == [
        (ROUTE, 0.75, "tags"),
        (INNOCENT, 0.25, "tags"),
    ]
    assert found.routes[0].bytes_per_request == pytest.approx(15_000)
    assert found.reason.endswith(f"14.6 KiB per request of {ROUTE}")


def test_without_requests_growth_is_told_per_second() -> None:
    idle = candidate("type", "app.Job", bytes=2_000_000, rates=None, requests=0, routes=())
    (found,) = find_suspects([idle], None)
    assert found.growth.bytes_per_request is None
    assert found.growth.objects_per_request is None
    assert found.growth.bytes_per_second == 100_000
    assert found.reason == "grew in 8 of 8 windows, 97.7 KiB per second"


def test_the_reason_says_what_is_known() -> None:
    bare = candidate("type", "app.Job", rates=None)
    (counted,) = find_suspects([bare], None)
    assert counted.reason == "grew in 8 of 8 windows, 400 objects more"
    (large,) = find_suspects([replace(bare, objects=12345)], None)
    assert large.reason.endswith("12345 objects more")
    (sized,) = find_suspects([replace(bare, bytes=800 * 3 << 20)], None)
    assert sized.reason.endswith("3 MiB per request")
    (small,) = find_suspects([replace(bare, bytes=800)], None)
    assert small.reason.endswith("1 byte per request")


def test_a_route_of_which_nothing_is_counted_does_not_make_the_reason() -> None:
    untagged = owner("bytes", VALUE, samples=45, size=15_000_000, route=None)
    found = results(untagged, TAGGED[0], regressed=None)
    assert [route.route for route in found.routes] == ["untagged", ROUTE]
    assert found.reason.endswith(f"per request of {ROUTE}")


def test_a_small_part_is_not_what_the_reason_is_about() -> None:
    untagged = owner("bytes", VALUE, samples=45, size=40_000_000, route=None)
    found = results(untagged, TAGGED[0], regressed=None)
    assert [route.route for route in found.routes] == ["untagged", ROUTE]
    assert found.reason.endswith("per second")


def test_memory_that_is_used_again_is_charged_to_nobody() -> None:
    again = owner("bytes", VALUE, samples=5, size=1_500_000, route="GET /innocent")
    found = results(TAGGED[0], again, regressed=None)
    assert [route.route for route in found.routes] == [ROUTE]
