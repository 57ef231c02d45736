"""Stays as people ask for them: listed, sold and blocked by us, canceled, released."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from vacancy.domain.claims import Kind
from vacancy.domain.errors import Malformed, Refused
from vacancy.domain.nights import Nights
from vacancy.domain.release import release_by_person
from vacancy.domain.stays import Stay, StayStatus
from vacancy.services import shapes
from vacancy.services.at import At
from vacancy.services.taking import Wish, keep, move_to, settle, take, taken_stay
from vacancy.settings import CHANNELS
from vacancy.sources.catalog import SYSTEMS
from vacancy.store import bookings, claims, feeds, units
from vacancy.store.session import Session

#: What lies outside these centuries is a slip, and would run over the calendar's edge.
_DATE = re.compile(r"2[0-9]{3}-[0-9]{2}-[0-9]{2}")
_LONGEST = 366
#: Databases bound how many values one statement may name.
_AT_ONCE = 500


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
    return nights_between(read_date("arrival", arrival), read_date("departure", departure))


def nights_between(first: date, last: date) -> Nights:
    """The nights between two dates, at most 366. Raises Malformed."""
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
    _known("channel", wanted.channel, (*CHANNELS, *SYSTEMS))
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


def page(
    session: Session, account_id: str, wanted: bookings.Wanted, place: tuple[int, int]
) -> tuple[list[dict[str, Any]], int]:
    """One page of the bookings that match, by arrival, and how many there are."""
    rows, total = bookings.page(session, account_id, wanted, place)
    return _documents(session, rows), total


def move(
    session: Session, account_id: str, stay_id: str, to: tuple[date | None, date | None], at: At
) -> dict[str, Any]:
    """Give a direct stay another arrival or departure (None: the same).

    Raises Unknown, Refused (imported, or ended), Malformed or NightsTaken.
    """
    stay = _live(session, account_id, stay_id, at)
    refuse_imported(stay.feed_id, stay.channel, stay.id)
    arrival, departure = to[0] or stay.nights.arrival, to[1] or stay.nights.departure
    move_to(session, stay, nights_between(arrival, departure), at)
    return one(session, account_id, stay.id)


def refuse_imported(feed_id: str | None, channel: str, stay_id: str) -> None:
    """Raises Refused (`read_only_booking`) for a stay that its channel decides about."""
    if feed_id is not None:
        raise Refused(
            "read_only_booking",
            f"this stay came from {channel}: change it there; if you know that it is gone,"
            f" release {stay_id}",
        )


def refuse_foreign(session: Session, account_id: str, stay_id: str) -> None:
    """Raises Unknown, or Refused for a stay that is not our own."""
    row = bookings.get(session, account_id, stay_id)
    refuse_imported(row.feed_id, row.channel, row.id)


def create(session: Session, account_id: str, wish: Wish, at: At) -> dict[str, Any]:
    """Take nights for a direct booking or a block of ours, in the transaction of the check.

    Raises what `taking.take` raises.
    """
    return one(session, account_id, take(session, account_id, wish, at).id)


def cancel(session: Session, account_id: str, stay_id: str, at: At) -> dict[str, Any]:
    """End a direct stay and free its nights. Raises Unknown, or Refused (imported, or ended)."""
    stay = _live(session, account_id, stay_id, at)
    if stay.feed_id is not None:
        raise Refused(
            "read_only_booking",
            f"this stay came from {stay.channel}: cancel it there; if you know that it is gone,"
            f" run `vacancy release {stay.id}`",
        )
    unit = units.by_id(session, stay.unit_id)
    ended = replace(stay, status=StayStatus.CANCELED, closed_at=at.now)
    keep(session, unit, (stay, ended), at)
    return one(session, account_id, stay.id)


def release(session: Session, account_id: str, stay_id: str, at: At) -> dict[str, Any]:
    """A person knows that an imported stay is gone: its claims are withdrawn now.

    A later sighting reinstates it. Raises Unknown, or Refused (direct, or ended).
    """
    stay = _live(session, account_id, stay_id, at)
    if stay.feed_id is None:
        raise Refused("direct_booking", f"this stay is ours: run `vacancy cancel {stay.id}`")
    unit = units.by_id(session, stay.unit_id)
    held = [one for one in claims.of_unit(session, unit.id, at.now) if one.stay_id == stay.id]
    gone, _ = release_by_person(held, at.now)
    # Each claim keeps its own feed; the one named here is for claims that are new, and none is.
    claims.save(session, (unit.account_id, stay.feed_id, unit.id), gone)
    # Asked at once, and judged though unchanged: what is still shown closes its nights again.
    for feed in feeds.by_ids(session, sorted({claim.feed_id for claim in gone})).values():
        feeds.hasten(session, feed, at.now)
    settle(session, unit, at)
    return one(session, account_id, stay.id)


def _live(session: Session, account_id: str, stay_id: str, at: At) -> Stay:
    stay = taken_stay(session, account_id, stay_id, at)
    if not stay.live:
        raise Refused("not_live", f"this stay is {stay.status.value} already; nothing was done")
    return stay


def one(session: Session, account_id: str, stay_id: str) -> dict[str, Any]:
    """One booking. Raises Unknown."""
    return _documents(session, [bookings.listed(session, account_id, stay_id)])[0]


def _documents(session: Session, rows: Sequence[Any]) -> list[dict[str, Any]]:
    uids: dict[str, list[str]] = {}
    for first in range(0, len(rows), _AT_ONCE):
        ids = [row.id for row in rows[first : first + _AT_ONCE]]
        uids.update(claims.uids_of_stays(session, ids))
    return [
        {**shapes.booking(row, row.slug, uids[row.id]), "property_id": row.property_id}
        for row in rows
    ]


def _known(what: str, value: str | None, known: tuple[str, ...]) -> None:
    if value is not None and value not in known:
        raise Malformed(f"{what} must be one of {', '.join(known)}, not {value!r}")
