"""The heap walk in a copy of the process.

`spawn` clones the process. The child reads the object graph without touching a reference
count, writes what it found into a memfd in the form that `heap/output.h` describes, and
is gone; it never returns to Python. The application waits for the clone only.
"""

from typing import NamedTuple

class Child(NamedTuple):
    """A walk that runs.

    Attributes:
        pid: its process id; no SIGCHLD will tell of its end, and only `reap` waits for it.
        process: a pidfd, readable when it has ended (pidfd_open(2)).
        result: a memfd that has the result then.
        pause_ns: for how long the application was held.
    """

    pid: int
    process: int
    result: int
    pause_ns: int

class Ended(NamedTuple):
    """How a walk ended.

    Attributes:
        exit_code: 0 done; the others stand in `heap/memory.h`; None: ended by a signal.
        signal: which one; None: none.
        cpu_ns: CPU time that it took, user and system.
        peak_rss_bytes: its largest resident set.
    """

    exit_code: int | None
    signal: int | None
    cpu_ns: int
    peak_rss_bytes: int

def spawn(
    *,
    memory_budget: int,
    reveal: bool = False,
    own: bytes = b"",
    own_file_prefix: str = "",
    own_shared_file: str = "",
    type_name: str = "",
    samples: int = 0,
    newest_types: str = "",
    newest: int = 0,
    addresses: bytes = b"",
    pointers: bytes = b"",
    top: int = 0,
    container_least: int = 32,
    container_most: int = 20000,
    entries: int = 2000,
) -> Child:
    """Clone the process and let the child walk the heap.

    The child ends with the thread that called (PR_SET_PDEATHSIG, prctl(2)): wait in it.

    Args:
        memory_budget: most bytes that the child may map for its tables.
        reveal: write keys, indexes, and reprs of atoms.
        own: `array('Q')` as bytes: addresses of leakprobe's own objects, whose part of
            the heap is not counted.
        own_file_prefix: frames of files that begin so are leakprobe's.
        own_shared_file: but not this one, which stands on the stack of every request.
        type_name: objects of this type are followed to what holds them.
        samples: how many of them.
        newest_types: full names of types, one in a line, whose newest objects are grouped by
            what holds them.
        newest: how many objects of each; of those that the collector does not track ten
            times as many, spread over all.
        addresses: `array('Q')` as bytes: objects whose path and retained size are asked for.
        pointers: `array('Q')` as bytes: sampled blocks, to find the objects they belong to.
        top: how many objects of the largest retained size to describe.
        container_least: containers of so many entries or more are listed.
        container_most: and at most so many, the longest.
        entries: of containers that are asked for by address, so many of their newest entries
            are told by type.

    Raises:
        OSError: no memfd, or no clone.
        ValueError: an argument has the wrong form.
    """

def reap(pid: int, /) -> Ended:
    """Wait for the end of a walk (wait4(2) with `__WALL`), without the GIL.

    Raises:
        ChildProcessError: there is no such child.
    """

def immediate_dominators(first: bytes, targets: bytes, /) -> bytes:
    """Immediate dominators of a graph in CSR form, from node 0: the algorithm by itself, for tests.

    Args:
        first: `array('I')` as bytes, one more than there are nodes.
        targets: `array('I')` as bytes.

    Returns:
        `array('I')` as bytes: by node; 2**32 - 1 for node 0 and what it does not reach.

    Raises:
        ValueError: the arrays do not fit together.
        MemoryError: no room.
    """
