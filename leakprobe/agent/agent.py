"""The agent: one per process, started and stopped, asked from any thread.

It answers with models. Who asks over HTTP, from a test or from a shell is not its
business; what an answer costs the application is.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from leakprobe.agent.answering import with_handlers, with_lines
from leakprobe.agent.lifecycle import Lifecycle
from leakprobe.agent.overview import growing_lines, make_overview
from leakprobe.agent.sampler import NOW
from leakprobe.agent.window import Window, trace_window
from leakprobe.analysis.diff import diff_snapshots, moment_of
from leakprobe.analysis.grouping import group_tasks, group_threads
from leakprobe.analysis.routes import route_rows
from leakprobe.analysis.type_growth import check_sort, type_rows
from leakprobe.capture.collector import collect_garbage
from leakprobe.capture.heap.retained import find_retained
from leakprobe.capture.native import HOW_TO_BUILD, heap_walk_missing
from leakprobe.capture.process import available_memory_bytes
from leakprobe.capture.referrers.find import find_referrers
from leakprobe.capture.threads import read_threads
from leakprobe.capture.trim import trim
from leakprobe.errors import BadParameter, NotAvailable, UnknownName
from leakprobe.history import Needs
from leakprobe.model import (
    Diff,
    Freed,
    Handler,
    Moment,
    Overview,
    Price,
    ReferrerGraph,
    Report,
    Retained,
    RouteCount,
    Snapshot,
    Suspect,
    TaskInfo,
    ThreadInfo,
    TypeRow,
)
from leakprobe.own_threads import own_idents

__all__ = ["Agent"]


class Agent(Lifecycle):
    """Watches the process it lives in; its parts and its life are those of `Lifecycle`."""

    # Snapshots.

    def take_snapshot(self, label: str | None = None) -> Snapshot:
        """Take a snapshot of everything now and keep it, exempt from thinning.

        Raises:
            CaptureBusy: another heavy capture runs.
            NotEnoughMemory: there is no room for the capture.
        """
        return self._sampler.take("a snapshot", label)

    def mark_baseline(self, label: str | None = None) -> Snapshot:
        """Take a snapshot and let it be what `baseline` means from now on.

        Raises:
            CaptureBusy: another heavy capture runs.
            NotEnoughMemory: there is no room for the capture.
        """
        snapshot = self._sampler.take("a baseline", label)
        self.history.mark_baseline(snapshot.id)
        return snapshot

    # Growth.

    def diff(
        self,
        before: Snapshot,
        after: Snapshot,
        *,
        by: str = "line",
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        limit: int | None = 20,
    ) -> Diff:
        """What grew between two snapshots; see `leakprobe.analysis.diff.diff_snapshots`.

        Raises:
            BadParameter: `by` is not something to group by.
            NotAvailable: a snapshot does not hold what is compared.
        """
        return diff_snapshots(
            before,
            after,
            by=by,
            include=include,
            exclude=exclude,
            limit=limit,
            handlers=self._known_handlers(),
        )

    def resolve(self, start: str, end: str, *, types: bool) -> tuple[Snapshot, Snapshot]:
        """The snapshots that two moments mean; `now` is taken now and not kept.

        Args:
            start: `start`, `baseline`, `previous`, `-10m`, an id or a label.
            end: the same, or `now`.
            types: whether types are needed, else stacks.

        Raises:
            BadParameter: not a moment, or `now` as the start.
            UnknownName: no such snapshot.
            NotAvailable: no snapshot holds what is needed.
            CaptureBusy: another heavy capture runs.
            NotEnoughMemory: there is no room for the capture.
        """
        if start == NOW:
            raise BadParameter("from", start, "must lie before `to`; give a snapshot or -10m")
        needs: Needs = "types" if types else "stacks"
        find = partial(self.history.resolve, needs=needs, uptime_s=self._sampler.uptime_s)
        if end == NOW:
            before = find(start)
            return before, self._sampler.look(f"a diff since {start}", types=types)
        after = find(end, parameter="to")
        return find(start, before=after.id), after

    def types(
        self, *, sort: str, limit: int | None, match: str | None
    ) -> tuple[tuple[TypeRow, ...], int, Moment | None, Price]:
        """Live objects by type.

        Returns:
            rows, how many more there are, the baseline they are compared with, the price.

        Raises:
            CaptureBusy: another heavy capture runs.
            NotAvailable: retained sizes are not known here.
            NotEnoughMemory: there is no room for the capture.
        """
        check_sort(sort, _walk_missing())
        now = self._sampler.look("a count of types", types=True)
        baseline = self._baseline("types")
        rows, hidden = type_rows(now, baseline, sort=sort, limit=limit, match=match)
        since = moment_of(baseline) if baseline is not None else None
        return rows, hidden, since, now.price

    # What runs, and who holds.

    def threads(self, *, group: bool) -> tuple[tuple[ThreadInfo, ...], Price]:
        """Every thread but the agent's own."""
        threads, price = read_threads(exclude=own_idents())
        self._sampler.reader.note_pause(price)
        return (group_threads(threads) if group else threads), price

    def tasks(
        self, *, group: bool, exclude: frozenset[int] = frozenset()
    ) -> tuple[tuple[TaskInfo, ...], Price]:
        """Every asyncio task of every loop, but those with the identities in `exclude`."""
        tasks, price = self._sampler.reader.tasks.read(exclude=exclude)
        self._sampler.reader.note_pause(price)
        return (group_tasks(tasks) if group else tasks), price

    def referrers(self, type_name: str, *, depth: int, limit: int) -> ReferrerGraph:
        """What keeps objects of a type alive.

        Raises:
            CaptureBusy: another heavy capture runs.
            UnknownName: no live object is of that type.
            NotEnoughMemory: there is no room for the capture.
            WalkFailed: the copy of the process was late or died.
        """
        with self._sampler.gate.hold("a search for referrers"):
            graph = find_referrers(
                type_name,
                depth=depth,
                limit=limit,
                reveal=self.settings.reveal,
                own=(self,),
                available_bytes=self._available_bytes(),
            )
        self._sampler.reader.note_pause(graph.price)
        return graph

    def retained(self, *, by: str, limit: int) -> Retained:
        """What would be freed if an object or a type went; or what became of a line's memory.

        Args:
            by: `object`, `type`, or `line`: the objects that sampled memory belongs to.
            limit: at most so many rows.

        Raises:
            BadParameter: `by` is none of these.
            NotAvailable: there is no native heap walk here, or nothing samples.
            CaptureBusy: another heavy capture runs.
            NotEnoughMemory: there is no room for the capture.
            WalkFailed: the copy of the process was late or died.
        """
        with self._sampler.gate.hold("a search for what retains memory"):
            retained = find_retained(
                by,
                limit=limit,
                own=(self,),
                reveal=self.settings.reveal,
                available_bytes=self._available_bytes(),
                pointers=self._tracer.pointers() if by == "line" else None,
            )
        self._sampler.reader.note_pause(retained.price)
        return retained

    def routes(self) -> tuple[tuple[RouteCount, ...], Price]:
        """Finished requests by route template, and the memory that they hold.

        The memory is known where allocations are sampled: reading samples is cheap.
        """
        counts = self.requests.read()
        if not self._tracer.sample_bytes:
            return counts, Price()
        now = self._sampler.glance()
        return route_rows(counts, self._baseline("stacks"), now), now.price

    def gauge_series(self, since_s: float | None = None) -> tuple[Snapshot, ...]:
        """The gauges of every kept snapshot of the last `since_s` seconds, oldest first."""
        since = None if since_s is None else self._sampler.uptime_s - since_s
        return self.history.gauge_series(since)

    # The judge.

    def report(self, limit: int | None = None) -> Report:
        """The verdict with its evidence: is it a leak, which memory, and whose fault.

        Args:
            limit: at most so many suspects; None: all.

        Raises:
            CaptureBusy: another heavy capture runs.
            NotEnoughMemory: there is no room for the walk that names the holders.
            WalkFailed: the copy of the process was late or died.
        """
        report = with_handlers(self._sampler.judge.report(limit), self._known_handlers())
        if self._tracer.name != "tracemalloc":
            return report
        # Nobody joins its traces to objects.
        return with_lines(report, growing_lines(self.history, self._sampler.uptime_s, self.diff))

    def suspect(self, name: str) -> Suspect:
        """The suspect of this rank or fingerprint, of the latest report.

        Raises:
            UnknownName: there is none.
        """
        suspects = self._sampler.judge.told()
        for suspect in suspects:
            if name in (str(suspect.rank), suspect.fingerprint):
                return suspect
        known = [known for s in suspects for known in (str(s.rank), s.fingerprint)]
        raise UnknownName("suspect", name, known, "GET /suspects lists them")

    # What changes the application, and is asked for with POST.

    def collect_garbage(self) -> Freed:
        """Run a full collection and say what it freed.

        Raises:
            CaptureBusy: a heavy capture runs.
        """
        with self._sampler.gate.hold("a garbage collection"):
            freed = collect_garbage()
        self._sampler.reader.note_pause(freed.price)
        return freed

    def trim(self) -> Freed:
        """Hand the allocator's free memory back to the system, and say how much that was.

        Raises:
            CaptureBusy: a heavy capture runs.
            NotAvailable: the C library cannot do it.
        """
        with self._sampler.gate.hold("handing free memory back"):
            freed = trim()
        self._sampler.reader.note_pause(freed.price)
        return freed

    def trace(
        self, seconds: float, frames: int, *, by: str = "line", limit: int | None = 20
    ) -> Window:
        """Trace exactly for some seconds and say what grew meanwhile.

        Raises:
            CaptureBusy: a heavy capture runs.
            NotEnoughMemory: the traces would not fit.
        """
        with self._sampler.gate.hold("an exact trace", seconds=seconds):
            window = trace_window(
                seconds,
                frames,
                by=by,
                limit=limit,
                requests=self.requests,
                handlers=self._known_handlers(),
                memory_limit_bytes=self.settings.memory_limit_bytes,
                wait=self._sampler.wait,
            )
        self._sampler.reader.note_pause(window.price)
        return window

    # Itself.

    def overview(self, endpoints: Mapping[str, str] | None = None) -> Overview:
        """The first page, from what is known already: no heavy capture is made for it.

        Args:
            endpoints: what else can be asked, by method and path.
        """
        return make_overview(
            self.history,
            self._sampler,
            self._tracer,
            self.requests,
            self.diff,
            dict(endpoints or {}),
        )

    def note_error(self, error: Exception) -> None:
        """Count a failure of ours that the application was spared."""
        self._sampler.note_error(error)

    def _baseline(self, needs: Needs) -> Snapshot | None:
        try:
            return self.history.resolve("baseline", needs=needs, uptime_s=self._sampler.uptime_s)
        except (NotAvailable, UnknownName):
            return None

    def _available_bytes(self) -> int | None:
        return available_memory_bytes(self.settings.memory_limit_bytes)

    def _known_handlers(self) -> tuple[Handler, ...]:
        return tuple(h for h in list(self.handlers.values()) if h is not None)


def _walk_missing() -> str | None:
    missing = heap_walk_missing()
    return None if missing is None else f"{missing}; {HOW_TO_BUILD}"
