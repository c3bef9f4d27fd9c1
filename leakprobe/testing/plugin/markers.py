"""What a test's own markers say about its memory; they are stronger than the options."""

from dataclasses import dataclass

import pytest

from leakprobe.testing.plugin.options import Options, iterations_from, threshold_from

__all__ = ["LIMITS", "Limits", "limits_of", "read_limits"]

NAME = "memory_leak"
ARGUMENTS = ("threshold_mb", "iterations")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one test may leave behind.

    Attributes:
        judged: False: it is marked `skip_leak_detection`.
        threshold_mb: in MB of 1,000,000 bytes.
        iterations: how often its body is called.
    """

    judged: bool
    threshold_mb: float
    iterations: int


LIMITS = pytest.StashKey[Limits]()


def limits_of(item: pytest.Item, options: Options) -> Limits:
    """The limits of a collected test; of one that was made later, from its markers."""
    if LIMITS not in item.stash:
        item.stash[LIMITS] = read_limits(item, options)
    return item.stash[LIMITS]


def read_limits(item: pytest.Item, options: Options) -> Limits:
    """The limits of a test: each argument from the nearest marker that has it.

    Raises:
        pytest.UsageError: an argument that is unknown, or has a value that is not allowed.
    """
    threshold_mb, iterations = options.threshold_mb, options.iterations
    for mark in reversed(list(item.iter_markers(NAME))):
        given = _arguments(item, mark)
        where = f"{item.nodeid}: marker {NAME}"
        if given.get("threshold_mb") is not None:
            threshold_mb = threshold_from(given["threshold_mb"], f"{where} threshold_mb")
        if given.get("iterations") is not None:
            iterations = iterations_from(given["iterations"], f"{where} iterations")
    judged = item.get_closest_marker("skip_leak_detection") is None
    return Limits(judged, threshold_mb, iterations if judged else 1)


def _arguments(item: pytest.Item, mark: pytest.Mark) -> dict[str, object]:
    given: dict[str, object] = dict(zip(ARGUMENTS, mark.args, strict=False))
    unknown = [repr(value) for value in mark.args[len(ARGUMENTS) :]]
    unknown += [name for name in mark.kwargs if name not in ARGUMENTS or name in given]
    if unknown:
        message = f"{item.nodeid}: marker {NAME} has {unknown[0]}: it takes {', '.join(ARGUMENTS)}"
        raise pytest.UsageError(message)
    return {**given, **mark.kwargs}
