"""Tests whose fixtures hold much: for longer than one test, or until their teardown."""

from collections.abc import Iterator
from pathlib import Path

import pytest

BIG_BYTES = 20_000_000

held: list[bytearray] = []


def big() -> bytearray:
    return bytearray(b"\1") * BIG_BYTES


@pytest.fixture(scope="session")
def of_the_session() -> bytearray:
    return big()


@pytest.fixture(scope="module")
def of_the_module() -> Iterator[bytearray]:
    held.append(big())
    yield held[-1]
    held.clear()


@pytest.fixture(scope="class")
def of_the_class() -> bytearray:
    return big()


@pytest.fixture
def freed() -> Iterator[bytearray]:
    held.append(big())
    yield held[-1]
    held.pop()


@pytest.fixture
def freed_by_finalizer(request: pytest.FixtureRequest) -> bytearray:
    held.append(big())
    request.addfinalizer(held.pop)  # noqa: PT021 - the older way, which is to be right too
    return held[-1]


def test_session_fixture(of_the_session: bytearray) -> None:
    assert of_the_session


def test_module_fixture(of_the_module: bytearray) -> None:
    assert of_the_module


def test_what_the_fixture_frees(freed: bytearray) -> None:
    assert freed


def test_what_the_finalizer_frees(freed_by_finalizer: bytearray) -> None:
    assert freed_by_finalizer


@pytest.mark.usefixtures("freed")
def test_what_the_fixture_frees_of_the_test() -> None:
    held[-1].extend(big())


def test_monkeypatch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.planted.innocent_fixtures.BIG_BYTES", BIG_BYTES)
    monkeypatch.setitem(globals(), "patched", big())


def test_tmp_path(tmp_path: Path) -> None:
    file = tmp_path / "sound"
    file.write_bytes(big())
    assert len(file.read_bytes()) == BIG_BYTES


class TestInAClass:
    def test_class_fixture(self, of_the_class: bytearray) -> None:
        assert of_the_class

    def test_class_fixture_again(self, of_the_class: bytearray) -> None:
        assert of_the_class

    def test_attribute_of_the_instance(self) -> None:
        self.mine = big()
        assert self.mine


class TestXunitSetup:
    mine: bytearray

    @classmethod
    def setup_class(cls) -> None:
        cls.mine = big()

    @classmethod
    def teardown_class(cls) -> None:
        del cls.mine

    def setup_method(self) -> None:
        self.more = big()

    def test_setup_class(self) -> None:
        assert self.mine
        assert self.more
