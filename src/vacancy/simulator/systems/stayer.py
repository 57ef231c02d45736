"""A Stayer of pretence: scoped keys, properties, bookings of every kind, signed webhooks.

Its document gives the addresses, the scopes, what a booking may be (booking, imported stay, direct
booking, blocked dates, checkout event) and the names of the webhooks' events. The rest is assumed
here as such systems have it: `page` and `limit` with a `pagination` that counts, errors as
`{"error": {"code", "message"}}`, `POST` and `PATCH` on bookings, 409 where nights are taken, and
`X-Stayer-Signature: t=...,v1=...` over `t.body`.
"""

from __future__ import annotations

import hmac
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from vacancy.clock import Clock
from vacancy.domain.nights import Nights
from vacancy.simulator.systems.serving import (
    Asked,
    Document,
    Handler,
    Hook,
    Sold,
    Told,
    Window,
    day,
)

_LARGEST_PAGE = 100
_GONE = {"canceled", "checkout"}
_CODES = {
    400: ("invalid_request", "The request is not valid"),
    401: ("unauthorized", "The API key is missing or not valid"),
    403: ("forbidden", "This key lacks the scope that the request needs"),
    404: ("not_found", "There is no such resource"),
    409: ("availability_conflict", "These dates are not available"),
    429: ("rate_limited", "Too many requests"),
    500: ("internal_error", "Something went wrong on our side"),
}


@dataclass
class Stayer:
    """The books of one account. `keys`: the scopes of each key."""

    clock: Clock
    key: str = "stayer_live_key"
    secret: str = "stayer_signing_secret"  # noqa: S105 - a pretend one
    properties: dict[str, Document] = field(default_factory=dict[str, Document])
    bookings: dict[str, Document] = field(default_factory=dict[str, Document])
    hooks: deque[Hook] = field(default_factory=deque[Hook])

    def __post_init__(self) -> None:
        self.keys = {self.key: {"read", "write", "messaging", "automation"}}
        self.window = Window(600)
        self._listeners: dict[str, list[str]] = {}
        self._numbers = 0
        for name, zone in (("Casa Azul", "Europe/Lisbon"), ("Loft Mitte", "Europe/Berlin")):
            self.furnish(name, zone)

    @property
    def routes(self) -> Mapping[str, Handler]:
        return {
            "GET /v1/properties": lambda asked: _page(asked, [*self.properties.values()]),
            "GET /v1/bookings": lambda asked: _page(asked, [*self.bookings.values()]),
            "POST /v1/bookings": self._book,
            "GET /v1/bookings/{id}": self._show,
            "PATCH /v1/bookings/{id}": self._patch,
            "POST /v1/webhooks": self._listen,
        }

    # How it is asked

    def admit(self, asked: Asked) -> Told | None:
        scopes = self.keys.get(asked.bearer)
        if scopes is None:
            return self.refuse(401)
        left, ends = self.window.count(asked.bearer, self.clock.now())
        if left < 0:
            return self.refuse(429).saying(
                Retry_After=str(ends - int(self.clock.now().timestamp()))
            )
        wanted = "read" if asked.method == "GET" else "write"
        return None if wanted in scopes else self.refuse(403)

    def refuse(self, status: int) -> Told:
        code, message = _CODES.get(status, _CODES[400])
        told = Told(status, {"error": {"code": code, "message": message}})
        return told.saying(Retry_After="30") if status == 429 else told

    def manners(self, asked: Asked, told: Told) -> Told:  # noqa: ARG002 - as every system is asked
        return told

    def _show(self, asked: Asked) -> Told:
        found = self.bookings.get(asked.named["id"])
        return self.refuse(404) if found is None else Told(200, {"data": found})

    def _book(self, asked: Asked) -> Told:
        wish = asked.document
        nights = _nights(wish)
        if wish.get("propertyId") not in self.properties or nights is None:
            return self.refuse(400)
        if self._taken(str(wish["propertyId"]), nights, ""):
            return self.refuse(409)
        names = ("guest", "guests", "total", "currency", "externalId")
        kept = {name: wish.get(name) for name in names}
        made = self._write("direct_booking", str(wish["propertyId"]), nights, **kept)
        return Told(201, {"data": self.bookings[made]})

    def _patch(self, asked: Asked) -> Told:
        found = self.bookings.get(asked.named["id"])
        if found is None:
            return self.refuse(404)
        wish = asked.document
        asked_for = {**found, **wish}
        nights = _nights(asked_for)
        if found["type"] != "direct_booking" or nights is None:
            return self.refuse(400)
        if _holds(asked_for) and self._taken(found["propertyId"], nights, found["id"]):
            return self.refuse(409)
        names = ("checkIn", "checkOut", "status", "guest", "guests", "total", "currency")
        found.update({name: wish[name] for name in names if name in wish})
        self._touched(found, "booking.updated")
        return Told(200, {"data": found})

    def _listen(self, asked: Asked) -> Told:
        url, events = asked.document.get("url"), asked.document.get("events")
        if not isinstance(url, str) or not isinstance(events, list):
            return self.refuse(400)
        self._listeners[url] = [str(event) for event in events]
        made = {"id": self._number("wh"), "url": url, "events": events, "secret": self.secret}
        return Told(201, {"data": made})

    # Its books

    def furnish(self, name: str, zone: str) -> str:
        """One more property; its id."""
        made = self._number("prop")
        self.properties[made] = {
            "id": made,
            "name": name,
            "timezone": zone,
            "checkInTime": "15:00",
            "checkOutTime": "11:00",
            "maxGuests": 4,
            "amenities": ["wifi", "kitchen"],
            "units": [],
        }
        return made

    def add(self, sold: Sold) -> str:
        kind = "booking" if sold.channel is None else "imported_stay"
        return self._write(
            kind,
            sold.property_id,
            sold.nights,
            source=sold.channel or "stayer",
            confirmationCode=sold.code,
            guest={"name": sold.guest, "email": sold.email, "phone": sold.phone},
            guests={"adults": sold.adults, "children": 0},
            total=str(sold.amount),
            currency=sold.currency,
        )

    def change(self, remote_id: str, nights: Nights) -> None:
        self.bookings[remote_id].update(_dates(nights))
        self._touched(self.bookings[remote_id], "booking.updated")

    def cancel(self, remote_id: str) -> None:
        self.bookings[remote_id]["status"] = "canceled"
        self._touched(self.bookings[remote_id], "booking.updated")

    def block(self, property_id: str, nights: Nights) -> str:
        return self._write("blocked_dates", property_id, nights, note="owner stays")

    def check_out(self, remote_id: str) -> str:
        """The event of a guest's leaving, listed among the bookings; its id."""
        found = self.bookings[remote_id]
        nights = Nights(date.fromisoformat(found["checkIn"]), date.fromisoformat(found["checkOut"]))
        return self._write("checkout", found["propertyId"], nights, bookingId=remote_id)

    def drop(self, remote_id: str) -> None:
        """What was listed is listed no more."""
        del self.bookings[remote_id]

    def _write(self, kind: str, property_id: str, nights: Nights, **more: object) -> str:
        made = self._number("bk")
        written = {"id": made, "type": kind, "propertyId": property_id, "status": "confirmed"}
        self.bookings[made] = {**written, **_dates(nights), "createdAt": self._now(), **more}
        self._touched(self.bookings[made], "booking.created")
        return made

    def _taken(self, property_id: str, nights: Nights, but: str) -> bool:
        others = [one for one in self.bookings.values() if _holds(one) and one["id"] != but]
        held = [_nights(one) for one in others if one["propertyId"] == property_id]
        return any(one is not None and one.overlaps(nights) for one in held)

    def _touched(self, booking: Document, event: str) -> None:
        booking["updatedAt"] = self._now()
        told = {
            "id": self._number("evt"),
            "type": event,
            "createdAt": self._now(),
            "data": booking,
        }
        body = json.dumps(told).encode()
        for url, events in self._listeners.items():
            if event in events:
                self.hooks.append(Hook(url, self.sign(body), body))

    def sign(self, body: bytes) -> dict[str, str]:
        """The headers that a webhook of this body goes out with now."""
        made = str(int(self.clock.now().timestamp()))
        digest = hmac.digest(self.secret.encode(), f"{made}.".encode() + body, "sha256")
        return {"X-Stayer-Signature": f"t={made},v1={digest.hex()}"}

    def _number(self, prefix: str) -> str:
        self._numbers += 1
        return f"{prefix}_{self._numbers:06d}"

    def _now(self) -> str:
        return self.clock.now().isoformat(timespec="seconds").replace("+00:00", "Z")


def _page(asked: Asked, everything: list[Document]) -> Told:
    page = max(1, _number_of(asked.query.get("page"), 1))
    limit = min(_LARGEST_PAGE, max(1, _number_of(asked.query.get("limit"), 20)))
    pages = max(1, -(-len(everything) // limit))
    counted = {"page": page, "limit": limit, "total": len(everything), "totalPages": pages}
    shown = everything[(page - 1) * limit : page * limit]
    return Told(200, {"data": shown, "pagination": counted})


def _number_of(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() else default


def _dates(nights: Nights) -> Document:
    return {"checkIn": nights.arrival.isoformat(), "checkOut": nights.departure.isoformat()}


def _nights(document: Document) -> Nights | None:
    first, last = day(document.get("checkIn")), day(document.get("checkOut"))
    return Nights(first, last) if first and last and first < last else None


def _holds(booking: Document) -> bool:
    return not _GONE & {booking["status"], booking["type"]}
