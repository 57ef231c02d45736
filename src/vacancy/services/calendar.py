"""The calendar: which night of which unit is taken, by what."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from vacancy.domain.nights import Nights
from vacancy.services import shapes
from vacancy.store import bookings, stays, tables, units
from vacancy.store.session import Session


@dataclass(frozen=True, slots=True)
class Wanted:
    """From tonight on so many nights, of one unit, or of all where `unit` is None."""

    now: datetime
    days: int
    unit: str | None = None


def find(session: Session, account_id: str, wanted: Wanted) -> dict[str, Any]:
    """Each unit's nights that are taken, with the stay that holds them. Raises Unknown.

    Tonight is the earliest that it is at any of the units.
    """
    rows = (
        [units.find(session, account_id, wanted.unit)]
        if wanted.unit
        else units.of_account(session, account_id)
    )
    zones = {row.timezone for row in rows} or {"UTC"}
    tonight = min(wanted.now.astimezone(ZoneInfo(zone)).date() for zone in zones)
    within = Nights(tonight, tonight + timedelta(days=wanted.days))
    clashing: defaultdict[str, set[str]] = defaultdict(set)
    for conflict in bookings.conflicts(session, account_id):
        clashing[conflict.unit_id].update(conflict.nights)
    return {
        "from": within.arrival.isoformat(),
        "to": within.departure.isoformat(),
        "data": [_of_unit(session, row, within, clashing[row.id]) for row in rows],
    }


def _of_unit(
    session: Session, unit: tables.Unit, within: Nights, clashing: set[str]
) -> dict[str, Any]:
    taken = {
        night: stay_id
        for night, stay_id in stays.night_map(session, unit.id).items()
        if night in within
    }
    holders = bookings.stays_by_id(session, sorted({*taken.values()}))
    return {
        "unit": unit.slug,
        "name": unit.name,
        "nights": [
            _night(night, holders[stay_id], clashing) for night, stay_id in sorted(taken.items())
        ],
    }


def _night(night: date, stay: tables.Stay, clashing: set[str]) -> dict[str, Any]:
    short = shapes.booking(stay, "", [])
    return {
        "night": night.isoformat(),
        "stay": stay.id,
        **{key: short[key] for key in ("channel", "kind", "reason", "status")},
        "conflict": night.isoformat() in clashing,
    }
