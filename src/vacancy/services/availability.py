"""Which nights are free, night by night with reasons, and who comes and goes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from vacancy.domain.errors import Malformed
from vacancy.domain.linked import Cause, Closure, derive
from vacancy.domain.nights import ONE_NIGHT, Nights
from vacancy.services import shapes
from vacancy.services.places import today
from vacancy.store import bookings, places, tables, trees
from vacancy.store.session import Session

Document = dict[str, Any]

_MOST = 366
#: Databases bound how many values one statement may name.
_AT_ONCE = 500
#: Why a night is closed that nobody holds.
_REASONS = {Cause.BEFORE: "buffer", Cause.AFTER: "buffer"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The nights of a unit (id or slug), of a property's units, or of all that are in use.

    With `guests` only units where so many may sleep and every night is free.
    """

    within: Nights
    now: datetime
    unit: str | None = None
    property_id: str | None = None
    guests: int | None = None


def span(since: date, until: date) -> Nights:
    """The nights from a day up to another, at most 366. Raises Malformed."""
    if until <= since:
        raise Malformed(f"`to` ({until}) must be later than `from` ({since})")
    if (until - since).days > _MOST:
        raise Malformed(f"at most {_MOST} nights at once, not {(until - since).days}")
    return Nights(since, until)


def find(
    session: Session, account_id: str, wanted: Wanted, place: tuple[int, int]
) -> tuple[list[Document], int]:
    """One page of units with their nights, by slug. Raises Unknown."""
    if wanted.guests is not None:
        return _search(session, account_id, wanted, place)
    rows, total = _units(session, account_id, wanted, place)
    return [*_states(session, rows, wanted)], total


def of_unit(session: Session, account_id: str, name: str, wanted: Wanted) -> Document:
    """One unit with its nights. Raises Unknown."""
    return _states(session, [places.unit(session, account_id, name)], wanted)[0]


def timeline(session: Session, account_id: str, wanted: Wanted) -> list[Document]:
    """Day by day who arrives, who departs, and which units turn over. Raises Unknown."""
    rows, _ = _units(session, account_id, wanted, (0, 10_000))
    slugs = {row.id: row.slug for row in rows}
    days: dict[date, Document] = {
        day: {"date": day.isoformat(), "arrivals": [], "departures": [], "turnovers": []}
        for day in wanted.within
    }
    asked = bookings.Wanted(
        unit_id=rows[0].id if wanted.unit and rows else None,
        property_id=wanted.property_id,
        kind="reservation",
        statuses=("held", "confirmed", "missing", "completed"),
        # A departure on the first day is told as well: its last night was the one before.
        since=wanted.within.arrival - ONE_NIGHT,
        until=wanted.within.departure,
    )
    for stay in bookings.search(session, account_id, asked):
        told = {"booking_id": stay.id, "unit_id": stay.unit_id, "unit": slugs.get(stay.unit_id, "")}
        if stay.unit_id in slugs and stay.arrival in days:
            days[stay.arrival]["arrivals"].append(told)
        if stay.unit_id in slugs and stay.departure in days:
            days[stay.departure]["departures"].append(told)
    for told in days.values():
        coming = {one["unit_id"] for one in told["arrivals"]}
        going = {one["unit_id"] for one in told["departures"]}
        told["turnovers"] = sorted(coming & going)
    return list(days.values())


def _search(
    session: Session, account_id: str, wanted: Wanted, place: tuple[int, int]
) -> tuple[list[Document], int]:
    rows, _ = _units(session, account_id, wanted, (0, 10_000))
    large = [row for row in rows if (row.max_guests or 0) >= (wanted.guests or 0)]
    free = [one for one in _states(session, large, wanted) if one["available"]]
    return free[place[0] : place[0] + place[1]], len(free)


def _units(
    session: Session, account_id: str, wanted: Wanted, place: tuple[int, int]
) -> tuple[list[tables.Unit], int]:
    if wanted.property_id is not None:
        places.property_(session, account_id, wanted.property_id)
    if wanted.unit is not None:
        unit = places.unit(session, account_id, wanted.unit)
        there = wanted.property_id in (None, unit.property_id)
        return ([unit], 1) if there else ([], 0)
    return places.units(session, account_id, wanted.property_id, place)


def _states(session: Session, rows: Sequence[tables.Unit], wanted: Wanted) -> list[Document]:
    within = wanted.within
    held: defaultdict[str, dict[date, str]] = defaultdict(dict)
    ids = [row.id for row in rows]
    for night in places.nights(session, ids, within.arrival, within.departure - ONE_NIGHT):
        held[night.unit_id][night.night] = night.stay_id
    wanted_ids = sorted({stay_id for nights in held.values() for stay_id in nights.values()})
    holders: dict[str, tables.Stay] = {}
    for first in range(0, len(wanted_ids), _AT_ONCE):
        holders |= bookings.stays_by_id(session, wanted_ids[first : first + _AT_ONCE])
    clashing = places.clashing(session, ids)
    return [
        _state(
            row,
            within,
            lambda night, of=held[row.id]: holders.get(of.get(night, "")),
            _closed(session, row, wanted),
            clashing[row.id],
        )
        for row in rows
    ]


def _closed(session: Session, unit: tables.Unit, wanted: Wanted) -> dict[date, Closure]:
    """What closes nights without holding them: buffers, the unit's house or its rooms."""
    relatives = trees.family(session, unit.id)
    if not trees.derives(relatives):
        return {}
    members = trees.members(session, relatives, wanted.now)
    closures = derive(unit.id, members, today(unit, wanted.now))
    return {night: one for one in closures for night in one.nights if night in wanted.within}


def _state(
    unit: tables.Unit,
    within: Nights,
    holder: Callable[[date], tables.Stay | None],
    closed: dict[date, Closure],
    clashing: set[str],
) -> Document:
    nights = [_night(night, holder(night), closed.get(night), clashing) for night in within]
    return {
        "unit_id": unit.id,
        "unit": unit.slug,
        "property_id": unit.property_id,
        "name": unit.name,
        "max_guests": unit.max_guests,
        "available": all(one["free"] for one in nights),
        "nights": nights,
    }


def _night(
    night: date, stay: tables.Stay | None, closure: Closure | None, clashing: set[str]
) -> Document:
    told: Document = {
        "night": night.isoformat(),
        "free": stay is None and closure is None,
        "booking_id": None,
        "kind": None,
        "reason": None,
        "channel": None,
        "status": None,
        "conflict": night.isoformat() in clashing,
    }
    if stay is not None:
        short = shapes.booking(stay, "", [])
        told |= {key: short[key] for key in ("kind", "reason", "channel", "status")}
        told["booking_id"] = stay.id
    elif closure is not None:
        told |= {"kind": "block", "booking_id": closure.stay_id}
        told["reason"] = _REASONS.get(closure.cause, "linked_unit")
    return told
