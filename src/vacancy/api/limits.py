"""How often a key may ask one route: reads and writes a minute, counted in this process."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

READS, WRITES = "reads", "writes"


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left to a key for one route, the `resource`.

    `reset_at` is in seconds since 1970, `wait` in seconds from now.
    """

    resource: str
    limit: int
    remaining: int
    reset_at: int
    granted: bool
    wait: int

    def headers(self) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset_at),
            "X-RateLimit-Resource": self.resource,
        }


class RateLimits:
    """A sliding minute for each key and route. `clock` is the wall's, in seconds."""

    def __init__(self, reads: int, writes: int, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._items = {
            READS: RateLimitItemPerMinute(reads),
            WRITES: RateLimitItemPerMinute(writes),
        }

    def count(self, key_id: str, kind: str, resource: str) -> Allowance:
        """Count one request of a kind: of a route, by its name."""
        item = self._items[kind]
        granted = self._limiter.hit(item, key_id, resource)
        stats = self._limiter.get_window_stats(item, key_id, resource)
        reset_at = math.ceil(stats.reset_time)
        wait = max(1, math.ceil(stats.reset_time - self._clock()))
        return Allowance(resource, item.amount, max(0, stats.remaining), reset_at, granted, wait)
