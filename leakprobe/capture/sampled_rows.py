"""Rows of the sampler, added up over the epochs that are no longer told apart.

Keys are numbers and sums stand in arrays: thousands of small tuples and lists would set
off the collector, which then goes through the objects of the application.
"""

from array import array
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from leakprobe.capture.age_bands import AgeBand, band_of
from leakprobe.capture.pace import Pace

if TYPE_CHECKING:
    from leakprobe.capture._native._sampler import Rows

__all__ = ["Row", "SampledRows", "add_up"]

# Number of the stack, of the route (0: none), of the band; bytes, blocks, variance of bytes.
Row = tuple[int, int, int, float, float, float]

ROWS_PER_STRETCH = 500
ROUTE_BITS, BAND_BITS = 31, 5
ROUTE_MASK, BAND_MASK = (1 << ROUTE_BITS) - 1, (1 << BAND_BITS) - 1


class SampledRows:
    """One row for each stack, route and band."""

    __slots__ = ("_blocks", "_bytes", "_position", "_variances")

    def __init__(self) -> None:
        self._position: dict[int, int] = {}
        self._bytes = array("d")
        self._blocks = array("d")
        self._variances = array("d")

    def __iter__(self) -> Iterator[Row]:
        columns = zip(self._position, self._bytes, self._blocks, self._variances, strict=True)
        for key, size, blocks, variance in columns:
            route, band = key >> BAND_BITS & ROUTE_MASK, key & BAND_MASK
            yield key >> ROUTE_BITS + BAND_BITS, route, band, size, blocks, variance

    def stacks(self) -> Iterator[int]:
        """Number of the stack of each row."""
        return (key >> ROUTE_BITS + BAND_BITS for key in self._position)

    def add(
        self, stack: int, route: int, band: int, size: float, blocks: float, variance: float
    ) -> None:
        """Add what was sampled of one stack and route in one epoch of a band."""
        key = (stack << ROUTE_BITS | route) << BAND_BITS | band
        at = self._position.setdefault(key, len(self._bytes))
        if at == len(self._bytes):
            self._bytes.append(size)
            self._blocks.append(blocks)
            self._variances.append(variance)
        else:
            self._bytes[at] += size
            self._blocks[at] += blocks
            self._variances[at] += variance


def add_up(rows: "Rows", bands: Sequence[AgeBand], pace: Pace) -> SampledRows:
    """One reading by stack, route and band; requests not routed yet count as no route.

    Args:
        rows: what the sampler copied.
        bands: the epochs to tell apart, at most 32.
        pace: gives other threads their turn.
    """
    band = {epoch: band_of(bands, epoch) for epoch in set(array("I", rows.epochs))}
    columns = zip(
        array("I", rows.stacks),
        array("i", rows.routes),
        array("I", rows.epochs),
        array("d", rows.live_bytes),
        array("d", rows.live_objects),
        array("d", rows.live_bytes_variance),
        strict=True,
    )
    found = SampledRows()
    for number, (stack, route, epoch, size, blocks, variance) in enumerate(columns):
        found.add(stack, max(route, 0), band[epoch], size, blocks, variance)
        if number % ROWS_PER_STRETCH == 0:
            pace.rest()
    return found
