"""What a test could leave behind in the process: threads, tracing, sampling, descriptors."""

import gc
import threading
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from leakprobe.capture.native import sampler_missing

OUR_THREADS = "leakprobe"
DESCRIPTORS = Path("/proc/self/fd")
# What the interpreter opens for good when it first needs it.
OPENED_ONCE = frozenset({"/dev/null", "/dev/random", "/dev/urandom"})
JOIN_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What there is at one moment; descriptors by what they point to."""

    threads: frozenset[threading.Thread]
    traced_frames: int | None
    sampling: bool
    descriptors: Counter[str]


def leftovers() -> Leftovers:
    """What there is now."""
    return Leftovers(
        threads=frozenset(threading.enumerate()),
        traced_frames=tracemalloc.get_traceback_limit() if tracemalloc.is_tracing() else None,
        sampling=_is_sampling(),
        descriptors=Counter(_descriptors()),
    )


def left_since(before: Leftovers) -> list[str]:
    """What is there now and was not before, in words; threads that are ending may end."""
    for thread in threading.enumerate():
        if thread not in before.threads and not thread.daemon:
            thread.join(JOIN_TIMEOUT_S)
    found = _difference(before, leftovers())
    if found:
        gc.collect()  # what only a cycle holds is not left behind
        found = _difference(before, leftovers())
    return found


def _difference(before: Leftovers, now: Leftovers) -> list[str]:
    threads = sorted(thread.name for thread in now.threads - before.threads if _counts(thread))
    found = [f"thread {name}" for name in threads]
    if now.traced_frames != before.traced_frames:
        found.append(f"tracemalloc frames {now.traced_frames}, before {before.traced_frames}")
    if now.sampling and not before.sampling:
        found.append("the sampler, still on")
    opened = now.descriptors - before.descriptors
    return found + [f"file descriptor of {name}" for name in sorted(opened.keys() - OPENED_ONCE)]


def _is_sampling() -> bool:
    if sampler_missing() is not None:
        return False
    from leakprobe.capture._native import _sampler

    return _sampler.is_sampling()


def _counts(thread: threading.Thread) -> bool:
    return not thread.daemon or thread.name.startswith(OUR_THREADS)


def _descriptors() -> Iterator[str]:
    for link in DESCRIPTORS.iterdir() if DESCRIPTORS.exists() else ():
        try:
            yield str(link.readlink())
        except FileNotFoundError:
            continue  # the descriptor that listed the directory
