"""The life of an agent: which parts it has, and what happens to them from start to end."""

import os
from types import TracebackType
from typing import Self

from leakprobe.agent.benign import benign_patterns
from leakprobe.agent.registry import claim, release
from leakprobe.agent.sampler import Sampler
from leakprobe.capture.requests import RequestCounters
from leakprobe.capture.route_tags import RouteTags
from leakprobe.capture.tracer import Tracer, choose_tracer
from leakprobe.history import History
from leakprobe.model import Handler
from leakprobe.settings import Settings

__all__ = ["Lifecycle"]


class Lifecycle:
    """The parts of an agent, from their start to their end.

    Args:
        settings: how; None takes `LEAKPROBE_…` from the environment, else the defaults.

    Attributes:
        settings: how it behaves.
        requests: counts of finished requests, which the middleware keeps.
        route_tags: what tells allocations apart by route; the middleware sets the tags.
        history: the snapshots that are kept.
        handlers: where the application's handlers stand, by route.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings.from_environment(os.environ)
        self.requests = RequestCounters()
        self.history = History(self.settings.retention_rules, self.settings.max_self_bytes)
        self.handlers: dict[str, Handler | None] = {}
        self.route_tags = RouteTags()
        self._tracer = choose_tracer(self.settings, self.route_tags)
        own = (self.history, self.requests, self.handlers, self.route_tags, self._tracer)
        benign = benign_patterns(self.settings.benign)
        self._sampler = Sampler(
            self.settings, self._tracer, self.history, self.requests, own, benign=benign
        )
        self.running = False

    @property
    def tracer(self) -> Tracer:
        """Who records the allocations."""
        return self._tracer

    def start(self, *, walk: bool = True) -> None:
        """Start the tracer and the sampler thread; does nothing where they run.

        Args:
            walk: wait for a first walk of the heap, which gives a baseline of types, where
                it is short: in a copy of the process at most 0.3 s, without the native core
                about half a second in a service that has just been imported.

        Raises:
            AgentRunning: this process has another agent.
            SettingsError: the tracer that was demanded cannot run here.
        """
        if self.running:
            return
        claim(self)
        try:
            self._sampler.open(self._tracer.start, walk=walk)
        except BaseException:
            self._leave()
            raise
        self.running = True

    def stop(self) -> None:
        """Leave no thread, hook or tracing of ours behind; does nothing where none is."""
        if not self.running:
            return
        self.running = False
        self._leave()

    def _leave(self) -> None:
        self._sampler.stop()
        self._tracer.stop()
        release(self)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def after_fork(self) -> None:
        """In a forked child: an empty album, counters from zero, a thread of its own."""
        self.history.after_fork()
        self.requests.after_fork()
        self._tracer.after_fork()
        self._sampler.after_fork()
