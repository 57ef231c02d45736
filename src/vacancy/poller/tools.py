"""What the poller works with, handed in by whoever composes the house."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from vacancy.clock import Clock
from vacancy.domain.claims import Change
from vacancy.ids import Chance
from vacancy.net.client import Client
from vacancy.store.leasing import Due
from vacancy.store.polls import Finished
from vacancy.store.session import Session, Store
from vacancy.vault import Vault

#: Publishes the exports of one unit in the transaction that changed its stays.
Publish = Callable[[Session, str, datetime], object]


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for every feed that says nothing else. `scale` stretches or shrinks schedules."""

    absences: int = 2
    absence_span: timedelta = timedelta(minutes=60)
    suspicion_span: timedelta = timedelta(hours=24)
    horizon_years: int = 3
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Tools:
    """The store, the vault, the client, the clock, chance, and how to publish."""

    store: Store
    vault: Vault
    client: Client
    clock: Clock
    chance: Chance
    publish: Publish
    defaults: Defaults = field(default_factory=Defaults)


@dataclass(frozen=True, slots=True)
class Span:
    """When a feed was asked and when it had answered; `whole`: it was asked without validators."""

    started: datetime
    ended: datetime
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Polled:
    """One finished poll. `quiet`: it said nothing new and is not written down yet. `text` is a
    sentence for the host where there is something to say. `wants_whole`: it told changes alone, and
    only a whole listing decides about them.
    """

    due: Due
    finished: Finished
    changes: tuple[Change, ...] = ()
    text: str = ""
    quiet: bool = False
    wants_whole: bool = False
