"""Stacks of samples: file, line, function, and whether they go when their samples go."""

import asyncio
import gc
import inspect
import weakref
from collections.abc import AsyncIterator, Iterator
from types import FunctionType

import pytest

from leakprobe.capture.native import sampler_missing
from tests.capture.native.sampled import (
    BLOCK_BYTES,
    EVERY_BLOCK,
    KIB,
    Row,
    block,
    blocks,
    rows,
    sampling,
)
from tests.native import needs_sampler

if sampler_missing() is None:
    from leakprobe.capture._native import _sampler

pytestmark = needs_sampler

BLOCK_LINE = inspect.getsourcelines(block)[1] + 2


class Maker:
    def make(self) -> bytes:
        return block()


def large() -> list[Row]:
    """Rows of the blocks that these tests plant."""
    return [row for row in rows() if row.bytes >= BLOCK_BYTES]


def functions(row: Row) -> list[str]:
    return [name for _, _, name in row.frames]


def test_file_line_and_qualified_name_innermost_first() -> None:
    with sampling(EVERY_BLOCK):
        held = Maker().make()
        (row,) = large()
    assert row.frames[0] == (block.__code__.co_filename, BLOCK_LINE, "block")
    assert functions(row)[:2] == ["block", "Maker.make"]
    assert functions(row)[2] == "test_file_line_and_qualified_name_innermost_first"
    assert held


@pytest.mark.parametrize("frames", [1, 3, 256])
def test_depth_is_limited(frames: int) -> None:
    def deep(left: int) -> bytes:
        return deep(left - 1) if left else block()

    with sampling(EVERY_BLOCK, frames):
        held = deep(300)
        (row,) = large()
    assert len(row.frames) == frames
    assert held


def test_generators() -> None:
    def generate() -> Iterator[bytes]:
        yield block()
        yield block()

    def consume() -> list[bytes]:
        return list(generate())

    with sampling(EVERY_BLOCK):
        held = consume()
        found = large()
    assert len(found) == len(held) == 2, "two lines"
    for row in found:
        assert [name.rpartition(".")[2] for name in functions(row)[:3]] == [
            "block",
            "generate",
            "consume",
        ]


def test_coroutines_and_asynchronous_generators() -> None:
    async def generate() -> AsyncIterator[bytes]:
        await asyncio.sleep(0)
        yield block()

    async def collect() -> list[bytes]:
        return [made async for made in generate()]

    with sampling(EVERY_BLOCK):
        held = asyncio.run(collect())
        (row,) = large()
    assert [name.rpartition(".")[2] for name in functions(row)[:2]] == ["block", "generate"]
    assert "collect" in {name.rpartition(".")[2] for name in functions(row)}
    assert held


def test_code_at_module_level() -> None:
    namespace: dict[str, object] = {}
    code = compile("\n\nheld = bytes(9000)\n", "planted.py", "exec")
    with sampling(EVERY_BLOCK):
        exec(code, namespace)
        (row,) = large()
    assert row.frames[0] == ("planted.py", 3, "<module>")
    assert namespace["held"]


def test_calls_back_from_c() -> None:
    held: list[bytes] = []

    def key(number: int) -> int:
        held.append(block())
        return number

    def caller() -> None:
        sorted([3, 1, 2], key=key)

    with sampling(EVERY_BLOCK):
        caller()
        (row,) = large()
    assert blocks([row]) == len(held) == 3
    assert [name.rpartition(".")[2] for name in functions(row)[:3]] == ["block", "key", "caller"]


def test_one_stack_has_one_number() -> None:
    with sampling(EVERY_BLOCK):
        held = [block() for _ in range(100)]
        (row,) = large()
        assert blocks([row]) == 100
    assert held


def test_an_unknown_stack() -> None:
    with sampling(KIB), pytest.raises(LookupError, match="no stack 4294967295"):
        _sampler.stack(2**32 - 1)
    with pytest.raises(LookupError, match="no stack"):
        _sampler.stack(2**33)
    with pytest.raises(OverflowError):
        _sampler.stack(-1)


def generated(count: int) -> None:
    """Runs functions that are made, allocate, and are gone again."""
    for number in range(count):
        namespace: dict[str, FunctionType] = {}
        exec(f"def made_{number}(): return bytes(6000)", namespace)
        namespace[f"made_{number}"]()


def test_generated_code_does_not_accumulate() -> None:
    with sampling(EVERY_BLOCK):
        for _ in range(3):
            generated(2_000)
            assert _sampler.counters().stacks > 2_000
            for _ in range(3):
                _sampler.read()
            # Some objects in free lists are still charged to it.
            assert _sampler.counters().stacks < 1_000


def test_code_is_let_go_with_its_stack() -> None:
    gone: list[str] = []
    namespace: dict[str, FunctionType] = {}
    exec("def made(): return bytes(6000)", namespace)
    made = namespace.pop("made")
    with sampling(EVERY_BLOCK):
        held = made()
        watch = weakref.ref(made.__code__, lambda _: gone.append("code"))
        del made
        gc.collect()
        rows()
        assert not gone, "the sample's stack holds it"
        del held
        for _ in range(2):
            assert not gone
            _sampler.read()
        assert gone == ["code"]
    assert watch() is None


def test_a_callback_of_dying_code_may_use_the_sampler() -> None:
    seen: list[bool] = []

    def on_death(_: object) -> None:
        _sampler.stop()
        _sampler.start(EVERY_BLOCK, 16, None)
        seen.append(_sampler.is_sampling())

    namespace: dict[str, FunctionType] = {}
    exec("def made(): return bytes(6000)", namespace)
    made = namespace.pop("made")
    with sampling(EVERY_BLOCK):
        made()
        watch = weakref.ref(made.__code__, on_death)
        del made
        for _ in range(3):
            _sampler.read()
    assert seen == [True]
    assert watch() is None


def test_stacks_can_be_looked_up_until_the_reading_after_the_next() -> None:
    with sampling(EVERY_BLOCK):
        held = [block()]
        number = next(_numbers())
        held.clear()
        _sampler.read()
        assert _sampler.stack(number)
        _sampler.read()
        with pytest.raises(LookupError):
            _sampler.stack(number)


def _numbers() -> Iterator[int]:
    """Numbers of stacks that end in `block`."""
    stacks = memoryview(_sampler.read().stacks).cast("I")
    return (number for number in stacks if _sampler.stack(number)[0][2] == "block")
