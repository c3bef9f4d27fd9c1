"""The name of a route, once a request has been routed: `GET /items/{id}`.

A raw path is never part of a name: clients choose paths, and one label for each would
be a leak of our own. A name is made of what the application wrote in its routing table.
That is read from the scope, into which Starlette and FastAPI write what matched:

- `endpoint` is what answered, `route` the route that led there. FastAPI puts no `route`
  for a plain Starlette route, and neither did older Starlettes for any; a `route` may
  then be left over from a mount further out.
- For a router that FastAPI included with a prefix, `route` is the one without it, and
  `scope["fastapi"]["effective_route_context"]` the one that matched.
- A mount turns its template into the real path (`root_path`), and that cannot be turned
  back reliably: `/{n:int}` makes 7 of `007`. So mounts are looked up in the table.

What was found out about a route is remembered for as long as the route lives.
"""

import re
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from starlette.types import Scope

from leakprobe.web.route_memo import METHODS, Ids, Memo, RouteMemo, key_of, written
from leakprobe.web.route_table import attributes, find_templates, owner_of

__all__ = ["OTHER_METHOD", "UNKNOWN", "UNMATCHED", "RouteNames"]

UNMATCHED = "(unmatched)"
UNKNOWN = "(unknown)"
OTHER_METHOD = "(other)"
SOME_MOUNT = "/{mount}"
MOST_KNOWN = 10_000
PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")

# What a user of the names keeps of each.
Met = TypeVar("Met")


@dataclass(frozen=True, slots=True)
class _Template:
    """A template, and what tells it from another of the same route."""

    text: str
    names: frozenset[str]
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a route: its templates, and what they were read from.

    `sources` are weak references whose callback forgets this entry, so that no object of
    the application is kept and no id is taken for another's. `whole` says whether the
    templates begin at the application's root or below a mount that was not found.
    """

    templates: tuple[_Template, ...]
    whole: bool
    sources: tuple[object, ...]


class RouteNames(Generic[Met]):
    """Names routes, and remembers what it found out about each.

    Args:
        meet: makes of a name, and of the scope of a request that took this route, what
            `of` returns. Called once for a route with one template, else for each request.
        memo: where that is remembered; None: in one in Python.
    """

    def __init__(self, meet: Callable[[str, Scope], Met], memo: Memo[Met] | None = None) -> None:
        self._meet = meet
        self._known: dict[Ids, _Known] = {}
        # What nearly every request needs: one look-up for a route with one template.
        self._certain: Memo[Met] = RouteMemo() if memo is None else memo

    def of(self, scope: Scope) -> Met:
        """What was made of the name of the route that a request took: `METHOD /template`.

        `(unmatched)`: a router looked and found nothing. `(unknown)`: no router left a
        trace in this scope, because a middleware answered or passed on a copy, or the
        route cannot be told from the table. A request below a mount that nothing there
        matched is the mount's: `/static/{path}`.

        Args:
            scope: the very dictionary that was handed down, after the request has ended.
        """
        return self._certain.find(scope) or self.find_out(scope)

    def find_out(self, scope: Scope) -> Met:
        """As `of`, for what is not remembered."""
        endpoint = scope.get("endpoint")
        if endpoint is None:
            return self._meet(UNMATCHED if "router" in scope else UNKNOWN, scope)
        key = key_of(scope)
        *ids, method = key
        which: Ids = (ids[0], ids[1], ids[2])
        known = self._known.get(which) or self._learn(which, scope)
        if not known.templates:
            return self._meet(UNKNOWN, scope)
        certain = len(known.templates) == 1 and known.whole
        if certain:
            template = known.templates[0].text
        else:
            template = (_choose if known.whole else _below_mount)(known.templates, scope)
        met = self._meet(f"{method if method in METHODS else OTHER_METHOD} {template}", scope)
        if certain and method in METHODS:
            self._certain.remember(key, met)
        return met

    def _learn(self, ids: Ids, scope: Scope) -> _Known:
        endpoint, route, context = written(scope)
        wanted = _what_matched(endpoint, route, context)
        texts = find_templates(scope.get("router"), wanted)
        whole = bool(texts)
        if not whole:
            alone = attributes(wanted).get("path_format")
            texts = (alone,) if type(alone) is str else ()
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
            self._certain.clear()
        sources = tuple(self._watch(thing, ids) for thing in (endpoint, route, context))
        known = self._known[ids] = _Known(tuple(map(_template, texts)), whole, sources)
        return known

    def _watch(self, thing: object, ids: Ids) -> object:
        """A reference that forgets the entry when the thing goes; the thing where it must be."""
        remembered, certain = self._known, self._certain

        def forget(_: object) -> None:
            remembered.pop(ids, None)
            certain.forget(ids)

        try:
            return weakref.ref(thing, forget)
        except TypeError:  # None, or an instance of a class with __slots__
            return thing


def _what_matched(endpoint: object, route: object, context: object) -> object:
    """The one of the three that is to be looked up."""
    owner = owner_of(route)
    if route is None or (owner is not None and owner is not endpoint):
        return endpoint
    return context if attributes(context).get("original_route") is route else route


def _template(text: str) -> _Template:
    # A mount keeps what it matched as "path" to itself.
    names = frozenset(PARAMETER.findall(text)) - {"path"}
    return _Template(text, names, tuple(text.split("/")))


def _choose(templates: tuple[_Template, ...], scope: Scope) -> str:
    """The template that this request came by, where one route has several."""
    root: str = scope.get("app_root_path", scope.get("root_path", ""))
    path = scope["path"].removeprefix(root)
    given = frozenset(scope.get("path_params", ()))
    fitting = [t for t in templates if t.names <= given and _fits(t, path)]
    return max(fitting or templates, key=lambda template: len(template.names)).text


def _fits(template: _Template, path: str) -> bool:
    """Whether a path may have come by a template. Linear: the path is a stranger's."""
    if path.count("/") + 1 == len(template.parts):
        pairs = zip(template.parts, path.split("/"), strict=True)
        return all("{" in wanted or wanted == got for wanted, got in pairs)
    head, brace, _ = template.text.partition("{")
    tail = template.text.rpartition("}")[2]
    return brace != "" and path.startswith(head) and path.endswith(tail)


def _below_mount(templates: tuple[_Template, ...], scope: Scope) -> str:
    """The template of a route that the table does not show, below what it is mounted at."""
    template = templates[0]
    if "app_root_path" not in scope:
        return template.text
    if template.names.issuperset(scope.get("path_params", ())):
        mounted: str = scope.get("root_path", "")
        return mounted.removeprefix(scope["app_root_path"]) + template.text
    return SOME_MOUNT + template.text
