"""What kind of thing a type is, by its name: what most objects consist of, or infrastructure."""

__all__ = ["is_builtin", "is_plumbing", "resource_of_type", "short_name"]

# Types of the standard library that other objects are made of: by themselves they say
# nothing about a cause. Builtins (whose names have no module) belong to them.
PLUMBING = (
    "_contextvars.",
    "_frozen_importlib.",
    "_frozen_importlib_external.",
    "_functools.",
    "_thread.",
    "_weakref.",
    "_weakrefset.",
    "builtins.",
    "collections.OrderedDict",
    "collections.defaultdict",
    "collections.deque",
    "functools.",
    "itertools.",
    "operator.",
    "types.",
    "weakref.",
)

# What threads, tasks, descriptors and children are represented by.
REPRESENTATIVES = {
    "children": ("subprocess.", "multiprocessing.", "asyncio.subprocess."),
    "threads": ("threading.", "_thread.", "concurrent.futures.thread."),
    "tasks": ("_asyncio.", "asyncio.", "coroutine", "async_generator"),
    "fds": (
        "_io.Buffered",
        "_io.FileIO",
        "_io.TextIOWrapper",
        "_socket.",
        "_ssl.",
        "select.",
        "selectors.",
        "socket.",
        "ssl.",
        "tempfile.",
    ),
}


def is_builtin(type_name: str) -> bool:
    """Whether the type is the interpreter's own, whose name has no module."""
    return "." not in type_name


def is_plumbing(type_name: str) -> bool:
    """Whether objects of any cause may consist of such: a dict, a cell, a lock."""
    return is_builtin(type_name) or type_name.startswith(PLUMBING)


def resource_of_type(type_name: str) -> str | None:
    """The resource whose units objects of this type stand for; None: of none."""
    for resource, prefixes in REPRESENTATIVES.items():
        if type_name.startswith(prefixes):
            return resource
    return None


def short_name(type_name: str) -> str:
    """The name without its module, as a person says it."""
    return type_name.rpartition(".")[2]
