"""Stays as people ask for them: listed, sold and blocked by us, canceled, released."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from vacancy.domain.availability import refuse_taken
from vacancy.domain.claims import Kind, Reason
from vacancy.domain.errors import Malformed, Refused
from vacancy.domain.events import stay_facts
from vacancy.domain.nights import Nights
from vacancy.domain.release import release_by_person
from vacancy.domain.stays import Span, Stay, StayStatus
from vacancy.ids import new_id
from vacancy.reconciler import reconcile_unit
from vacancy.services import shapes
from vacancy.services.at import At
from vacancy.settings import CHANNELS
from vacancy.store import bookings, claims, journal, stays, tables, units
from vacancy.store.session import Session

DIRECT = "direct"
#: What lies outside these centuries is a slip, and would run over the calendar's edge.
_DATE = re.compile(r"2[0-9]{3}-[0-9]{2}-[0-9]{2}")
_LONGEST = 366
#: Databases bound how many values one statement may name.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Wish:
    """Nights that we sell or withhold ourselves: `kind` of a unit named by slug or id."""

    unit: str
    nights: Nights
    kind: Kind = Kind.RESERVATION


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list of bookings is narrowed to; None means any."""

    unit: str | None = None
    channel: str | None = None
    kind: str | None = None
    status: str | None = None
    since: date | None = None
    until: date | None = None


def read_nights(arrival: str, departure: str) -> Nights:
    """The nights between two dates as people write them. Raises Malformed."""
    first, last = read_date("arrival", arrival), read_date("departure", departure)
    if last <= first:
        raise Malformed(f"the departure {last} must be later than the arrival {first}")
    if (last - first).days > _LONGEST:
        raise Malformed(f"at most {_LONGEST} nights at once, not {(last - first).days}")
    return Nights(first, last)


def read_date(what: str, text: str) -> date:
    """A date as `2027-02-03`. Raises Malformed."""
    try:
        # Python would also read `20270203` and `2027-W05-3`, which are slips here.
        return date.fromisoformat(text if _DATE.fullmatch(text) else "")
    except ValueError:
        raise Malformed(f"{what} must be a date such as 2027-02-03, not {text!r}") from None


def find(session: Session, account_id: str, wanted: Filter) -> dict[str, Any]:
    """The bookings that match, with the UIDs by which feeds list them.

    Raises Malformed (no such channel, kind or status) or Unknown (unit).
    """
    _known("channel", wanted.channel, (*CHANNELS,))
    _known("kind", wanted.kind, tuple(Kind))
    _known("status", wanted.status, tuple(StayStatus))
    unit = units.find(session, account_id, wanted.unit) if wanted.unit else None
    rows = bookings.search(
        session,
        account_id,
        bookings.Wanted(
            unit_id=unit.id if unit else None,
            channel=wanted.channel,
            kind=wanted.kind,
            statuses=(wanted.status,) if wanted.status else (),
            since=wanted.since,
            until=wanted.until,
        ),
    )
    return shapes.listed(_documents(session, rows))


def create(session: Session, account_id: str, wish: Wish, at: At) -> dict[str, Any]:
    """Take nights for a direct booking or a block of ours, in the transaction of the check.

    Raises Unknown (unit), Malformed (nights that are over) or NightsTaken.
    """
    now = at.now
    unit = units.find(session, account_id, wish.unit)
    if unit.retired_at is not None:
        raise Refused("unit_retired", f"unit {unit.slug!r} was taken out of the config")
    today = now.astimezone(ZoneInfo(unit.timezone)).date()
    if wish.nights.departure <= today:
        raise Malformed(f"those nights are over: in {unit.timezone} it is {today}")
    stays.lock_unit(session, unit.id)
    refuse_taken(wish.nights, stays.night_map(session, unit.id))
    stay = Stay(
        id=new_id("stay", now, at.chance),
        unit_id=unit.id,
        kind=wish.kind,
        reason=Reason.OWNER if wish.kind is Kind.BLOCK else None,
        status=StayStatus.CONFIRMED,
        channel=DIRECT,
        feed_id=None,
        spans=(Span(wish.nights, now),),
        opened_at=now,
    )
    _write(session, unit, (None, stay), at)
    return one(session, account_id, stay.id)


def cancel(session: Session, account_id: str, stay_id: str, at: At) -> dict[str, Any]:
    """End a direct stay and free its nights. Raises Unknown, or Refused (imported, or ended)."""
    stay = _live(session, account_id, stay_id)
    if stay.feed_id is not None:
        raise Refused(
            "read_only_booking",
            f"this stay came from {stay.channel}: cancel it there; if you know that it is gone,"
            f" run `vacancy release {stay.id}`",
        )
    unit = units.find(session, account_id, stay.unit_id)
    stays.lock_unit(session, unit.id)
    ended = replace(stay, status=StayStatus.CANCELED, closed_at=at.now)
    _write(session, unit, (stay, ended), at)
    return one(session, account_id, stay.id)


def release(session: Session, account_id: str, stay_id: str, at: At) -> dict[str, Any]:
    """A person knows that an imported stay is gone: its claims are withdrawn now.

    A later sighting reinstates it. Raises Unknown, or Refused (direct, or ended).
    """
    stay = _live(session, account_id, stay_id)
    if stay.feed_id is None:
        raise Refused("direct_booking", f"this stay is ours: run `vacancy cancel {stay.id}`")
    unit = units.find(session, account_id, stay.unit_id)
    stays.lock_unit(session, unit.id)
    held = [one for one in claims.of_unit(session, unit.id, at.now) if one.stay_id == stay.id]
    gone, _ = release_by_person(held, at.now)
    # Each claim keeps its own feed; the one named here is for claims that are new, and none is.
    claims.save(session, (unit.account_id, stay.feed_id, unit.id), gone)
    _settle(session, unit, at)
    return one(session, account_id, stay.id)


def _live(session: Session, account_id: str, stay_id: str) -> Stay:
    row = bookings.get(session, account_id, stay_id)
    stay = stays.by_ids(session, [row.id])[row.id]
    if not stay.live:
        raise Refused("not_live", f"this stay is {stay.status.value} already; nothing was done")
    return stay


def _write(session: Session, unit: tables.Unit, change: tuple[Stay | None, Stay], at: At) -> None:
    """Keep a stay of ours as it is now, tell it, and give out the unit's nights anew."""
    before, after = change
    stays.save(session, unit.account_id, [after], at.now)
    facts = [
        replace(fact, property_id=unit.property_id, actor=at.actor)
        for fact in stay_facts([before] if before else [], [after])
    ]
    journal.append(session, unit.account_id, facts, at.now, at.chance)
    _settle(session, unit, at)


def _settle(session: Session, unit: tables.Unit, at: At) -> None:
    reconcile_unit(session, unit.id, at.now, at.chance)
    at.publish(session, unit.id, at.now)


def one(session: Session, account_id: str, stay_id: str) -> dict[str, Any]:
    """One booking. Raises Unknown."""
    return _documents(session, [bookings.get(session, account_id, stay_id)])[0]


def _documents(session: Session, rows: list[tables.Stay]) -> list[dict[str, Any]]:
    uids: dict[str, list[str]] = {}
    for first in range(0, len(rows), _AT_ONCE):
        ids = [row.id for row in rows[first : first + _AT_ONCE]]
        uids.update(claims.uids_of_stays(session, ids))
    slugs = units.slugs(session, sorted({row.unit_id for row in rows}))
    return [shapes.booking(row, slugs[row.unit_id], uids.get(row.id, [])) for row in rows]


def _known(what: str, value: str | None, known: tuple[str, ...]) -> None:
    if value is not None and value not in known:
        raise Malformed(f"{what} must be one of {', '.join(known)}, not {value!r}")
