"""How often somebody may ask: token buckets, and a bounded table of them per client.

Without locks: a bucket belongs to one event loop. The table forgets the client that it
has not seen for longest, so that a flood from many addresses costs no memory.
"""

import time
from collections import OrderedDict
from collections.abc import Callable

__all__ = ["ClientLimits", "RateLimit"]


class RateLimit:
    """A token bucket: `burst` at once, then `rate_per_s`.

    Args:
        rate_per_s: how many per second in the long run, above 0.
        burst: how many at once after a quiet time, at least 1.
        clock: seconds that never go back.
    """

    __slots__ = ("_at", "_burst", "_clock", "_left", "_rate_per_s")

    def __init__(
        self, rate_per_s: float, burst: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._clock = clock
        self._left = burst
        self._at = clock()

    def wait_s(self) -> float:
        """Take one and return 0, or take none and return how many seconds to wait for it."""
        now = self._clock()
        passed = max(0.0, now - self._at)
        self._at = now
        self._left = min(self._burst, self._left + passed * self._rate_per_s)
        if self._left < 1:
            return (1 - self._left) / self._rate_per_s
        self._left -= 1
        return 0.0


class ClientLimits:
    """A `RateLimit` for each client, for at most `most_clients` of them.

    Args:
        rate_per_s: for each client, as in `RateLimit`.
        burst: for each client, as in `RateLimit`.
        most_clients: how many clients are remembered.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        rate_per_s: float,
        burst: float,
        most_clients: int = 1000,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._most_clients = most_clients
        self._clock = clock
        self._limits: OrderedDict[str, RateLimit] = OrderedDict()

    def __len__(self) -> int:
        return len(self._limits)

    def wait_s(self, client: str) -> float:
        """As `RateLimit.wait_s`, for this client."""
        limit = self._limits.pop(client, None)
        if limit is None:
            limit = RateLimit(self._rate_per_s, self._burst, clock=self._clock)
        self._limits[client] = limit
        if len(self._limits) > self._most_clients:
            self._limits.popitem(last=False)
        return limit.wait_s()
