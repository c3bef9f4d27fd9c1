"""The hooks that measure each test: from before its setup to after its teardown."""

from collections.abc import Generator

import pytest

from leakprobe.model.calls import BYTES_PER_MB
from leakprobe.testing.plugin.evidence import Evidence
from leakprobe.testing.plugin.guard import Guard
from leakprobe.testing.plugin.iterations import REPETITION
from leakprobe.testing.plugin.kept_by_pytest import KeptByPytest
from leakprobe.testing.plugin.markers import Limits, limits_of, read_limits
from leakprobe.testing.plugin.meter import GrowthMeter
from leakprobe.testing.plugin.options import Options
from leakprobe.testing.plugin.outcome import judge, note

__all__ = ["WORTH_SHOWING_SHARE", "LeakWatch"]

# Of the threshold: a test that grew by more is looked at closely, and is in the summary.
WORTH_SHOWING_SHARE = 0.2
OUTERMOST = pytest.hookimpl(wrapper=True, tryfirst=True)


class LeakWatch:
    """Measures one test after the other, and fails the teardown of one that leaks."""

    def __init__(
        self, options: Options, meter: GrowthMeter, kept: KeptByPytest, evidence: Evidence,
        guard: Guard,
    ) -> None:  # fmt: skip
        self._options = options
        self._meter = meter
        self._kept = kept
        self._evidence = evidence
        self._guard = guard
        self._passed = True

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """A marker with a value that is not allowed stops the run before the first test.

        In a worker of pytest-xdist, that would be a crash: there it fails its test.
        """
        for item in items:
            if not hasattr(item.config, "workerinput"):
                read_limits(item, self._options)

    @OUTERMOST
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """A test, or one more attempt at it, begins."""
        try:
            limits = limits_of(item, self._options)
        except pytest.UsageError as error:
            yield
            pytest.fail(str(error), pytrace=False)
        self._guard(lambda: self._begin(item, limits), None)
        return (yield)

    @OUTERMOST
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Only a test whose setup and call have passed is judged."""
        report = yield
        if call.when != "teardown" and (report.outcome != "passed" or hasattr(report, "wasxfail")):
            self._passed = False
        return report

    @OUTERMOST
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """A test is over, with all its fixtures: judge what it has left behind."""
        try:
            result = yield
        except BaseException:
            self._passed = False
            self._guard(lambda: self._end(item), None)
            raise
        failure = self._guard(lambda: self._end(item), None)
        if failure is not None:
            pytest.fail(failure, pytrace=False)
        return result

    def _begin(self, item: pytest.Item, limits: Limits) -> None:
        self._passed = True
        if limits.judged:
            self._evidence.begin(item)
        self._kept.begin(item)
        self._meter.begin(limits.threshold_mb * BYTES_PER_MB)

    def _end(self, item: pytest.Item) -> str | None:
        """Why the test fails; None: it does not."""
        if not self._meter.active:
            return None
        limits = limits_of(item, self._options)
        growth_bytes = self._growth_bytes(item)
        outcome = None
        if self._passed and limits.judged:
            growth_bytes = self._looked_at(item, growth_bytes, limits.threshold_mb * BYTES_PER_MB)
            outcome = judge(growth_bytes, limits, item.stash.get(REPETITION, None))
        self._meter.end(growth_bytes)
        note(item, outcome)
        return self._evidence.end(item, outcome) if limits.judged else None

    def _growth_bytes(self, item: pytest.Item) -> int:
        return self._meter.growth_bytes() - self._kept.reports_bytes(item)

    def _looked_at(self, item: pytest.Item, growth_bytes: int, threshold_bytes: float) -> int:
        """Growth, without garbage and what only pytest holds wherever these could decide."""
        at_most = growth_bytes + self._meter.uncollected_bytes
        worth_showing = at_most > threshold_bytes * WORTH_SHOWING_SHARE
        if at_most > threshold_bytes or (worth_showing and self._meter.may_collect):
            self._kept.let_go(item)
            self._meter.collect()
            growth_bytes = self._growth_bytes(item)
            if self._evidence.traces and growth_bytes > threshold_bytes:
                self._look()
        if not self._evidence.traces:
            return growth_bytes
        self._meter.drop(self._evidence.forget)
        return self._growth_bytes(item)

    def _look(self) -> None:
        """Read what was traced; what that leaves behind is not the test's."""
        self._meter.leave_out()
        self._evidence.look()
        self._meter.collect()
        self._meter.take_in()
