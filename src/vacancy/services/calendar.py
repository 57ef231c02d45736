"""The calendar: which night of which unit is taken, by what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from vacancy.domain.claims import Kind
from vacancy.domain.linked import Cause, Closure, derive
from vacancy.domain.nights import Nights
from vacancy.services import shapes
from vacancy.store import bookings, stays, tables, trees, units
from vacancy.store.session import Session

#: Why a night is closed that nobody holds, in the words of blocks.
_REASONS = {Cause.BEFORE: "buffer", Cause.AFTER: "buffer"}


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
        "data": [_of_unit(session, row, (within, wanted.now), clashing[row.id]) for row in rows],
    }


def _of_unit(
    session: Session, unit: tables.Unit, when: tuple[Nights, datetime], clashing: set[str]
) -> dict[str, Any]:
    within, now = when
    taken = {
        night: stay_id
        for night, stay_id in stays.night_map(session, unit.id).items()
        if night in within
    }
    closed = {
        night: closure
        for closure in _closures(session, unit, now)
        for night in closure.nights
        if night in within and night not in taken
    }
    holders = bookings.stays_by_id(session, sorted({*taken.values()}))
    return {
        "unit": unit.slug,
        "name": unit.name,
        "nights": [
            _night(night, holders[taken[night]], clashing)
            if night in taken
            else _closed(night, closed[night], clashing)
            for night in sorted({*taken, *closed})
        ],
    }


def _closures(session: Session, unit: tables.Unit, now: datetime) -> Sequence[Closure]:
    """What closes nights of the unit without a stay of its own: buffers, its house or its rooms."""
    relatives = trees.family(session, unit.id)
    if not trees.derives(relatives):
        return ()
    today = now.astimezone(ZoneInfo(unit.timezone)).date()
    return derive(unit.id, trees.members(session, relatives, now), today)


def _closed(night: date, closure: Closure, clashing: set[str]) -> dict[str, Any]:
    """A night that nobody holds: `stay` is the one that closes it from elsewhere."""
    return {
        "night": night.isoformat(),
        "stay": closure.stay_id,
        "channel": None,
        "kind": Kind.BLOCK.value,
        "reason": _REASONS.get(closure.cause, "linked_unit"),
        "status": None,
        "conflict": night.isoformat() in clashing,
    }


def _night(night: date, stay: tables.Stay, clashing: set[str]) -> dict[str, Any]:
    short = shapes.booking(stay, "", [])
    return {
        "night": night.isoformat(),
        "stay": stay.id,
        **{key: short[key] for key in ("channel", "kind", "reason", "status")},
        "conflict": night.isoformat() in clashing,
    }
