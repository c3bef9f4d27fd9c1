"""Everything at once in one process: what `test_storm` runs, and judges by what this prints.

    python -m tests.nothing_breaks.storm STARTS WALKS

Eight threads allocate and check what they made. Meanwhile one thread starts and stops the
sampler, two walk the heap, one runs child processes and waits for any child, and a timer
signal comes every two milliseconds. The first tenth warms up; memory is compared after it.
"""

import array
import gc
import json
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from leakprobe.capture._native import _heap, _sampler

BUSY_THREADS = 8
WALKERS = 2
ALARM_S = 0.002
SWITCH_INTERVAL_S = 0.0005
MEMORY_BUDGET = 1 << 30
LONGEST_WALK_MS = 60_000
EOF_AT_ONCE_S = 10.0
STOPPED_EVERY = 50  # one walk in so many is stopped, to look at who sees the end of a socket
JOIN_S = 0.05
MOST_TRIES = 50
WAIT_FOR_ALL = 0x40000000  # __WALL of wait(2), which the os module does not have


@dataclass
class Seen:
    """What happened.

    Attributes:
        walks: exit code and signal of each, and whether it left a result.
        starts, child_processes: how often.
        rounds: of each busy thread.
        ends_of_sockets: whether a peer saw it while a walk was stopped.
        alarm_pids, child_signals: which processes handled the timer; SIGCHLD handled.
        errors: exceptions.
    """

    walks: list[tuple[int | None, int | None, bool]] = field(default_factory=list)
    starts: int = 0
    ends_of_sockets: list[bool] = field(default_factory=list)
    child_processes: int = 0
    rounds: list[int] = field(default_factory=list)
    alarm_pids: set[int] = field(default_factory=set)
    child_signals: int = 0
    errors: list[str] = field(default_factory=list)


def allocate(number: int) -> None:
    """Make objects of many kinds, and check them."""
    rows = [{"id": i, "name": f"row {i}", "parts": (i, [i] * (i % 40))} for i in range(200)]
    again = json.loads(json.dumps(rows))
    kept = sorted(again, key=lambda row: (row["id"] * 7919 + number) % 211)
    if sum(row["id"] for row in kept) != 19_900 or bytes([120]) * 5000 != b"x" * 5000:
        raise AssertionError(f"round {number}: {kept!r:.200}")
    cycle: list[object] = [rows]
    cycle.append(cycle)


def busy(seen: Seen, stop: threading.Event) -> None:
    number = 0
    while not stop.is_set():
        allocate(number)
        number += 1
    seen.rounds.append(number)


def start_and_stop(seen: Seen, starts: int) -> None:
    """Sample at many intervals and depths; read, and look where samples are, on the way."""
    for number in range(starts):
        _sampler.start(64 << (number % 11), 1 + number % 40, None)
        if number % 3 == 0:
            _sampler.set_sample_bytes(4096)
        rows = _sampler.read()
        for stack in array.array("I", rows.stacks)[:3]:
            _sampler.stack(stack)
        _sampler.stop()
        seen.starts += 1


def walk(seen: Seen, walks: int) -> None:
    """Walk the heap with everything that can be asked; now and then in `end_of_socket`."""
    for number in range(walks):
        if number % STOPPED_EVERY == 0:
            end_of_socket(seen)
        with walking(pointers=sampled(), top=10) as child:
            poll = select.poll()
            poll.register(child.process, select.POLLIN)
            if not poll.poll(LONGEST_WALK_MS):
                os.kill(child.pid, signal.SIGKILL)
            ended = _heap.reap(child.pid)
            size = os.fstat(child.result).st_size
        seen.walks.append((ended.exit_code, ended.signal, size > 0))


def sampled() -> bytes:
    """Where samples are; nothing where the sampler rests at this moment."""
    try:
        return _sampler.pointers().addresses
    except RuntimeError:
        return b""


@contextmanager
def walking(*, pointers: bytes = b"", top: int = 0) -> Iterator[_heap.Child]:
    """A walk whose descriptors are closed at the end; to be reaped by the block."""
    child = _heap.spawn(memory_budget=MEMORY_BUDGET, pointers=pointers, top=top)
    try:
        yield child
    finally:
        os.close(child.process)
        os.close(child.result)


def end_of_socket(seen: Seen) -> None:
    """Close a socket while a walk is stopped: the peer sees the end all the same."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        peer, _ = server.accept()
    with peer, ours:
        for _ in range(MOST_TRIES):
            with stopped_walk() as has_stopped:
                if has_stopped:  # and had not ended before it could be
                    ours.close()
                    peer.settimeout(EOF_AT_ONCE_S)
                    seen.ends_of_sockets.append(peer.recv(1) == b"")
                    return


@contextmanager
def stopped_walk() -> Iterator[bool]:
    """A walk that stands still and has let go of our descriptors; whether it does."""
    with walking() as child:
        try:
            stop_without_descriptors(child.pid)
            yield "(stopped)" in Path(f"/proc/{child.pid}/status").read_text()
        finally:
            os.kill(child.pid, signal.SIGKILL)
            _heap.reap(child.pid)


def stop_without_descriptors(pid: int) -> None:
    """Stop a walk as soon as it has closed what it inherited; all but the memfd."""
    while True:
        os.kill(pid, signal.SIGSTOP)
        if len(list(Path(f"/proc/{pid}/fd").iterdir())) <= 1:
            return
        os.kill(pid, signal.SIGCONT)
        time.sleep(0)


def run_children(seen: Seen, stop: threading.Event) -> None:
    """Start programs and wait for any child: it is always the one that was started."""
    while not stop.is_set():
        pid = os.posix_spawn("/bin/true", ["true"], {})
        if os.waitpid(-1, 0) != (pid, 0):
            raise AssertionError("waitpid(-1) found another child")
        seen.child_processes += 1


@contextmanager
def signals(seen: Seen) -> Iterator[None]:
    """Count timer signals and SIGCHLD, with the handlers of an application."""

    def on_alarm(*_: object) -> None:
        seen.alarm_pids.add(os.getpid())

    def on_child(*_: object) -> None:
        seen.child_signals += 1

    before = signal.signal(signal.SIGALRM, on_alarm), signal.signal(signal.SIGCHLD, on_child)
    signal.setitimer(signal.ITIMER_REAL, ALARM_S, ALARM_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before[0])
        signal.signal(signal.SIGCHLD, before[1])


def storm(starts: int, walks: int) -> Seen:
    """Run all of it until the starts and the walks are done."""
    seen, stop = Seen(), threading.Event()

    def guarded(work: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - reported to who started this
                seen.errors.append(f"{type(error).__name__}: {error}")

        return threading.Thread(target=run)

    counted = [guarded(lambda: start_and_stop(seen, starts))]
    counted += [guarded(lambda: walk(seen, walks // WALKERS)) for _ in range(WALKERS)]
    endless = [guarded(lambda: busy(seen, stop)) for _ in range(BUSY_THREADS)]
    endless += [guarded(lambda: run_children(seen, stop))]
    with signals(seen):
        for thread in counted + endless:
            thread.start()
        for thread in counted:
            while thread.is_alive():
                thread.join(JOIN_S)  # between two of these, this thread handles signals
        stop.set()
        for thread in endless:
            thread.join()
    return seen


def remains() -> dict[str, int]:
    """What must not grow: descriptors, threads, resident memory, children."""
    gc.collect()
    try:
        os.waitpid(-1, os.WNOHANG | WAIT_FOR_ALL)
        children = 1
    except ChildProcessError:
        children = 0
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
    return {
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "threads": threading.active_count(),
        "children": children,
        "rss_bytes": resident,
    }


def main(starts: int, walks: int) -> None:
    """Warm up, run, and print what was seen and what remained, as JSON."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    storm(starts // 10, walks // 10)
    before = remains()
    seen = storm(starts, walks)
    report = {
        **asdict(seen),
        "alarm_pids": sorted(seen.alarm_pids),
        "pid": os.getpid(),
    }
    print(json.dumps({**report, "before": before, "after": remains()}))  # noqa: T201 - the report


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
