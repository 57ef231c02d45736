"""Takes the booking systems that are due in hand and asks them side by side, so many at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from vacancy.poller.asking import Asking, Connect
from vacancy.poller.tools import Polled, Tools
from vacancy.store import sources
from vacancy.store.served import StoreFailure
from vacancy.store.sources import DueSource

_LOG = structlog.get_logger(__name__)

#: A source in hand is given back to whoever asks after this long: longer than a listing may take.
HOLD = timedelta(minutes=6)
#: A source whose answer could not be written down is left alone for so long.
REST = timedelta(seconds=10)
#: Sources asked side by side.
AT_ONCE = 8


class SourceRounds:
    """Askings of one process; `report` is told of each feed that was polled by one."""

    def __init__(
        self,
        tools: Tools,
        connect: Connect,
        before: Callable[[], None],
        report: Callable[[Polled], None],
    ) -> None:
        self._tools = tools
        self._asking = Asking(tools, connect, before)
        self._report = report
        self._flying: dict[str, asyncio.Task[list[Polled]]] = {}
        self._starting = asyncio.Lock()

    async def tick(self) -> None:
        """Start what is due as far as there is room. Raises a StoreFailure; nothing is lost."""
        for source_id in await self.due():
            await self._start(source_id, due=True)

    async def due(self) -> list[str]:
        """Sources that are due and in nobody's hand, as many as there is room for here."""
        room = AT_ONCE - len(self._flying)
        return await asyncio.to_thread(self._look, room) if room > 0 else []

    async def ask_due(self, source_id: str) -> None:
        """Ask a source, if it is still due and in nobody's hand; back when that is written down."""
        task = await self._start(source_id, due=True)
        if task is not None:
            await asyncio.wait([task])

    async def once(self, only: Sequence[str] | None = None) -> list[Polled]:
        """Ask everything due, or just the sources of these feeds whether due or not.

        Raises a StoreFailure once all have ended.
        """
        if only is not None:
            found = await asyncio.to_thread(self._of_feeds, only)
            return await self._all(sorted(set(found.values())), due=False)
        seen: set[str] = set()
        polled: list[Polled] = []
        # What is due again already is for the next step.
        while wanted := [one for one in await self.due() if one not in seen]:
            seen.update(wanted)
            polled += await self._all(wanted, due=True)
        return polled

    async def _all(self, source_ids: Sequence[str], *, due: bool) -> list[Polled]:
        tasks = [await self._start(source_id, due=due) for source_id in source_ids]
        ended = await asyncio.gather(*(task for task in tasks if task is not None))
        return [polled for part in ended for polled in part]

    async def ask(self, feed_ids: Sequence[str], patience: float) -> list[Polled]:
        """Ask the sources of these feeds now: the polls that ended within so many seconds."""
        found = await asyncio.to_thread(self._of_feeds, feed_ids)
        tasks = [await self._start(source_id, due=False) for source_id in set(found.values())]
        flying = [task for task in tasks if task is not None]
        if not flying:
            return []
        done, _ = await asyncio.wait(flying, timeout=patience)
        ended = [polled for task in done if not task.cancelled() for polled in task.result()]
        return [polled for polled in ended if polled.due.feed_id in found]

    async def let_go(self, source_ids: Sequence[str]) -> None:
        """What a process had in hand which died is in nobody's hand now."""
        await asyncio.to_thread(self._give_back, source_ids, None)

    async def drain(self, patience: float) -> None:
        """Let what is in flight end, for so many seconds; cut off the rest.

        No feed is half done.
        """
        flying = dict(self._flying)
        if flying:
            await asyncio.wait(flying.values(), timeout=patience)
        cut_off = [source_id for source_id, task in flying.items() if not task.done()]
        for source_id in cut_off:
            flying[source_id].cancel()
        await asyncio.gather(*flying.values(), return_exceptions=True)
        if cut_off:
            try:
                await asyncio.to_thread(self._give_back, cut_off, None)
            except StoreFailure as failure:
                _LOG.error("store.failed", during="drain", error=type(failure).__name__)

    async def _start(self, source_id: str, *, due: bool) -> asyncio.Task[list[Polled]] | None:
        """The asking of a source that is in flight, or begins; None: it is in another's hand."""
        async with self._starting:
            if source_id in self._flying:
                return self._flying[source_id]
            taken = await asyncio.to_thread(self._lease, source_id, due)
            if taken is None:
                return None
            task = self._flying[source_id] = asyncio.create_task(self._fly(taken))
        task.add_done_callback(lambda _: self._flying.pop(source_id, None))
        return task

    async def _fly(self, taken: DueSource) -> list[Polled]:
        try:
            polled = await self._asking.ask(taken)
        except StoreFailure as failure:
            error = type(failure).__name__
            _LOG.error("store.failed", during="source", source=taken.key, error=error)
            until = self._tools.clock.now() + REST
            await asyncio.to_thread(self._give_back_quietly, [taken.id], until)
            return []
        for one in polled:
            self._report(one)
        return polled

    def _look(self, room: int) -> list[str]:
        with self._tools.store.read() as session:
            return sources.look(session, self._tools.clock.now(), room)

    def _lease(self, source_id: str, due: bool) -> DueSource | None:
        with self._tools.store.write() as session:
            return sources.lease(session, (self._tools.clock.now(), HOLD), source_id, due=due)

    def _of_feeds(self, feed_ids: Sequence[str]) -> Mapping[str, str]:
        with self._tools.store.read() as session:
            return sources.of_feeds(session, feed_ids)

    def _give_back(self, source_ids: Sequence[str], until: datetime | None) -> None:
        with self._tools.store.write() as session:
            sources.give_back(session, source_ids, until)

    def _give_back_quietly(self, source_ids: Sequence[str], until: datetime | None) -> None:
        try:
            self._give_back(source_ids, until)
        except StoreFailure as failure:
            _LOG.error("store.failed", during="source", error=type(failure).__name__)
