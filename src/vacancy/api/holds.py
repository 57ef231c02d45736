"""/v1/holds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from vacancy.api.bookings import dressed
from vacancy.api.deps import Desk
from vacancy.api.room import Room
from vacancy.api.shapes import bookings as shape
from vacancy.api.shapes.values import Id
from vacancy.domain.errors import Unknown
from vacancy.domain.scopes import Scope
from vacancy.services import bookings, holds
from vacancy.services.taking import Wish

room = Room("holds")


@room.post("/v1/holds", Scope.BOOKINGS_WRITE, shape.Booking)
def create_hold(desk: Desk, wish: shape.HoldIn) -> Any:
    """Keep nights for somebody for a while: closed everywhere, and free again by themselves."""
    nights = bookings.nights_between(wish.arrival, wish.departure)
    span = timedelta(minutes=wish.minutes)
    wanted = Wish(wish.unit_id, nights)
    return dressed(desk, [holds.create(desk.session, desk.account_id, wanted, desk.at, span)])[0]


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
