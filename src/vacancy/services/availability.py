"""Which nights are free, night by night with reasons, and who comes and goes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from vacancy.domain.errors import Malformed
from vacancy.domain.linked import Cause, Closure, derive
from vacancy.domain.nights import ONE_NIGHT, Nights
from vacancy.store import bookings, calendar, places, trees
from vacancy.store.session import Session

Document = dict[str, Any]

_MOST = 366
#: Who comes and goes: bookings of these statuses.
_PRESENT = ("held", "confirmed", "missing", "completed")
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
    return _states(session, [calendar.unit(session, account_id, name)], wanted)[0]


def timeline(session: Session, account_id: str, wanted: Wanted) -> list[Document]:
    """Day by day who arrives, who departs, and which units turn over. Raises Unknown."""
    days: dict[date, Document] = {
        day: {"date": day.isoformat(), "arrivals": [], "departures": [], "turnovers": []}
        for day in wanted.within
    }
    for stay in _comers(session, account_id, wanted):
        told = {"booking_id": stay.id, "unit_id": stay.unit_id, "unit": stay.slug}
        if stay.arrival in days:
            days[stay.arrival]["arrivals"].append(told)
        if stay.departure in days:
            days[stay.departure]["departures"].append(told)
    for told in days.values():
        coming = {one["unit_id"] for one in told["arrivals"]}
        going = {one["unit_id"] for one in told["departures"]}
        told["turnovers"] = sorted(coming & going)
    return list(days.values())


def _comers(session: Session, account_id: str, wanted: Wanted) -> Sequence[Any]:
    if wanted.property_id is not None:
        places.property_(session, account_id, wanted.property_id)
    unit = None if wanted.unit is None else calendar.unit(session, account_id, wanted.unit)
    asked = bookings.Wanted(
        unit_id=None if unit is None else unit.id,
        property_id=wanted.property_id,
        kind="reservation",
        statuses=_PRESENT,
        # A departure on the first day is told as well: its last night was the one before.
        since=wanted.within.arrival - ONE_NIGHT,
        until=wanted.within.departure,
    )
    return bookings.comers(session, account_id, asked)


def _search(
    session: Session, account_id: str, wanted: Wanted, place: tuple[int, int]
) -> tuple[list[Document], int]:
    """Units of which nothing closes a night. What closes it from elsewhere is looked for only in
    those of which no stay holds any.
    """
    if wanted.property_id is not None:
        places.property_(session, account_id, wanted.property_id)
    unit = None if wanted.unit is None else calendar.unit(session, account_id, wanted.unit)
    asked = calendar.Wanted(wanted.property_id, wanted.guests, None if unit is None else unit.id)
    rows = calendar.free(session, account_id, asked, wanted.within)
    closed = _closed(session, rows, wanted)
    free = [row for row in rows if not closed[row.id]]
    return _states(session, free[place[0] : place[0] + place[1]], wanted), len(free)


def _units(
    session: Session, account_id: str, wanted: Wanted, place: tuple[int, int]
) -> tuple[Sequence[Any], int]:
    if wanted.property_id is not None:
        places.property_(session, account_id, wanted.property_id)
    if wanted.unit is not None:
        unit = calendar.unit(session, account_id, wanted.unit)
        there = wanted.property_id in (None, unit.property_id)
        return ([unit], 1) if there else ([], 0)
    return calendar.page(session, account_id, calendar.Wanted(wanted.property_id), place)


def _states(session: Session, rows: Sequence[Any], wanted: Wanted) -> list[Document]:
    ids = [row.id for row in rows]
    held = calendar.held(session, ids, wanted.within)
    holders = calendar.holders(
        session, (one for nights in held.values() for one in nights.values())
    )
    closed = _closed(session, rows, wanted)
    clashing = places.clashing(session, ids)
    days = [(night, night.isoformat()) for night in wanted.within]
    return [
        _state(
            row,
            days,
            ({night: holders[one] for night, one in held[row.id].items()}, closed[row.id]),
            clashing[row.id],
        )
        for row in rows
    ]


def _closed(
    session: Session, rows: Sequence[Any], wanted: Wanted
) -> defaultdict[str, dict[date, Closure]]:
    """What closes nights without holding them, by unit: buffers, the unit's house or its rooms."""
    found: defaultdict[str, dict[date, Closure]] = defaultdict(dict)
    zones = {row.id: row.timezone for row in rows}
    deriving = trees.deriving(session, [*zones], wanted.now)
    for unit_id, relatives in deriving.items():
        today = wanted.now.astimezone(ZoneInfo(zones[unit_id])).date()
        for closure in derive(unit_id, trees.members(session, relatives, wanted.now), today):
            within = (night for night in closure.nights if night in wanted.within)
            found[unit_id].update(dict.fromkeys(within, closure))
    return found


def _state(
    unit: Any,
    days: Sequence[tuple[date, str]],
    taken: tuple[Mapping[date, Any], Mapping[date, Closure]],
    clashing: Collection[str],
) -> Document:
    held, closed = taken
    nights = [
        _night(text, held.get(night), closed.get(night), text in clashing) for night, text in days
    ]
    return {
        "unit_id": unit.id,
        "unit": unit.slug,
        "property_id": unit.property_id,
        "name": unit.name,
        "max_guests": unit.max_guests,
        "available": all(one["free"] for one in nights),
        "nights": nights,
    }


def _night(night: str, stay: Any, closure: Closure | None, clashing: bool) -> Document:
    """What a night tells; `stay` is the one that holds it, as a row of `calendar.holders`."""
    if stay is not None:
        return {
            "night": night,
            "free": False,
            "booking_id": stay.id,
            "kind": stay.kind,
            "reason": stay.reason,
            "channel": stay.channel,
            "status": stay.status,
            "conflict": clashing,
        }
    return {
        "night": night,
        "free": closure is None,
        "booking_id": closure and closure.stay_id,
        "kind": closure and "block",
        "reason": closure and _REASONS.get(closure.cause, "linked_unit"),
        "channel": None,
        "status": None,
        "conflict": clashing,
    }
