"""A process that walks its heap again and again while eight threads allocate.

A process of its own which loads nothing but the native module, so that its heap is small
and each walk is quick. It fails with what it found wrong, and says nothing where all is
well. Arguments: the file of the module, how many walks.
"""

import importlib.util
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from select import poll
from typing import Any

THREADS = 8
WARM_UP = 20
ENOUGH = 1 << 30
MOST_GROWTH = 16 << 20
WALL = 0x40000000  # __WALL of wait(2): children that no signal tells of, too


def allocate(stop: threading.Event) -> None:
    """What a busy service does, until it is stopped."""
    kept: list[object] = []
    while not stop.is_set():
        kept.append({"text": "x" * len(kept), "ring": kept, "bytes": bytearray(3000)})
        if len(kept) > 200:
            kept.clear()


def walk_once(heap: Any) -> None:  # Any: a module that was loaded from its file
    """One walk; a socket is closed while it runs, and its peer must see that at once."""
    ours, peer = socket.socketpair()
    child = heap.spawn(memory_budget=ENOUGH)
    waiting = poll()
    waiting.register(child.process)
    ours.close()
    peer.settimeout(5)
    with peer:
        assert peer.recv(1) == b"", "the peer did not see the end"
    assert waiting.poll(60_000), "the walk does not end"
    ended = heap.reap(child.pid)
    os.close(child.process)
    os.close(child.result)
    assert ended.exit_code == 0, f"a walk failed: {ended}"


def walk_often(heap: Any, walks: int) -> None:
    """The walks, some with a child of the application's own beside them."""
    told: list[int] = []
    signal.signal(signal.SIGCHLD, lambda number, _: told.append(number))
    for _ in range(WARM_UP):
        walk_once(heap)
    files, early = open_files(), resident_bytes()
    children = 0
    for number in range(walks):
        if number % 100 == 0:
            done = subprocess.run([sys.executable, "-S", "-c", "raise SystemExit(7)"], check=False)
            assert done.returncode == 7, f"a child of the application was lost: {done}"
            children += 1
        walk_once(heap)
    assert len(told) == children, f"{len(told)} signals for {children} children"
    assert open_files() == files, "files stay open"
    assert resident_bytes() - early < MOST_GROWTH, "memory stays behind"
    try:
        os.wait3(os.WNOHANG | WALL)
    except ChildProcessError:
        return
    raise AssertionError("a child stays behind")


def open_files() -> int:
    """Descriptors of this process."""
    return len(list(Path("/proc/self/fd").iterdir()))


def load(file: str) -> Any:
    """The native module, without the package that it belongs to."""
    spec = importlib.util.spec_from_file_location("_heap", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def resident_bytes() -> int:
    """RSS of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def main() -> None:
    """Walk as often as the arguments say."""
    sys.setswitchinterval(0.0005)
    stop = threading.Event()
    threads = [threading.Thread(target=allocate, args=(stop,)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    try:
        walk_often(load(sys.argv[1]), int(sys.argv[2]))
    finally:
        stop.set()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    main()
