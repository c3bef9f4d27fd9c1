"""What to do about each part of the memory that grows."""

from collections.abc import Mapping, Sequence

from leakprobe.model import Gauges

__all__ = ["LEAST_BYTES", "LEAST_SHARE_OF_RSS", "advise"]

# Less is not worth an advice: in bytes, of the resident set, and of all growth.
LEAST_BYTES = 1 << 20
LEAST_SHARE_OF_RSS = 0.01
LEAST_SHARE_OF_GROWTH = 0.1

MALLOC_FREE = (
    "malloc holds memory that nobody uses: POST /trim hands it back and says how much that "
    "was; if it comes again, set MALLOC_ARENA_MAX=2 or preload jemalloc"
)
PYMALLOC_FREE = (
    "pymalloc holds memory that nobody uses: a few small objects keep each of its arenas, "
    "which /trim cannot hand back; keep what lives long apart from what is made in bursts"
)
ADVICE = {
    "python": "Python objects grow: /suspects says which, what allocated them and what holds them",
    "native": (
        "memory of no Python object grows: look at C extensions and at what is called through "
        "ctypes; memray run --native names the C functions"
    ),
    "file": (
        "pages of files and shared memory grow: the kernel takes back those of files by itself; "
        "only shared memory (/dev/shm, multiprocessing) has to be released"
    ),
    "unassigned": (
        "memory of no allocator grows: stacks of threads, and mappings that libraries make for "
        "themselves; /proc/PID/smaps lists them"
    ),
}


def advise(growing: Mapping[str, float], gauges: Sequence[Gauges]) -> tuple[str, ...]:
    """A sentence for each part that has its share in the growth, the largest first.

    Args:
        growing: bytes by which each part has grown.
        gauges: the span in which it did, oldest first.
    """
    least = LEAST_SHARE_OF_GROWTH * sum(growing.values())
    largest_first = sorted(growing, key=lambda name: -growing[name])
    return tuple(_sentence(name, gauges) for name in largest_first if growing[name] >= least)


def _sentence(part: str, gauges: Sequence[Gauges]) -> str:
    if part != "allocator_free":
        return ADVICE[part]
    first, last = gauges[0], gauges[-1]
    malloc = (last.malloc_free_bytes or 0) - (first.malloc_free_bytes or 0)
    pymalloc = (last.pymalloc_free_bytes or 0) - (first.pymalloc_free_bytes or 0)
    return PYMALLOC_FREE if pymalloc > malloc else MALLOC_FREE
