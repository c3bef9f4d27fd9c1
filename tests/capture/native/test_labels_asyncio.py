"""What tasks, futures and contexts call what they hold."""

import asyncio
import contextvars
import functools
import gc
from collections.abc import Iterator
from types import ModuleType

import pytest

from leakprobe.capture.heap.layout import Thing
from tests.capture.native.planting import Target, ask, path_to, planted, words
from tests.native import needs_heap_walk

pytestmark = needs_heap_walk


class Below(Target):
    """What the inner one of two coroutines has."""


MANY = 60  # enough for every kind of node that a table of variables has


@pytest.fixture
def module() -> Iterator[ModuleType]:
    with planted() as made:
        yield made


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    for task in asyncio.all_tasks(made):
        task.cancel()
    made.run_until_complete(asyncio.sleep(0))
    made.close()


def ends(module: ModuleType, *addresses: int) -> list[str]:
    """The ways from the module's global variables on."""
    result = ask(*addresses)
    return [words(path_to(result, address)).partition(" > global ")[2] for address in addresses]


def in_context(**values: object) -> contextvars.Context:
    context = contextvars.copy_context()
    for name, value in values.items():
        context.run(contextvars.ContextVar[object](name).set, value)
    return context


def test_a_value_in_a_context_has_the_name_of_its_variable(module: ModuleType) -> None:
    targets = {f"variable{number}": Target() for number in range(MANY)}
    module.__dict__["held"] = in_context(**targets)
    addresses = {name: id(target) for name, target in targets.items()}
    targets.clear()
    ways = dict(zip(addresses, ends(module, *addresses.values()), strict=True))
    for name, way in ways.items():
        first, *parts, last = way.split(" > ")
        assert (first, last) == ("held", f"context_variable {name}")
        assert set(parts) == {"context_part"}


def test_two_variables_may_have_one_value(module: ModuleType) -> None:
    target = Target()
    module.__dict__["held"] = in_context(first=target, second=target)
    address = id(target)
    del target
    (way,) = ends(module, address)
    assert way.split(" > ")[-1] in {"context_variable first", "context_variable second"}


def test_the_default_of_a_context_variable(module: ModuleType) -> None:
    target = Target()
    module.__dict__["variable"] = contextvars.ContextVar("variable", default=target)
    address = id(target)
    del target
    assert ends(module, address) == ["variable > attribute default"]


def test_a_name_that_is_none_is_hidden(module: ModuleType) -> None:
    target = Target()
    module.__dict__["held"] = in_context(**{"no name": target})
    address = id(target)
    del target
    (way,) = ends(module, address)
    assert way.endswith("context_variable")


def test_a_task_its_coroutine_and_its_variables(
    module: ModuleType, loop: asyncio.AbstractEventLoop
) -> None:
    async def inner(argument: object) -> None:
        await asyncio.Event().wait()
        del argument

    async def outer(argument: object) -> None:
        await inner(Below())
        del argument

    target = Target()
    task = module.__dict__["task"] = loop.create_task(outer(target), name="no title")
    loop.run_until_complete(asyncio.sleep(0))
    below = next(o for o in gc.get_objects() if type(o) is Below)
    assert ends(module, id(target), id(below), id(task.get_coro())) == [
        "task > attribute _coro > local argument",
        "task > attribute _coro > attribute cr_await > local argument",
        "task > attribute _coro",
    ]
    result = ask(id(task))
    (node,) = (node for node in result.nodes.values() if node.address == id(task))
    assert node.thing is Thing.TASK
    assert node.title == f"{test_a_task_its_coroutine_and_its_variables.__name__}.<locals>.outer"


def test_what_a_finished_task_keeps(module: ModuleType, loop: asyncio.AbstractEventLoop) -> None:
    async def give() -> Target:
        return Target()

    async def fail() -> None:
        raise KeyError

    task = module.__dict__["task"] = loop.create_task(give())
    failed = module.__dict__["failed"] = loop.create_task(fail())
    loop.run_until_complete(asyncio.wait([task, failed]))
    error = failed.exception()
    assert ends(module, id(task.result()), id(error)) == [
        "task > attribute _result",
        "failed > attribute _exception",
    ]


def test_a_future_that_somebody_waits_for(
    module: ModuleType, loop: asyncio.AbstractEventLoop
) -> None:
    async def wait(argument: object, future: "asyncio.Future[None]") -> None:
        await future
        del argument

    target, partial = Target(), functools.partial(print, Target())
    future = module.__dict__["future"] = loop.create_future()
    called = module.__dict__["called"] = loop.create_future()
    task = loop.create_task(wait(target, future))
    loop.run_until_complete(asyncio.sleep(0))
    called.add_done_callback(partial)
    called.add_done_callback(print)
    addresses = id(target), id(partial), id(partial.args[0])
    del target, partial, task
    ways = ends(module, *addresses)
    assert (
        ways[0] == "future > attribute _callbacks > bound_self > attribute _coro > local argument"
    )
    assert ways[1:] == [
        "called > attribute _callbacks",
        "called > attribute _callbacks > attribute args > tuple_item",
    ]


def test_timers_of_uvloop_hang_on_their_loop(module: ModuleType) -> None:
    """Classes of the names that uvloop has: it opens a pipe that stays, once it is imported."""
    handle = type("uvloop.loop.TimerHandle", (), {"__slots__": ("_args",)})()
    loop = type("uvloop.loop.Loop", (), {"__slots__": ("hidden", "other")})()
    handle._args, loop.hidden, loop.other = Target(), {handle}, {object()}
    module.__dict__["held"] = loop
    ways = ends(module, id(handle._args), id(loop.other))
    assert ways[0].startswith("held > attribute _timers > set_item")
    assert ways[1] == "held > attribute other"
