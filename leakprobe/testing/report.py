"""What grew between two snapshots, and how bad that is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from leakprobe.codec import SCHEMA, to_json
from leakprobe.model.calls import BYTES_PER_MB
from leakprobe.render.json import Document, json_bytes, json_moment
from leakprobe.testing.arguments import BadArgument
from leakprobe.testing.report_text import Growth, ReportText, report_text
from leakprobe.testing.severity import Severity, Thresholds, thresholds_of
from leakprobe.testing.snapshot import MemorySnapshot

__all__ = ["MemoryLeakReport"]

# A few objects more or less are always there.
LEAST_OBJECTS = 10


@dataclass(frozen=True, slots=True, init=False)
class MemoryLeakReport:
    """The difference between two snapshots.

    Attributes:
        start: the snapshot before.
        end: the snapshot after.
        thresholds: from how many MB of growth of memory in use on it is how bad.
    """

    start: MemorySnapshot
    end: MemorySnapshot
    thresholds: Thresholds

    def __init__(
        self,
        start: MemorySnapshot,
        end: MemorySnapshot,
        thresholds: Thresholds | Mapping[str, float] | None = None,
    ) -> None:
        """Compare two snapshots.

        Args:
            start: the one before.
            end: the one after.
            thresholds: in MB, such as `{"low": 1, "medium": 5}`; what is not named keeps its
                default: low 5, medium 10, high 50, critical 100.

        Raises:
            BadArgument: no snapshot; or a threshold that is no number, negative, or not above
                the one before it.
        """
        for name, given in (("start", start), ("end", end)):
            if not isinstance(given, MemorySnapshot):
                raise BadArgument(name, given, "must be a MemorySnapshot")
        object.__setattr__(self, "start", start)
        object.__setattr__(self, "end", end)
        object.__setattr__(self, "thresholds", thresholds_of(thresholds))

    @classmethod
    def between(
        cls,
        start: MemorySnapshot,
        end: MemorySnapshot,
        thresholds: Thresholds | Mapping[str, float] | None = None,
    ) -> Self:
        """The same as calling the class."""
        return cls(start, end, thresholds)

    @property
    def memory_growth_bytes(self) -> int:
        """Growth of memory in use, of Python and of C code, without the start's own tables."""
        return self.end.memory_bytes - self.start.memory_bytes - self.start.own_bytes

    @property
    def memory_growth_mb(self) -> float:
        """Growth of memory in use in MB (1,000,000 bytes)."""
        return self.memory_growth_bytes / BYTES_PER_MB

    @property
    def rss_growth_mb(self) -> float:
        """Growth of the resident set in MB."""
        return (self.end.rss_bytes - self.start.rss_bytes) / BYTES_PER_MB

    @property
    def vms_growth_mb(self) -> float:
        """Growth of virtual memory in MB."""
        return (self.end.vms_bytes - self.start.vms_bytes) / BYTES_PER_MB

    @property
    def open_files_growth(self) -> int:
        """By how many more regular files are open."""
        return self.end.open_files - self.start.open_files

    @property
    def fd_growth(self) -> int | None:
        """By how many more descriptors of any kind are open; None where it is not known."""
        if self.start.fds is None or self.end.fds is None:
            return None
        return self.end.fds - self.start.fds

    @property
    def thread_growth(self) -> int:
        """By how many more threads there are."""
        return self.end.threads - self.start.threads

    @property
    def seconds(self) -> float:
        """Time between the two."""
        return self.end.taken_at - self.start.taken_at

    @property
    def cpu_percent(self) -> float | None:
        """CPU time between the two, in percent of one core; None: there was no time."""
        if self.seconds <= 0:
            return None
        return 100 * (self.end.cpu_s - self.start.cpu_s) / self.seconds

    @property
    def severity(self) -> Severity:
        """How bad the growth of memory in use is, by the thresholds."""
        return self.thresholds.severity(self.memory_growth_mb)

    @property
    def has_leak(self) -> bool:
        """Whether memory grew past the lowest threshold, or more files, descriptors or threads
        are there. Objects alone do not decide: an import brings thousands.
        """
        counts = (self.open_files_growth, self.fd_growth or 0, self.thread_growth)
        return self.severity > Severity.OK or max(counts) > 0

    @property
    def growing_types(self) -> tuple[Growth, ...]:
        """Types with at least 10 objects more, those with the most first."""
        return _grown(self.start.object_counts, self.end.object_counts, LEAST_OBJECTS)

    @property
    def growing_files(self) -> tuple[Growth, ...]:
        """Files that are open more often, by path."""
        return _grown(self.start.open_file_paths, self.end.open_file_paths, 1)

    @property
    def growing_handles(self) -> tuple[Growth, ...]:
        """Descriptors of which there are more, by what they point to."""
        return _grown(self.start.descriptors, self.end.descriptors, 1)

    def text(self) -> str:
        """The report for people, in lines of at most 100 columns."""
        return report_text(
            ReportText(
                start=self.start,
                end=self.end,
                memory_growth_bytes=self.memory_growth_bytes,
                severity=self.severity,
                has_leak=self.has_leak,
                types=self.growing_types,
                handles=self.growing_handles,
            )
        )

    def __str__(self) -> str:
        return self.text()

    def to_dict(self) -> Document:
        """The report as JSON values: sizes in bytes, moments in ISO 8601."""
        return {
            "schema": SCHEMA,
            "pid": self.end.pid,
            "severity": str(self.severity),
            "has_leak": self.has_leak,
            "start": json_moment(self.start.taken_at),
            "end": json_moment(self.end.taken_at),
            "labels": [self.start.label, self.end.label],
            "seconds": self.seconds,
            "measured_by": self.end.measured_by,
            "growth": {
                "memory_bytes": self.memory_growth_bytes,
                "rss_bytes": self.end.rss_bytes - self.start.rss_bytes,
                "vms_bytes": self.end.vms_bytes - self.start.vms_bytes,
                "open_files": self.open_files_growth,
                "fds": self.fd_growth,
                "threads": self.thread_growth,
            },
            "cpu_percent": self.cpu_percent,
            "thresholds_bytes": {
                name.removesuffix("_mb"): round(mb * BYTES_PER_MB)  # type: ignore[operator, arg-type]  # its fields are numbers
                for name, mb in to_json(self.thresholds).items()  # type: ignore[union-attr]  # a dataclass becomes a dict
            },
            "growing_types": to_json(self.growing_types),
            "growing_files": to_json(self.growing_files),
            "growing_handles": to_json(self.growing_handles),
            "top_allocations": to_json(self.end.top_allocations),
        }

    def to_json(self) -> str:
        """The same as one line of JSON."""
        return json_bytes(self.to_dict()).decode("ascii").rstrip("\n")


def _grown(before: Mapping[str, int], now: Mapping[str, int], least: int) -> tuple[Growth, ...]:
    grown = [
        Growth(name, before.get(name, 0), count)
        for name, count in now.items()
        if count - before.get(name, 0) >= least
    ]
    return tuple(sorted(grown, key=lambda one: (-one.growth, one.name)))
