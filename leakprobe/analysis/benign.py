"""Growth that is known to end, and why: data, not code.

An entry explains growth that slows down or does not repeat: it is then no suspect. It
never silences growth that repeats in every window, since what usually ends does leak in
some programs (`linecache` does, where code is generated for ever).

    [[benign]]
    name = "compiled patterns"
    holders = ["re._cache*"]
    reason = "re keeps up to 512 compiled patterns"
    source = "Lib/re/__init__.py, _MAXCACHE"

`types`, `sites` and `holders` are shell globs: of the names of types, of files that
allocate, of holders as code would write them. One of them that matches is enough.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from leakprobe.analysis.globs import glob_matches

__all__ = ["Benign", "explanation", "parse_benign"]

TEXTS = ("name", "reason", "source")
PATTERNS = ("types", "sites", "holders")
LONGEST_TEXT = 500
MOST_ENTRIES = 1000


@dataclass(frozen=True, slots=True)
class Benign:
    """One kind of growth that is known to end.

    Attributes:
        name: what it is.
        reason: why it ends, in one sentence.
        source: where that can be read.
        types: globs of names of types.
        sites: globs of files whose code allocates it.
        holders: globs of what holds it.
    """

    name: str
    reason: str
    source: str
    types: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()


def parse_benign(text: str) -> tuple[Benign, ...]:
    """Read entries from TOML.

    Raises:
        ValueError: it is no TOML, or an entry is not of the form; says which and why.
    """
    data = tomllib.loads(text)
    entries = data.pop("benign", [])
    if data:
        raise ValueError(f"no such table: {', '.join(data)}; entries are [[benign]]")
    if not isinstance(entries, list) or len(entries) > MOST_ENTRIES:
        raise ValueError(f"benign must be a list of tables, at most {MOST_ENTRIES}")
    return tuple(_entry(number, entry) for number, entry in enumerate(entries, 1))


def explanation(
    entries: Iterable[Benign],
    *,
    types: Sequence[str] = (),
    files: Sequence[str] = (),
    holders: Sequence[str] = (),
) -> Benign | None:
    """The first entry that explains growth of these types, from these files, so held."""
    names = {"types": types, "sites": files, "holders": holders}
    return next((entry for entry in entries if _describes(entry, names)), None)


def _describes(entry: Benign, names: Mapping[str, Sequence[str]]) -> bool:
    pairs = ((entry.types, "types"), (entry.sites, "sites"), (entry.holders, "holders"))
    return any(
        glob_matches(pattern, name)
        for patterns, what in pairs
        for pattern in patterns
        for name in names[what]
    )


def _entry(number: int, entry: object) -> Benign:
    if not isinstance(entry, dict):
        raise ValueError(f"benign entry {number} is not a table")
    unknown = entry.keys() - {*TEXTS, *PATTERNS}
    if unknown:
        raise ValueError(f"benign entry {number} has unknown keys: {', '.join(sorted(unknown))}")
    name, reason, source = (_text(number, key, entry.get(key)) for key in TEXTS)
    types, sites, holders = (_patterns(number, key, entry.get(key, [])) for key in PATTERNS)
    if not (types or sites or holders):
        raise ValueError(f"benign entry {number} has none of {', '.join(PATTERNS)}")
    return Benign(name, reason, source, types, sites, holders)


def _text(number: int, key: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_TEXT:
        allowed = f"a text of 1 to {LONGEST_TEXT} characters"
        raise ValueError(f"benign entry {number}: {key} must be {allowed}")
    return value


def _patterns(number: int, key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(f"benign entry {number}: {key} must be a list of globs")
    return tuple(_text(number, key, pattern) for pattern in value)
