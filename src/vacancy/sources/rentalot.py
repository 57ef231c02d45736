"""Rentalot: the calendar of an agent who lets homes, read as time withheld from a property.

It has no bookings. Its events (showings, calls, inspections, meetings, and what is synced from
Google Calendar and Cal.com) are spans between two instants, some of them at a property. Read so:

- An event of a property takes the nights between the local days of its start and its end, whatever
  its type: a viewing within one day takes none and is left out, a meeting overnight takes one.
  Cancelled ones are canceled blocks, all others hold. An event of no property closes nothing.
- The list can be asked from a start on, not by end: it is read from 400 days before, and an event
  that has been running for longer is not seen. It names no changes, so every reading is whole.
- A property has no time zone there: nights are of the zone that its unit has here.

What its schema lets be written is showings, and those withhold time of the property there:
`/showings/availability` offers slots "minus existing calendar bookings", by property. So stays and
blocks of ours are pushed as showings from noon to noon of the property's clock, titled without a
guest's name, the id of our stay in the notes that contacts are not shown. Nobody is then led
through a home that is let. The schema wants a contact for each: one called Vacancy, that the host
makes there once with an address of the host's own, so that no guest is ever written to by its
assistant. The plan must allow writing (Pro or Scale); overlapping showings are not refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from vacancy.domain.claims import Kind
from vacancy.sources import fields
from vacancy.sources.mapping import Layout, listing
from vacancy.sources.paging import Paging, listed
from vacancy.sources.port import Listing, Push, RemoteProperty, SourceFailed, Takes
from vacancy.sources.signatures import signed
from vacancy.sources.wire import Wire, path_of, within

BASE = "https://rentalot.ai/api/v1"
SIGNED_IN = ("x-webhook-signature",)
PAGING = Paging(items=("data",))
#: Who showings of ours are made for.
CONTACT = "Vacancy"

EVENT = Layout(
    rule="rentalot.event",
    property_id=("propertyId",),
    arrival=("startTime",),
    departure=("endTime",),
    default=Kind.BLOCK,
    ours=("notes",),
    updated=("updatedAt",),
)

_BEFORE = timedelta(days=400)
_TITLES = {Kind.RESERVATION: "Reserved", Kind.BLOCK: "Blocked"}


@dataclass(frozen=True, slots=True)
class Rentalot:
    """One account, asked with a key that begins with `ra_`."""

    wire: Wire

    @property
    def takes(self) -> Takes:
        return Takes(bookings=True, blocks=True, moves=True, cancellations=True, webhooks=True)

    async def properties(self) -> Sequence[RemoteProperty]:
        found = await listed(self.wire, "/properties", PAGING)
        ids = [(fields.text(one, ("id",)), one) for one in found]
        return [RemoteProperty(remote_id, _name(one)) for remote_id, one in ids if remote_id]

    async def list_all(self, wanted: Mapping[str, str], since: date) -> Listing:
        events = await listed(self.wire, "/events", PAGING, startAfter=_from(since))
        placed = [one for one in events if fields.text(one, EVENT.property_id) is not None]
        read = listing(EVENT, placed, wanted, since)
        # A viewing within a day is no news; what cannot be read is.
        return replace(read, skipped=tuple(one for one in read.skipped if one.unreadable))

    async def list_changes(
        self,
        wanted: Mapping[str, str],
        since: date,
        cursor: str | None,  # noqa: ARG002 - the port's word: no changes can be asked for here
    ) -> Listing:
        return await self.list_all(wanted, since)

    async def push_booking(self, push: Push) -> str:
        return await self._push(push)

    async def push_block(self, push: Push) -> str:
        return await self._push(push)

    async def withdraw(self, push: Push) -> None:
        remote_id = push.remote_id or await self._made_before(push)
        if remote_id is None:
            return
        try:
            await self.wire.send("DELETE", _one(remote_id), None)
        except SourceFailed as failed:
            if failed.reason != "not_found":
                raise

    def verify_webhook(
        self, headers: Mapping[str, str], body: bytes, secret: str, now: datetime
    ) -> bool:
        return signed(headers, body, secret, now, SIGNED_IN)

    async def _push(self, push: Push) -> str:
        remote_id, once = push.remote_id, push.attempt_key
        # Its memory of idempotency keys ends after a day: what is older is looked for.
        remote_id = remote_id or await self._made_before(push)
        if remote_id is not None:
            try:
                wish = {**_told(push), "status": "confirmed"}
                await self.wire.send("PATCH", _one(remote_id), wish)
                return remote_id
            except SourceFailed as failed:
                if failed.reason != "not_found":
                    raise
            once = f"{once}-anew"  # the first key would be answered with what is gone
        wish = {**_told(push), "propertyId": push.property_id, "contactId": await self._contact()}
        made = await self.wire.send("POST", "/showings", wish, once)
        named = fields.text(within(made, "data"), ("id",))
        if named is None:
            raise self.wire.unexpected("the showing that was made has no id")
        return named

    async def _contact(self) -> str:
        found = await listed(self.wire, "/contacts", PAGING, search=CONTACT)
        ids = [
            fields.text(one, ("id",))
            for one in found
            if (fields.text(one, ("name",)) or "").casefold() == CONTACT.casefold()
        ]
        named = sorted(one for one in ids if one is not None)
        if not named:
            raise SourceFailed(
                "refused",
                f"Rentalot wants a contact with each showing: add one there called {CONTACT}, "
                "with an e-mail address of your own.",
            )
        return named[0]

    async def _made_before(self, push: Push) -> str | None:
        """What an earlier try may have made, whose answer was lost."""
        start = _from(push.nights.arrival)
        of_place = {"propertyId": push.property_id, "startAfter": start}
        shown = await listed(self.wire, "/showings", PAGING, **of_place)
        read = listing(EVENT, shown, {push.property_id: push.timezone}, date.min)
        ours = [one for one in read.bookings if one.ours == push.stay_id and not one.canceled]
        return ours[0].remote_id if ours else None


def _one(remote_id: str) -> str:
    return path_of("/showings/{}", remote_id)


def _name(document: Any) -> str:
    said = [fields.text(document, (name,)) for name in ("address", "city")]
    return ", ".join(part for part in said if part) or "no address"


def _from(day: date) -> str:
    return f"{(day - _BEFORE).isoformat()}T00:00:00Z"


def _told(push: Push) -> dict[str, str]:
    """The nights as a showing, without a word about the guest."""
    return {
        "title": _TITLES[push.kind],
        "startTime": _noon(push.nights.arrival, push.timezone),
        "endTime": _noon(push.nights.departure, push.timezone),
        "timeZone": push.timezone,
        "notes": f"Kept by Vacancy: {push.stay_id}",
    }


def _noon(day: date, zone: str) -> str:
    at = datetime.combine(day, time(12), ZoneInfo(zone)).astimezone(UTC)
    return at.isoformat().replace("+00:00", "Z")
