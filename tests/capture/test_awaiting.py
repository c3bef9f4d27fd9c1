"""Await chains through everything that can be awaited."""

import asyncio
import types
from collections.abc import AsyncIterator, Awaitable, Coroutine, Generator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from leakprobe.capture.awaiting import await_chain, coroutine_name, is_running, running_stack
from tests.hostile import alive_zoo, zoo


async def leaf() -> None:
    await asyncio.Event().wait()


async def numbers() -> AsyncIterator[int]:
    await leaf()
    yield 1


async def by_async_for() -> None:
    async for _ in numbers():
        pass


async def by_anext() -> None:
    await anext(numbers(), None)


async def by_asend() -> None:
    await numbers().__anext__()


async def by_athrow() -> None:
    async def stubborn() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            await leaf()

    iterator: Any = stubborn()
    await anext(iterator)
    await iterator.aclose()


@asynccontextmanager
async def slow_to_enter() -> AsyncIterator[None]:
    await leaf()
    yield


async def by_context_manager() -> None:
    async with slow_to_enter():
        pass


class Wrapped:
    def __await__(self) -> Generator[Any, None, None]:
        return leaf().__await__()


async def by_await_method() -> None:
    await Wrapped()


@types.coroutine
def old_style() -> Generator[Any, None, None]:
    yield from leaf().__await__()


async def by_generator() -> None:
    await old_style()


WAYS = {
    by_async_for: ["numbers"],
    by_anext: ["numbers"],
    by_asend: ["numbers"],
    by_athrow: ["by_athrow.<locals>.stubborn"],
    by_context_manager: ["slow_to_enter", "_AsyncGeneratorContextManager.__aenter__"],
    by_await_method: [],
    by_generator: ["old_style"],
}


def suspended(coroutine: Coroutine[Any, Any, Any]) -> list[str | None]:
    """The chain while the coroutine waits, as function names."""

    async def main() -> list[str | None]:
        task = asyncio.ensure_future(coroutine)
        await asyncio.sleep(0)
        chain = await_chain(coroutine, 64)
        task.cancel()
        await asyncio.wait([task])
        return [frame.function for frame in chain]

    return asyncio.run(main())


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_the_chain_ends_at_the_future(way: Any) -> None:
    between = WAYS[way]
    assert suspended(way()) == ["Event.wait", "leaf", *between, way.__name__]


def test_a_python_future_shows_its_own_generator() -> None:
    async def wait() -> None:
        future: Awaitable[None] = asyncio.futures._PyFuture()  # type: ignore[attr-defined]  # private
        await future

    assert suspended(wait())[0] == "Future.__await__"


def test_a_long_chain_keeps_its_inner_end() -> None:
    async def descend(depth: int) -> None:
        await (descend(depth - 1) if depth else leaf())

    async def main() -> None:
        coroutine = descend(150)
        task = asyncio.ensure_future(coroutine)
        await asyncio.sleep(0)
        chain = await_chain(coroutine, 64)
        assert len(chain) == 64
        assert [frame.function for frame in chain[:2]] == ["Event.wait", "leaf"]
        assert len(await_chain(coroutine, 1000)) == 153
        assert await_chain(coroutine, 0) == ()
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(main())


def test_names() -> None:
    coroutine = leaf()
    assert coroutine_name(coroutine) == "leaf"
    assert not is_running(coroutine)
    assert running_stack(coroutine, 64) == ()
    coroutine.close()
    assert await_chain(coroutine, 64) == ()
    generator: Any = old_style()
    assert coroutine_name(generator) == "old_style"
    assert not is_running(generator)
    assert coroutine_name(Wrapped()) == "tests.capture.test_awaiting.Wrapped"


def test_what_is_not_a_coroutine_is_not_touched() -> None:
    with alive_zoo() as animals:
        for animal in animals:
            assert await_chain(animal, 64) == ()
            assert not is_running(animal)
            coroutine_name(animal)
    assert zoo()


def test_a_helper_s_name_on_a_class_of_the_application() -> None:
    impostor: Any = type("coroutine_wrapper", (), {"__module__": "builtins"})()
    impostor.inner = leaf()
    assert await_chain(impostor, 64) == ()
    impostor.inner.close()
