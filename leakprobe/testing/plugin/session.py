"""Puts together what is registered where detection is on, and keeps it on while tests run."""

from collections.abc import Generator
from contextlib import ExitStack

import pytest

from leakprobe.errors import LeakprobeError
from leakprobe.testing.plugin.evidence import Evidence, Graphs
from leakprobe.testing.plugin.guard import Guard
from leakprobe.testing.plugin.imports import imports_left_out
from leakprobe.testing.plugin.iterations import RepetitionPlugin
from leakprobe.testing.plugin.kept_by_pytest import KeptByPytest
from leakprobe.testing.plugin.markers import limits_of
from leakprobe.testing.plugin.meter import GrowthMeter
from leakprobe.testing.plugin.options import Options
from leakprobe.testing.plugin.shared_fixtures import SharedFixtures
from leakprobe.testing.plugin.summary import GrowthSummary
from leakprobe.testing.plugin.watch import LeakWatch

__all__ = ["register"]


class WhileTestsRun:
    """What is changed in pytest and in the interpreter, from the first test to the last."""

    def __init__(
        self, meter: GrowthMeter, guard: Guard, shared: SharedFixtures, evidence: Evidence
    ) -> None:
        self._meter = meter
        self._guard = guard
        self._shared = shared
        self._evidence = evidence

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """All tests run in here."""
        with ExitStack() as stack:
            stack.enter_context(imports_left_out(self._meter, self._guard))
            stack.enter_context(self._shared.ends_left_out())
            self._guard(self._evidence.start, None)
            stack.callback(self._guard, self._evidence.stop, None)
            return (yield)


def register(config: pytest.Config, options: Options) -> None:
    """Register what measures in the process that runs tests, and what sums up in the first.

    Raises:
        pytest.UsageError: what was asked for is not installed.
    """
    is_worker = hasattr(config, "workerinput")  # of pytest-xdist
    if config.option.collectonly:
        return
    if not is_worker:
        config.pluginmanager.register(GrowthSummary(), "leakprobe-summary")
    if is_worker or getattr(config.option, "dist", "no") == "no":
        _register_watch(config, options)


def _register_watch(config: pytest.Config, options: Options) -> None:
    meter, guard = GrowthMeter(), Guard(config)
    shared, evidence = SharedFixtures(meter, guard), _evidence(config, options)
    watch = LeakWatch(options, meter, KeptByPytest(config), evidence, guard)
    repetition = RepetitionPlugin(lambda item: limits_of(item, options).iterations)
    manager = config.pluginmanager
    manager.register(shared, "leakprobe-shared-fixtures")
    manager.register(repetition, "leakprobe-iterations")
    manager.register(WhileTestsRun(meter, guard, shared, evidence), "leakprobe-session")
    manager.register(watch, "leakprobe-watch")


def _evidence(config: pytest.Config, options: Options) -> Evidence:
    trace = None
    if options.report:
        from leakprobe.testing.plugin.allocations import AllocationTrace

        trace = AllocationTrace()
    return Evidence(trace, _graphs(config, options))


def _graphs(config: pytest.Config, options: Options) -> Graphs | None:
    if options.graphs is None:
        return None
    from leakprobe.testing.plugin.memray_graph import MemrayGraphs, refuse_pytest_memray

    try:
        refuse_pytest_memray(config)
        return MemrayGraphs(options.graphs)
    except LeakprobeError as error:
        message = f"--leak-memray: {error}"
        raise pytest.UsageError(message) from None
