"""/v1/holds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from anyio import to_thread

from vacancy.api.bookings import dressed
from vacancy.api.deps import Caller, Desk
from vacancy.api.room import Room
from vacancy.api.shapes import bookings as shape
from vacancy.api.shapes.values import Id
from vacancy.domain.errors import Unknown
from vacancy.domain.scopes import Scope
from vacancy.services import bookings, holds, refreshing
from vacancy.services.refreshing import Refreshed
from vacancy.services.taking import Wish

room = Room("holds")


async def _refresh(caller: Caller, wish: shape.HoldIn) -> Refreshed | None:
    """Read stale feeds again, if that is wished for; nobody waits longer than the config says."""
    bookings.nights_between(wish.arrival, wish.departure)
    if not wish.refresh:
        return None
    front = caller.front
    wanted = await to_thread.run_sync(_stale, caller, wish.unit_id, limiter=front.readers)
    return Refreshed.of(wanted, await front.ask(wanted) if wanted else ())


def _stale(caller: Caller, unit: str) -> list[str]:
    front = caller.front
    with front.store.read() as session:
        return refreshing.stale(session, caller.actor.account_id, unit, front.now())


@room.post("/v1/holds", Scope.BOOKINGS_WRITE, shape.NewHold, before=_refresh)
def create_hold(desk: Desk, wish: shape.HoldIn, before: Refreshed | None) -> Any:
    """Keep nights for somebody for a while: closed everywhere, and free again by themselves.

    With `refresh` the feeds of the unit, its house and its rooms are read again first, but for
    those asked within the last minute: what was just sold elsewhere is a 409. A feed that does not
    answer in time holds nothing up; `sources` tells how old the word of each is.
    """
    nights = bookings.nights_between(wish.arrival, wish.departure)
    span = timedelta(minutes=wish.minutes)
    wanted = Wish(wish.unit_id, nights)
    made = holds.create(desk.session, desk.account_id, wanted, desk.at, span)
    sources = refreshing.sources(desk.session, made["unit_id"], before, desk.at.now)
    return {**dressed(desk, [made])[0], "sources": sources}


@room.one("/v1/holds/{hold_id}", Scope.BOOKINGS_READ, shape.Booking)
def get_hold(desk: Desk, hold_id: Id) -> Any:
    """Read a hold that lives."""
    told = bookings.one(desk.session, desk.account_id, hold_id)
    if told["status"] != "held":
        raise Unknown("stay", hold_id)
    return dressed(desk, [told])[0]


@room.post("/v1/holds/{hold_id}/confirm", Scope.BOOKINGS_WRITE, shape.Booking, status=200)
def confirm_hold(desk: Desk, hold_id: Id) -> Any:
    """Make a hold a booking for good."""
    return dressed(desk, [holds.confirm(desk.session, desk.account_id, hold_id, desk.at)])[0]


@room.delete("/v1/holds/{hold_id}", Scope.BOOKINGS_WRITE, current=get_hold)
def release_hold(desk: Desk, hold_id: Id) -> None:
    """Give a hold back before its time."""
    holds.release(desk.session, desk.account_id, hold_id, desk.at)
