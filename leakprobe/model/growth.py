"""What grew between two snapshots."""

from dataclasses import dataclass

from leakprobe.model.memory import Frame

__all__ = [
    "ContainerGrowth",
    "Diff",
    "DiffRow",
    "Handler",
    "Moment",
    "TypeRow",
    "within_error",
]

# A difference that is nothing but sampling error stays below two standard errors in 19
# cases of 20 (normal distribution).
NOISE_ERRORS = 2


def within_error(difference: float, error: float) -> bool:
    """Whether an estimated difference may well be chance.

    Args:
        difference: what was estimated.
        error: the standard error of it; 0 where it is exact, so no chance.
    """
    return error > 0 and abs(difference) < NOISE_ERRORS * error


@dataclass(frozen=True, slots=True)
class Moment:
    """One end of a diff: which snapshot it was, and when."""

    id: str
    label: str | None
    taken_at: float
    uptime_s: float


@dataclass(frozen=True, slots=True)
class DiffRow:
    """Growth of one line, function, file, stack, type or route between two moments.

    What the row is about stands in `file`, `line`, `function`, `stack`, `type` or
    `route`; the others are None. `bytes` and `objects` are at the later moment.
    `bytes_error` is the standard error of `bytes_diff`: where it is not 0, all numbers
    of the row are estimates. `bytes_per_request` is per request of `route` where that is
    known (the requests that allocated it, or the handler that the line is in or that is
    on its stack), else per request of any route; None without requests.
    """

    file: str | None
    line: int | None
    function: str | None
    stack: tuple[Frame, ...] | None
    type: str | None
    route: str | None
    bytes: int
    bytes_diff: int
    bytes_error: int
    objects: int
    objects_diff: int
    bytes_per_second: float | None
    bytes_per_request: float | None


@dataclass(frozen=True, slots=True)
class Diff:
    """Growth between two snapshots, the largest first.

    `rows` is what was asked for; `total_*` cover every row, also those cut by a limit,
    `hidden_rows` says how many those are. `total_bytes_error` is the standard error of
    `total_bytes_diff`.
    """

    by: str
    start: Moment
    end: Moment
    seconds: float
    requests: int
    total_bytes_diff: int
    total_objects_diff: int
    hidden_rows: int
    rows: tuple[DiffRow, ...]
    total_bytes_error: int = 0


@dataclass(frozen=True, slots=True)
class ContainerGrowth:
    """A container that two walks found, and how many entries more it had in the later one.

    Both counts are exact. `address`, `type` and `weak` are as in `Container`, `length`
    is that of the later walk.
    """

    address: int
    type: str
    length: int
    length_diff: int
    weak: bool


@dataclass(frozen=True, slots=True)
class Handler:
    """Where the function that answers a route stands, so that a line can be charged to it."""

    route: str
    file: str
    first_line: int
    last_line: int


@dataclass(frozen=True, slots=True)
class TypeRow:
    """Live objects of one type, and how many more than at the baseline.

    The `…_diff` fields are None where there is nothing to compare with, `retained_bytes`
    where no dominators are known. `bytes` and `owned_bytes` are as in `TypeCount`.
    """

    type: str
    objects: int
    objects_diff: int | None
    bytes: int
    bytes_diff: int | None
    owned_bytes: int
    owned_bytes_diff: int | None
    retained_bytes: int | None
