"""What else hooks allocators, makes interpreters or ends the process: nothing may break.

Most of it needs a process of its own, whose allocators nobody has touched yet.
"""

import os
import subprocess
import sys
import textwrap
import tracemalloc

import pytest

from leakprobe.capture.native import sampler_missing
from tests.capture.native.sampled import EVERY_BLOCK, block, blocks, sampling
from tests.native import needs_sampler

if sampler_missing() is None:
    from leakprobe.capture._native import _sampler

pytestmark = needs_sampler

BEGIN = """
import gc, sys, threading, tracemalloc
from leakprobe.capture._native import _sampler
from tests.capture.native.sampled import block, blocks
def hold(count):
    return [block() for _ in range(count)]
"""


def run(program: str, **environment: str) -> str:
    """What a program prints in a process of its own, which has to end well."""
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", BEGIN + textwrap.dedent(program)],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_no_start_while_tracemalloc_traces() -> None:
    said = run("""
        tracemalloc.start()
        print(_sampler.refusal())
        try:
            _sampler.start(1, 8, None)
        except RuntimeError as error:
            print(error)
        tracemalloc.stop()
        print(_sampler.is_hooked(), _sampler.refusal())
    """)
    assert said.splitlines() == [
        "tracemalloc is tracing; stop it first",
        "cannot sample allocations: tracemalloc is tracing; stop it first",
        "False None",
    ]


def test_tracemalloc_on_top_and_gone_again() -> None:
    with sampling(EVERY_BLOCK):
        held = [block()]
        tracemalloc.start()
        try:
            assert not _sampler.is_hooked()
            assert _sampler.is_sampling()
            held.append(block())
            assert blocks() == 2, "it forwards to us"
            traced = tracemalloc.get_traced_memory()[0]
            assert traced > sys.getsizeof(held[1])
        finally:
            tracemalloc.stop()
        assert _sampler.is_hooked()
        held.append(block())
        assert blocks() == 3
        held.clear()
        assert blocks() == 0


def test_tracemalloc_that_outlives_the_sampling() -> None:
    with sampling(EVERY_BLOCK):
        held = [block()]
        tracemalloc.start()
    held.append(block())
    assert tracemalloc.get_traced_memory()[0] > sys.getsizeof(held[1])
    assert _sampler.refusal() is not None
    tracemalloc.stop()
    with sampling(EVERY_BLOCK):
        held.append(block())
        assert blocks() == 1


def test_hooks_that_forward_to_ours_make_no_circle() -> None:
    pytest.importorskip("_testcapi")
    said = run("""
        import _testcapi
        NEVER = 10**9
        _sampler.start(1, 8, None)
        _sampler.stop()
        _testcapi.set_nomemory(NEVER)  # hooks that forward, upon ours
        _sampler.start(1, 8, None)
        kept = hold(3)
        print(_sampler.is_hooked(), blocks())
        _testcapi.remove_mem_hooks()
        kept += hold(2)
        print(_sampler.is_hooked(), blocks())
    """)
    assert said.splitlines() == ["False 3", "True 5"]


def test_hooks_that_were_there_before_ours_and_go() -> None:
    pytest.importorskip("_testcapi")
    said = run("""
        import _testcapi
        _testcapi.set_nomemory(10**9)
        _sampler.start(1, 8, None)  # upon those hooks
        print(_sampler.is_hooked())
        kept = hold(3)
        _testcapi.remove_mem_hooks()  # puts back what had been there before either
        kept += hold(2)
        print(_sampler.is_hooked(), blocks())
        _sampler.stop()
        _sampler.start(1, 8, None)
        kept += hold(4)
        print(_sampler.is_hooked(), blocks())
    """)
    assert said.splitlines() == ["True", "False 3", "True 4"]


def test_a_reallocation_that_fails_leaves_the_sample() -> None:
    pytest.importorskip("_testcapi")
    said = run("""
        import _testcapi
        NEVER = 10**9
        _testcapi.set_nomemory(NEVER)
        _sampler.start(1, 8, None)
        def grow():
            return bytearray(5_033)
        kept = grow()
        before = _sampler.pointers().addresses
        failed = 0
        _testcapi.set_nomemory(0)
        try:
            kept.extend(b"x" * 20_000)
        except MemoryError:
            failed = 1
        _testcapi.set_nomemory(NEVER)
        _sampler.set_sample_bytes(sys.maxsize)
        from tests.capture.native.sampled import all_in
        print(failed, all_in("grow").bytes >= 5_033)
        kept.extend(b"x" * 20_000)
        print(all_in("grow").bytes < 5_033)
    """)
    assert said.splitlines() == ["1 True", "True"]


def test_a_sub_interpreter_is_a_reason_not_to_start() -> None:
    said = run("""
        try:
            import _interpreters as interpreters
        except ImportError:
            import _xxsubinterpreters as interpreters
        other = interpreters.create()
        print(_sampler.refusal())
        interpreters.destroy(other)
        print(_sampler.refusal())
    """)
    assert said.splitlines() == [
        "there are sub-interpreters, which would allocate beside the sampler's lock",
        "None",
    ]


def test_a_sub_interpreter_cannot_import_it_and_is_not_sampled() -> None:
    said = run("""
        try:
            import _interpreters as interpreters
        except ImportError:
            import _xxsubinterpreters as interpreters
        _sampler.start(1, 8, None)
        before = _sampler.counters().sampled
        def work():
            other = interpreters.create()
            error = interpreters.run_string(other, '''if 1:
                try:
                    from leakprobe.capture._native import _sampler
                except ImportError as error:
                    pass
                else:
                    raise SystemError("imported")
                kept = [{str(i): (i, [i])} for i in range(50_000)]
            ''')
            assert error is None, error
            interpreters.destroy(other)
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        mine = [[str(number)] for number in range(50_000)]
        for thread in threads:
            thread.join()
        kept = hold(3)
        print(blocks())
        print(_sampler.counters().sampled > before + 50_000)
    """)
    assert said.splitlines() == ["3", "True"]


@pytest.mark.parametrize(
    "ending",
    [
        "",
        "sys.exit(0)",
        "threading.Thread(target=hold, args=(1_000,), daemon=True).start()",
        "import atexit; atexit.register(_sampler.stop)",
        "import atexit; atexit.register(_sampler.read)",
        "sys.late = type('Late', (), {'__del__': lambda self: hold(9)})()",
    ],
)
def test_the_process_ends_well_while_sampling(ending: str) -> None:
    said = run(f"""
        import asyncio, contextvars, json, logging
        tag = contextvars.ContextVar("tag")
        _sampler.start(64, 32, tag)
        tag.set(_sampler.Tag())
        kept = hold(100)
        class Cycle:
            def __init__(self): self.me = self
            def __del__(self): hold(10)
        cycles = [Cycle() for _ in range(10)]
        print("reached")
        {ending}
    """)
    assert said == "reached"


@pytest.mark.parametrize("allocator", ["pymalloc", "malloc", "pymalloc_debug"])
def test_over_whatever_allocator_python_was_started_with(allocator: str) -> None:
    said = run(
        """
        _sampler.start(1, 8, None)
        before = _sampler.counters().live
        kept = [[str(number), {number: (number,)}] for number in range(10_000)]
        print(_sampler.is_hooked(), _sampler.counters().live - before > 40_000)
        del kept
        _sampler.read()
        print(_sampler.counters().live - before < 5_000)  # some are in free lists
    """,
        PYTHONMALLOC=allocator,
    )
    assert said.splitlines() == ["True True", "True"]


def test_blocks_that_others_take_and_free_without_the_gil() -> None:
    said = run("""
        import ctypes
        raw = ctypes.CDLL(None)  # not PyDLL: it gives up the GIL for each call
        raw.PyMem_RawMalloc.restype = ctypes.c_void_p
        raw.PyMem_RawMalloc.argtypes = [ctypes.c_size_t]
        raw.PyMem_RawFree.argtypes = [ctypes.c_void_p]
        sys.setswitchinterval(1e-5)
        _sampler.start(64, 8, None)
        over = threading.Event()
        def churn():
            while not over.is_set():
                for block in [raw.PyMem_RawMalloc(40) for _ in range(50)]:
                    raw.PyMem_RawFree(block)
        threads = [threading.Thread(target=churn) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(200):
            kept = [[str(number), {number: (number,)}] for number in range(500)]
        over.set()
        for thread in threads:
            thread.join()
        done = _sampler.counters()
        print(done.lost, done.live == done.sampled - done.freed, done.sampled > 10_000)
        _sampler.stop()
        _sampler.start(1, 8, None)
        kept = hold(5)
        print(blocks())
    """)
    assert said.splitlines() == ["0 True True", "5"]


def test_the_free_of_raw_memory_is_hooked_again_where_somebody_took_that_away() -> None:
    said = run(
        """
        from tests.benchmarks.hooks import DOMAINS, hooks, put_one
        raw = DOMAINS.index(0)
        bare = hooks().allocators[raw]
        _sampler.start(1, 8, None)
        print(_sampler.is_hooked())
        put_one(0, bare)
        print(_sampler.is_hooked())
        _sampler.stop()
        for _ in range(2):
            _sampler.start(1, 8, None)
            kept = hold(5)
            print(_sampler.is_hooked(), blocks())
            kept.clear()
            print(blocks())
            _sampler.stop()
    """,
        PYTHONMALLOC="pymalloc",
    )
    assert said.splitlines() == ["True", "False", "True 5", "0", "True 5", "0"]
