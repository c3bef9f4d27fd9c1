"""Starting, stopping, refusing, reading: the life of the sampler, and its books."""

import importlib.util
import os
import sys
import threading
from array import array
from contextvars import ContextVar

import pytest

from leakprobe.capture.native import sampler_missing
from tests.capture.native.sampled import (
    BLOCK_BYTES,
    EVERY_BLOCK,
    KIB,
    block,
    blocks,
    rows,
    sampling,
)
from tests.native import needs_sampler

if sampler_missing() is None:
    from leakprobe.capture._native import _sampler

pytestmark = needs_sampler


def test_it_samples_between_start_and_stop() -> None:
    assert not _sampler.is_sampling()
    with sampling(KIB):
        assert _sampler.is_sampling()
        assert _sampler.is_hooked()
    assert not _sampler.is_sampling()
    assert _sampler.is_hooked(), "the hooks stay and forward"


def test_a_second_start_is_refused() -> None:
    with sampling(KIB), pytest.raises(RuntimeError, match="samples already"):
        _sampler.start(KIB, 1, None)


def test_stop_where_nothing_samples() -> None:
    _sampler.stop()
    _sampler.stop()


@pytest.mark.parametrize(
    ("sample_bytes", "frames", "says"),
    [
        (0, 1, "sample_bytes must be at least 1, not 0"),
        (-5, 1, "sample_bytes must be at least 1, not -5"),
        (KIB, 0, "frames must be 1 to 256, not 0"),
        (KIB, 257, "frames must be 1 to 256, not 257"),
    ],
)
def test_arguments_out_of_range(sample_bytes: int, frames: int, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        _sampler.start(sample_bytes, frames, None)
    assert not _sampler.is_sampling()


def test_a_tag_that_is_no_context_variable() -> None:
    with pytest.raises(TypeError, match="ContextVar or None, not str"):
        _sampler.start(KIB, 1, "tag")  # type: ignore[arg-type] # a wrong type is what is tested


def test_the_interval_out_of_range() -> None:
    with sampling(KIB), pytest.raises(ValueError, match="at least 1, not 0"):
        _sampler.set_sample_bytes(0)


def test_the_largest_interval_samples_nothing() -> None:
    with sampling(sys.maxsize):
        held = [block() for _ in range(1_000)]
        assert _sampler.counters().sampled == 0
    assert held


def test_reading_where_nothing_samples() -> None:
    with pytest.raises(RuntimeError, match="nothing samples"):
        _sampler.read()
    with pytest.raises(RuntimeError, match="nothing samples"):
        _sampler.pointers()


def test_a_new_start_begins_with_empty_tables() -> None:
    with sampling(EVERY_BLOCK):
        held = [block() for _ in range(10)]
        assert blocks() == len(held)
    with sampling(KIB):
        assert blocks() == 0
        assert _sampler.counters().freed <= _sampler.counters().sampled
        held.clear()  # blocks that an earlier start sampled
        assert blocks() == 0


def test_epochs_tell_when_something_was_allocated() -> None:
    with sampling(EVERY_BLOCK):
        held = []
        for epoch in range(3):
            held.append([block() for _ in range(epoch + 1)])
            assert _sampler.read().epoch == epoch
        found = {
            row.epoch: int(row.bytes // BLOCK_BYTES) for row in rows() if row.function == "block"
        }
    assert found == {0: 1, 1: 2, 2: 3}
    assert held


def test_the_time_that_a_reading_holds_the_gil_is_told() -> None:
    with sampling(KIB):
        held = [block() for _ in range(1_000)]
        assert 0 < _sampler.read().hold_ns < 1_000_000_000
    assert held


def test_pointers_are_where_the_blocks_are() -> None:
    with sampling(EVERY_BLOCK):
        held = [block() for _ in range(10)]
        pointers = _sampler.pointers()
    found = dict(
        zip(
            array("Q", pointers.addresses),
            zip(
                array("Q", pointers.sizes),
                array("d", pointers.weights),
                array("i", pointers.routes),
                array("I", pointers.stacks),
                strict=True,
            ),
            strict=True,
        )
    )
    # Bytes have no header before them: the object begins where its block begins.
    ours = [found[id(one)] for one in held]
    assert {size for size, *_ in ours} == {sys.getsizeof(held[0])}
    assert {weight for _, weight, *_ in ours} == {1.0}
    assert {route for *_, route, _ in ours} == {0}
    assert len({stack for *_, stack in ours}) == 1


def test_counters_add_up() -> None:
    with sampling(EVERY_BLOCK):
        held = [block() for _ in range(100)]
        held.clear()
        now = _sampler.counters()
        assert now.sampled >= 100
        assert now.freed >= 100
        assert now.live == now.sampled - now.freed
        assert now.lost == 0
        assert now.stacks > 0
        assert now.self_bytes > 64 * KIB
    assert _sampler.counters().live == 0
    assert _sampler.counters().stacks == 0


def test_tables_shrink_when_samples_are_gone() -> None:
    with sampling(EVERY_BLOCK):
        held = [bytes(100) for _ in range(50_000)]
        most = _sampler.counters().self_bytes
        held.clear()
        _sampler.read()
        assert _sampler.counters().self_bytes < most / 8


def test_start_and_stop_from_different_threads() -> None:
    starter = threading.Thread(target=_sampler.start, args=(KIB, 8, None))
    starter.start()
    starter.join()
    assert _sampler.is_sampling()
    stopper = threading.Thread(target=_sampler.stop)
    stopper.start()
    stopper.join()
    assert not _sampler.is_sampling()


def test_every_thread_is_sampled() -> None:
    held: list[bytes] = []

    def work() -> None:
        held.append(block())

    with sampling(EVERY_BLOCK):
        for _ in range(4):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        assert blocks() == len(held) == 4


def test_a_second_import_finds_the_same_sampler() -> None:
    spec = importlib.util.find_spec(_sampler.__name__)
    assert spec is not None
    assert spec.loader is not None
    again = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(again)
    assert again.Tag is _sampler.Tag
    with sampling(KIB):
        assert again.is_sampling()


def test_the_variable_of_the_tag_is_let_go() -> None:
    tag: ContextVar[_sampler.Tag] = ContextVar("tag")
    before = sys.getrefcount(tag)
    with sampling(KIB, tag=tag):
        assert sys.getrefcount(tag) > before
    assert sys.getrefcount(tag) == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_samples_are_valid_in_a_forked_child() -> None:
    with sampling(EVERY_BLOCK):
        held = [block() for _ in range(10)]
        child = os.fork()
        if child == 0:
            os._exit(_forked(held))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert blocks() == 10


def _forked(held: list[bytes]) -> int:
    """What the child sees, as its exit code."""
    try:
        _sampler.after_fork()
        held.append(block())
        if blocks() != 11:
            return 1
        held.clear()
        return 0 if blocks() == 0 else 2
    except Exception:  # noqa: BLE001 - a child must end here, whatever happens
        return 3
