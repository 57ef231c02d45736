"""All that a poller asks, feeds and booking systems, and what it tells the latter."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from vacancy.notifier.pushes import Pushes
from vacancy.poller.round import Rounds
from vacancy.poller.source_round import SourceRounds
from vacancy.poller.tools import Polled


@dataclass(frozen=True, slots=True)
class Polling:
    """The poller of one event loop."""

    feeds: Rounds
    sources: SourceRounds
    pushes: Pushes

    async def once(self, only: Sequence[str] | None = None) -> list[Polled]:
        """Poll everything due, or just these feeds whether due or not, and wait for all of it."""
        both = await asyncio.gather(self.feeds.once(only), self.sources.once(only))
        return [polled for part in both for polled in part]

    async def ask(self, feed_ids: Sequence[str], patience: float) -> list[Polled]:
        """Poll these feeds now, due or not: the polls that ended within so many seconds."""
        both = await asyncio.gather(
            self.feeds.ask(feed_ids, patience), self.sources.ask(feed_ids, patience)
        )
        return [polled for part in both for polled in part]

    async def drain(self, patience: float) -> None:
        """Let what is in flight end, for so many seconds; cut off the rest."""
        await asyncio.gather(
            self.feeds.drain(patience),
            self.sources.drain(patience),
            self.pushes.drain(patience),
        )
