"""Holds: nights kept for somebody for a while, then confirmed, released or expired."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from vacancy.domain import holds
from vacancy.services import bookings
from vacancy.services.at import At
from vacancy.services.taking import Wish, keep, take, taken_stay
from vacancy.store import stays, units
from vacancy.store.session import Session


def create(
    session: Session, account_id: str, wish: Wish, at: At, span: timedelta = holds.DEFAULT
) -> dict[str, Any]:
    """Hold nights for so long; exported while it lives, and gone by itself afterwards.

    Raises what `taking.take` raises, Malformed (more than 24 hours), or Refused
    (`too_many_holds`: an actor has at most 5 open).
    """
    expires_at = holds.expiry(at.now, span)
    stay = take(session, account_id, wish, at, expires_at)
    # Counted behind the account's row, so that two units cannot each let a sixth one in.
    open_now = stays.open_holds(session, account_id, at.actor, at.now)
    holds.refuse_more(open_now - 1)
    return bookings.one(session, account_id, stay.id)


def confirm(session: Session, account_id: str, stay_id: str, at: At) -> dict[str, Any]:
    """Make a hold a stay for good. Raises Unknown, or Refused (`hold_expired`, `not_held`)."""
    hold = taken_stay(session, account_id, stay_id, at)
    unit = units.by_id(session, hold.unit_id)
    keep(session, unit, (hold, holds.confirmed(hold, at.now)), at)
    return bookings.one(session, account_id, stay_id)


def release(session: Session, account_id: str, stay_id: str, at: At) -> dict[str, Any]:
    """Give a hold back before its time. Raises Unknown, or Refused (`hold_expired`, `not_held`)."""
    hold = taken_stay(session, account_id, stay_id, at)
    unit = units.by_id(session, hold.unit_id)
    keep(session, unit, (hold, holds.released(hold, at.now)), at)
    return bookings.one(session, account_id, stay_id)
