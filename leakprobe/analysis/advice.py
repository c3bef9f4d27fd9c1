"""What to do about a cause: one sentence that names what has to be mended."""

import re

from leakprobe.analysis.holder_kinds import task_of, thread_of
from leakprobe.analysis.suspect_reason import REQUEST
from leakprobe.analysis.type_kinds import short_name
from leakprobe.analysis.under_way import is_of_pool, is_of_request
from leakprobe.model import HolderPath, Site, SuspectHolder, SuspectType
from leakprobe.model.verdict import Resource

__all__ = ["advice_for"]

# From the first key or index on, a way names what is held and no longer the holder.
FIRST_ENTRY = re.compile(
    r"(\[|\(…\)|\{|\.keys\(\)|\.__closure__|\.__traceback__|\.tb_).*", re.DOTALL
)

BY_KIND = {
    "lru_cache": "The cache of {holder} keeps every argument and result: give it a maxsize, and do "
    "not cache methods of objects that shall go, as self is an argument too.",
    "closure": "A function that {holder} keeps has {what} in its closure: remove the function "
    "when it is done, or let it refer to less.",
    "thread-local": "{holder} keeps {what} for as long as its thread lives: delete it when the "
    "work is done.",
    "context variable": "A context that {holder} keeps still holds {what}: reset the variable with "
    "its token, or do not keep contexts.",
    "timer handle": "A timer of the event loop holds {what} until it fires: cancel the handle when "
    "it is no longer needed.",
    "logging handler": "Each call adds a handler to a logger and none goes: add it once, or remove "
    "it (removeHandler) and close it when done.",
    "exception traceback": "An exception that {holder} keeps holds the frames of its traceback, "
    "with all their variables: keep its text, or clear it with with_traceback(None).",
    "weakref callback": "The callback of a weak reference holds {what}: let it refer to less, or "
    "detach it.",
    "uncollected cycle": "{What} lie in reference cycles that the collector does not get: is it "
    "switched off or frozen (gc.disable, gc.freeze)? Else break the cycle.",
    "uncollected cycle with __del__": "{What} with a `__del__` lie in reference cycles that the "
    "collector does not get: is it switched off or frozen (gc.disable, gc.freeze)? Else break the "
    "cycle, so that `__del__` runs.",
    "class attribute": "{holder} belongs to the class, shared by all its objects, and only grows: "
    "make it an attribute of the object, or remove entries when they are done.",
    "module global": "{holder} only grows: remove entries when the {per} is done, or bound it.",
    "frame": "A function that does not return keeps {what} in {holder}: remove what is done with.",
}
LEAKED_REFERENCE = (
    "Nothing refers to {what}, and yet their reference counts are not zero: a reference-count leak "
    "of a C extension; look at what native code is called with them{place}."
)
BELOW_C_CODE = (
    "C code keeps what holds {what}: look for what is handed to C callbacks or libraries."
)
BY_RESOURCE = {
    "native": "Memory that a C library took is not given back: close or free what is made{place}; "
    "memray with --native shows the C stack.",
    "allocator": "The allocator holds memory that nobody uses: POST /trim shows how much can go "
    "back; fewer arenas (MALLOC_ARENA_MAX) or another malloc (jemalloc) keep it from coming back.",
    "threads": "Threads are started and never end ({what}): stop and join them, or use a pool.",
    "tasks": "asyncio tasks are started and never end ({what}): await or cancel them, with a "
    "timeout.",
    "fds": "Descriptors are opened and not closed ({what}): close them, best in a with block.",
    "children": "Child processes are started and nobody waits for them ({what}): read their "
    "output and wait for them (communicate), with a timeout.",
}
OF_POOL = (
    "Workers of thread pools, which start them up to their bound as the load rises. Wait until "
    "they level off; if they do not, pools are made again and again and not shut down ({what})."
)
OF_REQUEST = (
    "The server has more and more requests or connections at a time: slow handlers, long polls, "
    "WebSockets. Wait until they level off; if they do not, end those that nobody waits for, with "
    "a timeout."
)
# "held by C code", "reference": nothing else is on the way.
ITSELF = 2
RUNNING = "Threads that run hold {what}: let them end, or let go of it in them."
WAITING = "A task ({task}) waits and holds {what}: await or cancel it, with a timeout."
BOUNDED = (
    "{holder} fills up to its bound, and should stop growing there: if that is too much, give it a "
    "smaller one (see its steps: at most so many)."
)
UNHELD = "More and more memory that was allocated{place} stays: find out who keeps it."


def advice_for(
    resource: Resource,
    holder: SuspectHolder | None,
    types: tuple[SuspectType, ...],
    name: str,
    site: Site | None,
    *,
    bounded: bool = False,
    per: str = REQUEST,
) -> str:
    """What to do, in one sentence or two.

    Args:
        resource: what grows.
        holder: what holds most of it.
        types: what it consists of.
        name: what grows most: a type, a group of threads, a gauge.
        site: where it was allocated.
        bounded: the holder has a limit.
        per: what the load is counted in.
    """
    place = "" if site is None else f" in {site.function or site.file}"
    what = short_name(types[0].type) + " objects" if types else "it"
    if resource == "threads" and is_of_pool(name):
        return OF_POOL.format(what=name)
    if is_of_request(name if resource == "tasks" else "" if holder is None else holder.text):
        return OF_REQUEST
    if resource in BY_RESOURCE:
        held = "" if holder is None else f" Their objects are held by {root_text(holder)}."
        plural = _unit(resource, holder, name)
        return BY_RESOURCE[resource].format(what=plural, place=place) + held
    if holder is None:
        return UNHELD.format(place=place)
    return (BOUNDED if bounded else _template(holder)).format(
        holder=root_text(holder),
        what=what,
        What=what[:1].upper() + what[1:],
        place=place,
        task=task_of(_path(holder)),
        per=per,
    )


def root_text(holder: SuspectHolder) -> str:
    """The holder without its entries: `app.results` of `app.results[…].payload`."""
    return FIRST_ENTRY.sub("", holder.text) or holder.text


def _template(holder: SuspectHolder) -> str:
    if thread_of(_path(holder)) is not None and holder.kind == "module global":
        return RUNNING
    if holder.kind == "asyncio task":
        return WAITING
    if holder.kind == "C code":
        return LEAKED_REFERENCE if len(holder.steps) <= ITSELF else BELOW_C_CODE
    return BY_KIND.get(holder.kind or "", BY_KIND["module global"])


def _path(holder: SuspectHolder) -> HolderPath:
    return HolderPath(holder.text, holder.steps, holder.objects)


def _unit(resource: Resource, holder: SuspectHolder | None, name: str) -> str:
    task = task_of(_path(holder)) if resource == "tasks" and holder is not None else None
    return task or name
