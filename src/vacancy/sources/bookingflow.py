"""BookingFlow: rooms, bookings and the schedules that block them, for one organisation.

Its document names the addresses, the way of the key, the filters of bookings (date, room, status)
and the webhooks' events; of shapes it says nothing, so every field is looked for under the names
that such systems use. Assumed besides:

- The paths that it prints as `/v1/...` lie below the address of its example, `/api/v1/public`.
- `page` and `limit` page the lists; where an answer counts nothing, pages are read until one says
  nothing new. The filters' spelling is not given, so none is sent, and every reading is whole.
- `GET /schedules` lists what is open and what is blocked: what says that it is open, available or
  booked holds no nights of its own, everything else does. Its ends are read as those of bookings
  are, the day of departure; a block whose two days are one takes that night. An entry without an id
  is known by its room and first day.
- A booking within one day (an experience) takes no night.
- `POST /schedules/block` takes a room, two days and a reason; `DELETE /schedules/:id` lifts the
  block ("full CRUD operations on all core resources"). A moved block is made anew, then lifted.
- The id of our stay goes along as `external_id` and in the text. No idempotency key is named: the
  lists are looked through before anything is made.
- `DELETE /bookings/:id` also refunds what was paid there; nothing ever is for a booking of ours.
- How webhooks are signed is not said: as `signatures` reads it, and none is believed unsigned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from vacancy.domain.claims import Kind
from vacancy.sources import fields
from vacancy.sources.mapping import Layout, listing, together
from vacancy.sources.paging import Paging, listed
from vacancy.sources.port import (
    Listing,
    Push,
    RemoteBooking,
    RemoteProperty,
    SourceFailed,
    Takes,
)
from vacancy.sources.signatures import signed
from vacancy.sources.wire import Json, Wire, path_of, within

BASE = "https://bookingflowai.com/api/v1/public"
SIGNED_IN = ("x-bookingflow-signature", "x-webhook-signature", "x-signature")
PAGING = Paging(items=("data", "bookings", "rooms", "schedules", "items", "results", ""))

_ROOM = ("room_id", "room.id", "roomId", "property_id")
_ARRIVAL = ("check_in", "check_in_date", "start_date", "arrival", "start_time", "start", "date")
_DEPARTURE = ("check_out", "check_out_date", "end_date", "departure", "end_time", "end")

BOOKING = Layout(
    rule="bookingflow",
    remote_id=("id", "booking_id"),
    property_id=_ROOM,
    arrival=_ARRIVAL,
    departure=_DEPARTURE,
    count=("nights",),
    default=Kind.RESERVATION,
    channel=("channel", "source", "platform"),
    channels={"bookingflow": None, "widget": None, "pos": None, "agent": None},
    code=("confirmation_code", "channel_reference", "reference"),
    ours=("external_id", "metadata.external_id", "notes"),
    name=("customer.name", "customer.first_name customer.last_name", "customer_name", "guest.name"),
    email=("customer.email", "customer_email", "guest.email"),
    phone=("customer.phone", "customer_phone", "guest.phone"),
    adults=("guests.adults", "adults", "guests", "guest_count", "party_size"),
    children=("guests.children", "children"),
    notes=("special_requests", "customer_notes"),
    amount=("total", "total_amount", "total_price", "amount", "price.total"),
    currency=("currency", "price.currency"),
    updated=("updated_at", "created_at"),
)
SCHEDULE = Layout(
    rule="bookingflow.schedule",
    prefix="schedule:",
    property_id=_ROOM,
    arrival=_ARRIVAL,
    departure=(*_DEPARTURE, "date"),
    kind=("type", "kind", "status"),
    status=(),
    kinds=dict.fromkeys(("open", "available", "availability", "booked", "booking"), None),
    one_day=True,
    ours=("external_id", "reason", "notes"),
    updated=("updated_at", "created_at"),
)


@dataclass(frozen=True, slots=True)
class BookingFlow:
    """One organisation, asked with a key that may write where stays are pushed."""

    wire: Wire

    @property
    def takes(self) -> Takes:
        return Takes(bookings=True, blocks=True, moves=True, cancellations=True, webhooks=True)

    async def properties(self) -> Sequence[RemoteProperty]:
        found = await listed(self.wire, "/rooms", PAGING)
        return [_room(one, named) for one in found if (named := fields.text(one, ("id",)))]

    async def list_all(self, wanted: Mapping[str, str], since: date) -> Listing:
        bookings = await listed(self.wire, "/bookings", PAGING)
        schedules = [_named(one) for one in await listed(self.wire, "/schedules", PAGING)]
        blocks = [one for one in schedules if fields.value(one, ("available",)) is not True]
        return together(
            listing(BOOKING, bookings, wanted, since), listing(SCHEDULE, blocks, wanted, since)
        )

    async def list_changes(
        self,
        wanted: Mapping[str, str],
        since: date,
        cursor: str | None,  # noqa: ARG002 - the port's word: no changes can be asked for here
    ) -> Listing:
        return await self.list_all(wanted, since)

    async def push_booking(self, push: Push) -> str:
        remote_id = push.remote_id or await self._booked_before(push)
        if remote_id is not None:
            try:
                await self.wire.send("PUT", path_of("/bookings/{}", remote_id), _booking(push))
                return remote_id
            except SourceFailed as failed:
                if failed.reason != "not_found":
                    raise
        return self._id_of(await self.wire.send("POST", "/bookings", _booking(push)))

    async def push_block(self, push: Push) -> str:
        standing = await self._blocked_before(push)
        same = [one.remote_id for one in standing if one.nights == push.nights]
        if same:
            made = same[0]
        else:
            told = await self.wire.send("POST", "/schedules/block", _block(push))
            made = f"{SCHEDULE.prefix}{self._id_of(told)}"
        for one in standing:
            if one.remote_id != made:
                await self._delete(one.remote_id)
        return made

    async def withdraw(self, push: Push) -> None:
        if push.kind is Kind.BLOCK:
            gone = [one.remote_id for one in await self._blocked_before(push)]
        else:
            found = push.remote_id or await self._booked_before(push)
            gone = [found] if found is not None else []
        for remote_id in gone:
            await self._delete(remote_id)

    def verify_webhook(
        self, headers: Mapping[str, str], body: bytes, secret: str, now: datetime
    ) -> bool:
        return signed(headers, body, secret, now, SIGNED_IN)

    async def _delete(self, remote_id: str) -> None:
        bare = remote_id.removeprefix(SCHEDULE.prefix)
        template = "/bookings/{}" if bare == remote_id else "/schedules/{}"
        try:
            await self.wire.send("DELETE", path_of(template, bare), None)
        except SourceFailed as failed:
            if failed.reason != "not_found":
                raise

    async def _booked_before(self, push: Push) -> str | None:
        """What an earlier try may have made, whose answer was lost."""
        found = await listed(self.wire, "/bookings", PAGING)
        read = listing(BOOKING, found, {push.property_id: push.timezone}, date.min)
        ours = [one for one in read.bookings if one.ours == push.stay_id and not one.canceled]
        return ours[0].remote_id if ours else None

    async def _blocked_before(self, push: Push) -> list[RemoteBooking]:
        """The blocks that stand for this stay: one, or two where a move was broken off."""
        found = [_named(one) for one in await listed(self.wire, "/schedules", PAGING)]
        read = listing(SCHEDULE, found, {push.property_id: push.timezone}, date.min)
        return [
            one
            for one in read.bookings
            if one.ours == push.stay_id or one.remote_id == push.remote_id
        ]

    def _id_of(self, answer: Json) -> str:
        made = fields.text(within(answer, "data", "booking", "schedule", "block"), ("id",))
        if made is None:
            raise self.wire.unexpected("what was made has no id")
        return made


def _room(document: Any, remote_id: str) -> RemoteProperty:
    return RemoteProperty(
        remote_id,
        fields.text(document, ("name", "title")) or remote_id,
        fields.text(document, ("timezone", "location.timezone")),
        fields.whole(document, ("capacity", "max_guests")),
    )


def _named(schedule: Any) -> Any:
    """An entry with an id, if it is only that of its room and day."""
    place, start = fields.text(schedule, _ROOM), fields.text(schedule, _ARRIVAL)
    if fields.text(schedule, ("id",)) is None and place and start:
        return {**schedule, "id": f"{place}:{start}"}
    return schedule


def _booking(push: Push) -> dict[str, Any]:
    told: dict[str, Any] = {
        **_days(push, "check_in", "check_out"),
        "status": "confirmed",
        "source": "direct",
        "notes": f"Kept by Vacancy: {push.stay_id}",
    }
    if push.guest is not None:
        said = {"name": push.guest.name, "email": push.guest.email, "phone": push.guest.phone}
        told["customer"] = {name: value for name, value in said.items() if value is not None}
        counts = {"adults": push.guest.adults, "children": push.guest.children}
        told["guests"] = {name: count for name, count in counts.items() if count is not None}
    if push.money is not None:
        told |= {"total": str(push.money.amount), "currency": push.money.currency}
    return told


def _block(push: Push) -> dict[str, Any]:
    return {
        **_days(push, "start_date", "end_date"),
        "reason": f"Blocked by Vacancy: {push.stay_id}",
    }


def _days(push: Push, first: str, last: str) -> dict[str, Any]:
    return {
        "room_id": push.property_id,
        first: push.nights.arrival.isoformat(),
        last: push.nights.departure.isoformat(),
        "external_id": push.stay_id,
    }
