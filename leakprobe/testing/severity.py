"""How bad a growth of memory is: five words, and the megabytes at which each begins."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import IntEnum
from itertools import pairwise

from leakprobe.testing.arguments import BadArgument, check_mb

__all__ = ["Severity", "Thresholds", "thresholds_of"]


class Severity(IntEnum):
    """How bad it is; they compare: `report.severity >= Severity.HIGH`."""

    OK = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From how many MB of growth on it is how bad; below the first it is OK.

    Raises:
        BadArgument: no number, negative, or not rising.
    """

    low_mb: float = 5.0
    medium_mb: float = 10.0
    high_mb: float = 50.0
    critical_mb: float = 100.0

    def __post_init__(self) -> None:
        names = [field.name for field in fields(self)]
        for name in names:
            check_mb(name, getattr(self, name))
        for lower, name in pairwise(names):
            if getattr(self, name) <= getattr(self, lower):
                below = f"must be more than {lower}={getattr(self, lower)!r}"
                raise BadArgument(name, getattr(self, name), below)

    def severity(self, growth_mb: float) -> Severity:
        """How bad this growth is."""
        limits = (self.low_mb, self.medium_mb, self.high_mb, self.critical_mb)
        return Severity(sum(growth_mb >= limit for limit in limits))


def thresholds_of(given: Thresholds | Mapping[str, float] | None) -> Thresholds:
    """Thresholds from what a caller gave: themselves, some by name, or none.

    Args:
        given: names are `low`, `medium`, `high` and `critical`, in any case, also with `_mb`.

    Raises:
        BadArgument: neither, an unknown name, or a value that is not allowed.
    """
    if given is None:
        return Thresholds()
    if isinstance(given, Thresholds):
        return given
    if not isinstance(given, Mapping):
        raise BadArgument("thresholds", given, "must be Thresholds, or a dict of them by name")
    known = {field.name for field in fields(Thresholds)}
    values = {f"{str(name).lower().removesuffix('_mb')}_mb": mb for name, mb in given.items()}
    for name in values.keys() - known:
        raise BadArgument("thresholds", name, f"must be among {', '.join(sorted(known))}")
    return Thresholds(**values)
