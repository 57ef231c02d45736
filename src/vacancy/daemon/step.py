"""Everything due, once: what `vacancy step` and `vacancy poll` run."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vacancy.clock import Clock
from vacancy.daemon.clocks import believe
from vacancy.daemon.compose import House, open_deliveries, open_polling
from vacancy.daemon.sweep import sweep
from vacancy.domain.claims import Change
from vacancy.notifier.round import tell
from vacancy.poller.tools import Polled
from vacancy.services import alerts, conflicts, feeds, shapes
from vacancy.settings import Settings
from vacancy.store import accounts
from vacancy.store.session import Store
from vacancy.vault import Vault

_FAILURES = ("failed", "gone")


@dataclass(frozen=True, slots=True)
class StepReport:
    """What was polled and what clashes now."""

    now: datetime
    polls: tuple[Polled, ...]
    conflicts: tuple[dict[str, Any], ...]

    @property
    def failed(self) -> bool:
        """Whether any feed gave no good answer."""
        return any(polled.finished.outcome in _FAILURES for polled in self.polls)

    def document(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "now": shapes.instant(self.now),
            "polls": [_poll(polled) for polled in self.polls],
            "conflicts": list(self.conflicts),
        }


def step(store: Store, vault: Vault, settings: Settings, clock: Clock) -> StepReport:
    """Run everything due once: plans that time changed, polls, and who is to be told of it."""
    return asyncio.run(_run(House(settings, store, vault, clock, secrets.token_bytes), None))


def poll(
    store: Store, vault: Vault, settings: Settings, clock: Clock, name: str | None
) -> StepReport:
    """Poll now, due or not: one feed, the feeds of one unit, or (None) all of them.

    Raises Unknown where nothing has that name.
    """
    house = House(settings, store, vault, clock, secrets.token_bytes)
    with store.read() as session:
        account = accounts.the_account(session)
        only = feeds.named(session, account.id, name)
    return asyncio.run(_run(house, only))


async def _run(house: House, only: Sequence[str] | None) -> StepReport:
    await asyncio.to_thread(believe, house.store, house.clock.now())
    await asyncio.to_thread(sweep, house)
    async with open_polling(house, _nothing, _ignore) as polling:
        await polling.pushes.once()
        polled = await polling.once(only)
    await asyncio.to_thread(_tell_people, house)
    async with open_deliveries(house) as deliveries:
        await deliveries.once()
    return await asyncio.to_thread(_report, house, polled)


def _tell_people(house: House) -> None:
    tell(house.store, alerts.wish(house.settings), (house.clock.now(), house.chance))


def _nothing() -> None:
    """No export is served by this process, so no reading waits to be written."""


def _ignore(_polled: Polled) -> None:
    """The report tells of every poll at the end."""


def _report(house: House, polled: Sequence[Polled]) -> StepReport:
    with house.store.read() as session:
        account = accounts.the_account(session)
        open_now = conflicts.find(session, account.id, house.clock.now())
    ordered = sorted(polled, key=lambda one: (one.due.unit_slug, one.due.key))
    return StepReport(house.clock.now(), tuple(ordered), tuple(open_now))


def _poll(polled: Polled) -> dict[str, Any]:
    finished = polled.finished
    return {
        "unit": polled.due.unit_slug,
        "feed": polled.due.key,
        "outcome": finished.outcome,
        "reason": finished.reason,
        "message": polled.text or None,
        "changes": [_change(change) for change in polled.changes],
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "change": change.change.value,
        "uid": change.uid,
        "kind": change.kind.value,
        "arrival": change.nights.arrival.isoformat(),
        "departure": change.nights.departure.isoformat(),
    }
