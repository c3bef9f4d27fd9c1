"""Every error that leakprobe raises on purpose.

    LeakprobeError
    ├── SettingsError         a setting has a value that is not allowed
    ├── AgentRunning          a second agent in one process
    ├── DirectoryRefused      nothing can be kept in the run directory (leakprobe.run_directory)
    ├── ServiceFailed         the demo's service did not start, or died (leakprobe.demo)
    ├── ChildDied             a process that ran somebody's code ended early (leakprobe.commands)
    ├── TargetFailed          code that was to be judged raised or crashed (leakprobe.commands)
    ├── Unreachable           a service does not answer as an agent does (leakprobe.commands)
    ├── BadArgument           a number, type or name that the toolkit cannot use (leakprobe.testing)
    ├── SchemaError           stored or received data is not of this version's form
    └── Refusal               a question that is answered with "no", over HTTP or in Python
        ├── BadParameter          400  the question is malformed
        ├── Unauthorized          401  no token, or a wrong one
        ├── CrossOrigin           403  a browser's POST that another site caused
        ├── UnknownName           404  there is no such snapshot, type or endpoint
        ├── WrongMethod           405  there is such an endpoint, but not with this method
        ├── CaptureBusy           409  another heavy capture is running
        ├── BodyTooLarge          413  more was sent than any question needs
        ├── TooManyRequests       429  asked too often
        ├── NotAvailable          501  needs something that is not installed or not switched on
        ├── WalkFailed            503  the copy of the process that walked the heap came to nothing
        └── NotEnoughMemory       507  the answer would cost more memory than there is to spare

A message is one line: what was wrong, the value, and what to do.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import ClassVar

__all__ = [
    "AgentRunning",
    "BadParameter",
    "BodyTooLarge",
    "CaptureBusy",
    "CrossOrigin",
    "LeakprobeError",
    "NotAvailable",
    "NotEnoughMemory",
    "Refusal",
    "SchemaError",
    "SettingsError",
    "TooManyRequests",
    "Unauthorized",
    "UnknownName",
    "WalkFailed",
    "WrongMethod",
]

LONGEST_VALUE_SHOWN = 60


class LeakprobeError(Exception):
    """The root of the tree: `except LeakprobeError` catches all that is ours."""


class SettingsError(LeakprobeError, ValueError):
    """A setting has a value that is not allowed.

    Args:
        setting: the setting's name, as in `Settings`.
        value: the value that was given.
        allowed: what would have been allowed, in words.
    """

    def __init__(self, setting: str, value: object, allowed: str) -> None:
        super().__init__(f"setting {setting}={shorten(repr(value))}: {allowed}")
        self.setting = setting


class AgentRunning(LeakprobeError, RuntimeError):
    """This process has an agent already; there is one per process."""


class SchemaError(LeakprobeError, ValueError):
    """Data that should be one of our models is not, or is of another version."""


class Refusal(LeakprobeError):
    """A question that is answered with "no".

    Args:
        message: one line that says what was wrong and what to do.
        retry_after_s: after how many seconds asking again makes sense, where it does.
    """

    status: ClassVar[int]

    def __init__(self, message: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class BadParameter(Refusal):
    """A parameter has a value that is not allowed, or is not known at all.

    Args:
        name: the parameter's name.
        value: the value that was given.
        allowed: what would have been allowed, in words.
    """

    status = 400

    def __init__(self, name: str, value: object, allowed: str) -> None:
        super().__init__(f"parameter {shorten(name)}={shorten(repr(value))}: {allowed}")
        self.name = name


class Unauthorized(Refusal):
    """No token, or a wrong one. Says nothing about which."""

    status = 401


class CrossOrigin(Refusal):
    """A POST with a session cookie that did not come from our own page."""

    status = 403


class UnknownName(Refusal):
    """There is nothing of that name; says what comes nearest.

    Args:
        kind: what was looked for: "snapshot", "type", "endpoint".
        name: the name that was asked for.
        known: the names that there are.
        otherwise: what to do where nothing comes near.
    """

    status = 404

    def __init__(
        self, kind: str, name: str, known: Iterable[str] = (), otherwise: str = ""
    ) -> None:
        near = get_close_matches(name[:200], [k[:200] for k in known], n=3, cutoff=0.4)
        hint = f"nearest: {', '.join(shorten(n) for n in near)}" if near else otherwise
        super().__init__(f"no {kind} {shorten(name)!r}" + (f"; {hint}" if hint else ""))
        self.nearest = tuple(near)


class WrongMethod(Refusal):
    """The endpoint exists, but answers to another method."""

    status = 405


class CaptureBusy(Refusal):
    """One heavy capture runs at a time, and one is running."""

    status = 409


class BodyTooLarge(Refusal):
    """More was sent than any question needs."""

    status = 413


class TooManyRequests(Refusal):
    """Asked more often than the service should bear."""

    status = 429


class NotAvailable(Refusal):
    """Needs something that is not installed or not switched on; says how to get it."""

    status = 501


class WalkFailed(Refusal):
    """A heap walk in a copy of the process crashed, was too late, or wrote nothing usable."""

    status = 503


class NotEnoughMemory(Refusal):
    """The capture would need more memory than the service has to spare."""

    status = 507


def shorten(text: str, longest: int = LONGEST_VALUE_SHOWN) -> str:
    """Cut a value that came from outside, so that a message stays one readable line."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
