"""Advice names what has to be mended, in words that fit the kind of holder."""

import pytest

from leakprobe.analysis.advice import advice_for
from leakprobe.model import Site, SuspectHolder, SuspectType
from leakprobe.model.verdict import Resource

SITE = Site("/srv/app.py", 42, "transcribe", ())
TYPES = (SuspectType("app.Order", 5, None),)


def said(kind: str | None, text: str, *steps: str, types: tuple[SuspectType, ...] = TYPES) -> str:
    holder = SuspectHolder(text, steps or ("module app",), kind, 5, None)
    return advice_for("python", holder, types, "app.Order", SITE)


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("module global", "app.orders[…].lines", "app.orders only grows"),
        ("class attribute", "app.Shop.orders[…]", "app.Shop.orders belongs to the class"),
        ("lru_cache", "app.Order.total(…).keys()[…]", "cache of app.Order.total keeps"),
        ("closure", "app.callbacks[…].__closure__[order]", "app.callbacks keeps has Order objects"),
        ("thread-local", "app.local.orders[…]", "app.local.orders keeps Order objects"),
        ("context variable", "app.contexts[…][current]", "app.contexts keeps still holds Order"),
        ("timer handle", "app.loop._scheduled[…]", "timer of the event loop holds Order objects"),
        ("logging handler", "app.log.handlers[…]", "removeHandler"),
        ("exception traceback", "app.ERROR.__traceback__.tb_frame", "app.ERROR keeps holds"),
        (
            "weakref callback",
            "app.refs[…].__callback__",
            "callback of a weak reference holds Order",
        ),
        ("uncollected cycle", "", "Order objects lie in reference cycles"),
        ("frame", "<serve at app.py:42>.orders[…]", "<serve at app.py:42>.orders"),
        (None, "app.orders[…]", "app.orders only grows"),
    ],
)
def test_it_names_the_holder(kind: str | None, text: str, words: str) -> None:
    assert words in said(kind, text)


def test_a_task_is_named_by_its_coroutine_whatever_that_is_called() -> None:
    advice = said("asyncio task", "app.tasks[…]", "module app", "list item (task a.<locals>.{b})")
    assert "A task (a.<locals>.{b}) waits and holds Order objects" in advice


def test_threads_that_run_are_said_to() -> None:
    step = "dict value (thread threading.Timer)"
    assert "Threads that run hold" in said("module global", "threading._active[…]", "m", step)


def test_what_only_c_code_holds_is_a_reference_count_leak_or_below_one() -> None:
    itself = said("C code", "<C code>→", "held by C code", "reference")
    assert "reference-count leak of a C extension" in itself
    assert "transcribe" in itself
    below = said("C code", "<C code>→.order", "held by C code", "reference", "attribute order")
    assert "C callbacks" in below


def test_without_a_holder_the_line_is_all_there_is() -> None:
    assert "transcribe" in advice_for("python", None, (), "app.py:42", SITE)
    assert advice_for("python", None, (), "app.py:42", None).startswith("More and more memory")


def test_tasks_are_named_by_their_coroutine() -> None:
    holder = SuspectHolder("app.tasks[…]", ("m", "list item (task deliver)"), "asyncio task", 5, 1)
    assert "(deliver)" in advice_for("tasks", holder, TYPES, "group", None)
    assert "(group)" in advice_for("tasks", None, TYPES, "group", None)


def test_what_has_no_type_is_it() -> None:
    assert "holds it" in said("timer handle", "app.loop", types=())


def test_workers_of_a_pool_are_not_called_threads_that_never_end() -> None:
    said = advice_for("threads", None, (), "concurrent.futures.thread._worker", None)
    assert said.startswith("Workers of thread pools")
    assert "concurrent.futures.thread._worker" in said
    assert "never end" in advice_for("threads", None, (), "app.poll", None)


@pytest.mark.parametrize(
    ("resource", "text", "name"),
    [
        ("tasks", "Server.run.self.tasks", "RequestResponseCycle.run_asgi"),
        ("python", "<Server.run at uvicorn>.self.server_state.tasks{…}", "asyncio.Task"),
    ],
)
def test_requests_under_way_are_no_entries_to_remove(
    resource: Resource, text: str, name: str
) -> None:
    holder = SuspectHolder(text, ("frame",), "frame", 9, None)
    said = advice_for(resource, holder, TYPES, name, SITE)
    assert said.startswith("The server has more and more requests")
