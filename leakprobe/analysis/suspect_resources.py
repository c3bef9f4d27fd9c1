"""Threads, tasks, descriptors, children, native memory: joined with the objects that own them."""

from collections.abc import Sequence

from leakprobe.analysis.candidates import Candidate
from leakprobe.analysis.holder_paths import root_module, way
from leakprobe.analysis.suspect_cause import Cause, amount, counts_fit, same_route
from leakprobe.analysis.type_kinds import resource_of_type

__all__ = ["COUNTED", "add_gauges", "add_resources"]

# What names a cause best, where several of them grow together, comes first.
COUNTED = ("children", "threads", "tasks", "fds")

# Native growth below this share of the Python objects' is what the estimate of their part
# of malloc lacks; the allocators' free memory below that of all growth is its by-product.
NATIVE_SHARE = 0.3
FREE_SHARE = 0.5


def add_resources(causes: list[Cause], candidates: Sequence[Candidate]) -> None:
    """Join each resource that grows with what owns it; else it is a cause by itself."""
    for resource in COUNTED:
        found = [c for c in candidates if c.resource == resource]
        for cause in _of_resource(found):
            home = _home(cause, resource, causes)
            if home is None:
                causes.append(cause)
            else:
                home.absorb(cause)
            _absorb_tables(causes, home or cause, resource)


def add_gauges(causes: list[Cause], candidates: Sequence[Candidate]) -> None:
    """Native memory and memory that nobody uses, where what is known does not explain them."""
    for native in (c for c in candidates if c.resource == "native"):
        _add_native(causes, native)
    for free in (c for c in candidates if c.resource == "allocator"):
        grown = sum(max(cause.bytes, _largest(cause)) for cause in causes)
        if (free.bytes or 0) > FREE_SHARE * grown:
            causes.append(Cause(free, [free]))


def _of_resource(found: Sequence[Candidate]) -> list[Cause]:
    """One cause for the groups that grow together; without groups the gauge is one."""
    groups = sorted((c for c in found if c.kind == "group"), key=amount, reverse=True)
    gauges = [c for c in found if c.kind == "gauge"]
    causes: list[Cause] = []
    for group in groups:
        home = next((c for c in causes if _together(group, c.members)), None)
        if home is None:
            causes.append(Cause(group, [group]))
        else:
            home.members.append(group)
    if not causes:
        return [Cause(gauge, [gauge]) for gauge in gauges]
    if len(causes) == 1:
        causes[0].members += gauges
    return causes


def _together(one: Candidate, others: Sequence[Candidate]) -> bool:
    return same_route(one, others) and counts_fit(one, others)


def _home(cause: Cause, resource: str, causes: Sequence[Cause]) -> Cause | None:
    """The cause whose objects own what grows, of several one that grows in proportion.

    Where no cause has objects of that kind, it is one with objects of a library: a C library
    opens files, and its objects do not tell.
    """
    likely = [c for c in causes if same_route(cause.head, c.members)]
    fitting = [c for c in likely if counts_fit(c.head, cause.members)]
    owning = [c for c in likely if _represents(c, resource)]
    owning.sort(key=lambda c: _is_table(c, resource))
    both = [c for c in owning if c in fitting]
    opaque = [c for c in fitting if _has_library_objects(c)]
    return next(iter(both or owning or opaque), None)


def _absorb_tables(causes: list[Cause], home: Cause, resource: str) -> None:
    """Take in the tables in which a library lists what grows: they hold it, and are no cause."""
    for other in [c for c in causes if c is not home and _is_table(c, resource)]:
        if same_route(other.head, home.members) and counts_fit(other.head, home.members):
            home.absorb(other)
            causes.remove(other)


def _is_table(cause: Cause, resource: str) -> bool:
    """Whether it hangs on nothing but the library's own modules, such as `threading._active`."""
    held = [path for found in cause.containers if (path := way(found.path))]
    modules = [root_module(path) for path in held or cause.ways]
    return bool(modules) and all(
        module is not None and resource_of_type(f"{module}.") == resource for module in modules
    )


def _represents(cause: Cause, resource: str) -> bool:
    """Whether it consists of such objects; what their builtin parts are says nothing."""
    entries = [entry.type for held in cause.containers[:1] for entry in held.entries]
    types = [*(member.name for member in cause.own_types), *entries]
    return any(resource_of_type(name) == resource for name in types)


def _has_library_objects(cause: Cause) -> bool:
    """Whether some of its types are not of the application that holds them.

    What an application defines itself is written in Python: memory of a C library, or a
    descriptor, belongs to an object that stands for it.
    """
    modules = {module for path in cause.ways if (module := root_module(path))}
    homes = {module.partition(".")[0] for module in modules}
    types = {member.name.partition(".")[0] for member in cause.own_types}
    return not homes or bool(types - homes)


def _add_native(causes: list[Cause], native: Candidate) -> None:
    """Give native memory to what grows on the same route: its objects own it.

    Objects of a C library are small for Python, and hold what malloc gave the library.
    """
    python = [c for c in causes if same_route(native, c.members)]
    grown = sum(max(c.bytes, _largest(c)) for c in python)
    if python and (native.bytes or 0) <= NATIVE_SHARE * grown:
        return
    owners = [c for c in python if _has_library_objects(c)]
    home = max(owners, key=lambda c: (c.bytes, _largest(c)), default=None)
    if home is None:
        causes.append(Cause(native, [native]))
    else:
        home.members.append(native)


def _largest(cause: Cause) -> int:
    """Of a cause without types: the bytes of its lines."""
    return sum(member.bytes or 0 for member in cause.of_kind("site"))
