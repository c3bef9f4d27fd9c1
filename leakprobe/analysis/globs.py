"""Which files and types a question is about: `include` and `exclude`.

A pattern is a shell glob (`*`, `?`, `[…]`, see the module fnmatch) in which `*` also
crosses `/`. It is matched against the whole path or against its end from a `/` on:

    app.py            /srv/app.py, but not /srv/myapp.py
    app/*             /srv/app/main.py and /srv/app/api/users.py
    app/              the same: everything below a directory of that name
    */site-packages/* everything that was installed
    shop.models.*     names of types, which hold no `/`, are matched whole

Upper and lower case differ, as in paths.
"""

import fnmatch
import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

__all__ = ["glob_matches", "selector"]


def glob_matches(pattern: str, path: str) -> bool:
    """Whether the pattern describes the path, or its end from a `/` on."""
    return _compiled(pattern)(path) is not None


def selector(include: Sequence[str], exclude: Sequence[str]) -> Callable[[Iterable[str]], bool]:
    """A function that says whether something that goes by these names is asked for.

    It is if any of its names matches a pattern of `include`, or `include` is empty, and
    none of its names matches a pattern of `exclude`. Answers are remembered by name,
    since the same few files stand on thousands of stacks; keep the function no longer
    than the question lasts.
    """
    matches_include, matches_exclude = _remembering(include), _remembering(exclude)

    def selects(names: Iterable[str]) -> bool:
        names = tuple(names)
        if any(map(matches_exclude, names)):
            return False
        return not include or any(map(matches_include, names))

    return selects


def _remembering(patterns: Sequence[str]) -> Callable[[str], bool]:
    known: dict[str, bool] = {}

    def matches(name: str) -> bool:
        if name not in known:
            known[name] = any(glob_matches(pattern, name) for pattern in patterns)
        return known[name]

    return matches


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Callable[[str], re.Match[str] | None]:
    whole = fnmatch.translate(pattern + "*" if pattern.endswith("/") else pattern)
    # A leading `*` swallows the directories anyway.
    return re.compile(whole if pattern.startswith("*") else f"(?s:.*/)?{whole}").match
