"""Types that say something about a cause, and those that everything consists of."""

import pytest

from leakprobe.analysis.type_kinds import is_plumbing, resource_of_type, short_name


@pytest.mark.parametrize(
    "name",
    ["dict", "coroutine", "weakref.ReferenceType", "collections.deque", "_thread.lock"],
)
def test_what_everything_consists_of_says_nothing(name: str) -> None:
    assert is_plumbing(name)


@pytest.mark.parametrize(
    "name", ["app.Order", "_io.BytesIO", "threading.Timer", "collections.Custom", "_asyncio.Task"]
)
def test_other_types_do(name: str) -> None:
    assert not is_plumbing(name)


@pytest.mark.parametrize(
    ("name", "resource"),
    [
        ("threading.Timer", "threads"),
        ("_asyncio.Task", "tasks"),
        ("coroutine", "tasks"),
        ("socket.socket", "fds"),
        ("_io.BufferedReader", "fds"),
        ("subprocess.Popen", "children"),
        ("app.Order", None),
        ("_io.BytesIO", None),
    ],
)
def test_some_stand_for_a_resource(name: str, resource: str | None) -> None:
    assert resource_of_type(name) == resource


def test_a_short_name_has_no_module() -> None:
    assert short_name("app.shop.Order") == "Order"
    assert short_name("dict") == "dict"
