"""Runs a heap walk in a copy of the process and waits for it, without the GIL.

The child may be killed, crash in some extension's code, or take too long: each is an
answer here, and in every case it is reaped and its descriptors are closed.
"""

import errno
import os
import select
import signal
import time
from array import array
from dataclasses import dataclass

from leakprobe.capture._native import _heap
from leakprobe.capture.heap.layout import WalkResult
from leakprobe.capture.heap.listing import check_headroom
from leakprobe.capture.heap.own import FILE_PREFIX, SHARED_FILE, own_addresses
from leakprobe.capture.heap.result import decode
from leakprobe.errors import NotEnoughMemory, WalkFailed
from leakprobe.model.memory import Price

__all__ = ["WalkRequest", "walk"]

# Measured: 84 to 100 bytes for each object, which has one to three blocks.
BYTES_PER_BLOCK = 64
DEADLINE_S = 60.0
NO_BUDGET = 1 << 62
LARGEST_RESULT = 1 << 28

# How the child ends: enum exit_code in _native/heap/memory.h.
OUT_OF_BUDGET, OUT_OF_MEMORY, WRITE_FAILED, TOO_LARGE = 70, 71, 72, 73
REASONS = {
    WRITE_FAILED: "its result could not be written",
    TOO_LARGE: "there are more objects or references than it can number",
}


# A container with fewer entries is not listed, and of a longer one so many of the newest tell
# what it holds.
LEAST_LENGTH = 32
MOST_ENTRIES = 2000


@dataclass(frozen=True, slots=True)
class WalkRequest:
    """What a walk shall find out, beside the types and containers.

    Attributes:
        own: the agent's tables; they and what only they hold are left out.
        reveal: keys, indexes and reprs of atoms may be read.
        type_name: objects of this type are followed to what holds them; empty: none.
        samples: how many of them.
        newest_types: full names of types whose newest objects are grouped by their holders.
        newest: how many objects of each; ten times as many of untracked ones.
        addresses: objects whose path and retained size are wanted.
        entries: of containers among them, how many of the newest entries are told by type.
        container_least: containers with so many entries or more are listed.
        pointers: `array('Q')` as bytes: sampled blocks, to find the objects they belong to.
        top: how many objects of the largest retained size are wanted.
    """

    own: tuple[object, ...] = ()
    reveal: bool = False
    type_name: str = ""
    samples: int = 0
    newest_types: tuple[str, ...] = ()
    newest: int = 0
    addresses: tuple[int, ...] = ()
    entries: int = MOST_ENTRIES
    container_least: int = LEAST_LENGTH
    pointers: bytes = b""
    top: int = 0


def walk(
    request: WalkRequest, *, available_bytes: int | None, deadline_s: float = DEADLINE_S
) -> tuple[WalkResult, Price]:
    """Walk the heap in a copy of the process. Works in any thread.

    Args:
        request: what to find out.
        available_bytes: memory that is left; half of it may be used. None: not known.
        deadline_s: the child is killed when it has taken so long.

    Raises:
        NotEnoughMemory: it would take, or took, more than half of what is left.
        WalkFailed: the child crashed, was killed or too late, or left nothing readable.
    """
    started, cpu = time.perf_counter(), time.thread_time()
    check_headroom(available_bytes, bytes_per_block=BYTES_PER_BLOCK)
    budget = NO_BUDGET if available_bytes is None else available_bytes // 2
    child = _spawn(request, budget)
    try:
        ended = _wait(child, deadline_s)
        _check_end(ended, budget)
        result = decode(_read(child.result))
    finally:
        os.close(child.process)
        os.close(child.result)
    return result, Price(
        pause_ms=child.pause_ns / 1e6,
        wall_ms=(time.perf_counter() - started) * 1e3,
        cpu_ms=(time.thread_time() - cpu) * 1e3,
        child_cpu_ms=ended.cpu_ns / 1e6,
        child_peak_rss_bytes=ended.peak_rss_bytes,
    )


def _spawn(request: WalkRequest, budget: int) -> _heap.Child:
    try:
        return _heap.spawn(
            memory_budget=budget,
            reveal=request.reveal,
            own=array("Q", own_addresses(request.own)).tobytes(),
            own_file_prefix=FILE_PREFIX,
            own_shared_file=SHARED_FILE,
            type_name=request.type_name,
            samples=request.samples,
            newest_types="\n".join(request.newest_types),
            newest=request.newest,
            addresses=array("Q", request.addresses).tobytes(),
            entries=request.entries,
            container_least=request.container_least,
            pointers=request.pointers,
            top=request.top,
        )
    except OSError as error:
        if error.errno == errno.ENOMEM:
            raise NotEnoughMemory("the system has no memory for a copy of the process") from error
        raise WalkFailed(f"the process could not be copied: {error.strerror}") from error


def _wait(child: _heap.Child, deadline_s: float) -> _heap.Ended:
    """Wait for the child; kill it where it is late, or where waiting is broken off."""
    poll = select.poll()
    poll.register(child.process, select.POLLIN)
    in_time = False
    try:
        in_time = bool(poll.poll(deadline_s * 1e3))
    finally:
        if not in_time:
            signal.pidfd_send_signal(child.process, signal.SIGKILL)
        ended = _heap.reap(child.pid)
    if not in_time:
        raise WalkFailed(f"the heap walk took longer than {deadline_s:g} s and was ended")
    return ended


def _check_end(ended: _heap.Ended, budget: int) -> None:
    if ended.exit_code == 0:
        return
    if ended.exit_code in {OUT_OF_BUDGET, OUT_OF_MEMORY}:
        raise NotEnoughMemory(
            f"the heap walk needed more than the {budget >> 20} MiB that it may take, which is "
            "half of what is left"
        )
    if ended.signal is not None:
        raise WalkFailed(f"the heap walk was ended by {_signal_name(ended.signal)}")
    reason = REASONS.get(ended.exit_code or 0, f"it ended with exit code {ended.exit_code}")
    raise WalkFailed(f"the heap walk failed: {reason}")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _read(result: int) -> bytes:
    size = os.fstat(result).st_size
    if size > LARGEST_RESULT:
        raise WalkFailed(f"the heap walk left a result of {size >> 20} MiB")
    return os.pread(result, size, 0)
