"""Ways compared: what goes through what, whatever differs from one run to the next."""

from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.analysis.holder_paths import (
    Way,
    goes_through,
    is_lasting,
    outermost,
    root_module,
    shared_steps,
    way,
)
from tests.analysis.suspect_evidence import path

WAYS = st.lists(st.sampled_from("abc"), max_size=5).map(tuple)


def test_lines_and_addresses_do_not_count() -> None:
    one = way(path("frame serve at app.py:42", "local <object at 0x7f00>"))
    assert one == way(path("frame serve at app.py:57", "local <object at 0x1234>"))
    assert one != way(path("frame other at app.py:42", "local <object at 0x7f00>"))


def test_no_path_is_no_way_and_leads_through_nothing() -> None:
    assert way(None) == ()
    assert not goes_through((), [()])
    assert not goes_through(("a",), [()])


def test_a_way_goes_through_its_beginnings() -> None:
    assert goes_through(("a", "b", "c"), [("x",), ("a", "b")])
    assert not goes_through(("a",), [("a", "b")])


def test_modules_and_classes_last_and_what_runs_does_not() -> None:
    assert is_lasting(("module app", "global x"))
    assert is_lasting(("class app.A",))
    for passing in ("frame f at a.py", "thread MainThread", "held by C code", "… dict"):
        assert not is_lasting((passing, "local x"))
    assert not is_lasting(())


def test_a_way_begins_in_a_module_or_nowhere() -> None:
    assert root_module(("module shop.app", "global x")) == "shop.app"
    assert root_module(("class shop.app.A", "class attribute x")) == "shop.app.A"
    assert root_module(("frame f at a.py",)) is None
    assert root_module(()) is None


@settings(deadline=None)
@given(WAYS, WAYS)
def test_what_two_ways_share_is_a_beginning_of_both(one: Way, other: Way) -> None:
    shared = shared_steps(one, other)
    assert one[:shared] == other[:shared]
    assert one[: shared + 1] != other[: shared + 1] or shared == len(one) == len(other)
    assert goes_through(one, [other]) == (bool(other) and shared == len(other))


@settings(deadline=None)
@given(st.lists(WAYS, min_size=1, max_size=6))
def test_something_is_outermost_and_the_rest_is_below_it(ways: list[Way]) -> None:
    outer = [one for one in ways if outermost(one, ways)]
    assert all(one in outer or goes_through(one, outer) for one in ways)
