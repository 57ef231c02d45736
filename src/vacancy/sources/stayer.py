"""Stayer: bookings, imported stays, direct bookings and blocked dates of one account.

Its document names the addresses, the scopes of keys, what a booking may be and the webhooks'
events; of shapes it says nothing, so every field is looked for under the names that such systems
use. Assumed besides:

- `page` and `limit` page the lists; where an answer counts nothing, pages are read until one says
  nothing new. No filter is named, so none is sent, and every reading is of the whole list.
- What names no kind is a booking; a checkout event tells of a guest's leaving and holds no nights.
- A property may hold units: a booking counts for the one of the two that a unit here is mapped to.
- `POST /v1/bookings` makes a direct booking ("push direct bookings"), `PATCH` moves it or cancels
  it, and 409 or 422 says that its nights are taken. The id of our stay goes along as `externalId`.
  No idempotency key is named: the list is looked through before a booking is made.
- Blocked dates are read only: the document offers no way to write them.
- Webhooks are signed as `signatures` reads it, in `X-Stayer-Signature` or a header like it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from vacancy.domain.claims import Kind
from vacancy.sources import fields
from vacancy.sources.mapping import Layout, listing, together
from vacancy.sources.paging import Paging, listed
from vacancy.sources.port import Listing, Push, RemoteProperty, SourceFailed, Takes
from vacancy.sources.signatures import signed
from vacancy.sources.wire import Wire, path_of, within
from vacancy.sources.words import Standing, standing

SIGNED_IN = ("x-stayer-signature", "stayer-signature", "x-webhook-signature", "x-signature")
_IDS = ("id", "bookingId", "uid")
PAGING = Paging(items=("data", "bookings", "properties", "items", "results", ""), ids=_IDS)

#: What a booking may be of, the closest first.
_PLACES = (("unitId", "unit.id"), ("propertyId", "property.id", "listingId", "property"))
_UNITS = ("units",)
_NAME = ("name", "title", "nickname")
_ZONE = ("timezone", "timeZone", "address.timezone", "settings.timezone")
_HOLDS = ("maxGuests", "capacity", "guestCapacity", "accommodates", "sleeps")

BOOKING = Layout(
    rule="stayer",
    remote_id=_IDS,
    arrival=("checkIn", "checkInDate", "arrival", "arrivalDate", "startDate", "start", "from"),
    departure=("checkOut", "checkOutDate", "departure", "departureDate", "endDate", "end", "to"),
    count=("nights", "numberOfNights"),
    status=("status", "state"),
    kind=("type", "kind", "bookingType", "category", "object"),
    default=Kind.RESERVATION,
    kinds={
        **dict.fromkeys(("checkout", "checkout_event", "check_out", "checked_out"), None),
        **dict.fromkeys(("blocked_period", "block_out", "calendar_block"), Kind.BLOCK),
    },
    one_day=True,
    channel=("source", "channel", "platform", "bookingSource", "origin"),
    channels={"stayer": None},
    code=("confirmationCode", "channelReference", "reservationCode", "externalCode", "reference"),
    ours=("externalId", "externalReference", "metadata.externalId", "notes"),
    name=("guest.name", "guestName", "guest.firstName guest.lastName", "guest.fullName"),
    email=("guest.email", "guestEmail"),
    phone=("guest.phone", "guestPhone", "guest.phoneNumber"),
    adults=("guests.adults", "adults", "guestCount", "numberOfGuests"),
    children=("guests.children", "children"),
    notes=("specialRequests", "guestNotes"),
    amount=("total", "totalAmount", "totalPrice", "amount", "price.total", "total.amount"),
    currency=("currency", "price.currency", "total.currency"),
    updated=("updatedAt", "modifiedAt", "createdAt"),
)


@dataclass(frozen=True, slots=True)
class Stayer:
    """One account, asked with a key of the scopes `read` and, where stays are pushed, `write`."""

    wire: Wire

    @property
    def takes(self) -> Takes:
        return Takes(bookings=True, moves=True, cancellations=True, webhooks=True)

    async def properties(self) -> Sequence[RemoteProperty]:
        found = await listed(self.wire, "/v1/properties", PAGING)
        return [place for document in found for place in _places(document)]

    async def list_all(self, wanted: Mapping[str, str], since: date) -> Listing:
        found = await listed(self.wire, "/v1/bookings", PAGING)
        sorted_out = _by_place(found, wanted)
        read = [listing(BOOKING, some, wanted, since, at) for at, some in sorted_out.items()]
        return together(*read)

    async def list_changes(
        self,
        wanted: Mapping[str, str],
        since: date,
        cursor: str | None,  # noqa: ARG002 - the port's word: no changes can be asked for here
    ) -> Listing:
        return await self.list_all(wanted, since)

    async def push_booking(self, push: Push) -> str:
        remote_id = push.remote_id or await self._made_before(push)
        if remote_id is not None:
            try:
                await self.wire.send("PATCH", _one(remote_id), _told(push))
                return remote_id
            except SourceFailed as failed:
                if failed.reason != "not_found":
                    raise
        made = await self.wire.send("POST", "/v1/bookings", _told(push))
        named = fields.text(within(made, "data", "booking"), BOOKING.remote_id)
        if named is None:
            raise self.wire.unexpected("the booking that was made has no id")
        return named

    async def push_block(self, push: Push) -> str:  # noqa: ARG002 - the port's word
        raise SourceFailed("refused", "Stayer takes no blocks: close these nights there by hand.")

    async def withdraw(self, push: Push) -> None:
        remote_id = push.remote_id or await self._made_before(push)
        if remote_id is None:
            return
        try:
            answer = await self.wire.send("PATCH", _one(remote_id), {"status": "canceled"})
        except SourceFailed as failed:
            if failed.reason == "not_found":
                return
            raise
        status = fields.text(within(answer or {}, "data", "booking"), BOOKING.status)
        if status and standing(status, BOOKING.statuses) is not Standing.CANCELED:
            text = f"Stayer still lists {remote_id} as {status}: cancel it there by hand."
            raise SourceFailed("refused", text)

    def verify_webhook(
        self, headers: Mapping[str, str], body: bytes, secret: str, now: datetime
    ) -> bool:
        return signed(headers, body, secret, now, SIGNED_IN)

    async def _made_before(self, push: Push) -> str | None:
        """What an earlier try may have made, whose answer was lost."""
        found = await self.list_all({push.property_id: push.timezone}, date.min)
        ours = [one for one in found.bookings if one.ours == push.stay_id and not one.canceled]
        return ours[0].remote_id if ours else None


def _one(remote_id: str) -> str:
    return path_of("/v1/bookings/{}", remote_id)


def _told(push: Push) -> dict[str, Any]:
    """A stay of ours as a direct booking."""
    told: dict[str, Any] = {
        "type": "direct_booking",
        "propertyId": push.property_id,
        "checkIn": push.nights.arrival.isoformat(),
        "checkOut": push.nights.departure.isoformat(),
        "status": "confirmed",
        "source": "direct",
        "externalId": push.stay_id,
    }
    guest = push.guest
    if guest is not None:
        said = {"name": guest.name, "email": guest.email, "phone": guest.phone}
        counts = {"adults": guest.adults, "children": guest.children}
        told["guest"] = {name: value for name, value in said.items() if value is not None}
        told["guests"] = {name: count for name, count in counts.items() if count is not None}
    if push.money is not None:
        told |= {"total": str(push.money.amount), "currency": push.money.currency}
    return told


def _places(document: Any) -> list[RemoteProperty]:
    """A property, and each unit of it that has an id of its own."""
    place = _place(document, None)
    if place is None:
        return []
    units = fields.value(document, _UNITS)
    inside = [_place(unit, place) for unit in units] if isinstance(units, list) else []
    return [place, *(unit for unit in inside if unit is not None)]


def _place(document: Any, house: RemoteProperty | None) -> RemoteProperty | None:
    remote_id = fields.text(document, ("id",))
    if remote_id is None:
        return None
    name = fields.text(document, _NAME) or remote_id
    return RemoteProperty(
        remote_id,
        name if house is None else f"{house.name}, {name}",
        fields.text(document, _ZONE) or (house.timezone if house else None),
        fields.whole(document, _HOLDS),
    )


def _by_place(found: Sequence[Any], wanted: Mapping[str, str]) -> dict[str | None, list[Any]]:
    """Documents by the place wanted that they are of; under None those that name no place."""
    sorted_out: dict[str | None, list[Any]] = defaultdict(list)
    for document in found:
        named = [place for paths in _PLACES if (place := fields.text(document, paths))]
        known = next((place for place in named if place in wanted), None)
        if known is not None or not named:
            sorted_out[known].append(document)
    return sorted_out
