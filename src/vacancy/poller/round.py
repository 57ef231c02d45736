"""Takes the feeds that are due in hand and polls them side by side, so many at a time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from vacancy.poller.fetch import Failed
from vacancy.poller.intake import write_failure
from vacancy.poller.poll import poll
from vacancy.poller.tools import Polled, Span, Tools
from vacancy.store import polls
from vacancy.store.polls import Due, Room
from vacancy.store.served import StoreFailure

_LOG = structlog.get_logger(__name__)

#: A feed in hand is given back to whoever asks after this long: its poll died with its process.
HOLD = timedelta(minutes=3)

#: A feed whose answer could not be written down is left alone for so long.
REST = timedelta(seconds=10)

#: Answers taken in at once. More would gain nothing from one writer and one interpreter, and take
#: the threads that the rest of the process needs to answer on time.
HANDS = 3

FAULT = Failed("fault", "Vacancy itself failed at this answer: please report it with its log")


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
        self._flying: dict[asyncio.Task[None], Due] = {}
        self._hands = asyncio.Semaphore(HANDS)
        self._quiet: list[Polled] = []
        self._unpolled: list[str] = []

    async def tick(self) -> None:
        """Start what is due as far as there is room, and write down what has ended so far.

        Raises a StoreFailure; nothing is lost by it.
        """
        await self._write_down()
        if len(self._flying) >= self._bounds.at_once:
            return
        for due in await asyncio.to_thread(self._lease, None):
            self._start(due)

    async def once(self, only: Sequence[str] | None = None) -> list[Polled]:
        """Poll everything due, or just these feeds whether due or not, and wait for all of it.

        Raises a StoreFailure once all have ended.
        """
        finished: list[Polled] = []
        wanted = None if only is None else list(only)
        seen: set[str] = set()
        while True:
            batch = await asyncio.to_thread(self._lease, wanted)
            # Due again already: for the next step, or for whoever asks next.
            self._unpolled += [due.feed_id for due in batch if due.feed_id in seen]
            batch = [due for due in batch if due.feed_id not in seen]
            if not batch:
                await self._write_down()
                return finished
            seen.update(due.feed_id for due in batch)
            if wanted is not None:
                wanted = [feed_id for feed_id in wanted if feed_id not in seen]
            ended = await asyncio.gather(*map(self._poll, batch), return_exceptions=True)
            finished += [one for one in ended if isinstance(one, Polled)]
            await self._write_down()
            for one in ended:
                if isinstance(one, BaseException):
                    raise one

    async def drain(self, patience: float) -> None:
        """Let polls in flight end, for so many seconds; cut off the rest. None is half done:
        a poll's effect is one transaction.
        """
        if self._flying:
            await asyncio.wait(self._flying, timeout=patience)
        cut_off = dict(self._flying)
        for task in cut_off:
            task.cancel()
        await asyncio.gather(*cut_off, return_exceptions=True)
        self._unpolled += [due.feed_id for due in cut_off.values()]
        try:
            await self._write_down()
        except StoreFailure as failure:
            _LOG.error("store.failed", during="drain", error=type(failure).__name__)

    def _lease(self, only: Sequence[str] | None) -> list[Due]:
        bounds = self._bounds
        room = Room(
            limit=bounds.at_once - len(self._flying),
            per_host=bounds.per_host,
            flying=Counter(due.host for due in self._flying.values()),
            unbounded=bounds.own_hosts,
        )
        with self._tools.store.write() as session:
            return polls.lease(session, self._tools.clock.now(), HOLD, room, only)

    def _start(self, due: Due) -> None:
        task = asyncio.create_task(self._fly(due))
        self._flying[task] = due
        task.add_done_callback(lambda ended: self._flying.pop(ended, None))

    async def _fly(self, due: Due) -> None:
        try:
            await self._poll(due)
        except StoreFailure as failure:
            # Nothing of the answer was kept: asked again as soon as the store may work again.
            error = type(failure).__name__
            _LOG.error("store.failed", during="poll", unit=due.unit_slug, feed=due.key, error=error)
            self._unpolled.append(due.feed_id)

    async def _poll(self, due: Due) -> Polled:
        polled = await self._ended(due)
        if polled.quiet:
            self._quiet.append(polled)
        self._report(polled)
        return polled

    async def _ended(self, due: Due) -> Polled:
        """How the poll ended, a fault of ours included: it touches no other feed, and backs off."""
        started = self._tools.clock.now()
        try:
            return await poll(self._tools, due, self._before, self._hands)
        except StoreFailure:
            raise
        except Exception:
            _LOG.exception("poll.broke", unit=due.unit_slug, feed=due.key)
            span = Span(started, self._tools.clock.now())
            return await asyncio.to_thread(write_failure, self._tools, due, FAULT, span)

    async def _write_down(self) -> None:
        """Write the unchanged polls so far, and let go of feeds that were taken in vain."""
        quiet, self._quiet = self._quiet, []
        unpolled, self._unpolled = self._unpolled, []
        if quiet or unpolled:
            await asyncio.to_thread(self._settle, quiet, unpolled)

    def _settle(self, quiet: list[Polled], unpolled: list[str]) -> None:
        try:
            with self._tools.store.write() as session:
                polls.touch(session, [polled.finished for polled in quiet])
                polls.hand_back(session, unpolled, self._tools.clock.now() + REST)
        except StoreFailure:
            self._quiet, self._unpolled = quiet + self._quiet, unpolled + self._unpolled
            raise
