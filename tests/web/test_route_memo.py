"""The native memo does what the one in Python does, whatever is asked of it."""

import gc
import weakref
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Scope

from leakprobe.web.route_memo import METHODS, RouteMemo, key_of
from tests.native import needs_requests

if TYPE_CHECKING:
    from leakprobe.capture._native import _requests

pytestmark = needs_requests


class Thing:
    """Something that stands in a scope."""


THINGS = [Thing() for _ in range(12)]
ONE_ROUTE = (THINGS[0], THINGS[1], THINGS[2])


def new_native() -> "_requests.Memo[object]":
    from leakprobe.capture._native import _requests

    return _requests.Memo()


def a_scope(endpoint: object, route: object, context: object, method: str) -> Scope:
    return {
        "endpoint": endpoint,
        "route": route,
        "fastapi": {"effective_route_context": context},
        "method": method,
    }


thing = st.sampled_from([None, *THINGS])
scope = st.builds(a_scope, thing, thing, thing, st.sampled_from(sorted(METHODS)))
steps = st.tuples(st.sampled_from(["remember", "remember", "find", "forget", "clear"]), scope)


@given(st.lists(steps, max_size=300))
def test_both_remember_the_same(asked: list[tuple[str, Scope]]) -> None:
    in_c, in_python = new_native(), RouteMemo[object]()
    for number, (step, scope) in enumerate(asked):
        key = key_of(scope)
        for memo in (in_c, in_python):
            if step == "remember":
                memo.remember(key, number)
            elif step == "forget":
                memo.forget(key[:3])
            elif step == "clear" and number % 7 == 0:
                memo.clear()
        assert in_c.find(scope) == in_python.find(scope)
        assert len(in_c) == len(in_python)
    for _, scope in asked:
        assert in_c.find(scope) == in_python.find(scope)


@pytest.mark.parametrize(
    "scope",
    [
        {},
        {"endpoint": None, "method": "GET"},
        {"endpoint": 1, "route": 2, "method": "GET", "fastapi": None},
        {"endpoint": 1, "route": 2, "method": "GET", "fastapi": {}},
        {"endpoint": 1, "route": 2, "method": None},
        {"endpoint": 1, "route": 2, "method": ""},
        {"endpoint": 1, "route": 2, "method": "gét"},
        {"endpoint": 1, "route": 2, "method": "A-METHOD-OF-ITS-OWN"},
    ],
)
def test_a_scope_of_any_shape_is_looked_up(scope: Scope) -> None:
    memo = new_native()
    memo.remember(key_of(a_scope(*ONE_ROUTE, "GET")), "something")
    assert memo.find(scope) is None


def test_a_method_that_does_not_fit_is_not_remembered() -> None:
    memo = new_native()
    for method in ("", "gét", "LONGER-THAN-ALL"):
        memo.remember(key_of(a_scope(*ONE_ROUTE, method)), "something")
    assert len(memo) == 0


def test_a_thousand_routes_are_told_apart_and_forgotten() -> None:
    memo = new_native()
    things = [Thing() for _ in range(1000)]
    scopes = [a_scope(one, one, None, method) for one in things for method in ("GET", "POST")]
    for number, scope in enumerate(scopes):
        memo.remember(key_of(scope), number)
    assert [memo.find(scope) for scope in scopes] == list(range(2000))
    for one in things[::2]:
        memo.forget((id(one), id(one), id(None)))
    assert len(memo) == 1000
    assert [memo.find(scope) for scope in scopes[2::4]] == list(range(2, 2000, 4))
    assert all(memo.find(scope) is None for scope in scopes[::4])


def test_what_is_forgotten_may_ask_for_more() -> None:
    memo = new_native()
    key = key_of(a_scope(*ONE_ROUTE, "GET"))

    class Last:
        def __del__(self) -> None:
            memo.remember(key, "again")

    memo.remember(key, Last())
    memo.remember((*key[:3], "PUT"), "put")
    memo.forget(key[:3])
    assert len(memo) == 0
    memo.remember(key, Last())
    memo.clear()
    assert memo.find(a_scope(*ONE_ROUTE, "GET")) == "again"


def test_it_is_collected_with_what_it_remembers() -> None:
    memo = new_native()
    thing = Thing()
    thing.memo = memo  # type: ignore[attr-defined]  # a cycle
    memo.remember((1, 2, 3, "GET"), thing)
    gone = weakref.ref(thing)
    del memo, thing
    gc.collect()
    assert gone() is None


def test_what_is_no_key_and_no_scope_is_refused() -> None:
    memo = new_native()
    with pytest.raises(TypeError, match="scope must be a dict, not list"):
        memo.find([])  # type: ignore[arg-type]  # that is what is tried
    with pytest.raises(TypeError):
        memo.remember((1, 2, 3), None)  # type: ignore[arg-type]  # as above
    with pytest.raises(TypeError):
        memo.forget((1, 2, "x"))  # type: ignore[arg-type]  # as above
