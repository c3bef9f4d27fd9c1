"""Finding a route in the application's routing table, with everything it is mounted below.

Only instance attributes are read, and from the instance dictionary itself: a route
class of the application may define properties, and looking must not run them. What an
object is follows from the attributes that it has, so that a subclass, a FastAPI route
and an older Starlette's are all the same to us.
"""

from collections.abc import Iterator

__all__ = ["attributes", "find_templates", "owner_of"]

MOST_NODES = 20_000
DEEPEST = 30
LONGEST_TEMPLATE = 300


def attributes(thing: object) -> dict[str, object]:
    """The instance attributes, read past whatever its class defines; empty if it has none."""
    try:
        found = object.__getattribute__(thing, "__dict__")
    except AttributeError:
        return {}
    return found if type(found) is dict else {}


def owner_of(route: object) -> object | None:
    """What a route hands requests to: its endpoint, or the application of a mount."""
    found = attributes(route)
    return found.get("endpoint", found.get("app"))


def find_templates(router: object, wanted: object) -> tuple[str, ...]:
    """The whole templates under which something is reached, in the order of the table.

    Args:
        router: where the search begins.
        wanted: a route, or what one hands requests to.
    """
    found: dict[str, None] = {}
    pending: list[tuple[object, str, int]] = [(router, "", 0)]
    for _ in range(MOST_NODES):
        if not pending:
            break
        thing, prefix, depth = pending.pop()
        path = _path_of(thing)
        if path is not None and (thing is wanted or owner_of(thing) is wanted):
            found[(prefix + path)[:LONGEST_TEMPLATE]] = None
        if depth < DEEPEST:
            below = [(child, at, depth + 1) for child, at in _below(thing, prefix)]
            pending.extend(reversed(below))
    return tuple(found)


def _path_of(thing: object) -> str | None:
    """What a route adds to the template. A host that took a request took any path."""
    found = attributes(thing)
    path = "/{path}" if "host_format" in found else found.get("path_format")
    return path if type(path) is str else None


def _below(thing: object, prefix: str) -> Iterator[tuple[object, str]]:
    """What a request may be handed to next, with the template up to there."""
    found = attributes(thing)
    for name in ("routes", "_effective_candidates"):  # a router; a router that FastAPI included
        children = found.get(name)
        if type(children) is list or type(children) is tuple:
            yield from ((child, prefix) for child in children)
    for name in ("router", "starlette_route"):  # an application; a route that FastAPI re-made
        if found.get(name) is not None:
            yield found[name], prefix
    if "app" in found and "endpoint" not in found:
        # A mount hides its application behind its middleware; a host and a middleware
        # add nothing to the path.
        mounted = (_path_of(thing) or "").removesuffix("/{path}")
        yield found.get("_base_app", found["app"]), prefix + mounted
