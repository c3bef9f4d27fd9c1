"""Live objects by type, and which of them became more."""

from leakprobe.analysis.globs import glob_matches
from leakprobe.errors import BadParameter, NotAvailable
from leakprobe.model import Snapshot, TypeCount, TypeRow

__all__ = ["TYPE_SORTS", "check_sort", "type_rows", "types_of"]

TYPE_SORTS = ("growth", "count", "bytes", "retained")


def check_sort(sort: str, walk_missing: str | None = None) -> None:
    """See that types can be sorted so, before the heap is walked for it.

    Args:
        sort: one of `TYPE_SORTS`.
        walk_missing: why the walk will not find retained sizes; None: it will.

    Raises:
        BadParameter: `sort` is not one of `TYPE_SORTS`.
        NotAvailable: retained sizes are asked for and will not be known.
    """
    if sort not in TYPE_SORTS:
        raise BadParameter("sort", sort, f"must be one of {', '.join(TYPE_SORTS)}")
    if sort == "retained" and walk_missing is not None:
        raise NotAvailable(
            f"retained sizes need the native heap walk: {walk_missing}; "
            "sort=growth goes by owned bytes"
        )


def type_rows(
    now: Snapshot,
    baseline: Snapshot | None,
    *,
    sort: str,
    limit: int | None,
    match: str | None,
) -> tuple[tuple[TypeRow, ...], int]:
    """Live objects by type, and how many rows the limit cut off.

    Args:
        now: the snapshot whose types are listed.
        baseline: what to compare with; without one, or where its heap was not walked,
            the differences are None and `sort="growth"` sorts by owned bytes.
        sort: one of `TYPE_SORTS`; growth is that of the owned bytes, then of the count.
        limit: at most so many rows; None: all.
        match: part of the type's name, or a glob for all of it; case does not matter.

    Raises:
        BadParameter: `sort` is not one of `TYPE_SORTS`.
        NotAvailable: the heap was not walked, or the walk did not find the retained sizes
            that are asked for.
    """
    counts = types_of(now)
    known = all(count.retained_bytes is not None for count in counts)
    check_sort(sort, None if known else f"snapshot {now.id} was taken without it")
    before = baseline.types if baseline is not None else None
    earlier = None if before is None else {count.type: count for count in before}
    rows = [_type_row(count, earlier) for count in counts if _name_matches(match, count.type)]
    rows.sort(key=lambda row: (*_type_order(row, sort), row.type))
    shown = rows if limit is None else rows[:limit]
    return tuple(shown), len(rows) - len(shown)


def types_of(snapshot: Snapshot) -> tuple[TypeCount, ...]:
    """The snapshot's types.

    Raises:
        NotAvailable: it has none.
    """
    if snapshot.types is None:
        raise NotAvailable(
            f"snapshot {snapshot.id} has no types: the heap was not walked then, or they were "
            "dropped to save memory; compare with another"
        )
    return snapshot.types


def _name_matches(match: str | None, name: str) -> bool:
    if not match:
        return True
    part, whole = match.lower(), name.lower()
    return part in whole or glob_matches(part, whole)


def _type_row(count: TypeCount, earlier: dict[str, TypeCount] | None) -> TypeRow:
    then = None if earlier is None else earlier.get(count.type, TypeCount(count.type, 0, 0, 0))
    return TypeRow(
        type=count.type,
        objects=count.objects,
        objects_diff=None if then is None else count.objects - then.objects,
        bytes=count.bytes,
        bytes_diff=None if then is None else count.bytes - then.bytes,
        owned_bytes=count.owned_bytes,
        owned_bytes_diff=None if then is None else count.owned_bytes - then.owned_bytes,
        retained_bytes=count.retained_bytes,
    )


def _type_order(row: TypeRow, sort: str) -> tuple[int, int]:
    """What to sort by, the largest first."""
    if sort == "count":
        return -row.objects, -row.bytes
    if sort == "bytes":
        return -row.bytes, -row.objects
    if sort == "retained":
        return -(row.retained_bytes or 0), -row.owned_bytes
    if row.owned_bytes_diff is None or row.objects_diff is None:
        return -row.owned_bytes, -row.objects
    return -row.owned_bytes_diff, -row.objects_diff
