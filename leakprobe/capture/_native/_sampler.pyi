"""The allocation sampler: a hook in CPython's object allocators (PEP 445) that samples.

Every allocation of the MEM and OBJ domains counts down from a random number of bytes,
drawn from an exponential distribution with mean `sample_bytes`; the one that reaches zero
is sampled: an allocation of `size` bytes with probability `1 - exp(-size / sample_bytes)`.
Its weight, one over that, makes every sum unbiased (Horvitz and Thompson, 1952).

All functions need the GIL, which the interpreter's own allocators need too.
"""

from contextvars import ContextVar
from typing import NamedTuple, final

@final
class Tag:
    """What one request carries in a context variable, so that samples know their route.

    Samples taken before the route is known point here and learn it by `resolve`; later
    ones, of work that outlives its request, read it at once.
    """

    def __init__(self) -> None: ...
    def resolve(self, route: int, /) -> None:
        """Say which route this is, a number from 1 to 2**31 - 1; 0 and less: none."""

class Rows(NamedTuple):
    """Live samples, added up by stack, route and epoch; columns of equal length.

    Attributes:
        hold_ns: for how long the copy held the GIL.
        epoch: the epoch that ended with this reading.
        stacks: `array('I')` as bytes: numbers for `stack`.
        routes: `array('i')` as bytes: as given to `Tag.resolve`; 0: untagged; -1: the
            request is not routed yet.
        epochs: `array('I')` as bytes: the epoch in which they were allocated.
        samples: `array('I')` as bytes: how many samples the row rests on.
        live_bytes: `array('d')` as bytes: estimated live bytes.
        live_objects: `array('d')` as bytes: estimated live blocks.
        live_bytes_variance: `array('d')` as bytes: variance of `live_bytes`, unbiased.
    """

    hold_ns: int
    epoch: int
    stacks: bytes
    routes: bytes
    epochs: bytes
    samples: bytes
    live_bytes: bytes
    live_objects: bytes
    live_bytes_variance: bytes

class Pointers(NamedTuple):
    """Addresses of live sampled blocks, for a heap walk to find their objects.

    Attributes:
        addresses: `array('Q')` as bytes.
        stacks: `array('I')` as bytes.
        routes: `array('i')` as bytes.
        weights: `array('d')` as bytes: estimated blocks that each stands for.
        sizes: `array('Q')` as bytes: size of each block.
    """

    addresses: bytes
    stacks: bytes
    routes: bytes
    weights: bytes
    sizes: bytes

class Counters(NamedTuple):
    """What the sampler has done since its start, and what it takes.

    Attributes:
        sampled: samples taken.
        freed: of them, those whose block was freed or moved.
        live: samples now.
        lost: samples that could not be kept because a table could not grow.
        recycled: samples whose block was reused through a free list and charged anew.
        stacks: distinct stacks known.
        self_bytes: size of all tables, and what sampled blocks take beyond their size.
    """

    sampled: int
    freed: int
    live: int
    lost: int
    recycled: int
    stacks: int
    self_bytes: int

def refusal() -> str | None:
    """Why sampling cannot start now, in words; None: it can.

    tracemalloc is tracing; a sub-interpreter exists or this is one; the build has no GIL.
    """

def start(sample_bytes: int, frames: int, tag: ContextVar[Tag] | None, /) -> None:
    """Begin to sample with empty tables.

    Args:
        sample_bytes: mean bytes between two samples, at least 1.
        frames: depth of a recorded stack, 1 to 256.
        tag: where a request's tag is found; None: nowhere.

    Raises:
        RuntimeError: it samples already, or `refusal` says why not.
        ValueError: an argument is out of range.
        MemoryError: there is no room for the tables.
    """

def stop() -> None:
    """Stop sampling, forget all samples, give the tables back; nothing where nothing samples.

    The hooks stay where they are and only forward: taking them away would bring back
    allocators that somebody may have removed meanwhile.
    """

def is_sampling() -> bool:
    """Whether samples are taken."""

def is_hooked() -> bool:
    """Whether allocations still go through our hook first.

    False once somebody has put other allocators in place (`tracemalloc.stop()` may), or
    tracemalloc was started on top; samples are then missed or never freed.
    """

def set_sample_bytes(sample_bytes: int, /) -> None:
    """Change the mean from now on. Each sample keeps the weight it was taken with."""

def follow_recycled(wanted: bool, /) -> None:
    """Charge objects in blocks of free lists to who makes them, from now on or no more.

    Without it they stay with the line that first allocated the block. It takes CPython
    3.13, and there 2 to 3 percent of a service's CPU; else nothing happens. A new start begins
    without it.
    """

def read() -> Rows:
    """Live samples by stack, route and epoch; a new epoch begins.

    Raises:
        RuntimeError: nothing samples.
    """

def pointers() -> Pointers:
    """Where live samples are.

    Raises:
        RuntimeError: nothing samples.
    """

def stack(number: int, /) -> tuple[tuple[str, int, str], ...]:
    """File, line and qualified name of each frame of a stack, the allocating one first.

    Empty for a block that was allocated without any Python frame.

    Raises:
        LookupError: there is no such stack.
    """

def counters() -> Counters:
    """What has been done, and what it takes."""

def pymalloc_report() -> str | None:
    """What pymalloc holds, as `sys._debugmallocstats` prints it; holds the GIL, 2 to 3 ms per GiB.

    None: pymalloc is not in use, was hooked by others before this module was loaded, or
    there are sub-interpreters.
    """

def after_fork() -> None:
    """In a forked child: drop what other threads were in the middle of. Samples stay valid."""
