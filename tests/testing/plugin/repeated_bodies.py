"""Bodies of tests of which it is known what repeating them does; copied and run by a test.

The first word of a name is what shall be said: `leak`, `levels` off, `none` (no growth),
`once` (not repeated, so not judged), `fails` and `skips` (no verdict).
"""

import asyncio
import functools
import importlib
import itertools
import logging
import os
import sys
import unittest
import warnings
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakprobe.testing import memory_leak_test

SIZE = 20_000
kept: list[bytearray] = []
seen: list[int] = []
waiting: list[asyncio.Task[None]] = []
calls = itertools.count()
pool: dict[str, bytearray] = {}


def leak() -> None:
    kept.append(bytearray(SIZE))


async def wait_with(buffer: bytearray) -> None:
    await asyncio.Event().wait()
    buffer.clear()


def use_and_free() -> None:
    bytearray(50 * SIZE)


@functools.lru_cache(maxsize=3)
def cached(number: int) -> bytes:
    return bytes(SIZE + number)


@pytest.fixture
def squared() -> list[int]:
    return [number**2 for number in range(1000)]


def test_leak() -> None:
    leak()


def test_leak_small() -> None:
    kept.append(bytearray(2000))


def test_leak_every_second_time() -> None:
    if next(calls) % 2:
        leak()


def test_leak_with_a_fixture(squared: list[int]) -> None:
    kept.append(bytearray(SIZE + len(squared)))


@pytest.mark.parametrize("guilty", [True, False], ids=["leak", "none"])
def test_parametrised(guilty: bool) -> None:
    (leak if guilty else use_and_free)()


def test_none() -> None:
    use_and_free()


def test_none_cycles() -> None:
    cycle: list[object] = [bytearray(SIZE)]
    cycle.append(cycle)


def test_levels_cache() -> None:
    cached(next(calls))


def test_levels_import() -> None:
    importlib.import_module("xmlrpc.server")


def test_levels_singleton() -> None:
    pool.setdefault("one", bytearray(SIZE))


def test_none_logged(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger().warning("x" * SIZE)
    assert len(caplog.records) == 1


def test_none_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert capsys.readouterr().out == ""
    sys.stdout.write("x" * SIZE)


def test_none_unread(capsys: pytest.CaptureFixture[str]) -> None:
    sys.stdout.write("x" * SIZE)


def test_levels_warned() -> None:
    warnings.warn("x" * SIZE, DeprecationWarning, stacklevel=1)


def test_none_patched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(os.environ, "A", "b")
    (tmp_path / "file").write_text("x" * SIZE, encoding="utf-8")


@pytest.mark.asyncio
async def test_leak_asyncio() -> None:
    await asyncio.sleep(0)
    leak()


@pytest.mark.asyncio
async def test_none_asyncio() -> None:
    await asyncio.gather(*(asyncio.sleep(0) for _ in range(5)))
    use_and_free()


@pytest.mark.asyncio
async def test_leak_tasks_that_wait() -> None:
    waiting.append(asyncio.create_task(wait_with(bytearray(SIZE))))


@pytest.mark.anyio
async def test_leak_anyio() -> None:
    await anyio.sleep(0)
    leak()


@pytest.mark.anyio
async def test_none_anyio() -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.sleep, 0)


class TestMethods:
    def test_leak(self) -> None:
        leak()

    def test_none(self) -> None:
        use_and_free()

    @pytest.mark.asyncio
    async def test_leak_asyncio(self) -> None:
        leak()


class Case(unittest.TestCase):
    def setUp(self) -> None:
        self.buffer = bytearray(SIZE)

    def test_leak(self) -> None:
        leak()

    def test_none(self) -> None:
        assert len(self.buffer) == SIZE

    def test_once_with_subtests(self) -> None:
        with self.subTest(number=1):
            next(calls)

    def test_skips(self) -> None:
        self.skipTest("as without repetition")


class AsyncCase(unittest.IsolatedAsyncioTestCase):
    async def test_leak(self) -> None:
        await asyncio.sleep(0)
        leak()

    async def test_none(self) -> None:
        await asyncio.sleep(0)


@given(st.integers())
def test_once_with_hypothesis(number: int) -> None:
    assert number == number  # noqa: PLR0124  # anything that passes


@memory_leak_test(iterations=3, warmup=1)
def test_once_with_memory_leak_test() -> None:
    use_and_free()


class TestDecorated:
    @pytest.mark.asyncio
    @memory_leak_test(iterations=3, warmup=1)
    async def test_once_asyncio(self) -> None:
        use_and_free()


def test_once_that_returns() -> int:
    return next(calls)


def test_fails_at_first() -> None:
    raise LookupError("at first")


def test_fails_in_the_third() -> None:
    seen.append(1)
    assert len(seen) < 3, "the third"


@pytest.mark.asyncio
async def test_fails_asyncio() -> None:
    await asyncio.sleep(0)
    raise LookupError("in a coroutine")


def test_skips() -> None:
    pytest.skip("as without repetition")


def test_skips_xfail() -> None:
    pytest.xfail("as without repetition")
