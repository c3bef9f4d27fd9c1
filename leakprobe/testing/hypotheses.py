"""Suspected leaks, as a script lists them for `leakprobe audit`.

    HYPOTHESES = [
        Hypothesis("XML trees", {"without clear()": parse, "with clear()": parse_and_clear}),
        Hypothesis("queue", fail, protected=fail_and_clean_up, note="transcription_worker()"),
        Hypothesis("containers", probe, needs="av"),
    ]

Plain tuples and dictionaries of the same shape do as well, so that a script need not import
anything of leakprobe: `("containers", probe, "av")`.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import cast

from leakprobe.errors import LeakprobeError, shorten
from leakprobe.testing.arguments import check_whole
from leakprobe.testing.driving import Call
from leakprobe.testing.target import place_of, said_of

__all__ = ["Hypothesis", "Need", "Way", "missing_for", "read_hypotheses"]

Need = str | Callable[[], str | None]
Calls = Call | Mapping[str, Call] | Sequence[Call]

EXAMPLE = 'write HYPOTHESES = [("name", function)] in it'
NAMES = ("HYPOTHESES", "hypotheses")
SUSPECTED, PROTECTED = "suspected", "protected"
MOST_WAYS = 2
LEAST_ITERATIONS = 3


@dataclass(frozen=True, slots=True)
class Way:
    """One of at most two ways to do the work."""

    label: str
    call: Call


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """Something that may leak.

    Attributes:
        name: unique in the script.
        call: one unit of work, without arguments, sync or async; or a pair, the suspected
            way first and the one that should be right second, as a mapping with a name
            for each or as a sequence.
        protected: the second of the pair, where `call` is one callable.
        needs: what must be there, else it is not testable here: the name of a module,
            `command:ffmpeg`, `file:/path`, `env:NAME`, or a function that answers with
            the reason why not.
        iterations: judged calls; None: those of the command line.
        warmup: calls before; None: those of the command line.
        note: stands in the table as it is.
    """

    name: str
    call: Calls
    protected: Call | None = None
    needs: Need | Sequence[Need] = ()
    iterations: int | None = None
    warmup: int | None = None
    note: str = ""

    @property
    def ways(self) -> tuple[Way, ...]:
        """The suspected way, and the protected one where there is one.

        Raises:
            LeakprobeError: something else than one or two callables.
        """
        calls = self._calls()
        labels = list(calls) if isinstance(calls, Mapping) else _labels(calls)
        found: list[object] = list(calls.values() if isinstance(calls, Mapping) else calls)
        if not 1 <= len(found) <= MOST_WAYS:
            raise LeakprobeError(f"{self._said()} has {len(found)} ways: give one or two")
        for call in found:
            if not callable(call):
                kind = type(call).__name__
                raise LeakprobeError(f"{self._said()} is of type {kind}: give a function")
        checked = cast("list[Call]", found)
        return tuple(Way(str(label), call) for label, call in zip(labels, checked, strict=True))

    def check(self) -> None:
        """See that it can be run.

        Raises:
            LeakprobeError: a field is not what it should be.
        """
        if not isinstance(self.name, str) or not self.name.strip():
            raise LeakprobeError(f"{self._said()}: its name must be a text")
        if self.iterations is not None:
            check_whole(f"{self._said()}: iterations", self.iterations, LEAST_ITERATIONS)
        if self.warmup is not None:
            check_whole(f"{self._said()}: warmup", self.warmup, 0)
        _ = self.ways
        for need in self.all_needs:
            if not (isinstance(need, str) or callable(need)):
                raise LeakprobeError(
                    f"{self._said()}: needs {shorten(repr(need))}, neither a name nor a function"
                )

    @property
    def all_needs(self) -> tuple[Need, ...]:
        """What it needs, as a tuple whatever was given."""
        if isinstance(self.needs, str) or callable(self.needs):
            return (self.needs,)
        return tuple(self.needs)

    def _calls(self) -> Mapping[str, Call] | list[Call]:
        if isinstance(self.call, Mapping) and self.protected is None:
            return self.call
        first = list(self.call) if isinstance(self.call, list | tuple) else [self.call]
        return cast("list[Call]", [*first, *([] if self.protected is None else [self.protected])])

    def _said(self) -> str:
        return f"hypothesis {shorten(repr(self.name))}"


def read_hypotheses(module: ModuleType) -> tuple[Hypothesis, ...]:
    """What the script lists as `HYPOTHESES`, `hypotheses`, or returns from `hypotheses()`.

    Raises:
        LeakprobeError: there are none, two have the same name, one is not right, or
            `hypotheses()` raises.
    """
    listed = next((vars(module)[name] for name in NAMES if name in vars(module)), None)
    if callable(listed):
        listed = _result("hypotheses()", listed)
    found = tuple(_hypothesis(item) for item in _items(listed))
    if not found:
        raise LeakprobeError(f"{_file(module)} lists no hypotheses: {EXAMPLE}")
    for hypothesis in found:
        hypothesis.check()
    names = [hypothesis.name for hypothesis in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise LeakprobeError(f"two hypotheses have the name {shorten(repr(twice))}")
    return found


def missing_for(hypothesis: Hypothesis) -> str | None:
    """Why it cannot be tested here, with what to do; None: it can.

    Raises:
        LeakprobeError: a function among its needs raises, or answers with something else
            than a text.
    """
    reasons = (_missing(need) for need in hypothesis.all_needs)
    return next((reason for reason in reasons if reason), None)


def _missing(need: Need) -> str | None:
    if not isinstance(need, str):
        reason = _result("a need", need)
        if reason is None or isinstance(reason, str):
            return reason
        raise LeakprobeError(f"a need answered {shorten(repr(reason))}: answer a reason, or None")
    kind, _, name = need.rpartition(":")
    return LOOKS.get(kind, _module)(name)


def _result(said: str, function: Callable[[], object]) -> object:
    try:
        return function()
    except Exception as error:
        raise LeakprobeError(f"{said} raised {said_of(error)} ({place_of(error)})") from error


def _module(name: str) -> str | None:
    try:
        found = find_spec(name) is not None
    except (ImportError, ValueError):
        found = False
    return None if found else f"needs the module {name}: pip install {name.partition('.')[0]}"


def _command(name: str) -> str | None:
    return None if shutil.which(name) else f"needs the command {name}: install it, or add to PATH"


def _path(name: str) -> str | None:
    return None if Path(name).exists() else f"needs the file {name}"


def _variable(name: str) -> str | None:
    return None if os.environ.get(name) else f"needs the environment variable {name}: set it"


LOOKS: Mapping[str, Callable[[str], str | None]] = {
    "module": _module,
    "command": _command,
    "file": _path,
    "env": _variable,
}


def _items(listed: object) -> Iterable[object]:
    """A mapping of names to calls is a list of pairs."""
    if isinstance(listed, Mapping):
        return list(listed.items())
    if isinstance(listed, Iterable) and not isinstance(listed, str | bytes):
        return list(listed)
    return []


def _hypothesis(item: object) -> Hypothesis:
    if isinstance(item, Hypothesis):
        return item
    # What a script gives may be of any type: `check` says which fields are not right.
    if isinstance(item, Mapping):
        return _from_fields(cast("Mapping[str, object]", item))
    if isinstance(item, list | tuple) and item:
        return _from_fields(dict(zip(_order(item), item, strict=False)))
    raise LeakprobeError(f"{shorten(repr(item))} is no hypothesis: {EXAMPLE}")


def _order(item: Sequence[object]) -> Sequence[str]:
    """In a tuple, what is needed may come third, where there is no protected way."""
    third = item[2] if len(item) > MOST_WAYS else None
    if third is None or callable(third):
        return [field.name for field in fields(Hypothesis)]
    return ("name", "call", "needs", "iterations", "warmup", "note")


def _from_fields(given: Mapping[str, object]) -> Hypothesis:
    try:
        return Hypothesis(**given)  # type: ignore[arg-type]  # looked at by `check`
    except TypeError:
        known = ", ".join(field.name for field in fields(Hypothesis))
        said = shorten(repr(dict(given)))
        raise LeakprobeError(f"{said} is no hypothesis: name and call, of {known}") from None


def _labels(calls: Sequence[object]) -> list[str]:
    """The functions' own names, where these tell them apart."""
    names = [str(getattr(call, "__name__", "<lambda>")) for call in calls]
    if len(set(names)) == len(names) and "<lambda>" not in names:
        return names
    return [SUSPECTED, PROTECTED][: len(names)] + names[MOST_WAYS:]


def _file(module: ModuleType) -> str:
    return Path(getattr(module, "__file__", None) or module.__name__).name
