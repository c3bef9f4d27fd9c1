"""Every setting, its default and what it allows.

A wrong value fails at construction with one line that names the setting, the
value and what is allowed. Nothing here looks at the machine: a default that
depends on it (the directory, the memory limit, a random token) is `None` here and
resolved by the agent.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Literal, TypedDict, get_args

from leakprobe.errors import SettingsError

__all__ = [
    "RetentionRule",
    "Settings",
    "SettingsByName",
    "TracerName",
    "parse_duration_s",
    "parse_retention",
]

TracerName = Literal["auto", "sampled", "tracemalloc", "off"]

ENVIRONMENT_PREFIX = "LEAKPROBE_"
UNIT_S = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")
TOKEN = re.compile(r"[\x21-\x7e]{1,512}")
TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"0", "false", "no", "off"})


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """Keep one snapshot in every `every_s` seconds, back to an age of `age_s` seconds."""

    age_s: float
    every_s: float


class SettingsByName(TypedDict, total=False):
    """The fields of `Settings` as keyword arguments, for type checkers and editors."""

    enabled: bool
    path: str
    token: str | None
    tracer: TracerName
    sample_bytes: int
    heap_budget: float
    frames: int | None
    interval_s: float
    retention: str
    directory: str | None
    memory_limit_bytes: int | None
    reveal: bool
    max_self_bytes: int
    benign: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the agent behaves.

    Attributes:
        enabled: false makes the middleware pass everything through at no cost.
        path: where the endpoints are, without a slash at the end.
        token: bearer token for every endpoint; None: a random one, kept in
            `<directory>/token`.
        tracer: what records allocations; `auto` takes the best that there is.
        sample_bytes: mean bytes between two samples of the sampled tracer.
        heap_budget: share of one core that heap walks which nobody asked for may use in the
            long run; 0: none. An agent
            begins with a credit of 4 seconds of CPU, which walks of a busy process use up
            at no more than 15 % of a core, and which fills again while there is less to see.
        frames: depth of a recorded stack; None: 32 for sampled, 1 for tracemalloc.
        interval_s: seconds between two rolling snapshots.
        retention: which rolling snapshots are kept, as `AGE@EVERY,…`.
        directory: where the token and what must outlive the process are kept; None:
            `leakprobe-<uid>` in the temporary directory.
        memory_limit_bytes: what "time until out of memory" is computed against; None:
            the cgroup's limit, else the physical memory.
        reveal: show dict keys and reprs of the application's objects.
        max_self_bytes: limit for the agent's own tables; past it the coarsest data goes.
        benign: a TOML file with growth that is known to end, and why; None: only what
            leakprobe knows itself.

    Raises:
        SettingsError: a value is not allowed.
    """

    enabled: bool = True
    path: str = "/debug/memory"
    token: str | None = None
    tracer: TracerName = "auto"
    sample_bytes: int = 65536
    heap_budget: float = 0.01
    frames: int | None = None
    interval_s: float = 10.0
    retention: str = "10m@10s,2h@1m,24h@10m"
    directory: str | None = None
    memory_limit_bytes: int | None = None
    reveal: bool = False
    max_self_bytes: int = 32 * 1024 * 1024
    benign: str | None = None

    def __post_init__(self) -> None:
        for name in ("enabled", "reveal"):
            _check(self, name, lambda v: type(v) is bool, "true or false")
        _check(self, "path", _is_path, "a path such as /debug/memory, without a slash at its end")
        _check(self, "token", _is_token, "1 to 512 printable ASCII characters without spaces")
        names = get_args(TracerName)
        _check(self, "tracer", lambda v: v in names, f"one of {', '.join(names)}")
        _check(
            self, "sample_bytes", _whole(1024, 1 << 30), "a whole number from 1024 to 1073741824"
        )
        _check(self, "heap_budget", _number(0, 1), "a number from 0 to 1")
        _check(self, "frames", _optional(_whole(1, 256)), "a whole number from 1 to 256")
        _check(self, "interval_s", _number(0.05, 86400), "seconds from 0.05 to 86400")
        _check(self, "directory", _optional(_is_path_name), "the path of a directory")
        _check(self, "benign", _optional(_is_path_name), "the path of a TOML file")
        limit = _optional(_whole(1 << 20, 1 << 60))
        _check(self, "memory_limit_bytes", limit, "a whole number of bytes, at least 1048576")
        _check(self, "max_self_bytes", _whole(1 << 20, 1 << 40), "bytes, at least 1048576")
        parse_retention(self.retention)

    @property
    def retention_rules(self) -> tuple[RetentionRule, ...]:
        """The `retention` setting, parsed; ages rise."""
        return parse_retention(self.retention)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], **overrides: object) -> "Settings":
        """Settings from `LEAKPROBE_…` variables; a keyword given here wins.

        Args:
            environment: usually `os.environ`.
            overrides: settings by name.

        Raises:
            SettingsError: a value is not allowed, or there is no such setting.
        """
        known = {field.name: field for field in fields(cls)}
        for name, value in overrides.items():
            if name not in known:
                raise SettingsError(name, value, f"no such setting; there are {', '.join(known)}")
        values: dict[str, object] = {}
        for name, field in known.items():
            text = environment.get(ENVIRONMENT_PREFIX + name.upper())
            if name not in overrides and text is not None and text != "":
                values[name] = _parse(name, text, field.default)
        # The fields' types are checked by value in __post_init__.
        return cls(**{**values, **overrides})  # type: ignore[arg-type]


def parse_duration_s(text: str) -> float | None:
    """Seconds in a duration such as `90s`, `10m`, `2h` or `1d`; None where it is none."""
    match = DURATION.fullmatch(text)
    return float(match[1]) * UNIT_S[match[2]] if match else None


def parse_retention(text: object) -> tuple[RetentionRule, ...]:
    """Read a retention setting: `AGE@EVERY` pairs with rising ages, such as `10m@10s,24h@10m`.

    Raises:
        SettingsError: it is not of that form.
    """
    allowed = "AGE@EVERY pairs with rising ages, such as 10m@10s,2h@1m,24h@10m"
    rules: list[RetentionRule] = []
    for part in text.split(",") if isinstance(text, str) else [""]:
        age_text, _, every_text = part.strip().partition("@")
        age_s, every_s = parse_duration_s(age_text), parse_duration_s(every_text)
        if not age_s or not every_s or every_s > age_s or (rules and age_s <= rules[-1].age_s):
            raise SettingsError("retention", text, allowed)
        rules.append(RetentionRule(age_s=age_s, every_s=every_s))
    return tuple(rules)


def _check(settings: Settings, name: str, good: Callable[[object], bool], allowed: str) -> None:
    value = getattr(settings, name)
    if not good(value):
        shown = "(hidden)" if name == "token" else value
        raise SettingsError(name, shown, f"must be {allowed}")


def _parse(name: str, text: str, default: object) -> object:
    """The value in an environment variable, of the default's kind where that can be read."""
    if isinstance(default, bool):
        word = text.strip().lower()
        return word in TRUE_WORDS if word in TRUE_WORDS | FALSE_WORDS else text
    if isinstance(default, int) or name in {"frames", "memory_limit_bytes"}:
        return int(text) if re.fullmatch(r"\s*\d{1,20}\s*", text) else text
    if isinstance(default, float):
        return float(text) if re.fullmatch(r"\s*\d+(\.\d+)?\s*", text) else text
    return text


def _is_path(value: object) -> bool:
    return isinstance(value, str) and PATH.fullmatch(value) is not None


def _is_token(value: object) -> bool:
    return value is None or (isinstance(value, str) and TOKEN.fullmatch(value) is not None)


def _is_path_name(value: object) -> bool:
    return isinstance(value, str) and value != "" and "\0" not in value


def _whole(least: int, most: int) -> Callable[[object], bool]:
    return lambda value: type(value) is int and least <= value <= most


def _number(least: float, most: float) -> Callable[[object], bool]:
    def good(value: object) -> bool:
        return type(value) in (int, float) and math.isfinite(value) and least <= value <= most  # type: ignore[arg-type, operator]

    return good


def _optional(good: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or good(value)
