"""Tests that leak and tests that do not, for runs of their own: the name says which.

A test whose name begins with `test_leak` leaves 8.42 MB behind; no other leaves anything
behind that it has to answer for.
"""

import email.message
import functools
import logging
import sys
import unittest
import warnings
from collections.abc import Iterator

import pytest

LEAK_BYTES = 8_420_000
BIG_BYTES = 20_000_000
kept: list[object] = []


def leak() -> None:
    kept.append(bytes(LEAK_BYTES))


def test_empty() -> None:
    pass


def test_leak() -> None:
    leak()


def test_import() -> None:
    import statistics
    import xml.dom.minidom
    import xmlrpc.client

    assert statistics, (xml, xmlrpc)


def test_import_by_name() -> None:
    import importlib

    importlib.import_module("unittest.mock")


@functools.lru_cache(maxsize=64)
def cached(number: int) -> bytes:
    return bytes(1000 + number)


def test_bounded_cache() -> None:
    for number in range(1000):
        cached(number)


@functools.cache
def singleton() -> email.message.Message:
    return email.message.Message()


def test_singleton() -> None:
    singleton()


def test_big_temporary() -> None:
    assert len(bytes(50_000_000)) + len(list(range(1_000_000)))


def test_cycles() -> None:
    for _ in range(20):
        ring: list[object] = [bytes(1_000_000)]
        ring.append(ring)


def test_leak_among_cycles() -> None:
    test_cycles()
    leak()


@pytest.fixture
def freed() -> Iterator[bytearray]:
    value = bytearray(BIG_BYTES)
    yield value
    value.clear()


@pytest.fixture
def returned() -> list[bytes]:
    return [bytes(BIG_BYTES)]


@pytest.fixture
def leaking() -> Iterator[None]:
    yield
    leak()


def test_fixtures(freed: bytearray, returned: list[bytes]) -> None:
    assert freed, returned


def test_leak_beside_fixtures(freed: bytearray, returned: list[bytes]) -> None:
    leak()


def test_leak_in_teardown(leaking: None) -> None:
    pass


@pytest.fixture(scope="module")
def of_module() -> bytes:
    return bytes(BIG_BYTES)


@pytest.fixture(scope="session")
def of_session() -> list[object]:
    ring: list[object] = [bytes(BIG_BYTES)]
    ring.append(ring)
    return ring


@pytest.fixture(scope="module", params=[1, 2])
def of_parameter(request: pytest.FixtureRequest) -> list[object]:
    ring: list[object] = [bytes(BIG_BYTES)]
    ring.append(ring)
    return ring


@pytest.fixture(scope="class")
def of_class(of_session: list[object]) -> Iterator[list[object]]:
    ring: list[object] = [bytes(BIG_BYTES)]
    ring.append(ring)
    yield ring
    del ring


class TestClass:
    def test_instance(self, of_class: list[object], of_module: bytes) -> None:
        self.held = bytes(BIG_BYTES)

    def test_leak_when_a_class_ends(self, of_class: list[object]) -> None:
        leak()


def test_leak_after_a_class() -> None:
    leak()


def test_parameter_of_a_fixture(of_parameter: list[object]) -> None:
    pass


def test_output() -> None:
    sys.stdout.write("x" * BIG_BYTES)


def test_log() -> None:
    for _ in range(20):
        logging.getLogger().warning("y" * 1_000_000)


def test_warnings() -> None:
    for number in range(3000):
        warnings.warn("z" * 3000 + str(number), stacklevel=1)


@pytest.mark.parametrize("number", range(3))
def test_parameters(number: int) -> None:
    pass


class TestUnittest(unittest.TestCase):
    def setUp(self) -> None:
        self.held = bytes(BIG_BYTES)

    def test_method(self) -> None:
        pass

    def test_leak_method(self) -> None:
        leak()


@pytest.mark.xfail(strict=False)
def test_expected_failure() -> None:
    leak()
    raise AssertionError


def test_skips() -> None:
    leak()
    pytest.skip("by itself")


def test_leak_after_a_failure() -> None:
    leak()


@pytest.mark.skip_leak_detection
def test_not_judged() -> None:
    leak()


@pytest.mark.skip_leak_detection
class TestNotJudged:
    def test_of_a_marked_class(self) -> None:
        leak()


@pytest.mark.memory_leak(threshold_mb=10)
def test_below_its_own_threshold() -> None:
    leak()


@pytest.mark.memory_leak
def test_leak_marked_without_arguments() -> None:
    leak()


@pytest.mark.memory_leak(iterations=4)
def test_fills_a_cache_of_9_mb() -> None:
    if len(kept) < 1000:
        kept.extend([bytes(9_000_000), *[None] * 1000])


def test_leak_at_last(of_module: bytes) -> None:
    leak()
