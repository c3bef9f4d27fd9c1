"""The sampler as tests use it: sampling for the length of a block, and its rows as objects."""

from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from leakprobe.capture.native import sampler_missing

if sampler_missing() is None:
    from leakprobe.capture._native import _sampler

__all__ = [
    "BLOCK_BYTES",
    "EVERY_BLOCK",
    "KIB",
    "Row",
    "Sum",
    "all_in",
    "block",
    "blocks",
    "rows",
    "sampling",
]

KIB = 1024
EVERY_BLOCK = 1  # a mean of one byte: nothing of a hundred bytes is missed

BLOCK_BYTES = 5_033  # of what `block` makes

Frame = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a reading, with its stack described."""

    frames: tuple[Frame, ...]
    route: int
    epoch: int
    samples: int
    bytes: float
    objects: float
    variance: float

    @property
    def function(self) -> str:
        """Name of the function that allocated."""
        return self.frames[0][2].rpartition(".")[2] if self.frames else ""


@dataclass(frozen=True, slots=True)
class Sum:
    """Several rows together."""

    samples: int
    bytes: float
    objects: float
    error: float

    def z(self, truth: float) -> float:
        """By how many of its standard errors the estimate is above the truth."""
        return (self.bytes - truth) / self.error


@contextmanager
def sampling(
    sample_bytes: int, frames: int = 32, tag: "ContextVar[_sampler.Tag] | None" = None
) -> Iterator[None]:
    """Samples while the block runs."""
    _sampler.start(sample_bytes, frames, tag)
    try:
        yield
    finally:
        _sampler.stop()


def rows() -> list[Row]:
    """A reading."""
    read = _sampler.read()
    columns = zip(
        array("I", read.stacks),
        array("i", read.routes),
        array("I", read.epochs),
        array("I", read.samples),
        array("d", read.live_bytes),
        array("d", read.live_objects),
        array("d", read.live_bytes_variance),
        strict=True,
    )
    return [Row(_sampler.stack(number), *numbers) for number, *numbers in columns]


def all_in(function: str, among: list[Row] | None = None) -> Sum:
    """What a function allocated, by a reading of now."""
    found = [row for row in (rows() if among is None else among) if row.function == function]
    return Sum(
        samples=sum(row.samples for row in found),
        bytes=sum(row.bytes for row in found),
        objects=sum(row.objects for row in found),
        error=sum(row.variance for row in found) ** 0.5,
    )


def block() -> bytes:
    """One block, large enough to be told from what the call itself may leave in free lists."""
    return bytes(5_000)


def blocks(among: list[Row] | None = None) -> int:
    """How many results of `block` are alive, where every block is sampled."""
    return int(all_in("block", among).bytes // BLOCK_BYTES)
