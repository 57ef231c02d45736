"""Nowistay: bookings of every channel it manages, read and written by the host's consent.

Its document gives OAuth, scopes, limits, the fields of a property and what of a booking can be
written; how a booking is shown it does not say, so fields are looked for under the names that such
systems use. Assumed besides:

- `fromDate` may mean arrivals or any night, so it is asked from a year before what is wanted.
- Nights that the owner withholds, if they are listed, have the status or type of a block.
- A property that is no longer shown (its subscription ended, or the host may not see it) takes its
  bookings with it. That is a failure to be told, and no cancellation of them.
- No filter asks for changes: every reading is of the whole list. Webhooks come when it is worth it.
- Email and phone stand in the detail of a booking alone, with `bookings.sensitive.read`. They are
  asked for once for each state of a booking, the next arrivals first, half of a minute's limit in
  one reading; the rest follows with the next.
- Webhooks are signed as `signatures` reads it; the header is not named, so each that is called a
  signature is tried.

**Nothing can be made there over its API**: no booking, no block, no cancellation. What it takes are
new dates, guests and amounts of a direct booking that the host entered there, so that is what is
pushed: to the booking that bears the id of our stay, in the custom field `vacancy_stay` or in its
notes. Where none does, the host is told to enter it. Same nights alone prove nothing. Writes are
silent: they sync, and no guest is written to for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from vacancy.domain.claims import Kind
from vacancy.sources import fields
from vacancy.sources.mapping import Layout, listing, read
from vacancy.sources.oauth import Bearer, Consent, Keeping, granted
from vacancy.sources.paging import Paging, listed
from vacancy.sources.port import (
    Listing,
    Push,
    RemoteBooking,
    RemoteGuest,
    RemoteProperty,
    SourceFailed,
    Takes,
)
from vacancy.sources.signatures import signed
from vacancy.sources.wire import Caller, Json, Nobody, Wire, path_of, within

BASE = "https://api.nowistay.com"
#: What the host is asked to consent to; what of it is granted decides what is done.
SCOPES = ("properties.read", "bookings.read", "bookings.sensitive.read", "bookings.write")
#: How its registration spells what RFC 7591 names.
_SPELLING = {
    "client_name": "clientName",
    "redirect_uris": "redirectUris",
    "grant_types": "grantTypes",
    "response_types": "responseTypes",
    "token_endpoint_auth_method": "tokenEndpointAuthMethod",
}

_PROPERTIES, _BOOKINGS = "/public/v1/properties", "/public/v1/bookings"
PLACES = Paging(items=("data",))
LIST = Paging(items=("data",), number="offset", first=0, by_item=True)
#: Details asked for in one reading: half of what the limit allows in a minute.
DETAILS = 60
_BEFORE = timedelta(days=366)
_FIRST = date(2000, 1, 1)

BOOKING = Layout(
    rule="nowistay",
    property_id=("propertyId", "property.id", "listingId"),
    arrival=("arrival", "arrivalDate", "checkIn", "checkInDate", "startDate"),
    departure=("departure", "departureDate", "checkOut", "checkOutDate", "endDate"),
    kind=("type", "bookingType", "kind", "status"),
    kinds={"hold": Kind.RESERVATION},  # as a status: asked for, not yet agreed
    default=Kind.RESERVATION,
    channel=("channel", "source", "platform"),
    channels={"nowistay": None},
    code=(
        *("confirmationCode", "channelReservationCode", "reservationCode", "channelBookingId"),
        *("externalReservationId", "externalId", "channelReference"),
    ),
    ours=("customParameters.vacancy_stay", "notes", "internalNotes"),
    name=(
        *("guestName", "guest.name", "guest.fullName"),
        *("guest.firstName guest.lastName", "guestFirstName guestLastName"),
    ),
    email=("guestEmail", "guest.email", "email"),
    phone=("guestPhone", "guest.phone", "guest.phoneNumber", "phone"),
    adults=("adults", "guest.adults", "guests.adults"),
    children=("children", "guest.children", "guests.children"),
    notes=("notes", "guestNotes"),
    amount=("amount", "totalAmount", "total", "totalPrice", "amount.total"),
    currency=("currency", "amount.currency", "totalAmount.currency"),
    updated=("updatedAt", "modifiedAt", "createdAt"),
)


def consent(client: Caller, base: str = BASE) -> Consent:
    """How the host's consent is asked for."""
    return Consent(
        wire=Wire(client, base, Nobody(), "Nowistay"),
        register_at="/public/oauth/register",
        authorize_at="/public/oauth/authorize",
        token_at="/public/oauth/token",  # noqa: S106 - a path
        spelling=_SPELLING,
    )


def connected(
    client: Caller, base: str, credentials: Mapping[str, str], keeping: Keeping
) -> Nowistay:
    """The account of a host who consented. Raises SourceFailed(`unauthorized`) without."""
    asked = consent(client, base)
    bearer = Bearer(asked, granted(credentials), keeping)
    return Nowistay(replace(asked.wire, authority=bearer), bearer)


@dataclass(slots=True)
class Nowistay:
    """One account. `shown`: of each booking what its listing said, and the guest of its detail."""

    wire: Wire
    bearer: Bearer
    shown: dict[str, tuple[Json, RemoteGuest | None]] = field(
        default_factory=dict[str, "tuple[Json, RemoteGuest | None]"], repr=False
    )

    @property
    def takes(self) -> Takes:
        writes = "bookings.write" in self.bearer.scopes
        return Takes(bookings=writes, moves=writes, webhooks=True)

    async def properties(self) -> Sequence[RemoteProperty]:
        found = await listed(self.wire, _PROPERTIES, PLACES)
        places = [_place(document) for document in found]
        return [place for place in places if place is not None]

    async def list_all(self, wanted: Mapping[str, str], since: date) -> Listing:
        documents = await self._documents(wanted, since)
        # Asked last, so that what ended while the list was read is noticed too.
        places = {place.remote_id for place in await self.properties()}
        hidden = sorted(set(wanted) - places)
        if hidden:
            raise SourceFailed("not_found", _hidden(hidden))
        found = listing(BOOKING, documents, wanted, since)
        return replace(found, bookings=await self._detailed(found.bookings, documents, wanted))

    async def list_changes(
        self,
        wanted: Mapping[str, str],
        since: date,
        cursor: str | None,  # noqa: ARG002 - the port's word: no changes can be asked for here
    ) -> Listing:
        return await self.list_all(wanted, since)

    async def push_booking(self, push: Push) -> str:
        remote_id = push.remote_id or await self._entered(push)
        if remote_id is None:
            raise SourceFailed("refused", _enter(push))
        try:
            await self.wire.send("PATCH", _one(remote_id), _told(push))
        except SourceFailed as failed:
            if failed.reason != "not_found":
                raise
        else:
            return remote_id
        raise SourceFailed("refused", _enter(push))

    async def push_block(self, push: Push) -> str:  # noqa: ARG002 - the port's word
        raise SourceFailed("refused", "Nowistay takes no blocks: close these nights there by hand.")

    async def withdraw(self, push: Push) -> None:
        remote_id = push.remote_id or await self._entered(push)
        if remote_id is None:
            return
        try:
            document = within(await self.wire.get(_one(remote_id)), "data", "booking")
        except SourceFailed as failed:
            if failed.reason == "not_found":
                return
            raise
        found = read(BOOKING, document, {push.property_id: push.timezone}, push.property_id)
        if isinstance(found, RemoteBooking) and found.canceled:
            return
        text = f"Nowistay takes no cancellations: cancel booking {remote_id} there by hand."
        raise SourceFailed("refused", text)

    def verify_webhook(
        self, headers: Mapping[str, str], body: bytes, secret: str, now: datetime
    ) -> bool:
        named = [name for name in headers if name.endswith("signature")]
        return signed(headers, body, secret, now, named)

    async def _documents(self, wanted: Mapping[str, str], since: date) -> list[Json]:
        return await listed(
            self.wire,
            _BOOKINGS,
            LIST,
            fromDate=(max(since, _FIRST) - _BEFORE).isoformat(),
            propertyId=next(iter(wanted)) if len(wanted) == 1 else None,
        )

    async def _entered(self, push: Push) -> str | None:
        """The direct booking that the host entered for a stay of ours, by its mark."""
        wanted = {push.property_id: push.timezone}
        found = listing(BOOKING, await self._documents(wanted, date.min), wanted, date.min)
        marked = [
            one.remote_id
            for one in found.bookings
            if one.ours == push.stay_id and one.channel is None and not one.canceled
        ]
        return marked[0] if marked else None

    async def _detailed(
        self,
        bookings: Sequence[RemoteBooking],
        documents: Sequence[Json],
        wanted: Mapping[str, str],
    ) -> tuple[RemoteBooking, ...]:
        """The bookings with the guests of their details, as far as these are known by now."""
        if "bookings.sensitive.read" not in self.bearer.scopes:
            self.shown.clear()
            return tuple(bookings)
        said = {fields.text(document, BOOKING.remote_id): document for document in documents}
        known = {one.remote_id: self.shown.get(one.remote_id) for one in bookings}
        self.shown = {uid: kept for uid, kept in known.items() if kept and kept[0] == said[uid]}
        news = [one for one in bookings if _has_guest(one) and one.remote_id not in self.shown]
        for one in sorted(news, key=lambda one: one.nights.arrival)[:DETAILS]:
            self.shown[one.remote_id] = (said[one.remote_id], await self._guest(one, wanted))
        return tuple(self._with_guest(one) for one in bookings)

    async def _guest(self, booking: RemoteBooking, wanted: Mapping[str, str]) -> RemoteGuest | None:
        try:
            answer = await self.wire.get(_one(booking.remote_id))
        except SourceFailed as failed:
            if failed.reason in ("not_found", "forbidden"):
                return None  # gone since it was listed, or the scope was: the list still stands
            raise
        detail = read(BOOKING, within(answer, "data", "booking"), wanted, booking.property_id)
        return detail.guest if isinstance(detail, RemoteBooking) else None

    def _with_guest(self, booking: RemoteBooking) -> RemoteBooking:
        _, guest = self.shown.get(booking.remote_id, (None, None))
        return booking if guest is None else replace(booking, guest=guest)


def _has_guest(booking: RemoteBooking) -> bool:
    return booking.kind is Kind.RESERVATION and not booking.canceled


def _one(remote_id: str) -> str:
    return path_of(f"{_BOOKINGS}/{{}}", remote_id)


def _place(document: Any) -> RemoteProperty | None:
    remote_id = fields.text(document, ("id",))
    if remote_id is None:
        return None
    return RemoteProperty(
        remote_id,
        fields.text(document, ("name", "title")) or remote_id,
        fields.text(document, ("address.timezone", "timezone")),
        fields.whole(document, ("capacity", "maxGuests")),
    )


def _told(push: Push) -> dict[str, Any]:
    """A stay of ours as a change of a direct booking. Its notes are the host's, and may be what
    bears our mark: they are left alone."""
    told: dict[str, Any] = {
        "arrival": push.nights.arrival.isoformat(),
        "departure": push.nights.departure.isoformat(),
        "silent": True,
    }
    if push.guest is not None:
        counts = {"adults": push.guest.adults, "children": push.guest.children}
        told |= {name: number for name, number in counts.items() if number is not None}
    if push.money is not None:
        told |= {"amount": str(push.money.amount), "currency": push.money.currency}
    return told


def _enter(push: Push) -> str:
    nights = f"{push.nights.arrival.isoformat()} to {push.nights.departure.isoformat()}"
    return (
        f"Nowistay takes no new bookings over its API: enter {nights} there by hand, with "
        f"{push.stay_id} in its notes; then its changes are told."
    )


def _hidden(hidden: Sequence[str]) -> str:
    return (
        f"Nowistay no longer shows property {', '.join(hidden)}: see there whether its AI Channel "
        "Manager subscription is active, or take the property out of this source's units."
    )
