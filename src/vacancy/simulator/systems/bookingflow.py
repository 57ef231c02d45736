"""A BookingFlow of pretence: an organisation's rooms, bookings, schedules, customers and webhooks.

Its document gives the addresses, the way of the key, read-only and read-write keys, and the events.
The rest is assumed here as such systems have it: snake_case, `page` and `limit` with a `pagination`
that counts, `{"error": {"code", "message"}}`, 409 where nights are taken, and webhooks signed in
`X-BookingFlow-Signature: sha256=...` over the body.
"""

from __future__ import annotations

import hmac
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

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

#: Where its API lies, below its address.
PATH = "/api/v1/public"
_LARGEST_PAGE = 100
_CODES = {
    400: ("bad_request", "The request is not valid"),
    401: ("unauthorized", "Missing or invalid API key"),
    403: ("forbidden", "This key is read-only"),
    404: ("not_found", "No such resource"),
    409: ("not_available", "These dates are not available"),
    429: ("rate_limited", "Too many requests"),
    500: ("server_error", "Something went wrong"),
}


@dataclass
class BookingFlow:
    """The books of one organisation. `keys`: whether each may write; `listeners` hear events."""

    clock: Clock
    key: str = "bf_live_key"
    secret: str = "bf_signing_secret"  # noqa: S105 - a pretend one
    rooms: dict[str, Document] = field(default_factory=dict[str, Document])
    bookings: dict[str, Document] = field(default_factory=dict[str, Document])
    schedules: dict[str, Document] = field(default_factory=dict[str, Document])
    listeners: list[str] = field(default_factory=list[str])
    hooks: deque[Hook] = field(default_factory=deque[Hook])

    def __post_init__(self) -> None:
        self.keys = {self.key: True}
        self.window = Window(600)
        self._numbers = 0
        for name, zone in (("Sea Room", "Europe/Lisbon"), ("Garden Room", "Europe/Berlin")):
            self._furnish(name, zone)

    @property
    def routes(self) -> Mapping[str, Handler]:
        below = {
            "GET /me": lambda _: Told(200, {"id": "org_1", "name": "Casa Azul"}),
            "GET /rooms": lambda asked: _page(asked, "rooms", [*self.rooms.values()]),
            "GET /rooms/{id}": lambda asked: self._one(self.rooms, asked),
            "GET /bookings": lambda asked: _page(asked, "bookings", self._filtered(asked)),
            "GET /bookings/{id}": lambda asked: self._one(self.bookings, asked),
            "POST /bookings": self._book,
            "PUT /bookings/{id}": self._put,
            "DELETE /bookings/{id}": self._cancel,
            "GET /schedules": lambda asked: _page(asked, "schedules", [*self.schedules.values()]),
            "POST /schedules/block": self._block,
            "DELETE /schedules/{id}": self._lift,
            "GET /customers": lambda asked: _page(asked, "customers", self._customers()),
        }
        return {route.replace(" /", f" {PATH}/", 1): do for route, do in below.items()}

    # How it is asked

    def admit(self, asked: Asked) -> Told | None:
        writes = self.keys.get(asked.bearer)
        if writes is None:
            return self.refuse(401)
        left, ends = self.window.count(asked.bearer, self.clock.now())
        if left < 0:
            wait = ends - int(self.clock.now().timestamp())
            return self.refuse(429).saying(Retry_After=str(wait))
        return None if writes or asked.method == "GET" else self.refuse(403)

    def refuse(self, status: int) -> Told:
        code, message = _CODES.get(status, _CODES[400])
        told = Told(status, {"error": {"code": code, "message": message}})
        return told.saying(Retry_After="20") if status == 429 else told

    def manners(self, asked: Asked, told: Told) -> Told:  # noqa: ARG002 - as every system is asked
        return told

    def _one(self, kept: dict[str, Document], asked: Asked) -> Told:
        found = kept.get(asked.named["id"])
        return self.refuse(404) if found is None else Told(200, {"data": found})

    def _filtered(self, asked: Asked) -> list[Document]:
        wish = asked.query
        return [
            one
            for one in self.bookings.values()
            if wish.get("room", one["room_id"]) == one["room_id"]
            and wish.get("status", one["status"]) == one["status"]
            and one["check_in"] <= wish.get("date", one["check_in"]) <= one["check_out"]
        ]

    def _customers(self) -> list[Document]:
        known = {one["customer"].get("email"): one["customer"] for one in self.bookings.values()}
        return [{"id": f"cus_{at}", **told} for at, told in enumerate(known.values(), 1)]

    def _book(self, asked: Asked) -> Told:
        wish = asked.document
        nights = _nights(wish, "check_in", "check_out")
        if wish.get("room_id") not in self.rooms or nights is None:
            return self.refuse(400)
        if self._taken(str(wish["room_id"]), nights, ""):
            return self.refuse(409)
        names = ("customer", "guests", "total", "currency", "external_id", "notes")
        kept = {name: wish[name] for name in names if name in wish}
        made = self._write(str(wish["room_id"]), nights, **{"customer": {}, **kept})
        return Told(201, {"data": self.bookings[made]})

    def _put(self, asked: Asked) -> Told:
        found = self.bookings.get(asked.named["id"])
        if found is None:
            return self.refuse(404)
        wish = asked.document
        nights = _nights({**found, **wish}, "check_in", "check_out")
        if nights is None:
            return self.refuse(400)
        if self._taken(found["room_id"], nights, found["id"]):
            return self.refuse(409)
        names = ("check_in", "check_out", "customer", "guests", "status", "total", "notes")
        found.update({name: wish[name] for name in names if name in wish})
        self._touched(found, "booking.updated")
        return Told(200, {"data": found})

    def _cancel(self, asked: Asked) -> Told:
        if asked.named["id"] not in self.bookings:
            return self.refuse(404)
        self.cancel(asked.named["id"])
        return Told(200, {"data": self.bookings[asked.named["id"]]})

    def _block(self, asked: Asked) -> Told:
        wish = asked.document
        nights = _nights(wish, "start_date", "end_date")
        if wish.get("room_id") not in self.rooms or nights is None:
            return self.refuse(400)
        if self._taken(str(wish["room_id"]), nights, ""):
            return self.refuse(409)
        kept = {name: wish[name] for name in ("reason", "external_id") if name in wish}
        made = self._schedule(str(wish["room_id"]), nights, "blocked", **kept)
        return Told(201, {"data": self.schedules[made]})

    def _lift(self, asked: Asked) -> Told:
        if self.schedules.pop(asked.named["id"], None) is None:
            return self.refuse(404)
        return Told(204)

    # Its books

    def add(self, sold: Sold) -> str:
        return self._write(
            sold.property_id,
            sold.nights,
            channel=sold.channel or "widget",
            confirmation_code=sold.code,
            customer={"name": sold.guest, "email": sold.email, "phone": sold.phone},
            guests=sold.adults,
            total=str(sold.amount),
            currency=sold.currency,
        )

    def change(self, remote_id: str, nights: Nights) -> None:
        self.bookings[remote_id].update(_days(nights, "check_in", "check_out"))
        self._touched(self.bookings[remote_id], "booking.updated")

    def cancel(self, remote_id: str) -> None:
        self.bookings[remote_id]["status"] = "canceled"
        self._touched(self.bookings[remote_id], "booking.canceled")

    def block(self, property_id: str, nights: Nights) -> str:
        return self._schedule(property_id, nights, "blocked", reason="maintenance")

    def open(self, property_id: str, nights: Nights) -> str:
        """What can be booked is listed among the schedules too; its id."""
        return self._schedule(property_id, nights, "available")

    def _furnish(self, name: str, zone: str) -> None:
        made = self._number("room")
        self.rooms[made] = {"id": made, "name": name, "timezone": zone, "capacity": 4}

    def _write(self, room: str, nights: Nights, **more: object) -> str:
        made = self._number("bk")
        written = {"id": made, "room_id": room, "status": "confirmed", "created_at": self._now()}
        self.bookings[made] = {**written, **_days(nights, "check_in", "check_out"), **more}
        self._touched(self.bookings[made], "booking.created")
        return made

    def _schedule(self, room: str, nights: Nights, kind: str, **more: object) -> str:
        made = self._number("sch")
        written = {"id": made, "room_id": room, "type": kind, "available": kind == "available"}
        self.schedules[made] = {**written, **_days(nights, "start_date", "end_date"), **more}
        return made

    def _taken(self, room: str, nights: Nights, but: str) -> bool:
        sold = [
            _nights(one, "check_in", "check_out")
            for one in self.bookings.values()
            if one["room_id"] == room and one["id"] != but and one["status"] != "canceled"
        ]
        closed = [
            _nights(one, "start_date", "end_date")
            for one in self.schedules.values()
            if one["room_id"] == room and not one["available"]
        ]
        return any(one is not None and one.overlaps(nights) for one in (*sold, *closed))

    def _touched(self, booking: Document, event: str) -> None:
        booking["updated_at"] = self._now()
        told = {"id": self._number("evt"), "event": event, "data": booking}
        body = json.dumps(told).encode()
        self.hooks.extend(Hook(url, self.sign(body), body) for url in self.listeners)

    def sign(self, body: bytes) -> dict[str, str]:
        """The headers that a webhook of this body goes out with."""
        digest = hmac.digest(self.secret.encode(), body, "sha256")
        return {"X-BookingFlow-Signature": f"sha256={digest.hex()}"}

    def _number(self, prefix: str) -> str:
        self._numbers += 1
        return f"{prefix}_{self._numbers:06d}"

    def _now(self) -> str:
        return self.clock.now().isoformat(timespec="seconds").replace("+00:00", "Z")


def _page(asked: Asked, name: str, everything: list[Document]) -> Told:
    page = max(1, _number_of(asked.query.get("page"), 1))
    limit = min(_LARGEST_PAGE, max(1, _number_of(asked.query.get("limit"), 25)))
    pages = max(1, -(-len(everything) // limit))
    counted = {"page": page, "limit": limit, "total": len(everything), "total_pages": pages}
    return Told(200, {name: everything[(page - 1) * limit : page * limit], "pagination": counted})


def _number_of(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() else default


def _days(nights: Nights, first: str, last: str) -> Document:
    return {first: nights.arrival.isoformat(), last: nights.departure.isoformat()}


def _nights(document: Document, first: str, last: str) -> Nights | None:
    arrival, departure = day(document.get(first)), day(document.get(last))
    return Nights(arrival, departure) if arrival and departure and arrival < departure else None
