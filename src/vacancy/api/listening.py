"""Who listens to the journal as it is written: one look a second at the store wakes them all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog

from vacancy.api.errors import Turned
from vacancy.domain.scopes import Actor
from vacancy.store.served import StoreFailure
from vacancy.store.upkeep import describe

_LOG = structlog.get_logger(__name__)

#: Given accounts and keys: the number of each account's last event, and which keys still open
#: anything.
Look = Callable[[Set[str], Set[str]], Awaitable[tuple[Mapping[str, int], Set[str]]]]

#: How many streams of one key may be open at once.
MOST_OF_KEY = 10


@dataclass(frozen=True, slots=True)
class Patience:
    """In seconds: how long a stream lasts at most (its reader comes back where it was), after how
    long a silent one says that it lives, and how long a reader may take nothing.
    """

    longest: float = 3600.0
    silent: float = 15.0
    stalled: float = 10.0


@dataclass(slots=True, eq=False)
class Listener:
    """One open stream. `last` is the number of the account's last event as last looked at."""

    actor: Actor
    last: int
    over: bool = False
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        self._news.set()

    async def wait(self, seconds: float) -> bool:
        """Whether there is news within so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return False
        self._news.clear()
        return True


class Listeners:
    """The open streams of one process, on one event loop."""

    def __init__(self, patience: Patience | None = None, every: float = 0.5) -> None:
        self.patience = patience or Patience()
        self._every = every
        self._open: set[Listener] = set()
        self._looking: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def count(self) -> int:
        """How many streams are open."""
        return len(self._open)

    def admit(self, actor: Actor) -> None:
        """Raises Turned where a key has too many streams open, or the daemon stops."""
        if self._closed:
            raise Turned("unavailable", "this server is stopping: try again", {"Retry-After": "2"})
        mine = sum(one.actor.key_id == actor.key_id for one in self._open)
        if mine >= MOST_OF_KEY:
            raise Turned(
                "rate_limited",
                f"at most {MOST_OF_KEY} streams of one key: close one first",
                {"Retry-After": "10"},
            )

    @asynccontextmanager
    async def join(self, actor: Actor, look: Look) -> AsyncIterator[Listener]:
        """Listen for the block. Belongs to the loop of whoever listens."""
        listener = Listener(actor, last=0, over=self._closed)
        self._open.add(listener)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_on(look))
        try:
            yield listener
        finally:
            self._open.discard(listener)
            if not self._open:
                self._looking.cancel()

    def close(self) -> None:
        """End every stream within a second, and take no more. Any thread may ask."""
        self._closed = True

    async def _look_on(self, look: Look) -> None:
        failing = False
        while True:
            await asyncio.sleep(self._every)
            listening = list(self._open)
            accounts = {one.actor.account_id for one in listening}
            key_ids = {one.actor.key_id for one in listening}
            try:
                last, valid = await look(accounts, key_ids)
                failing = False
            except StoreFailure as failure:
                if not failing:
                    _LOG.error("store.failed", during="stream", error=describe(failure))
                last, valid, failing = {}, key_ids, True
            for one in listening:
                self._tell(one, last.get(one.actor.account_id, 0), one.actor.key_id in valid)

    def _tell(self, one: Listener, newest: int, valid: bool) -> None:
        one.over |= self._closed or not valid
        if newest > one.last or one.over:
            one.last = max(newest, one.last)
            one.wake()
