"""Tests that leak: each keeps `KEPT_BYTES` or more when it, and its fixtures, are done."""

import ctypes
import logging
import logging.handlers
import sqlite3
import threading
from collections.abc import Callable
from functools import cache

import pytest

LINE_BYTES = 8_420_000
KEPT_BYTES = 6_000_000

kept: list[object] = []
callbacks: list[Callable[[], int]] = []
connections: list[sqlite3.Connection] = []
errors: list[BaseException] = []
released = threading.Event()


class Registry:
    seen: dict[int, str] = {}  # noqa: RUF012 - shared by all instances: that is the leak


def payload() -> bytearray:
    return bytearray(b"\1") * KEPT_BYTES


def test_one_line() -> None:
    kept.append(bytearray(b"\1") * LINE_BYTES)


def test_module_list_of_small_objects() -> None:
    kept.append([f"entry {number}" for number in range(KEPT_BYTES // 60)])


def test_class_attribute() -> None:
    known = len(Registry.seen)
    for number in range(known, known + KEPT_BYTES // 1_000):
        Registry.seen[number] = "x" * 1_000 + str(number)


def test_closure() -> None:
    mine = payload()
    callbacks.append(lambda: len(mine))


def test_cache_without_bound() -> None:
    @cache
    def describe(number: int) -> str:
        return f"{number} " * 1_000

    kept.append(describe)
    for number in range(2_000):
        describe(number)


def test_exception_that_is_kept() -> None:
    def read() -> None:
        mine = payload()
        raise ValueError(len(mine))

    with pytest.raises(ValueError, match="6000000") as raised:
        read()
    errors.append(raised.value)


def test_logging_handler() -> None:
    handler = logging.handlers.MemoryHandler(capacity=1_000_000)
    logger = logging.getLogger("planted")
    logger.propagate = False
    logger.addHandler(handler)
    for number in range(KEPT_BYTES // 2_000):
        logger.warning("%d %s", number, "x" * 2_000 + str(number))


def test_thread_that_never_ends() -> None:
    threading.Thread(target=lambda _: released.wait(), args=(payload(),), daemon=True).start()


def test_malloc() -> None:
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    for _ in range(KEPT_BYTES // 60_000):
        ctypes.memset(libc.malloc(60_000), 1, 60_000)


def test_memory_of_a_c_library() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("create table sound (piece blob)")
    for _ in range(KEPT_BYTES // 60_000):
        connection.execute("insert into sound values (zeroblob(60000))")
    connections.append(connection)


@pytest.fixture
def registered() -> int:
    kept.append(payload())
    return len(kept)


def test_fixture_that_registers(registered: int) -> None:
    assert registered


@pytest.fixture
def forgetful() -> object:
    yield
    kept.append(payload())


@pytest.mark.usefixtures("forgetful")
def test_fixture_whose_teardown_keeps() -> None:
    pass


@pytest.mark.asyncio
async def test_async() -> None:
    kept.append(payload())
