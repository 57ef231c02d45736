"""Who listens to the journal as it is written: one look a second at the store tells them all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog

from vacancy.api.errors import Turned
from vacancy.api.wire import Frame, Wire
from vacancy.domain.scopes import Actor
from vacancy.store.served import StoreFailure
from vacancy.store.upkeep import describe

_LOG = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Looked:
    """One look at the journal: the number of each account's last event, what of it is new to its
    wire, and which keys still open anything.
    """

    last: Mapping[str, int]
    news: Mapping[str, Sequence[Frame]]
    valid: Set[str]


#: Given accounts, each with the last number on its wire (None: it has none yet), and keys.
Look = Callable[[Mapping[str, int | None], Set[str]], Awaitable[Looked]]

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
    """One open stream. `last` is the number of the last event on its account's wire."""

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
        self._wires: dict[str, Wire] = {}
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
            if all(one.actor.account_id != actor.account_id for one in self._open):
                self._wires.pop(actor.account_id, None)
            if not self._open:
                self._looking.cancel()

    def wire(self, account_id: str) -> Wire | None:
        """What the account's streams are told from; None until it was looked at."""
        return self._wires.get(account_id)

    def close(self) -> None:
        """End every stream within a second, and take no more. Any thread may ask."""
        self._closed = True

    async def _look_on(self, look: Look) -> None:
        failing = behind = False
        while True:
            await asyncio.sleep(0 if behind else self._every)
            listening = list(self._open)
            key_ids = {one.actor.key_id for one in listening}
            try:
                looked = await look(self._asked(listening), key_ids)
                failing = False
            except StoreFailure as failure:
                if not failing:
                    _LOG.error("store.failed", during="stream", error=describe(failure))
                looked, failing = Looked({}, {}, key_ids), True
            behind = self._take_in(looked)
            for one in listening:
                self._tell(one, one.actor.key_id in looked.valid)

    def _asked(self, listening: Iterable[Listener]) -> dict[str, int | None]:
        accounts = {one.actor.account_id for one in listening}
        wires = {account: self._wires.get(account) for account in accounts}
        return {account: wire and wire.last for account, wire in wires.items()}

    def _take_in(self, looked: Looked) -> bool:
        """Whether there is more than one look could bring."""
        for account, last in looked.last.items():
            if account not in self._wires:
                self._wires[account] = Wire(last)
            self._wires[account].add(looked.news.get(account, ()))
        return any(self._wires[account].last < looked.last[account] for account in looked.news)

    def _tell(self, one: Listener, valid: bool) -> None:
        one.over |= self._closed or not valid
        wire = self._wires.get(one.actor.account_id)
        newest = one.last if wire is None else wire.last
        if newest > one.last or one.over:
            one.last = newest
            one.wake()
