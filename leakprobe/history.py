"""The album: a bounded past.

Rolling snapshots are thinned by the retention rules; the start, the baseline and what
somebody asked to keep stay. Thinning looks at all snapshots, at those with stacks and at
those with types, each by itself, so that some of each remain at every age although only
some snapshots carry them. When the album outgrows its limit, the coarsest data goes
first, step by step.

The order of snapshots and their ages are those of `uptime_s`: the monotonic clock does
not jump when the machine's clock is set.
"""

import bisect
import itertools
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from leakprobe.analysis.moments import Mark, Needs, find, nearest, previous
from leakprobe.analysis.retention import thin
from leakprobe.errors import UnknownName
from leakprobe.model import Snapshot
from leakprobe.packing import Packed, Tables, lighter
from leakprobe.settings import RetentionRule

__all__ = ["History", "Needs"]

ENTRY_BYTES = 256  # an entry, its place in the list, and its number
ALBUM_BYTES = 2048  # the album itself, without its entries


@dataclass(slots=True, eq=False)
class _Entry:
    packed: Packed
    pinned: bool
    size_bytes: int

    @property
    def mark(self) -> Mark:
        bare, packed = self.packed.bare, self.packed
        return Mark(
            id=bare.id,
            label=bare.label,
            uptime_s=bare.uptime_s,
            stacks=packed.stacks is not None,
            types=packed.types is not None,
        )


class History:
    """Snapshots, oldest first. Every method may be called from any thread.

    The start is the first snapshot, or the oldest that is left where that was removed.

    Args:
        rules: which rolling snapshots stay.
        max_bytes: what `self_bytes` does not exceed, as long as that can be had by
            dropping what an outline lacks, and snapshots.
    """

    def __init__(self, rules: Sequence[RetentionRule], max_bytes: int) -> None:
        self._rules = tuple(rules)
        self._max_bytes = max_bytes
        self._numbers = itertools.count(1)
        self.after_fork()

    def after_fork(self) -> None:
        """Begin anew in a child process, whose parent may have held the lock in the fork."""
        self._lock = threading.Lock()
        self._tables = Tables()
        self._entries: list[_Entry] = []
        self._entries_bytes = 0
        self._baseline: _Entry | None = None

    def new_id(self) -> str:
        """An id that no other snapshot of this process has."""
        return f"s{next(self._numbers)}"

    def add(self, snapshot: Snapshot, *, pinned: bool = False) -> None:
        """Keep a snapshot, and drop what it supersedes.

        Args:
            snapshot: what to keep; its id comes from `new_id`.
            pinned: never thin it out: somebody asked for it.
        """
        with self._lock:
            packed = self._tables.pack(snapshot)
            entry = _Entry(packed, pinned, packed.size_bytes)
            # Somebody else's may have been taken later and come earlier.
            bisect.insort(self._entries, entry, key=lambda kept: kept.packed.bare.uptime_s)
            self._entries_bytes += entry.size_bytes
            self._thin()
            self._shrink()

    def update(self, snapshot: Snapshot) -> None:
        """Put a snapshot, completed, in the place of the one that has its id.

        Raises:
            UnknownName: that one is not kept.
        """
        with self._lock:
            entry = self._entries[self._position(snapshot.id)]
            packed = self._tables.pack(snapshot)
            self._tables.release(entry.packed)
            self._replace(entry, packed)
            self._shrink()

    def get(self, snapshot_id: str) -> Snapshot:
        """The snapshot with this id.

        Raises:
            UnknownName: it is not kept.
        """
        with self._lock:
            return self._tables.unpack(self._entries[self._position(snapshot_id)].packed)

    def list(self, limit: int | None = None) -> tuple[Snapshot, ...]:
        """Outlines of what is kept, the newest first.

        An outline has no stacks, types, containers and groups in it: they are empty where
        the snapshot has some (`get` has them), and None where it has none.
        """
        with self._lock:
            newest = itertools.islice(reversed(self._entries), limit)
            return tuple(self._tables.outline(entry.packed) for entry in newest)

    def remove(self, snapshot_id: str) -> None:
        """Drop a snapshot.

        Raises:
            UnknownName: it is not kept.
        """
        with self._lock:
            self._drop(self._entries[self._position(snapshot_id)])

    def mark_baseline(self, snapshot_id: str) -> None:
        """Make this snapshot the baseline; what was it before is an ordinary one again.

        Raises:
            UnknownName: it is not kept.
        """
        with self._lock:
            self._baseline = self._entries[self._position(snapshot_id)]

    @property
    def start(self) -> Snapshot | None:
        """The first snapshot; None before there is one."""
        with self._lock:
            return self._unpacked(0 if self._entries else None)

    @property
    def baseline(self) -> Snapshot | None:
        """The marked baseline, else the start; None before there is one."""
        with self._lock:
            return self._unpacked(self._baseline_position() if self._entries else None)

    def previous(self, before: str | None = None, *, needs: Needs = None) -> Snapshot | None:
        """The newest snapshot, or the newest before that one; None where there is none.

        Args:
            before: an id.
            needs: what it must carry.

        Raises:
            UnknownName: `before` is not kept.
        """
        with self._lock:
            end = len(self._entries) if before is None else self._position(before)
            return self._unpacked(previous(self._marks(), end, needs))

    def at(self, uptime_s: float, *, needs: Needs = None) -> Snapshot | None:
        """The snapshot nearest to a moment, of those that carry what is needed."""
        with self._lock:
            return self._unpacked(nearest(self._marks(), uptime_s, needs))

    def resolve(
        self,
        text: str,
        *,
        needs: Needs = None,
        uptime_s: float,
        before: str | None = None,
        parameter: str = "from",
    ) -> Snapshot:
        """The snapshot that a moment names, as `leakprobe.analysis.moments.find` says.

        Args:
            text: `start`, `baseline` (the start, where none is marked), `previous`, an age
                such as `-10m`, an id or a label.
            needs: what the snapshot must carry.
            uptime_s: the present, on the clock of `Snapshot.uptime_s`.
            before: the id of the snapshot to which `previous` is previous; None: the present.
            parameter: what to call the text in a refusal.

        Raises:
            BadParameter: the text is of no such form.
            UnknownName: nothing of that name is kept.
            NotAvailable: none that is kept carries what is needed.
        """
        with self._lock:
            position = find(
                self._marks(),
                text,
                needs=needs,
                uptime_s=uptime_s,
                baseline=self._baseline_position(),
                before=None if before is None else self._position(before),
                parameter=parameter,
            )
            return self._tables.unpack(self._entries[position].packed)

    def gauge_series(self, since_uptime_s: float | None = None) -> tuple[Snapshot, ...]:
        """Outlines, as in `list`, of all that was taken since then, the oldest first."""
        with self._lock:
            return tuple(
                self._tables.outline(entry.packed)
                for entry in self._entries
                if since_uptime_s is None or entry.mark.uptime_s >= since_uptime_s
            )

    @property
    def self_bytes(self) -> int:
        """What the album takes."""
        with self._lock:
            return self._size_bytes()

    def __len__(self) -> int:
        return len(self._entries)

    # What follows is called with the lock held.

    def _size_bytes(self) -> int:
        entries = len(self._entries) * ENTRY_BYTES + self._entries_bytes
        return ALBUM_BYTES + self._tables.size_bytes + entries

    def _marks(self) -> Sequence[Mark]:
        return [entry.mark for entry in self._entries]

    def _position(self, snapshot_id: str) -> int:
        known = [entry.packed.bare.id for entry in self._entries]
        if snapshot_id not in known:
            otherwise = "GET /snapshots lists what is kept"
            raise UnknownName("snapshot", snapshot_id, reversed(known), otherwise)
        return known.index(snapshot_id)

    def _baseline_position(self) -> int:
        return 0 if self._baseline is None else self._entries.index(self._baseline)

    def _unpacked(self, position: int | None) -> Snapshot | None:
        return None if position is None else self._tables.unpack(self._entries[position].packed)

    def _kept_as(self, entry: _Entry) -> str:
        if entry is self._baseline:
            return "baseline"
        if entry is self._entries[0]:
            return "start"
        return "pinned" if entry.pinned else "rolling"

    def _replace(self, entry: _Entry, packed: Packed) -> None:
        self._entries_bytes += packed.size_bytes - entry.size_bytes
        entry.packed, entry.size_bytes = packed, packed.size_bytes

    def _drop(self, entry: _Entry) -> None:
        self._tables.release(entry.packed)
        self._entries.remove(entry)
        self._entries_bytes -= entry.size_bytes
        if entry is self._baseline:
            self._baseline = None

    def _of_kind(self, *kinds: str) -> Sequence[_Entry]:
        return [entry for entry in self._entries if self._kept_as(entry) in kinds]

    def _thin(self) -> None:
        now_s = self._entries[-1].packed.bare.uptime_s
        rolling = self._of_kind("rolling")
        kept: set[str] = set()
        for needs in (None, "stacks", "types"):
            marks = [entry.mark for entry in rolling if entry.mark.holds(needs)]
            times = [mark.uptime_s for mark in marks]
            kept.update(marks[position].id for position in thin(times, self._rules, now_s))
        for entry in rolling:
            if entry.packed.bare.id not in kept:
                self._drop(entry)

    def _shrink(self) -> None:
        steps = self._steps()
        while self._size_bytes() > self._max_bytes and next(steps, None) is not None:
            pass

    def _steps(self) -> Iterator[_Entry]:
        """Lose data, one step at a time: what is missed least goes first.

        The newest, the start and the baseline come last, and lose the lighter half of
        what they hold at a time: what a diff leaves out is then small.
        """
        newest = self._entries[-1]
        for kind in ("rolling", "pinned"):
            others = [entry for entry in self._of_kind(kind) if entry is not newest]
            for entry in others:
                if entry.packed.has_lists:
                    self._replace(entry, self._tables.without_lists(entry.packed))
                    yield entry
            for entry in others:
                self._drop(entry)
                yield entry
        while holding := [e for e in self._entries if e.packed.has_lists]:
            entry = max(holding, key=lambda e: e.size_bytes)
            lighter_one = self._tables.pack(lighter(self._tables.unpack(entry.packed)))
            self._tables.release(entry.packed)
            self._replace(entry, lighter_one)
            yield entry
