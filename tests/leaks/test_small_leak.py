"""The small leak: who holds it within a minute, and which line within two."""

from dataclasses import replace

import pytest

from tests.leaks.harness import watch_innocent, watch_leak
from tests.leaks.small_leak import CASE
from tests.native import needs_heap_walk, needs_sampler

pytestmark = [needs_heap_walk, needs_sampler, pytest.mark.slow, pytest.mark.timeout(300)]

HOLDER_WITHIN_S = 60.0
LINE_WITHIN_S = 120.0


def test_the_verdict_and_the_holder_are_told_within_a_minute() -> None:
    assert CASE.leak is not None
    without_line = replace(CASE, leak=replace(CASE.leak, sited=False))
    assert watch_leak(without_line, HOLDER_WITHIN_S).wrong == ()


def test_the_line_is_told_within_two_minutes() -> None:
    assert watch_leak(CASE, LINE_WITHIN_S).wrong == ()


def test_the_same_service_without_it_is_no_leak() -> None:
    assert watch_innocent(CASE, HOLDER_WITHIN_S).wrong == ()
