"""What a booking system lists of one property, as a snapshot of claims."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from vacancy.domain.claims import Claim, Identity, Kind, KnownClaim, Reason, Skipped, Snapshot
from vacancy.domain.nights import Nights, runs
from vacancy.domain.pushes import Pushed, meant, recognised
from vacancy.sources.port import RemoteBooking

#: A reservation over so many nights is none, and nights are read so far ahead (rules 1).
LONGEST_STAY = 366
HORIZON = timedelta(days=3 * 366)


@dataclass(frozen=True, slots=True)
class Listed:
    """The bookings of one property in one listing, with what is known of stays pushed there.

    `asked_at`: when the listing was asked for. `partial`: it holds changes alone.
    """

    kind: str
    bookings: tuple[RemoteBooking, ...]
    skipped: tuple[Skipped, ...]
    pushes: tuple[Pushed, ...]
    asked_at: datetime
    partial: bool = False

    def text(self) -> str:
        """The same for a listing that says the same, in any order."""
        said = sorted(json.dumps(_document(booking)) for booking in self.bookings)
        skipped = sorted(one.uid for one in self.skipped)
        pushed = sorted(repr((p.stay_id, p.wanted, p.done, p.remote_id)) for p in self.pushes)
        return json.dumps([self.kind, said, skipped, pushed])


def uid_of(kind: str, remote_id: str) -> str:
    """The UID of a claim: two systems may count their bookings alike."""
    return f"{remote_id}@{kind}"


def snapshot_of(
    listed: Listed, known: Sequence[KnownClaim], own_domain: str, today: date
) -> Snapshot:
    """All claims of the property; what was pushed there bears our own UID, and so is an echo."""
    seen = {claim.said.uid for claim in known}
    claims: list[Claim] = []
    warnings: list[str] = []
    for booking in listed.bookings:
        claim = _claim(listed.kind, booking, today)
        if claim is None:
            continue
        push = recognised(
            (booking.remote_id, booking.ours, booking.kind, booking.nights),
            listed.pushes,
            listed.asked_at,
            known=claim.uid in seen,
        )
        if push is None:
            claims.append(claim)
            continue
        told = _told(push, listed.asked_at)
        if booking.canceled:
            warnings += [_canceled_there(told[1])] if told else []
            continue
        claims.append(replace(claim, uid=f"{push.stay_id}@{own_domain}"))
        beyond = [] if told is None else list(_beyond(claim, told[1]))
        claims += beyond
        warnings += [_moved_there(booking) for _ in beyond[:1]]
    skipped = tuple(replace(one, uid=uid_of(listed.kind, one.uid)) for one in listed.skipped)
    claims += _as_known(skipped, claims, known)
    return Snapshot(tuple(claims), skipped, tuple(warnings), partial=listed.partial)


def _claim(kind: str, booking: RemoteBooking, today: date) -> Claim | None:
    """A booking understood; None where it lies beyond what is read."""
    horizon = today + HORIZON
    if booking.nights.arrival >= horizon:
        return None
    nights = Nights(booking.nights.arrival, min(booking.nights.departure, horizon))
    sold = booking.kind is Kind.RESERVATION and len(nights) <= LONGEST_STAY
    code = booking.code if sold else None
    blocked = booking.reason or (Reason.OWNER if booking.kind is Kind.BLOCK else Reason.UNKNOWN)
    return Claim(
        uid=uid_of(kind, booking.remote_id),
        nights=nights,
        kind=Kind.RESERVATION if sold else Kind.BLOCK,
        reason=None if sold else blocked,
        provider=(booking.channel if sold else None) or kind,
        rule=booking.rule,
        identity=Identity.KEY,
        key=code,
        reservation_code=code,
        canceled=booking.canceled,
    )


def _told(push: Pushed, asked_at: datetime) -> tuple[Kind, Nights] | None:
    """What the system had been told of a stay before it was asked; None while that is not sure."""
    return meant(push.wanted) if push.settled and push.since < asked_at else None


def _beyond(claim: Claim, told: Nights) -> Iterator[Claim]:
    """Nights that the system gave a stay of ours beside those it was told: closed, in doubt."""
    for nights in runs(night for night in claim.nights if night not in told):
        yield replace(
            claim,
            uid=f"{nights.arrival.isoformat()}/{claim.uid}",
            nights=nights,
            kind=Kind.BLOCK,
            reason=Reason.UNKNOWN,
            key=None,
            reservation_code=None,
        )


def _canceled_there(nights: Nights) -> str:
    return (
        f"Our stay {nights.arrival} to {nights.departure} was canceled in the booking system:"
        " cancel it here too, if the guest does not come."
    )


def _moved_there(booking: RemoteBooking) -> str:
    nights = f"{booking.nights.arrival} to {booking.nights.departure}"
    return (
        f"A stay of ours was moved to {nights} in the booking system: move it here too, or back"
        " there. Its nights there stay closed meanwhile."
    )


def _as_known(
    skipped: Iterable[Skipped], claims: Sequence[Claim], known: Sequence[KnownClaim]
) -> list[Claim]:
    """What stands of bookings that are listed still, but cannot be read: that is no absence."""
    listed = {one.uid for one in skipped if one.unreadable} - {claim.uid for claim in claims}
    return [one.said for one in known if one.stands and one.said.uid in listed]


def details(booking: RemoteBooking) -> dict[str, Any]:
    """What a booking tells of its guest and price, as JSON values; only what it tells."""
    found: dict[str, Any] = {}
    if booking.guest is not None:
        guest = booking.guest
        found = {
            "name": guest.name,
            "email": guest.email,
            "phone": guest.phone,
            "adults": guest.adults,
            "children": guest.children,
            "notes": guest.notes,
        }
    if booking.money is not None:
        money = booking.money
        found["price"] = {"amount": f"{money.amount:f}", "currency": money.currency}
    return {name: value for name, value in found.items() if value not in (None, "")}


def merged(
    entered: Mapping[str, Any], told: Mapping[str, Any], tells: Mapping[str, Any]
) -> dict[str, Any]:
    """A stay's details when its source `tells` this after it `told` that: what a person entered in
    the place of what the source had told stays, and what it tells no more is not blanked out.
    """
    news = {
        name: value
        for name, value in tells.items()
        if entered.get(name) is None or entered.get(name) == told.get(name)
    }
    return {**entered, **news}


def _document(booking: RemoteBooking) -> list[Any]:
    reason = None if booking.reason is None else booking.reason.value
    return [
        booking.remote_id,
        booking.nights.arrival.isoformat(),
        booking.nights.departure.isoformat(),
        booking.kind.value,
        reason,
        booking.rule,
        booking.canceled,
        booking.channel,
        booking.code,
        booking.ours,
        details(booking),
    ]
