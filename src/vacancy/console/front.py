"""What the console is composed of: what the API is composed of has this shape too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from anyio import CapacityLimiter

from vacancy.domain.scopes import Actor
from vacancy.ids import Chance
from vacancy.poller.fetch import Failed
from vacancy.poller.tools import Polled
from vacancy.services.at import At, Publish
from vacancy.settings import Settings
from vacancy.store.session import Store
from vacancy.vault import Vault


class Allowance(Protocol):
    """What is left to somebody; `wait` in seconds."""

    @property
    def granted(self) -> bool: ...
    @property
    def wait(self) -> int: ...


class Limits(Protocol):
    """Counts requests of a kind, `reads` or `writes`, to one resource."""

    def count(self, key_id: str, kind: str, resource: str) -> Allowance: ...


class Listener(Protocol):
    """One open stream; `last` is the number of the account's last event."""

    @property
    def last(self) -> int: ...
    @property
    def over(self) -> bool: ...

    async def wait(self, seconds: float) -> bool:
        """Whether there is news within so many seconds."""
        ...


#: Listen to the journal for a block, as long as one may.
Listen = Callable[[Actor], AbstractAsyncContextManager[Listener]]


class Front(Protocol):
    """The house as the console sees it. `settings` gives those in force now."""

    @property
    def store(self) -> Store: ...
    @property
    def vault(self) -> Vault: ...
    @property
    def now(self) -> Callable[[], datetime]: ...
    @property
    def chance(self) -> Chance: ...
    @property
    def publish(self) -> Publish: ...
    @property
    def settings(self) -> Callable[[], Settings]: ...
    @property
    def download(self) -> Callable[[str], Awaitable[bytes | Failed]]: ...
    @property
    def ask(self) -> Callable[[Sequence[str]], Awaitable[Sequence[Polled]]]: ...
    @property
    def limits(self) -> Limits: ...
    @property
    def readers(self) -> CapacityLimiter: ...
    @property
    def writers(self) -> CapacityLimiter: ...
    @property
    def addresses(self) -> tuple[Vault, str]: ...

    def at(self, actor: Actor, *, silent: bool = False) -> At: ...
