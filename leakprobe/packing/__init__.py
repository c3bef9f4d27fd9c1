"""Snapshots in a tenth of their size.

What repeats from snapshot to snapshot (stacks, names of files, functions, types and
routes) stands once in tables, with a count of its uses, and goes when the last snapshot
that used it goes. A snapshot itself is then a few arrays of numbers: 20 bytes for a
stack, 40 where it was sampled. Sizes are `object.__sizeof__`, rounded up by what an
allocator adds.
"""

from leakprobe.packing.columns import Packed
from leakprobe.packing.lighter import lighter
from leakprobe.packing.tables import Tables

__all__ = ["Packed", "Tables", "lighter"]
