"""What the API is composed of: handed in by the daemon, shared by every request."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from anyio import CapacityLimiter

from vacancy.api.limits import RateLimits
from vacancy.api.listening import Listeners
from vacancy.domain.scopes import Actor
from vacancy.ids import Chance
from vacancy.poller.fetch import Failed
from vacancy.poller.tools import Polled
from vacancy.services.at import At, Publish
from vacancy.settings import Settings
from vacancy.sources.port import RemoteProperty, SourceFailed
from vacancy.store.session import Store
from vacancy.store.sources import Account
from vacancy.vault import Vault

#: Asks a feed's address once: its bytes, or why there are none.
Download = Callable[[str], Awaitable[bytes | Failed]]

#: Polls feeds now, due or not: those polls that ended in time.
Ask = Callable[[Sequence[str]], Awaitable[Sequence[Polled]]]


#: Asks a booking system for its properties, once: they, or why there are none.
Properties = Callable[[Account], Awaitable[Sequence[RemoteProperty] | SourceFailed]]


async def no_system(_account: Account) -> Sequence[RemoteProperty] | SourceFailed:
    """Where nothing fetches beside the API."""
    return SourceFailed("unavailable", "Booking systems cannot be asked here.")


async def nobody(_feed_ids: Sequence[str]) -> Sequence[Polled]:
    """Where no poller runs beside the API, no feed is asked."""
    return ()


#: Threads that may wait for the store at once. Together they stay under its pool of connections.
_READERS, _WRITERS = 16, 8


class Running:
    """The POSTs with an Idempotency-Key that this process is working on."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._scopes: set[str] = set()

    def begin(self, scope: str) -> bool:
        """Whether nobody works on this yet; from now on somebody does."""
        with self._turn:
            if scope in self._scopes:
                return False
            self._scopes.add(scope)
            return True

    def end(self, scope: str) -> None:
        with self._turn:
            self._scopes.discard(scope)


@dataclass(frozen=True, slots=True)
class Front:
    """The house as the API sees it. `settings` gives those in force now."""

    store: Store
    vault: Vault
    now: Callable[[], datetime]
    chance: Chance
    publish: Publish
    settings: Callable[[], Settings]
    download: Download
    limits: RateLimits
    ask: Ask = nobody
    properties: Properties = no_system
    readers: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(_READERS))
    writers: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(_WRITERS))
    running: Running = field(default_factory=Running)
    listeners: Listeners = field(default_factory=Listeners)

    def at(self, actor: Actor, *, silent: bool = False) -> At:
        """This instant, for a service that writes."""
        return At(self.now(), self.chance, self.publish, actor=actor.key_id, silent=silent)

    @property
    def addresses(self) -> tuple[Vault, str]:
        """What opens export tokens, and what their addresses begin with."""
        return self.vault, self.settings().server.base_url
