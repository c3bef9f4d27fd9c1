"""Every case, leaky and fixed: right in everything, and no false alarm."""

import sys

import pytest

from tests.leaks.cases import cases
from tests.leaks.table import Row, run, table
from tests.native import needs_heap_walk, needs_sampler

pytestmark = [needs_heap_walk, needs_sampler, pytest.mark.slow, pytest.mark.timeout(1500)]

CASES = {case.name: case for case in cases()}


@pytest.fixture(scope="module")
def rows(request: pytest.FixtureRequest) -> dict[str, Row]:
    """The cases that were asked for, three at a time; the first test waits for all."""
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    ours = [str(item.callspec.params["name"]) for item in items if item.module is request.module]
    found = run([CASES[name] for name in ours], tell=lambda row: None)
    sys.stdout.write(table(found))
    return {row.case.name: row for row in found}


@pytest.mark.parametrize("name", CASES)
def test_a_leak_is_told_and_its_twin_is_not(rows: dict[str, Row], name: str) -> None:
    assert rows[name].wrong == ()
