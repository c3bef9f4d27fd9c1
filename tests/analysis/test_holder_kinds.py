"""Each kind of holder is told by the steps of the way, as a walk of the heap names them."""

import pytest

from leakprobe.analysis.holder_kinds import (
    holder_kind,
    is_below_limit,
    limit_of,
    task_of,
    thread_of,
)
from leakprobe.model import HolderPath
from tests.analysis.suspect_evidence import path

KINDS = [
    ("module global", ("module app", "global results", "dict value")),
    ("module global", ("module app", "global server", "attribute sessions", "list item")),
    ("class attribute", ("class app.Service", "class attribute registry", "list item")),
    ("class attribute", ("module app", "class attribute registry")),
    ("lru_cache", ("class app.Document", "class attribute words", "cached result", "dict key")),
    ("closure", ("module app", "global callbacks", "list item", "closure variable export")),
    ("thread-local", ("module app", "global local", "thread-local cache", "dict value")),
    ("context variable", ("module app", "global audit", "deque item", "context variable call")),
    (
        "asyncio task",
        (
            "module app",
            "global paid",
            "attribute _waiters",
            "deque item",
            "attribute _callbacks",
            "attribute __self__ (task deliver)",
            "attribute _coro",
            "local order",
        ),
    ),
    (
        "timer handle",
        ("module app", "global loop", "attribute _scheduled", "list item (timer handle)"),
    ),
    (
        "asyncio task",
        ("module app", "global loop", "list item (timer handle)", "attribute _args (task nap)"),
    ),
    (
        "logging handler",
        ("module app", "global log", "attribute handlers", "list item (logging handler)"),
    ),
    (
        "exception traceback",
        ("module app", "global ERROR", "attribute __traceback__", "attribute tb_frame"),
    ),
    ("weakref callback", ("module app", "global refs", "list item", "attribute __callback__")),
    ("weakref callback", ("class weakref.finalize", "class attribute _registry", "dict value")),
    ("frame", ("frame serve at app.py:42", "local waiting")),
    ("C code", ("held by C code", "reference")),
    (None, ("…", "dict value")),
    (None, ("module app",)),
]


@pytest.mark.parametrize(("kind", "steps"), KINDS)
def test_the_kind_is_told_by_the_way(kind: str | None, steps: tuple[str, ...]) -> None:
    assert holder_kind(path(*steps), "module") == kind


def test_what_nothing_holds_is_a_cycle_or_c_code() -> None:
    assert holder_kind(None, "garbage") == "uncollected cycle"
    assert holder_kind(None, "c_held") == "C code"
    assert holder_kind(None, "module") is None
    assert holder_kind(path("app.Image"), "c_held") == "C code"


def test_the_task_and_the_thread_on_a_way_are_named() -> None:
    way = path(
        "module threading",
        "dict value (thread threading.Timer)",
        "local x (task main.<locals>.work)",
    )
    assert task_of(way) == "main.<locals>.work"
    assert thread_of(way) == "threading.Timer"
    assert task_of(path("module app")) is None
    assert thread_of(None) is None


@pytest.mark.parametrize(
    ("steps", "limit", "below"),
    [
        (("module app", "global recent (at most 500)"), 500, True),
        (("module app", "global heavy (at most 256)", "cached result"), 256, True),
        (("module app", "global recent (at most 500)", "deque item"), None, True),
        (("module app", "global results"), None, False),
        (("cached result",), None, False),
    ],
)
def test_a_bound_is_told_by_the_last_step(
    steps: tuple[str, ...], limit: int | None, below: bool
) -> None:
    assert limit_of(path(*steps)) == limit
    assert is_below_limit(path(*steps)) is below


def test_without_a_way_there_is_no_bound() -> None:
    assert limit_of(None) is None
    assert not is_below_limit(None)


@pytest.mark.parametrize(
    ("text", "limit", "below"),
    [
        ("re._cache", 512, True),
        ("re._cache[…]", None, True),
        ("app.re._cache", None, False),
        ("app._cache", None, False),
    ],
)
def test_the_bounds_of_some_caches_are_known(text: str, limit: int | None, below: bool) -> None:
    way = HolderPath(text, ("module re", "global _cache"), 1)
    assert limit_of(way) == limit
    assert is_below_limit(way) is below
