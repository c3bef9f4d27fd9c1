"""How old sampled memory is, in bands: the recent ones narrow, the old ones wide.

Each reading of the sampler ends an epoch, and a sample knows its epoch. Telling all
epochs apart would grow with every reading, so boundaries between them are taken away
again, those of old epochs first, as the ages they tell apart are nearly the same.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

__all__ = ["AgeBand", "band_of", "with_band"]

MOST_BANDS = 24


@dataclass(frozen=True, slots=True)
class AgeBand:
    """The epochs after the band before, up to and with this one.

    Attributes:
        last_epoch: the youngest of them.
        ended_s: the uptime of the reading that ended it: all of it was allocated by then.
    """

    last_epoch: int
    ended_s: float


def with_band(
    bands: Sequence[AgeBand], newest: AgeBand, most: int = MOST_BANDS
) -> tuple[AgeBand, ...]:
    """The bands after one more epoch has ended, oldest first, at most so many.

    The first band stays, as what was there at the start is asked for most; the newest
    does too. A boundary that was taken away never comes back, so what two readings say
    of a sample differs only in that the later one may know its age less finely.

    Args:
        bands: those until now.
        newest: the epoch that ended.
        most: how many are kept, at least 2.
    """
    kept = [*bands, newest]
    while len(kept) > most:
        del kept[min(range(1, len(kept) - 1), key=lambda at: _ratio(kept, at))]
    return tuple(kept)


def _ratio(bands: Sequence[AgeBand], at: int) -> float:
    """Oldest age by youngest age in the band that would be, were this boundary not there."""
    now = bands[-1].ended_s
    oldest, youngest = now - bands[at - 1].ended_s, now - bands[at + 1].ended_s
    if oldest <= youngest:
        return 1.0
    return oldest / youngest if youngest > 0 else inf


def band_of(bands: Sequence[AgeBand], epoch: int) -> int:
    """The position of the band that an epoch is in; that of the newest for what came later."""
    return min(bisect_left(bands, epoch, key=lambda band: band.last_epoch), len(bands) - 1)
