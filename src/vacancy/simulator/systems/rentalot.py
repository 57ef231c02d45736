"""A Rentalot of pretence: plans, limits, properties, contacts, a calendar of instants, webhooks.

True to its document and its published schema: `ra_` keys, pages of at most what the plan allows,
`X-RateLimit-*` on every answer, `Idempotency-Key` on every POST for 24 hours, errors in one shape,
showings that are events, cancelled and not removed. Assumed, where neither says: an idempotency key
used again for another body is a 422, webhooks carry `{"id", "type", "createdAt", "data"}`, their
signature is the digest of the body in hex; and loopback receivers may speak plain HTTP.
"""

from __future__ import annotations

import hmac
import json
import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from vacancy.clock import Clock
from vacancy.domain.nights import Nights
from vacancy.simulator.systems.rentalot_door import Door, invalid, refusal
from vacancy.simulator.systems.rentalot_slots import availability
from vacancy.simulator.systems.serving import Asked, Document, Handler, Hook, Sold, Told, post

_CHECK_IN, _CHECK_OUT = time(16), time(11)
_TIMES = ("startTime", "endTime")
_SHOWN = ("title", "description", "timeZone", "location", "notes")


@dataclass
class Rentalot:
    """The books of one account on one plan. Its properties have no time zone, its events do."""

    clock: Clock
    key: str = "ra_live_key_of_pretence"
    plan: str = "scale"
    zone: str = "Europe/Lisbon"
    properties: dict[str, Document] = field(default_factory=dict[str, Document])
    contacts: dict[str, Document] = field(default_factory=dict[str, Document])
    events: dict[str, Document] = field(default_factory=dict[str, Document])
    webhooks: dict[str, Document] = field(default_factory=dict[str, Document])
    hooks: deque[Hook] = field(default_factory=deque[Hook])

    def __post_init__(self) -> None:
        self.secrets: dict[str, str] = {}
        self._numbers = 0
        self.door = Door(self.clock, self.key, self.plan)
        for address in ("Rua Azul 1", "Linienstrasse 5"):
            self.furnish(address)

    @property
    def routes(self) -> Mapping[str, Handler]:
        return {
            "GET /api/v1/properties": lambda asked: self.door.page(asked, self.properties),
            "GET /api/v1/properties/{id}": lambda asked: _shown(asked, self.properties, "Property"),
            "GET /api/v1/contacts": self._contacts,
            "POST /api/v1/contacts": self.door.once(self._meet),
            "GET /api/v1/events": lambda asked: self._calendar(asked, self.events),
            "GET /api/v1/showings": lambda asked: self._calendar(asked, self._showings()),
            "POST /api/v1/showings": self.door.once(self._schedule),
            "GET /api/v1/showings/availability": self._slots,
            "GET /api/v1/showings/{id}": lambda asked: _shown(asked, self._showings(), "Showing"),
            "PATCH /api/v1/showings/{id}": self._reschedule,
            "DELETE /api/v1/showings/{id}": self._call_off,
            "GET /api/v1/webhooks": lambda asked: self.door.page(asked, self.webhooks),
            "POST /api/v1/webhooks": self.door.once(self._listen),
            "POST /api/v1/webhooks/{id}/test": self.door.once(self._ping),
            "POST /api/v1/webhooks/{id}/rotate-secret": self.door.once(self._rotate),
        }

    # How it is asked

    def admit(self, asked: Asked) -> Told | None:
        return self.door.admit(asked)

    def refuse(self, status: int) -> Told:
        return refusal(status)

    def manners(self, asked: Asked, told: Told) -> Told:
        return self.door.manners(asked, told)

    # The calendar

    def _showings(self) -> dict[str, Document]:
        return {name: one for name, one in self.events.items() if one["type"] == "showing"}

    def _calendar(self, asked: Asked, shelf: Mapping[str, Document]) -> Told:
        found = dict(sorted(shelf.items(), key=lambda item: (item[1]["startTime"], item[0])))
        for name in ("type", "propertyId", "contactId", "status"):
            if wanted := asked.query.get(name):
                found = {key: one for key, one in found.items() if one[name] == wanted}
        after, before = asked.query.get("startAfter"), asked.query.get("startBefore")
        for text, late in ((after, True), (before, False)):
            if text is not None:
                edge = _instant(text)
                if edge is None:
                    wrong = "startAfter" if late else "startBefore"
                    return invalid(wrong, "Must be an ISO 8601 datetime")
                found = {k: one for k, one in found.items() if _beyond(one, edge, late)}
        return self.door.page(asked, found)

    def _slots(self, asked: Asked) -> Told:
        today = self.clock.now().astimezone(ZoneInfo(self.zone)).date()
        return availability(asked, self.events.values(), self.zone, today)

    def _schedule(self, asked: Asked) -> Told:
        wish = asked.document
        if wish.get("propertyId") not in self.properties:
            return invalid("propertyId", "Unknown property")
        if wish.get("contactId") not in self.contacts:
            return invalid("contactId", "Unknown contact")
        if wrong := _wrong(wish):
            return invalid(wrong, "Is missing or not valid")
        made = self._write("showing", str(wish["propertyId"]), wish, status="pending")
        self._tell("showing.booked", self.events[made])
        return Told(201, {"data": self.events[made]})

    def _reschedule(self, asked: Asked) -> Told:
        found = self._showings().get(asked.named["id"])
        if found is None:
            return refusal(404, "Showing")
        wish = {**found, **asked.document}
        if wrong := _wrong(wish):
            return invalid(wrong, "Is missing or not valid")
        times = {name: _written(wish[name]) for name in _TIMES}
        kept = {name: wish[name] for name in (*_SHOWN, "status")}
        found.update({**kept, **times, "updatedAt": self._now()})
        return Told(200, {"data": found})

    def _call_off(self, asked: Asked) -> Told:
        found = self._showings().get(asked.named["id"])
        if found is None:
            return refusal(404, "Showing")
        self.cancel(found["id"])
        return Told(204)

    # People and webhooks

    def _contacts(self, asked: Asked) -> Told:
        wanted = asked.query.get("search", "").lower()
        said = {
            key: f"{one['name']} {one['email']} {one['phone']}"
            for key, one in self.contacts.items()
        }
        found = {key: self.contacts[key] for key, text in said.items() if wanted in text.lower()}
        return self.door.page(asked, found)

    def _meet(self, asked: Asked) -> Told:
        wish = asked.document
        if not wish.get("name") or not (wish.get("email") or wish.get("phone")):
            return invalid("name", "A name, and an email or a phone, are needed")
        return Told(201, {"data": self.contacts[self.meet(str(wish["name"]), wish.get("email"))]})

    def _listen(self, asked: Asked) -> Told:
        url, events = str(asked.document.get("url", "")), asked.document.get("events")
        if not url.startswith(("https://", "http://127.0.0.1:")):
            return invalid("url", "Must use HTTPS")
        if not isinstance(events, list) or not events:
            return invalid("events", "At least one is needed")
        made = self._id()
        self.webhooks[made] = {
            "id": made,
            "url": url,
            "events": events,
            "active": True,
            "description": asked.document.get("description"),
            **dict.fromkeys(("lastDeliveredAt", "lastFailedAt")),
            **self._dated(),
        }
        self.secrets[made] = f"whsec_{uuid.uuid5(uuid.NAMESPACE_OID, made).hex}"
        return Told(201, {"data": {**self.webhooks[made], "secret": self.secrets[made]}})

    def _ping(self, asked: Asked) -> Told:
        hook = self.webhooks.get(asked.named["id"])
        if hook is None:
            return refusal(404, "Webhook")
        status = post(self._hook(hook, "test", {}))
        told = {"status": "delivered" if status // 100 == 2 else "failed", "statusCode": status}
        return Told(200, {"data": told})

    def _rotate(self, asked: Asked) -> Told:
        hook = self.webhooks.get(asked.named["id"])
        if hook is None:
            return refusal(404, "Webhook")
        self.secrets[hook["id"]] = f"whsec_{uuid.uuid5(uuid.NAMESPACE_OID, self._id()).hex}"
        return Told(200, {"data": {"id": hook["id"], "secret": self.secrets[hook["id"]]}})

    def _tell(self, event: str, data: Document) -> None:
        for hook in self.webhooks.values():
            if hook["active"] and event in hook["events"]:
                self.hooks.append(self._hook(hook, event, data))

    def _hook(self, hook: Document, event: str, data: Document) -> Hook:
        told = {"id": self._id(), "type": event, "createdAt": self._now(), "data": data}
        body = json.dumps(told).encode()
        return Hook(hook["url"], self.sign(hook["id"], body), body)

    def sign(self, webhook_id: str, body: bytes) -> dict[str, str]:
        """The headers that this body goes out with to a webhook."""
        digest = hmac.digest(self.secrets[webhook_id].encode(), body, "sha256")
        return {"X-Webhook-Signature": digest.hex()}

    # Its books

    def furnish(self, address: str) -> str:
        """One more property; its id."""
        made = self._id()
        self.properties[made] = {
            "id": made,
            "userId": "tenant-1",
            "address": address,
            "city": "Lisboa",
            "monthlyRent": 2400,
            "bedrooms": 2,
            "bathrooms": 1.5,
            "features": ["balcony"],
            "status": "active",
            **dict.fromkeys(("state", "zip", "availabilityDate", "description", "ownerId")),
            **self._dated(),
        }
        return made

    def meet(self, name: str, email: str | None = None) -> str:
        """One more contact; its id."""
        made = self._id()
        self.contacts[made] = {
            "id": made,
            "name": name,
            "email": email,
            "status": "prospect",
            "source": "api",
            **dict.fromkeys(("phone", "channelPreference", "referralSource")),
            **self._dated(),
        }
        return made

    def add(self, sold: Sold) -> str:
        """Time of the property that somebody of the account's own keeps: a meeting."""
        return self._keep("meeting", sold.property_id, sold.nights, title=f"Stay of {sold.guest}")

    def block(self, property_id: str, nights: Nights) -> str:
        """Time that comes from the owner's own calendar."""
        return self._keep(
            "inspection", property_id, nights, title="Owner", source="google_calendar"
        )

    def show(self, property_id: str, start: datetime, length: timedelta) -> str:
        """A viewing between two instants; its id."""
        wish = {"startTime": start.isoformat(), "endTime": (start + length).isoformat()}
        return self._write("showing", property_id, {**wish, "title": "Showing"})

    def change(self, remote_id: str, nights: Nights) -> None:
        self.events[remote_id].update({**self._times(nights), "updatedAt": self._now()})

    def cancel(self, remote_id: str) -> None:
        found = self.events[remote_id]
        found.update({"status": "cancelled", "updatedAt": self._now()})
        shown = found["type"] == "showing"
        self._tell("showing.cancelled" if shown else "event.cancelled", found)

    def drop(self, remote_id: str) -> None:
        """What was listed is listed no more."""
        self._tell("event.deleted", self.events.pop(remote_id))

    def _keep(self, kind: str, property_id: str, nights: Nights, **more: object) -> str:
        made = self._write(
            kind, property_id, {**self._times(nights), "timeZone": self.zone, **more}
        )
        self._tell("event.created", self.events[made])
        return made

    def _write(self, kind: str, property_id: str, said: Document, status: str = "confirmed") -> str:
        made = self._id()
        self.events[made] = {
            "id": made,
            "type": kind,
            "status": status,
            "source": said.get("source", "internal"),
            "propertyId": property_id,
            "contactId": said.get("contactId"),
            **{name: said.get(name) for name in _SHOWN},
            **{name: _written(said[name]) for name in _TIMES},
            **self._dated(),
        }
        return made

    def _times(self, nights: Nights) -> Document:
        zone = ZoneInfo(self.zone)
        first = datetime.combine(nights.arrival, _CHECK_IN, zone)
        last = datetime.combine(nights.departure, _CHECK_OUT, zone)
        return {"startTime": _written(first.isoformat()), "endTime": _written(last.isoformat())}

    def _id(self) -> str:
        self._numbers += 1
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"rentalot {self._numbers}"))

    def _dated(self) -> Document:
        return dict.fromkeys(("createdAt", "updatedAt"), self._now())

    def _now(self) -> str:
        return _written(self.clock.now().isoformat())


def _shown(asked: Asked, shelf: Mapping[str, Document], thing: str) -> Told:
    found = shelf.get(asked.named["id"])
    return refusal(404, thing) if found is None else Told(200, {"data": found})


def _instant(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _written(text: object) -> str:
    """An instant as the system writes it down: UTC, to the millisecond."""
    found = _instant(text)
    if found is None:
        return str(text)
    return found.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _wrong(wish: Document) -> str:
    """The first field of a showing that is not valid; empty where all are."""
    title, start, end = (
        wish.get("title"),
        _instant(wish.get("startTime")),
        _instant(wish.get("endTime")),
    )
    if not isinstance(title, str) or not 1 <= len(title) <= 200:
        return "title"
    if start is None:
        return "startTime"
    return "endTime" if end is None or end <= start else ""


def _beyond(event: Document, edge: datetime, late: bool) -> bool:
    start = _instant(event["startTime"])
    return start is not None and (start > edge if late else start < edge)
