"""Keeps the exports in memory up with the store."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Set
from contextlib import AbstractContextManager

from vacancy.clock import Clock
from vacancy.publisher.cache import ExportCache
from vacancy.store.session import Store

#: Exports are looked at this often, in seconds, for what another process has published.
LOOK_AFTER = 0.5


class Following:
    """Follows what is published: at once in this process, soon in another."""

    def __init__(self, cache: ExportCache, store: Store, clock: Clock) -> None:
        self._cache = cache
        self._store = store
        self._clock = clock
        self._published: set[str] = set()
        self._publishing = asyncio.Event()
        self._looked_at = 0.0

    async def run(self, survive: Callable[[str], AbstractContextManager[None]]) -> None:
        """Until it is cancelled; what fails within `survive` is done again at the next look."""
        loop = asyncio.get_running_loop()
        self._store.on_published(
            lambda unit_ids: loop.call_soon_threadsafe(self._hear_of, unit_ids)
        )
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_AFTER):
                        await self._publishing.wait()
                self._publishing.clear()
                published, self._published = self._published, set()
                with survive("exports"):
                    await asyncio.to_thread(self._follow, published)
        finally:
            self._store.on_published(None)

    def look(self) -> None:
        """Take in all that anybody has published."""
        self._looked_at = self._clock.monotonic()
        self._cache.look(self._clock.now())

    def _hear_of(self, unit_ids: Set[str]) -> None:
        self._published |= unit_ids
        self._publishing.set()

    def _follow(self, unit_ids: Set[str]) -> None:
        """Take in what this process has published, and at times what others have."""
        if unit_ids:
            self._cache.refresh(unit_ids, self._clock.now())
        if self._clock.monotonic() - self._looked_at >= LOOK_AFTER:
            self.look()
