"""Arguments of the toolkit, checked before anything is measured."""

import math

from leakprobe.errors import LeakprobeError, shorten

__all__ = ["BadArgument", "check_mb", "check_whole"]


class BadArgument(LeakprobeError, ValueError):
    """An argument has a value that is not allowed.

    Args:
        name: the argument's name.
        value: the value that was given.
        allowed: what would have been allowed, in words.
    """

    def __init__(self, name: str, value: object, allowed: str) -> None:
        super().__init__(f"{name}={shorten(repr(value))}: {allowed}")
        self.name = name


def check_whole(name: str, value: object, least: int) -> int:
    """A whole number that is not too small.

    Raises:
        BadArgument: it is none, or too small.
    """
    if type(value) is not int or value < least:
        raise BadArgument(name, value, f"must be a whole number of at least {least}")
    return value


def check_mb(name: str, value: object) -> float:
    """A number of megabytes, at least 0.

    Raises:
        BadArgument: it is no number, negative, or not finite.
    """
    if type(value) not in (int, float) or not math.isfinite(value) or value < 0:  # type: ignore[arg-type, operator]  # the type was just looked at
        raise BadArgument(name, value, "must be a number of megabytes, 0 or more")
    return float(value)  # type: ignore[arg-type]  # as above
