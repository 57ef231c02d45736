"""Takes the feeds that are due in hand and polls them side by side, so many at a time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from vacancy.poller.poll import poll
from vacancy.poller.tools import Polled, Tools
from vacancy.store import polls
from vacancy.store.polls import Due, Room

_LOG = structlog.get_logger(__name__)

#: A feed in hand is given back to whoever asks after this long: its poll died with its process.
HOLD = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many polls at once, in all and of one host; `own_hosts` need no politeness."""

    at_once: int = 64
    per_host: int = 2
    own_hosts: frozenset[str] = frozenset()


class Rounds:
    """Polls of one process. `before` runs ahead of any judgement (it writes down who has read our
    exports); `report` is told of each finished poll.
    """

    def __init__(
        self,
        tools: Tools,
        bounds: Bounds,
        before: Callable[[], None],
        report: Callable[[Polled], None],
    ) -> None:
        self._tools = tools
        self._bounds = bounds
        self._before = before
        self._report = report
        self._flying: dict[asyncio.Task[Polled | None], str] = {}
        self._quiet: list[Polled] = []

    async def tick(self) -> None:
        """Start what is due as far as there is room, and write down the unchanged polls so far."""
        await self._write_quiet()
        if len(self._flying) >= self._bounds.at_once:
            return
        for due in await asyncio.to_thread(self._lease, None):
            self._start(due)

    async def once(self, only: Sequence[str] | None = None) -> list[Polled]:
        """Poll everything due, or just these feeds whether due or not, and wait for all of it."""
        finished: list[Polled] = []
        wanted = None if only is None else list(only)
        seen: set[str] = set()
        while True:
            batch = await asyncio.to_thread(self._lease, wanted)
            batch = [due for due in batch if due.feed_id not in seen]
            if not batch:
                return finished
            seen.update(due.feed_id for due in batch)
            if wanted is not None:
                wanted = [feed_id for feed_id in wanted if feed_id not in seen]
            ended = await asyncio.gather(*(self._poll(due) for due in batch))
            finished += [polled for polled in ended if polled is not None]
            await self._write_quiet()

    async def drain(self, patience: float) -> None:
        """Let polls in flight end, for so many seconds; cut off the rest. None is half done:
        a poll's effect is one transaction.
        """
        if self._flying:
            await asyncio.wait(self._flying, timeout=patience)
        for task in self._flying:
            task.cancel()
        await asyncio.gather(*self._flying, return_exceptions=True)
        await self._write_quiet()

    def _lease(self, only: Sequence[str] | None) -> list[Due]:
        bounds = self._bounds
        room = Room(
            limit=bounds.at_once - len(self._flying),
            per_host=bounds.per_host,
            flying=Counter(self._flying.values()),
            unbounded=bounds.own_hosts,
        )
        with self._tools.store.write() as session:
            return polls.lease(session, self._tools.clock.now(), HOLD, room, only)

    def _start(self, due: Due) -> None:
        task = asyncio.create_task(self._poll(due))
        self._flying[task] = due.host
        task.add_done_callback(lambda ended: self._flying.pop(ended, None))

    async def _poll(self, due: Due) -> Polled | None:
        try:
            polled = await poll(self._tools, due, self._before)
        except Exception:
            # A fault of ours: the lease runs out and the feed is asked again; no other is touched.
            _LOG.exception("poll.broke", unit=due.unit_slug, feed=due.key)
            return None
        if polled.quiet:
            self._quiet.append(polled)
        self._report(polled)
        return polled

    async def _write_quiet(self) -> None:
        quiet, self._quiet = self._quiet, []
        if quiet:
            await asyncio.to_thread(self._touch, quiet)

    def _touch(self, quiet: Sequence[Polled]) -> None:
        with self._tools.store.write() as session:
            polls.touch(session, [polled.finished for polled in quiet])
