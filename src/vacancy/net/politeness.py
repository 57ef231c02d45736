"""Politeness: few requests to one host at a time, and not all in the same instant."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiolimiter import AsyncLimiter


@dataclass(slots=True)
class _Lane:
    """One host's turn-taking; it lives while it is used, and until its spacing has passed."""

    slots: asyncio.Semaphore
    pace: AsyncLimiter | None
    users: int = 0
    closing: asyncio.TimerHandle | None = None


class Politeness:
    """At most `in_flight` requests to one host, begun at least `spacing` seconds apart.

    Hosts in `unbounded` (`host:port`, the operator's own) are asked at will. Nothing is kept of a
    host that was not asked lately. Belongs to one event loop.
    """

    def __init__(
        self, in_flight: int = 2, spacing: float = 0.1, unbounded: frozenset[str] = frozenset()
    ) -> None:
        self._unbounded = unbounded
        self._in_flight = in_flight
        self._spacing = spacing
        self._lanes: dict[str, _Lane] = {}

    @property
    def remembered(self) -> int:
        """Of how many hosts anything is kept at present."""
        return len(self._lanes)

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait for a turn at this host, and hold it for the block."""
        if host in self._unbounded:
            yield
            return
        lane = self._enter(host)
        try:
            async with lane.slots:
                if lane.pace is not None:
                    await lane.pace.acquire()
                yield
        finally:
            self._leave(host, lane)

    def _enter(self, host: str) -> _Lane:
        lane = self._lanes.get(host)
        if lane is None:
            pace = AsyncLimiter(1, self._spacing) if self._spacing > 0 else None
            lane = self._lanes[host] = _Lane(asyncio.Semaphore(self._in_flight), pace)
        lane.users += 1
        if lane.closing is not None:
            lane.closing.cancel()
            lane.closing = None
        return lane

    def _leave(self, host: str, lane: _Lane) -> None:
        lane.users -= 1
        if lane.users:
            return
        if lane.pace is None:
            del self._lanes[host]
        else:
            loop = asyncio.get_running_loop()
            lane.closing = loop.call_later(self._spacing, self._lanes.pop, host, None)
