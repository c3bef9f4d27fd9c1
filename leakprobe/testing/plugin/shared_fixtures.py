"""Fixtures of a class, module, package or session: no single test answers for their memory.

What one takes is not counted when it is set up, and what it gives back is not counted when
it ends, which pytest does in the teardown of its last test: a leak of that test would be
hidden behind it.
"""

import functools
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager

import pytest
from _pytest.fixtures import FixtureDef, SubRequest

from leakprobe.testing.plugin.guard import Guard
from leakprobe.testing.plugin.meter import GrowthMeter

__all__ = ["SharedFixtures"]

Fixture = FixtureDef[object]
Finish = Callable[[Fixture, SubRequest], None]


class SharedFixtures:
    """Leaves fixtures that outlive a test out of what is measured."""

    def __init__(self, meter: GrowthMeter, guard: Guard) -> None:
        self._meter = meter
        self._guard = guard
        self._large: set[Fixture] = set()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: Fixture) -> Generator[None, object, object]:
        """What a shared fixture takes is not the test's."""
        if fixturedef.scope == "function":
            return (yield)
        self._leave_out()
        try:
            return (yield)
        finally:
            if self._take_in() > self._meter.large_bytes:
                self._large.add(fixturedef)

    @contextmanager
    def ends_left_out(self) -> Iterator[None]:
        """What shared fixtures give back is not the test's, as long as this is open.

        pytest has a hook after a fixture's end, and none before it.
        """
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(FixtureDef, "finish", self._finish_with(FixtureDef.finish))
            yield

    def _finish_with(self, original: Finish) -> Finish:
        @functools.wraps(original)
        def finish(fixturedef: Fixture, request: SubRequest) -> None:
            if fixturedef.scope == "function" or fixturedef.cached_result is None:
                original(fixturedef, request)
                return
            self._leave_out()
            try:
                original(fixturedef, request)
            finally:
                if fixturedef in self._large:
                    self._large.discard(fixturedef)
                    self._guard(self._meter.collect, None)
                    # The test's arguments may hold its value until the test is reported.
                    self._meter.collect_before_next()
                self._take_in()

        return finish

    def _leave_out(self) -> None:
        self._guard(lambda: self._meter.leave_out(collected=True), None)

    def _take_in(self) -> int:
        return self._guard(lambda: self._meter.take_in(collected=True), 0)
