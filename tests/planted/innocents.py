"""Tests that look as if they leaked, and keep nothing that grows with each run of them."""

import asyncio
import gc
import importlib
import logging
import re
import subprocess
import sys
import tempfile
import threading
import unittest
import unittest.mock
import warnings
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache

import pytest

BIG_BYTES = 20_000_000
SINGLETON_BYTES = 2_000_000


class Node:
    def __init__(self, size: int) -> None:
        self.payload = bytearray(b"\1") * size
        self.other: object = self


def big() -> bytearray:
    return bytearray(b"\1") * BIG_BYTES


def test_lazy_import_of_the_standard_library() -> None:
    for name in (
        "xmlrpc.server",
        "email.mime.text",
        "asyncio",
        "pydoc",
        "sqlite3",
        "unittest.mock",
    ):
        assert importlib.import_module(name)


def test_lazy_import_of_a_module_with_a_table() -> None:
    from tests.planted.table_module import TABLE

    assert TABLE


def test_lazy_import_of_a_third_party_package() -> None:
    assert importlib.import_module("fastapi")


@lru_cache(maxsize=100)
def describe(number: int) -> str:
    return f"{number} " * 2_000


def test_cache_with_a_bound() -> None:
    for number in range(2_000):
        describe(number)


@cache
def settings() -> bytearray:
    return bytearray(b"\1") * SINGLETON_BYTES


def test_singleton() -> None:
    assert settings() is settings()


def test_temporary_of_50_mb() -> None:
    assert len(bytearray(b"\1") * 50_000_000) == 50_000_000


def test_list_that_is_emptied() -> None:
    items = [f"item {number}" for number in range(200_000)]
    items.clear()


def test_cycles_that_wait_for_the_collector() -> None:
    for _ in range(20):
        Node(BIG_BYTES // 20)


def test_cycles_while_the_collector_is_off() -> None:
    gc.disable()
    try:
        Node(BIG_BYTES)
    finally:
        gc.enable()


def test_printed_text() -> None:
    for number in range(10):
        print(f"{number}" * 1_000_000)  # noqa: T201 - what is captured is the question


def test_logged_text() -> None:
    for number in range(1_000):
        logging.getLogger("innocent").warning("%s", f"{number}" * 3_000)


def test_captured_text_that_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    print("x" * 10_000_000)  # noqa: T201 - what is captured is the question
    assert capsys.readouterr().out


def test_warnings() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for number in range(1_000):
            warnings.warn(f"{number}" * 3_000, UserWarning, stacklevel=1)
    assert len(caught) == 1_000


def test_generator_that_is_left_unfinished() -> None:
    def pieces() -> Iterator[int]:
        mine = big()
        yield len(mine)
        yield 0

    assert next(pieces()) == BIG_BYTES


def test_exception_that_is_caught() -> None:
    def read() -> None:
        mine = big()
        raise ValueError(len(mine))

    try:
        read()
    except ValueError as error:
        caught = error
    assert caught.args == (BIG_BYTES,)


def test_exception_that_is_expected() -> None:
    mine = big()
    with pytest.raises(KeyError) as raised:
        raise KeyError(mine)
    assert raised.value.args


def test_that_skips_itself() -> None:
    mine = big()
    pytest.skip(f"{len(mine)} bytes")


@pytest.mark.xfail(strict=True)
def test_that_is_expected_to_fail() -> None:
    mine = big()
    assert len(mine) == 0


def test_temporary_file() -> None:
    with tempfile.TemporaryFile() as file:
        file.write(big())


def test_output_of_a_child_process() -> None:
    script = f"import sys; sys.stdout.write('x' * {BIG_BYTES})"
    done = subprocess.run([sys.executable, "-S", "-c", script], capture_output=True, check=True)
    assert len(done.stdout) == BIG_BYTES


def test_threads_that_are_joined() -> None:
    threads = [threading.Thread(target=big) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_thread_pool() -> None:
    with ThreadPoolExecutor(2) as pool:
        assert len(list(pool.map(lambda _: len(big()), range(4)))) == 4


@pytest.mark.asyncio
async def test_tasks_that_finish() -> None:
    async def work() -> int:
        mine = big()
        await asyncio.sleep(0)
        return len(mine)

    assert sum(await asyncio.gather(work(), work())) == 2 * BIG_BYTES


@pytest.mark.asyncio
async def test_task_that_is_left_to_the_loop() -> None:
    async def wait(_: bytearray) -> None:
        await asyncio.Event().wait()

    task = asyncio.create_task(wait(big()))
    await asyncio.sleep(0)
    assert not task.done()


@pytest.mark.parametrize("size", [1_000_000, 10_000_000, 20_000_000])
def test_growing_parameter(size: int) -> None:
    assert len(bytearray(b"\1") * size) == size


def test_weak_references() -> None:
    known = weakref.WeakValueDictionary({number: Node(1_000_000) for number in range(20)})
    gc.collect()
    assert not known


def test_mock_that_remembers_its_calls() -> None:
    mock = unittest.mock.Mock()
    mock(big())
    assert mock.call_count == 1


def test_regular_expressions() -> None:
    for number in range(300):
        assert re.compile(f"(a|b){{{number}}}c+").pattern


class TestOfUnittest(unittest.TestCase):
    def setUp(self) -> None:
        self.mine = big()

    def test_attribute_of_the_case(self) -> None:
        self.more = big()
        assert len(self.mine) == len(self.more)
