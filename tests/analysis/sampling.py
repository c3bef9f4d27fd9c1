"""A process whose allocations are sampled, simulated: the truth is known exactly.

An allocation of `size` bytes is sampled with probability 1 - exp(-size / mean) and then
stands for one over that many, as `leakprobe/capture/_native/_sampler.pyi` says.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from leakprobe.model import LiveStack, Snapshot
from tests.making import a_snapshot, a_stack

MEAN_BYTES = 65536
START_S, END_S = 60.0, 120.0
STACK = a_stack(("/srv/app/main.py", 42, "keep"))


@dataclass(frozen=True, slots=True)
class Cohort:
    """Blocks of one size."""

    size: int
    count: int

    @property
    def bytes(self) -> int:
        return self.size * self.count


def sampled(chance: random.Random, cohort: Cohort) -> int:
    """How many blocks of the cohort are sampled, skipping from one to the next."""
    found, at = 0, 0
    while True:
        # The number of blocks up to the next sampled one is geometrically distributed.
        at += 1 + int(-math.log(1 - chance.random()) * MEAN_BYTES / cohort.size)
        if at > cohort.count:
            return found
        found += 1


def estimated(
    chance: random.Random, cohorts: Sequence[Cohort], born_by_s: float | None
) -> LiveStack:
    """What a sampler would say of them: one row, with the standard error of its bytes."""
    size, objects, variance = 0.0, 0.0, 0.0
    for cohort in cohorts:
        probability = -math.expm1(-cohort.size / MEAN_BYTES)
        samples = sampled(chance, cohort)
        size += samples * cohort.size / probability
        objects += samples / probability
        variance += samples * (1 - probability) * (cohort.size / probability) ** 2
    return LiveStack(
        STACK, round(size), round(objects), round(math.sqrt(variance)), born_by_s=born_by_s
    )


@dataclass(frozen=True, slots=True)
class Past:
    """What happens between two snapshots; all of it belongs to one stack."""

    stable: tuple[Cohort, ...] = ()
    freed: tuple[Cohort, ...] = ()
    leaked: tuple[Cohort, ...] = ()

    @property
    def bytes_diff(self) -> int:
        """The truth."""
        return sum(c.bytes for c in self.leaked) - sum(c.bytes for c in self.freed)

    def ends(self, chance: random.Random, *, ages: bool = True) -> tuple[Snapshot, Snapshot]:
        """Both snapshots; what is stable is the same samples in both."""
        then, now = (START_S, END_S) if ages else (None, None)
        stable = estimated(chance, self.stable, then)
        freed = estimated(chance, self.freed, then)
        leaked = estimated(chance, self.leaked, now)
        return (
            a_snapshot("s1", uptime_s=START_S, stacks=[stable, freed], tracer="sampled"),
            a_snapshot("s2", uptime_s=END_S, stacks=[stable, leaked], tracer="sampled"),
        )
