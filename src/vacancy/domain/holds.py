"""Holds: nights of ours that are kept for somebody for a while (docs/reading.md).

Whether a hold lives is decided by `now` in the transaction that meets it, not by who swept last.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from vacancy.domain.errors import Malformed, Refused
from vacancy.domain.stays import Stay, StayStatus

DEFAULT = timedelta(minutes=15)
LONGEST = timedelta(hours=24)
#: How many holds one actor may have open at a time.
MOST = 5


def expiry(now: datetime, span: timedelta) -> datetime:
    """When a hold of so long ends. Raises Malformed."""
    if not timedelta(0) < span <= LONGEST:
        raise Malformed("a hold lasts more than nothing and at most 24 hours")
    return now + span


def refuse_more(open_now: int) -> None:
    """Raises Refused (`too_many_holds`) where an actor has as many open as may be."""
    if open_now >= MOST:
        raise Refused(
            "too_many_holds", f"{MOST} holds are open already: confirm or release one first"
        )


def confirmed(hold: Stay, now: datetime) -> Stay:
    """The hold as a stay for good. Raises Refused (`hold_expired`, `not_held`)."""
    _refuse_ended(hold, now)
    return replace(hold, status=StayStatus.CONFIRMED, expires_at=None)


def released(hold: Stay, now: datetime) -> Stay:
    """The hold given back. Raises Refused (`hold_expired`, `not_held`)."""
    _refuse_ended(hold, now)
    return replace(hold, status=StayStatus.CANCELED, closed_at=now)


def expired(hold: Stay, now: datetime) -> Stay:
    """A hold whose time is over, ended."""
    return replace(hold, status=StayStatus.WITHDRAWN, closed_at=now)


def _refuse_ended(hold: Stay, now: datetime) -> None:
    if hold.lapsed(now) or _ran_out(hold):
        raise Refused("hold_expired", "the hold has expired and its nights are free: hold anew")
    if hold.status is not StayStatus.HELD:
        raise Refused("not_held", f"this stay is {hold.status.value}, not held; nothing was done")


def _ran_out(hold: Stay) -> bool:
    return hold.expires_at is not None and hold.status is StayStatus.WITHDRAWN
