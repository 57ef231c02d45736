"""What a Nowistay of pretence keeps of one account, and whom it tells when a booking changes."""

from __future__ import annotations

import base64
import hmac
import json
from collections import deque
from dataclasses import dataclass, field
from datetime import date

from vacancy.clock import Clock
from vacancy.domain.nights import Nights
from vacancy.simulator.systems.serving import Document, Hook, Sold

#: Left out of everything but the detail, and there without its scope.
SENSITIVE = ("guestEmail", "guestPhone", "guestAddress", "smartLockCode")
_FREE = {"cancelled"}


@dataclass
class Books:
    """Properties, bookings, custom parameters and webhooks. `signs`: how webhooks are signed,
    `standard`, `stamped` or `hex`."""

    clock: Clock
    signs: str = "standard"
    properties: dict[str, Document] = field(default_factory=dict[str, Document])
    bookings: dict[str, Document] = field(default_factory=dict[str, Document])
    parameters: dict[str, str] = field(default_factory=dict[str, str])
    webhooks: list[Document] = field(default_factory=list[Document])
    secrets: dict[int, str] = field(default_factory=dict[int, str])
    hooks: deque[Hook] = field(default_factory=deque[Hook])

    def __post_init__(self) -> None:
        self._booking_number = 9000
        self._told = 0

    def furnish(self, name: str, timezone: str, **address: str) -> str:
        """One more property with the subscription that the API asks for; its id."""
        made = 101 + len(self.properties)
        self.properties[str(made)] = {
            "id": made,
            "name": name,
            "propertyType": "apartment",
            "capacity": 4,
            "checkInTime": "16:00:00",
            "checkOutTime": "11:00:00",
            "address": {**address, "timezone": timezone},
        }
        return str(made)

    def add(self, sold: Sold) -> str:
        return self._write(
            sold.property_id,
            sold.nights,
            channel=sold.channel or "direct",
            status="confirmed",
            confirmationCode=sold.code,
            guestName=sold.guest,
            guestEmail=sold.email,
            guestPhone=sold.phone,
            guestAddress="Via Roma 1, Como",
            smartLockCode="4711",
            adults=sold.adults,
            children=0,
            amount=str(sold.amount),
            currency=sold.currency,
        )

    def block(self, property_id: str, nights: Nights) -> str:
        return self._write(property_id, nights, channel="direct", status="blocked")

    def change(self, remote_id: str, nights: Nights) -> None:
        self.update(self.bookings[remote_id], _dates(nights))

    def cancel(self, remote_id: str) -> None:
        self.update(self.bookings[remote_id], {"status": "cancelled"})

    def update(self, booking: Document, fields: Document) -> None:
        """Write some fields, and tell who listens."""
        booking.update(fields)
        self._touched(booking, "booking.updated")

    def taken(self, wish: Document) -> bool:
        """Whether another booking of its property holds any of the nights of this one."""
        nights = _nights(wish)
        return any(
            _nights(one).overlaps(nights)
            for one in self.bookings.values()
            if one["id"] != wish["id"]
            and one["propertyId"] == wish["propertyId"]
            and one["status"] not in _FREE
        )

    def shown(self, booking: Document, *, sensitive: bool = False) -> Document:
        left_out = () if sensitive else SENSITIVE
        return {name: value for name, value in booking.items() if name not in left_out}

    def sign(self, body: bytes, secret: str) -> dict[str, str]:
        """The headers that a webhook of this body goes out with now."""
        made = str(int(self.clock.now().timestamp()))
        if self.signs == "hex":
            return {"X-Nowistay-Signature": _digest(secret.encode(), body).hex()}
        if self.signs == "stamped":
            digest = _digest(secret.encode(), f"{made}.".encode() + body)
            return {"X-Nowistay-Signature": f"t={made},v1={digest.hex()}"}
        self._told += 1
        key = base64.b64decode(secret.removeprefix("whsec_"))
        digest = _digest(key, f"msg_{self._told}.{made}.".encode() + body)
        return {
            "webhook-id": f"msg_{self._told}",
            "webhook-timestamp": made,
            "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        }

    def now(self) -> str:
        return self.clock.now().isoformat(timespec="seconds").replace("+00:00", "Z")

    def _write(self, property_id: str, nights: Nights, **more: object) -> str:
        self._booking_number += 1
        made: Document = {
            "id": self._booking_number,
            "propertyId": int(property_id),
            **_dates(nights),
            "notes": None,
            "customParameters": {},
            "createdAt": self.now(),
            **more,
        }
        self.bookings[str(self._booking_number)] = made
        self._touched(made, "booking.created")
        return str(self._booking_number)

    def _touched(self, booking: Document, event: str) -> None:
        booking["updatedAt"] = self.now()
        body = json.dumps({"event": event, "data": self.shown(booking)}).encode()
        for webhook in self.webhooks:
            if webhook["propertyId"] == booking["propertyId"] and event in webhook["events"]:
                signed = self.sign(body, self.secrets[webhook["id"]])
                self.hooks.append(Hook(webhook["url"], signed, body))


def _dates(nights: Nights) -> Document:
    return {"arrival": nights.arrival.isoformat(), "departure": nights.departure.isoformat()}


def _nights(booking: Document) -> Nights:
    return Nights(date.fromisoformat(booking["arrival"]), date.fromisoformat(booking["departure"]))


def _digest(key: bytes, told: bytes) -> bytes:
    return hmac.digest(key, told, "sha256")
