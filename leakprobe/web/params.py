"""Parameters, declared once and read strictly.

An endpoint declares what it takes; everything else is a `BadParameter` that names the
parameter, its value and what is allowed. Nothing is guessed, trimmed or ignored: a
misspelt `limt=5` that passed silently would show the wrong rows.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Generic, TypeVar, cast

from leakprobe.analysis.moments import MOMENT_WORDS
from leakprobe.errors import BadParameter, shorten
from leakprobe.settings import parse_duration_s

__all__ = [
    "Parameter",
    "Values",
    "choice",
    "duration",
    "flag",
    "globs",
    "label",
    "moment",
    "optional_choice",
    "read_parameters",
    "text",
    "type_name",
    "whole",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

WHOLE = re.compile(r"[0-9]{1,18}")
DURATION = re.compile(r"-?([0-9]{1,9}(?:\.[0-9]{1,6})?[smhd])")
MOMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:+-]{0,99}")
TRUE_WORDS = frozenset({"true", "1", "yes", "on"})
FALSE_WORDS = frozenset({"false", "0", "no", "off"})
LONGEST_TEXT = 200
LONGEST_TYPE_NAME = 500
MOST_GLOBS = 20
MONTH_S = 30 * 86400.0


class _NotAllowed(Exception):
    """A value is not of the parameter's kind."""


@dataclass(frozen=True, slots=True)
class Parameter(Generic[T_co]):
    """One parameter of an endpoint.

    Attributes:
        name: as it stands in the query.
        read: turns the text into the value, or raises.
        allowed: what is allowed, in words.
        default: the value where the parameter is not given.
        required: whether it must be given.
    """

    name: str
    read: Callable[[str], T_co]
    allowed: str
    default: T_co
    required: bool = False


class Values:
    """The values of an endpoint's parameters, read by `read_parameters`.

    `values[LIMIT]` has the type that the parameter was declared with; `given` holds the
    names of those that the request carried.
    """

    __slots__ = ("_values", "given")

    def __init__(self, values: dict[str, object], given: frozenset[str]) -> None:
        self._values = values
        self.given = given

    def __getitem__(self, parameter: Parameter[T]) -> T:
        return cast("T", self._values[parameter.name])


def read_parameters(
    spec: Sequence[Parameter[Any]],  # Any: a spec mixes parameters of all types
    pairs: Iterable[tuple[str, str]],
) -> Values:
    """The values of the declared parameters.

    Args:
        spec: what the endpoint takes.
        pairs: what the request carries, names and values, in any order.

    Raises:
        BadParameter: a parameter is unknown, given twice, empty, missing although
            required, has characters that cannot be printed, or a value of a wrong kind.
    """
    known = {parameter.name: parameter for parameter in spec}
    values: dict[str, object] = {}
    for name, value in pairs:
        if name not in known:
            raise BadParameter(_legible(name), value, _unknown(name, list(known)))
        if name in values:
            raise BadParameter(name, value, "given twice; give it once")
        values[name] = _read(known[name], value)
    for name, parameter in known.items():
        if parameter.required and name not in values:
            raise BadParameter(name, "", f"missing; must be {parameter.allowed}")
    defaults = {name: parameter.default for name, parameter in known.items()}
    return Values({**defaults, **values}, frozenset(values))


def _read(parameter: Parameter[T], value: str) -> T:
    try:
        if value == "" or not value.isprintable():
            raise _NotAllowed
        return parameter.read(value)
    except _NotAllowed:
        raise BadParameter(parameter.name, value, f"must be {parameter.allowed}") from None


def _unknown(name: str, known: list[str]) -> str:
    near = get_close_matches(shorten(name), known, n=1, cutoff=0.5)
    nearest = f"; nearest: {near[0]}" if near else ""
    return f"no such parameter{nearest}; allowed: {', '.join(known) or 'none'}"


def _legible(name: str) -> str:
    return name if name.isprintable() else ascii(name[:LONGEST_TEXT])


def whole(name: str, least: int, most: int, default: int) -> Parameter[int]:
    """A whole number in ASCII digits, from `least` to `most`."""

    def read(text: str) -> int:
        if WHOLE.fullmatch(text) is None or not least <= int(text) <= most:
            raise _NotAllowed
        return int(text)

    return Parameter(name, read, f"a whole number from {least} to {most}", default)


def choice(name: str, choices: Sequence[str], default: str) -> Parameter[str]:
    """One of several words."""
    return Parameter(name, _one_of(choices), f"one of {', '.join(choices)}", default)


def optional_choice(name: str, choices: Sequence[str]) -> Parameter[str | None]:
    """One of several words, or nothing."""
    return Parameter(name, _one_of(choices), f"one of {', '.join(choices)}", None)


def duration(
    name: str, default_s: float | None = None, most_s: float = MONTH_S
) -> Parameter[float | None]:
    """A length of time, such as `90s` or `10m`, in seconds; `-10m`, as in "ago", is the same."""

    def read(text: str) -> float:
        match = DURATION.fullmatch(text)
        seconds = parse_duration_s(match[1]) if match else None
        if seconds is None or not 0 < seconds <= most_s:
            raise _NotAllowed
        return seconds

    allowed = f"a time such as 90s, 10m, 2h or 1d, at most {most_s:.0f}s"
    return Parameter(name, read, allowed, default_s)


def moment(name: str, default: str) -> Parameter[str]:
    """What names a snapshot: a word, an id, a label or `-10m`. Whether it exists is not asked."""

    def read(text: str) -> str:
        if MOMENT.fullmatch(text) is None and DURATION.fullmatch(text) is None:
            raise _NotAllowed
        return text

    allowed = "start, baseline, previous, now, a snapshot's id, or a time ago such as -10m"
    return Parameter(name, read, allowed, default)


def label(name: str) -> Parameter[str | None]:
    """A name for a snapshot: it can be used as a moment, and is no moment's word itself."""

    def read(text: str) -> str:
        if MOMENT.fullmatch(text) is None or text in MOMENT_WORDS:
            raise _NotAllowed
        return text

    allowed = "1 to 100 letters, digits and _.:+-, and none of " + ", ".join(MOMENT_WORDS)
    return Parameter(name, read, allowed, None)


def globs(name: str) -> Parameter[tuple[str, ...]]:
    """Path patterns, separated by commas."""

    def read(text: str) -> tuple[str, ...]:
        patterns = tuple(text.split(","))
        if len(patterns) > MOST_GLOBS or not all(0 < len(p) <= LONGEST_TEXT for p in patterns):
            raise _NotAllowed
        return patterns

    allowed = (
        f"1 to {MOST_GLOBS} path globs separated by commas, each at most {LONGEST_TEXT} characters"
    )
    return Parameter(name, read, allowed, ())


def text(name: str, longest: int = LONGEST_TEXT) -> Parameter[str | None]:
    """Any printable text."""
    return Parameter(name, _at_most(longest), _printable(longest), None)


def type_name(name: str = "type", *, required: bool = False) -> Parameter[str | None]:
    """The name of a type, with its module."""
    allowed = f"the name of a type such as app.TaskResult, {_printable(LONGEST_TYPE_NAME)}"
    return Parameter(name, _at_most(LONGEST_TYPE_NAME), allowed, None, required)


def flag(name: str, default: bool) -> Parameter[bool]:
    """True or false, in one of the usual words."""

    def read(text: str) -> bool:
        word = text.lower()
        if word not in TRUE_WORDS | FALSE_WORDS:
            raise _NotAllowed
        return word in TRUE_WORDS

    return Parameter(name, read, "true or false", default)


def _one_of(choices: Sequence[str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise _NotAllowed
        return text

    return read


def _at_most(longest: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        if len(text) > longest:
            raise _NotAllowed
        return text

    return read


def _printable(longest: int) -> str:
    return f"1 to {longest} printable characters"
