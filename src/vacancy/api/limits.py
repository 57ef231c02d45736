"""How often a key may ask one route: reads and writes a minute, counted in this process."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

READS, WRITES = "reads", "writes"

#: After so many requests what is over is forgotten.
_FORGET_EVERY = 1000


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


class _Memory(MemoryStorage):
    """Counts in memory, and forgets as it counts: the library's own way starts a thread for nearly
    every request, which costs more than the counting.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock = clock
        self._left = _FORGET_EVERY

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        self._left -= 1
        if self._left <= 0:
            self._forget()
        self.get(key)
        with self.locks[key]:
            self.storage[key] += amount
            if self.storage[key] == amount:
                self.expirations[key] = self._clock() + expiry
        return self.storage[key]

    def _forget(self) -> None:
        self._left, now = _FORGET_EVERY, self._clock()
        for key in [key for key, ends in self.expirations.items() if ends <= now]:
            self.clear(key)


class RateLimits:
    """A sliding minute for each key and route. `clock` is the wall's, in seconds."""

    def __init__(self, reads: int, writes: int, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._limiter = SlidingWindowCounterRateLimiter(_Memory(clock))
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
