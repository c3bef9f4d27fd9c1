"""The sampler among threads, finalizers, callbacks and free lists."""

import gc
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from leakprobe.capture.native import sampler_missing
from tests.capture.native.sampled import EVERY_BLOCK, KIB, block, blocks, rows, sampling
from tests.native import needs_sampler

if sampler_missing() is None:
    from leakprobe.capture._native import _sampler

pytestmark = needs_sampler

THREADS = 8


@contextmanager
def busy_threads() -> Iterator[None]:
    """Threads that allocate and free until the block ends, and must not fail."""
    over = threading.Event()
    failures: list[BaseException] = []
    rounds = [0] * THREADS

    def work(number: int) -> None:
        try:
            while not over.is_set() or not rounds[number]:
                rounds[number] += 1
                kept = [{str(key): (key, [key])} for key in range(200)]
                kept.sort(key=lambda made: (len(made), str(made)))
        except BaseException as failure:  # noqa: BLE001 - whatever it is, the test reports it
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(interval_s)
    assert not failures
    assert min(rounds) > 0, "a thread was not busy"


def start_and_stop(times: int) -> None:
    with busy_threads():
        for number in range(times):
            with sampling(1 + number % (4 * KIB)):
                if number % 10 == 0:
                    _sampler.read()
                    _sampler.set_sample_bytes(KIB)
                    _sampler.pointers()
    with sampling(EVERY_BLOCK):
        held = [block()]
        assert blocks() == len(held), "it samples as ever"


def test_start_and_stop_under_busy_threads() -> None:
    start_and_stop(300)


@pytest.mark.slow
def test_start_and_stop_ten_thousand_times_under_busy_threads() -> None:
    start_and_stop(10_000)


def test_finalizers_and_callbacks_that_allocate() -> None:
    finalized: list[int] = []

    class Cycle:
        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            finalized.append(len([str(number) for number in range(20)]))

    callbacks: list[object] = []
    watches: list[weakref.ref[Cycle]] = []
    threshold = gc.get_threshold()
    gc.set_threshold(50, 2, 2)
    try:
        with sampling(300):
            for _ in range(3_000):
                watches.append(weakref.ref(Cycle(), callbacks.append))
                _ = [{"a": str(number), "b": (number,)} for number in range(5)]
            gc.collect()
            live = _sampler.counters()
    finally:
        gc.set_threshold(*threshold)
    assert len(finalized) == len(callbacks) == 3_000
    assert live.lost == 0
    assert live.live == live.sampled - live.freed


def leaking(hold: list[object], count: int) -> None:
    for _ in range(count):
        hold.append([])
        hold.append({})
        hold.append((object(), None)[:2])


def churning(times: int) -> None:
    for _ in range(times):
        _ = [[number] for number in range(60)], [{} for _ in range(60)]


def bytes_in(function: str) -> float:
    """What was allocated while a function ran, in itself and what it called."""
    return sum(row.bytes for row in rows() if any(name == function for _, _, name in row.frames))


@pytest.mark.skipif(sys.version_info < (3, 13), reason="before 3.13 nobody tells of free lists")
def test_objects_from_free_lists_are_charged_to_who_holds_them() -> None:
    hold: list[object] = []
    gc.freeze()
    try:
        with sampling(4 * KIB):
            _sampler.follow_recycled(True)
            for _ in range(3_000):
                churning(1)
                leaking(hold, 1)
            recycled = _sampler.counters().recycled
            leaked, churned = bytes_in("leaking"), bytes_in("churning")
    finally:
        gc.unfreeze()
    assert recycled > 100
    assert churned < leaked / 10


@pytest.mark.parametrize("wanted", [False, True])
def test_free_lists_are_followed_only_while_that_is_wanted(*, wanted: bool) -> None:
    hold: list[object] = []
    with sampling(EVERY_BLOCK):
        _sampler.follow_recycled(True)
        _sampler.follow_recycled(wanted)
        for _ in range(300):
            churning(1)
            leaking(hold, 1)
        _sampler.read()
        recycled = _sampler.counters().recycled
    assert (recycled > 0) == (wanted and sys.version_info >= (3, 13))


@pytest.mark.skipif(sys.version_info < (3, 13), reason="before 3.13 nobody tells of free lists")
def test_the_reference_tracer_is_set_again_after_tracemalloc() -> None:
    import tracemalloc

    hold: list[object] = []
    with sampling(EVERY_BLOCK):
        _sampler.follow_recycled(True)
        tracemalloc.start()
        tracemalloc.stop()
        _sampler.read()
        before = _sampler.counters().recycled
        for _ in range(300):
            churning(1)
            leaking(hold, 1)
        assert _sampler.counters().recycled > before


def test_books_stay_flat_while_things_come_and_go() -> None:
    flat(rounds=5, objects=20_000)


@pytest.mark.slow
def test_books_stay_flat_over_ten_million_allocations() -> None:
    flat(rounds=50, objects=200_000)


def flat(rounds: int, objects: int) -> None:
    """Allocates and frees, each round like the one before: our own memory must not grow."""
    process = psutil.Process()
    sizes: list[tuple[int, int]] = []
    with sampling(4 * KIB):
        for _ in range(rounds):
            held = [[number] for number in range(objects)]
            _sampler.read()
            held.clear()
            _sampler.read()
            sizes.append((_sampler.counters().self_bytes, process.memory_info().rss))
        assert _sampler.counters().lost == 0
    warm = sizes[len(sizes) // 2]
    assert sizes[-1][0] <= warm[0] + 64 * KIB
    assert sizes[-1][1] <= warm[1] + 4 * KIB * KIB


CPYTHON_TESTS = ["test_gc", "test_dict", "test_list", "test_set", "test_weakref", "test_json"]
SITECUSTOMIZE = """
import atexit, contextvars, os, pathlib
from leakprobe.capture._native import _sampler
_sampler.start(4096, 32, contextvars.ContextVar("tag"))
proof = pathlib.Path(__file__).with_name(f"sampled-{os.getpid()}")
atexit.register(lambda: proof.write_text(str(_sampler.counters().sampled)))
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", [*CPYTHON_TESTS, "test_context", "test_generators"])
def test_the_tests_of_cpython_pass_while_sampling(
    name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pytest.importorskip(f"test.{name}", reason="this build ships without its tests")
    site = tmp_path_factory.mktemp("site")
    (site / "sitecustomize.py").write_text(SITECUSTOMIZE)
    root = _sampler.__file__.split("/leakprobe/")[0]
    done = subprocess.run(
        [sys.executable, "-m", "test", name],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{site}:{root}", "HOME": str(site)},
        cwd=site,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]
    assert max(int(proof.read_text()) for proof in site.glob("sampled-*")) > 1_000
