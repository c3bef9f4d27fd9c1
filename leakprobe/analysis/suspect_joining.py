"""Python memory that grows, joined into as few causes as there are.

A container that grows is the heart of a cause. To it belongs what hangs on it: types whose
objects are reached through it, lines whose samples are. What hangs on no container is
grouped by what holds it. Builtin types are never a cause where another explains them, and
containers of weak references only where nothing else grows with them.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from leakprobe.analysis.candidates import Candidate
from leakprobe.analysis.holder_paths import Way, goes_through, is_lasting, shared_steps, way
from leakprobe.analysis.suspect_cause import Cause, counts_fit, same_route
from leakprobe.analysis.suspect_containers import container_causes, is_symptom
from leakprobe.analysis.type_kinds import is_plumbing
from leakprobe.model import CloseLook, TypeHolder

__all__ = ["python_causes"]

# Of the objects of a type that were looked at, how many have to hang on a cause.
SHARE_OF_TYPE = 0.25
SHARE_OF_ENTRIES = 0.2
# Ways to objects that tell where more of the cause hangs.
SHARE_OF_WAYS = 0.1
WAYS_KEPT = 5
UNHELD = ("garbage", "c_held")
# The root and what it holds.
SHARED_STEPS = 2


def python_causes(candidates: Sequence[Candidate], look: CloseLook | None) -> list[Cause]:
    """The causes of growth of Python objects, lines left out."""
    holders: dict[str, list[TypeHolder]] = {}
    for row in () if look is None else look.types:
        holders.setdefault(row.type, []).append(row)
    weak = [c for c in candidates if c.kind == "container" and c.weak]
    strong = [c for c in candidates if c.kind == "container" and not c.weak]
    causes = container_causes(strong, look)
    _add_garbage(causes, [c for c in candidates if c.kind == "garbage"], holders)
    types = [c for c in candidates if c.kind in ("c_held", "type")]
    types.sort(key=lambda c: (c.kind != "c_held", -(c.bytes or 0)))
    own = [c for c in types if not is_plumbing(c.name)]
    _add_types(causes, own, holders)
    others = [c for c in candidates if not is_plumbing(c.name) or c.kind == "group"]
    unexplained = [c for c in weak if not is_symptom(c, [*strong, *others])]
    causes += container_causes(unexplained, look)
    _add_types(causes, [c for c in types if is_plumbing(c.name)], holders)
    return causes


def _add_garbage(
    causes: list[Cause], garbage: Sequence[Candidate], holders: dict[str, list[TypeHolder]]
) -> None:
    """All that the collector does not get has one cause: that it does not."""
    found = sorted(garbage, key=lambda c: (is_plumbing(c.name), -(c.objects or 0)))
    inside = [cause for cause in causes if cause.state == "garbage"]
    if not found:
        return
    causes[:] = [cause for cause in causes if cause.state != "garbage"]
    members = [*found, *(member for cause in inside for member in cause.members)]
    rows = [row for c in found for row in holders.get(c.name, []) if row.state == "garbage"]
    causes.append(Cause(found[0], members, type_holders=rows, state="garbage"))


def _add_types(
    causes: list[Cause], types: Iterable[Candidate], holders: dict[str, list[TypeHolder]]
) -> None:
    """Give each type to the cause that explains it, or make one of it."""
    for candidate in types:
        if any(_is_container(candidate, cause) for cause in causes):
            continue
        rows = holders.get(candidate.name, [])
        home = _hanging(candidate, rows, causes)
        known = home is not None or bool(_lasting_way(rows))
        if home is None:
            likely = [cause for cause in causes if same_route(candidate, cause.members)]
            wholes = likely or [cause for cause in causes if _grow_alike(candidate, cause)]
            if wholes and is_plumbing(candidate.name):
                _add_parts(candidate, wholes)
                continue
            home = _proportional(candidate, rows, likely)
        if home is None:
            causes.append(_of_type(candidate, rows))
            continue
        home.members.append(candidate)
        if known and candidate.objects and not is_plumbing(candidate.name):
            home.type_holders += _main_rows(rows)


def _is_container(candidate: Candidate, cause: Cause) -> bool:
    """Whether objects that become larger, and not more, are the container that grows."""
    grown = cause.of_kind("container")
    return not candidate.objects and any(one.name == candidate.name for one in grown)


def _add_parts(candidate: Candidate, causes: Sequence[Cause]) -> None:
    """Give a builtin type to the one cause that grows in proportion.

    There are always some more of such, or several causes have them: then they are nobody's.
    Where routes come in a fixed mix, nothing tells which of them such a type belongs to.
    What does not become more but larger belongs to what does so, too.
    """
    fitting = [c for c in causes if _grow_alike(candidate, c)]
    if len(fitting) == 1:
        fitting[0].members.append(candidate)


def _grow_alike(candidate: Candidate, cause: Cause) -> bool:
    if not candidate.objects:
        return not cause.head.objects and cause.head.kind == "type"
    return counts_fit(candidate, [cause.head, *cause.own_types])


def _hanging(
    candidate: Candidate, rows: Sequence[TypeHolder], causes: Sequence[Cause]
) -> Cause | None:
    """The cause on which the objects of a type hang, or whose containers hold such."""
    same_name = [c for c in causes if any(m.name == candidate.name for m in c.types)]
    if same_name:
        return same_name[0]
    hanging = [(_share_below(rows, cause), cause) for cause in causes]
    share, best = max(hanging, key=lambda one: one[0], default=(0.0, None))
    if share >= SHARE_OF_TYPE:
        return best
    above = next((cause for cause in causes if _is_above(candidate, rows, cause)), None)
    if above is not None:
        return above
    return next((cause for cause in causes if _holds(cause, candidate.name)), None)


def _is_above(candidate: Candidate, rows: Sequence[TypeHolder], cause: Cause) -> bool:
    """Whether objects that grow, and do not become more, are on the way to what grows."""
    if candidate.objects:
        return False
    ways = [path for row in rows if (path := way(row.path))]
    return any(goes_through(path, ways) for path in cause.ways)


def _proportional(
    candidate: Candidate, rows: Sequence[TypeHolder], likely: Sequence[Cause]
) -> Cause | None:
    """The cause with which the count of a type grows.

    What something else holds, that lasts, has a cause of its own: requests often come in a
    fixed mix, and what they leave grows alike.
    """
    held = _lasting_way(rows)
    fitting = [cause for cause in likely if counts_fit(candidate, [cause.head])]
    near = [cause for cause in fitting if not held or _same_root(held, cause)]
    return next(iter(_related(candidate, near)), None)


def _lasting_way(rows: Sequence[TypeHolder]) -> Way:
    """What lasts and holds most of the objects; empty: nothing does."""
    known = sum(row.objects for row in _told(rows))
    main = _main_rows(rows)[:1]
    lasting = [row for row in main if is_lasting(way(row.path)) and 2 * row.objects >= known]
    return way(lasting[0].path) if lasting else ()


def _same_root(held: Way, cause: Cause) -> bool:
    return any(shared_steps(held, other) >= SHARED_STEPS for other in cause.ways)


def _related(candidate: Candidate, causes: Sequence[Cause]) -> list[Cause]:
    """Those first that have types of the same package, as a thread and its events."""
    package = candidate.name.partition(".")[0]
    return sorted(causes, key=lambda cause: package not in _packages(cause))


def _packages(cause: Cause) -> set[str]:
    entries = [entry.type for held in cause.containers for entry in held.entries]
    return {name.partition(".")[0] for name in (*entries, *(m.name for m in cause.types))}


def _share_below(rows: Sequence[TypeHolder], cause: Cause) -> float:
    """Of the objects whose way is known, those that hang on what the cause hangs on."""
    known = [(row.objects, way(row.path)) for row in _told(rows)]
    looked, ways = sum(objects for objects, _ in known), cause.ways
    if not looked or not ways:
        return 0.0
    return sum(objects for objects, path in known if goes_through(path, ways)) / looked


def _holds(cause: Cause, type_name: str) -> bool:
    """Whether a good part of the entries of its containers are of a type."""
    for held in cause.containers:
        looked = sum(entry.objects for entry in held.entries)
        found = sum(entry.objects for entry in held.entries if entry.type == type_name)
        if found and found >= SHARE_OF_ENTRIES * looked:
            return True
    return False


def _of_type(candidate: Candidate, rows: Sequence[TypeHolder]) -> Cause:
    main = _main_rows(rows)
    state = "c_held" if candidate.kind == "c_held" else main[0].state if main else ""
    return Cause(candidate, [candidate], type_holders=main, state=state)


def _told(rows: Sequence[TypeHolder]) -> list[TypeHolder]:
    """Rows that say what holds; the rest of a type's objects are one row that does not."""
    return [row for row in rows if row.path is not None or row.state in UNHELD]


def _main_rows(rows: Sequence[TypeHolder]) -> list[TypeHolder]:
    """The ways to most of the objects: what most of them hang on first, then what lasts."""
    most = sorted(_told(rows) or rows, key=lambda row: -row.objects)[:WAYS_KEPT]
    looked = sum(row.objects for row in most)
    main = [row for row in most if row.objects >= SHARE_OF_WAYS * looked]
    states = Counter[str]()
    for row in main:
        states[row.state] += row.objects
    return sorted(main, key=lambda row: (-states[row.state], *_way_order(row)))


def _way_order(row: TypeHolder) -> tuple[bool, int, int]:
    path = way(row.path)
    return not is_lasting(path), -row.objects, len(path)
