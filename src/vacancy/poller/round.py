"""Takes the feeds that are due in hand and polls them side by side, so many at a time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from vacancy.poller.conclusion import write_failure
from vacancy.poller.fetch import Failed
from vacancy.poller.poll import poll
from vacancy.poller.tools import Polled, Span, Tools
from vacancy.store import leasing, polls, sharing
from vacancy.store.leasing import Due, Room
from vacancy.store.served import StoreFailure

_LOG = structlog.get_logger(__name__)

#: A feed in hand is given back to whoever asks after this long: its poll died with its process.
HOLD = timedelta(minutes=3)

#: A feed whose answer could not be written down is left alone for so long.
REST = timedelta(seconds=10)

#: Seconds for which one beat goes on to fill the places of polls that end: till the next beat.
REFILLED_FOR = 0.9
#: Seconds in which polls that end share one transaction and one look for what is due.
GATHERED_FOR = 0.02

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
        self._flying: dict[asyncio.Task[Polled | None], Due] = {}
        self._hands = asyncio.Semaphore(HANDS)
        self._quiet: list[Polled] = []
        self._unpolled: list[str] = []
        self._wanted: list[str] = []
        self._leased: dict[str, Due] = {}
        self._leasing, self._writing = asyncio.Lock(), asyncio.Lock()

    async def tick(self) -> None:
        """Start what is due as far as there is room, again as room is made for a second, and write
        down what has ended so far.

        Raises a StoreFailure; nothing is lost by it.
        """
        clock = asyncio.get_running_loop()
        until = clock.time() + REFILLED_FOR
        while await self._refill() and self._flying:
            left = until - clock.time()
            if left <= 0:
                return
            await asyncio.wait(self._flying, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.sleep(GATHERED_FOR)

    async def _refill(self) -> bool:
        """Whether anything was there to start."""
        await self._write_down()
        if len(self._flying) >= self._bounds.at_once:
            return True
        leased = await asyncio.to_thread(self._lease, None)
        for due in leased:
            self._start(due)
        return bool(leased)

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

    async def ask(self, feed_ids: Sequence[str], patience: float) -> list[Polled]:
        """Poll these feeds now, due or not: the polls that ended within so many seconds. The others
        go on, and end like any poll; one in flight already is waited for, not begun again.

        Raises a StoreFailure.
        """
        flying = {due.feed_id: task for task, due in self._flying.items()}
        tasks = [flying[feed_id] for feed_id in feed_ids if feed_id in flying]
        idle = [feed_id for feed_id in feed_ids if feed_id not in flying]
        if idle:
            tasks += map(self._start, await asyncio.to_thread(self._lease_for_person, idle))
        if not tasks:
            return []
        done, _ = await asyncio.wait(tasks, timeout=patience)
        await self._write_down()
        ended = [None if task.cancelled() else task.result() for task in done]
        return [polled for polled in ended if polled is not None]

    async def due(self) -> list[str]:
        """Feeds that are due and in nobody's hand, the most urgent first, as many as there is room
        for here. Raises a StoreFailure.
        """
        await self._write_down()
        room = self._room()
        return await asyncio.to_thread(self._look, room) if room.limit > 0 else []

    async def poll_due(self, feed_id: str) -> None:
        """Poll a feed, if it is still due, in nobody's hand, and there is room for it; back when
        that is written down. Whoever asks meanwhile is leased and written down with it.

        Raises a StoreFailure.
        """
        due = await self._lease_due(feed_id)
        if due is None:
            return
        await asyncio.wait([self._start(due)])
        await asyncio.sleep(GATHERED_FOR)
        await self._write_down()

    async def _lease_due(self, feed_id: str) -> Due | None:
        self._wanted.append(feed_id)
        async with self._leasing:
            if feed_id in self._wanted:
                await asyncio.sleep(GATHERED_FOR)
                wanted, self._wanted = self._wanted, []
                for due in await asyncio.to_thread(self._lease_these, wanted):
                    self._leased[due.feed_id] = due
        return self._leased.pop(feed_id, None)

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

    def _room(self) -> Room:
        bounds = self._bounds
        return Room(
            limit=bounds.at_once - len(self._flying),
            per_host=bounds.per_host,
            flying=Counter(due.host for due in self._flying.values()),
            unbounded=bounds.own_hosts,
        )

    def _lease(self, only: Sequence[str] | None) -> list[Due]:
        with self._tools.store.write() as session:
            return leasing.lease(session, self._tools.clock.now(), HOLD, self._room(), only)

    def _look(self, room: Room) -> list[str]:
        with self._tools.store.read() as session:
            return sharing.look(session, self._tools.clock.now(), room)

    def _lease_these(self, feed_ids: Sequence[str]) -> list[Due]:
        with self._tools.store.write() as session:
            return sharing.lease(session, self._tools.clock.now(), HOLD, self._room(), feed_ids)

    def _lease_for_person(self, feed_ids: Sequence[str]) -> list[Due]:
        """These feeds, however many are flying: the client still asks a host in turn."""
        room = Room(limit=len(feed_ids), per_host=len(feed_ids))
        with self._tools.store.write() as session:
            return leasing.lease(session, self._tools.clock.now(), HOLD, room, feed_ids)

    def _start(self, due: Due) -> asyncio.Task[Polled | None]:
        task = asyncio.create_task(self._fly(due))
        self._flying[task] = due
        task.add_done_callback(lambda ended: self._flying.pop(ended, None))
        return task

    async def _fly(self, due: Due) -> Polled | None:
        try:
            return await self._poll(due)
        except StoreFailure as failure:
            # Nothing of the answer was kept: asked again as soon as the store may work again.
            error = type(failure).__name__
            _LOG.error("store.failed", during="poll", unit=due.unit_slug, feed=due.key, error=error)
            self._unpolled.append(due.feed_id)
            return None

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
        async with self._writing:
            quiet, self._quiet = self._quiet, []
            unpolled, self._unpolled = self._unpolled, []
            if quiet or unpolled:
                await asyncio.to_thread(self._settle, quiet, unpolled)

    def _settle(self, quiet: list[Polled], unpolled: list[str]) -> None:
        try:
            with self._tools.store.write() as session:
                polls.touch(session, [(polled.due, polled.finished) for polled in quiet])
                leasing.hand_back(session, unpolled, self._tools.clock.now() + REST)
        except StoreFailure:
            self._quiet, self._unpolled = quiet + self._quiet, unpolled + self._unpolled
            raise
