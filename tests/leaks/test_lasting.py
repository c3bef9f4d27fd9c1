"""A leak that was told stays told: whoever asks again later gets the same answer."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.leaks.cases import results_dictionary, timer_threads
from tests.leaks.harness import watch_leak
from tests.native import needs_heap_walk, needs_sampler

pytestmark = [needs_heap_walk, needs_sampler, pytest.mark.slow, pytest.mark.timeout(300)]

CASES = (results_dictionary.CASE, timer_threads.CASE)
LOAD_S = 120.0  # the credit of CPU time for heap walks is spent long before


def test_a_leak_is_not_taken_back() -> None:
    with ThreadPoolExecutor(len(CASES)) as pool:
        outcomes = tuple(pool.map(lambda case: watch_leak(case, LOAD_S, LOAD_S), CASES))
    assert {outcome.case.name: outcome.wrong for outcome in outcomes} == {
        case.name: () for case in CASES
    }
