"""Conflicts: nights that two stays want."""

from __future__ import annotations

from typing import Any

from vacancy.services import shapes
from vacancy.store import bookings, tables, units
from vacancy.store.session import Session


def find(session: Session, account_id: str, *, resolved: bool = False) -> list[dict[str, Any]]:
    """The account's conflicts, by first night; with `resolved`, those that ended as well.

    Each says both sides in short.
    """
    rows = bookings.conflicts(session, account_id, resolved=resolved)
    slugs = units.slugs(session, sorted({row.unit_id for row in rows}))
    sides = bookings.stays_by_id(
        session, sorted({side for row in rows for side in (row.first_stay_id, row.second_stay_id)})
    )
    return [
        {
            **shapes.conflict(row, slugs[row.unit_id]),
            "sides": [_side(sides.get(side)) for side in (row.first_stay_id, row.second_stay_id)],
        }
        for row in rows
    ]


def _side(stay: tables.Stay | None) -> dict[str, Any] | None:
    if stay is None:
        return None
    return {
        "channel": stay.channel,
        "kind": stay.kind,
        "status": stay.status,
        "arrival": stay.arrival.isoformat(),
        "departure": stay.departure.isoformat(),
    }
