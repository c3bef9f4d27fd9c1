"""Where only the resident set is known, memory is handed back before a reading that decides."""

import pytest

from leakprobe.capture.in_use import MemoryInUse
from leakprobe.errors import NotAvailable
from leakprobe.testing.plugin import reading


@pytest.fixture
def trimmed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    done: list[str] = []
    monkeypatch.setattr(reading, "trim", lambda: done.append("trim"))
    monkeypatch.setattr(reading, "_resident_set", lambda: True)
    return done


def test_it_is_handed_back(trimmed: list[str]) -> None:
    reading.hand_back()
    assert trimmed == ["trim"]


def test_a_library_that_cannot_is_no_failure(
    trimmed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses() -> None:
        raise NotAvailable("another C library")

    monkeypatch.setattr(reading, "trim", refuses)
    reading.hand_back()


def test_allocators_that_say_what_is_in_use_are_left_alone(
    trimmed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_resident_set", lambda: False)
    reading.hand_back()
    assert trimmed == []


def test_bytes_are_those_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "read_memory_in_use", lambda: MemoryInUse(42, "allocators"))
    assert reading.read_bytes() == 42
