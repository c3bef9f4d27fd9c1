"""One leak and its innocent twin, for the everyday suite; `test_all.py` has them all."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.leaks.cases.results_dictionary import CASE
from tests.leaks.harness import Outcome, watch_innocent, watch_leak
from tests.native import needs_heap_walk, needs_sampler

pytestmark = [needs_heap_walk, needs_sampler]

INNOCENT_S = 30.0


@pytest.fixture(scope="module")
def outcomes() -> tuple[Outcome, Outcome]:
    """Both at once."""
    with ThreadPoolExecutor(2) as pool:
        leak = pool.submit(watch_leak, CASE)
        innocent = pool.submit(watch_innocent, CASE, INNOCENT_S)
        return leak.result(), innocent.result()


def test_a_leak_is_told_with_everything_about_it(outcomes: tuple[Outcome, Outcome]) -> None:
    leak, _ = outcomes
    assert leak.wrong == ()


def test_its_twin_is_no_leak(outcomes: tuple[Outcome, Outcome]) -> None:
    _, innocent = outcomes
    assert innocent.wrong == ()
    assert innocent.answer["verdict"]["state"] in ("no_leak", "inconclusive")
