"""Where sampled memory is: what a heap walk needs to find the objects it belongs to."""

from array import array
from dataclasses import dataclass

from leakprobe.model import Stack

__all__ = ["SampledPointers"]


@dataclass(frozen=True, slots=True)
class SampledPointers:
    """Sampled blocks that are allocated now; columns of equal length, one entry a block.

    Attributes:
        addresses: `array("Q")`: where each begins.
        stacks: who allocated it.
        routes: whose requests did; None: no request's, or not known.
        weights: `array("d")`: estimated blocks that each stands for.
        sizes: `array("Q")`: bytes of each.
    """

    addresses: "array[int]"
    stacks: tuple[Stack, ...]
    routes: tuple[str | None, ...]
    weights: "array[float]"
    sizes: "array[int]"
