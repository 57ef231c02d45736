"""A Nowistay of pretence: consent by OAuth, properties, bookings, missions, signed webhooks.

Its document gives the addresses, scopes, filters, limits, errors and the fields of a property; of a
booking it names what can be written. The rest is assumed here as such systems have it: the names of
guest, code and instants in a booking, withheld nights listed as bookings of the status `blocked`,
404 for what other accounts have, 409 for nights that are taken or a channel's own, `Retry-After`
beside 429, and the header that webhooks are signed in.
"""

from __future__ import annotations

import base64
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from vacancy.clock import Clock
from vacancy.domain.nights import Nights
from vacancy.simulator.systems.nowistay_books import Books
from vacancy.simulator.systems.oauth import Consent, Grant, Mint, numbered
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

SCOPES = (
    *("properties.read", "bookings.read", "bookings.sensitive.read", "bookings.write"),
    *("booking_parameters.read", "booking_parameters.write", "missions.read", "missions.write"),
    *("activity.read", "team_members.read", "webhooks.read", "webhooks.write"),
)
_BASE = "/public/v1"
#: What each route asks of a token; what a PATCH asks, its fields decide.
_NEEDS = {
    f"GET {_BASE}/properties": "properties.read",
    f"GET {_BASE}/properties/{{id}}/activity": "activity.read",
    f"GET {_BASE}/bookings": "bookings.read",
    f"GET {_BASE}/bookings/{{id}}": "bookings.read",
    f"GET {_BASE}/booking-parameters": "booking_parameters.read",
    f"POST {_BASE}/booking-parameters": "booking_parameters.write",
    f"POST {_BASE}/missions": "missions.write",
    f"GET {_BASE}/webhooks": "webhooks.read",
    f"POST {_BASE}/webhooks": "webhooks.write",
}
_CODES = {
    400: ("bad_request", "The request is malformed"),
    401: ("unauthorized", "Missing or invalid bearer token"),
    404: ("not_found", "Resource not found"),
    429: ("rate_limited", "Rate limit exceeded"),
    500: ("internal_error", "Something went wrong"),
}
_BAD_KEY = (
    "Parameter key must be lowercase snake_case, start with a letter, and be at most 40 characters"
)
_FILTERS = ("propertyId", "status", "channel")
_DATES = {"arrival", "departure"}
_WRITTEN = {*_DATES, "adults", "children", "amount", "currency", "notes", "guestName"}
_MOST_WEBHOOKS = 3


@dataclass
class Nowistay:
    """One account. `largest`: the most bookings that a page holds."""

    clock: Clock
    mint: Mint = field(default_factory=numbered)
    reads: int = 120
    writes: int = 30
    consents: int = 20
    largest: int = 100

    def __post_init__(self) -> None:
        resource = f"https://api.nowistay.com{_BASE}"
        self.consent = Consent(resource, SCOPES, self.clock, self.mint, self._error)
        self.books = Books(self.clock)
        self.hooks: deque[Hook] = self.books.hooks
        self.books.furnish(
            "Lilas Apartment", "Europe/Paris", city="Paris", country="France", countryCode="FR"
        )
        self.books.furnish(
            "Casa Azul", "Europe/Lisbon", city="Lisbon", country="Portugal", countryCode="PT"
        )
        self._windows = {
            "oauth": Window(self.consents),
            "read": Window(self.reads),
            "write": Window(self.writes),
        }
        self._errors = 0
        self._missions = 0

    @property
    def routes(self) -> Mapping[str, Handler]:
        told_at = "/.well-known/oauth-authorization-server/public-api"
        return {
            f"GET {_BASE}/properties": lambda asked: self._page(asked, [*self._let.values()]),
            f"GET {_BASE}/properties/{{id}}/activity": self._activity,
            f"GET {_BASE}/bookings": self._list,
            f"GET {_BASE}/bookings/{{id}}": self._show,
            f"PATCH {_BASE}/bookings/{{id}}": self._patch,
            f"GET {_BASE}/booking-parameters": self._parameters,
            f"POST {_BASE}/booking-parameters": self._add_parameter,
            f"POST {_BASE}/missions": self._add_mission,
            f"GET {_BASE}/webhooks": lambda asked: self._page(asked, self.books.webhooks),
            f"POST {_BASE}/webhooks": self._subscribe,
            **self.consent.routes("/public/oauth", told_at),
        }

    # How its books are driven

    def add(self, sold: Sold) -> str:
        return self.books.add(sold)

    def change(self, remote_id: str, nights: Nights) -> None:
        self.books.change(remote_id, nights)

    def cancel(self, remote_id: str) -> None:
        self.books.cancel(remote_id)

    def block(self, property_id: str, nights: Nights) -> str:
        return self.books.block(property_id, nights)

    # How it is asked, and refuses

    def admit(self, asked: Asked) -> Told | None:
        if not asked.path.startswith(_BASE):
            return self._limited("oauth", asked.document.get("client_id", ""))
        grant = self.consent.holder(asked.bearer)
        if grant is None or grant.revoked:
            return self.refuse(401)
        if grant.expires is not None and self.clock.now() >= grant.expires:
            return self._error(401, "token_expired", "The access token has expired")
        kind = "read" if asked.method == "GET" else "write"
        over = self._limited(kind, f"{grant.client.client_id} {asked.route}")
        needed = _NEEDS.get(asked.route)
        return over or (self._lacks(needed) if needed and needed not in grant.scopes else None)

    def refuse(self, status: int) -> Told:
        told = self._error(status, *_CODES.get(status, _CODES[400]))
        return told.saying(Retry_After="30") if status == 429 else told

    def manners(self, asked: Asked, told: Told) -> Told:  # noqa: ARG002 - as every system is asked
        return told

    def _limited(self, kind: str, who: str) -> Told | None:
        left, ends = self._windows[kind].count(who, self.clock.now())
        wait = ends - int(self.clock.now().timestamp())
        return self.refuse(429).saying(Retry_After=str(wait)) if left < 0 else None

    def _lacks(self, scope: str) -> Told:
        return self._error(403, "missing_scope", f"The token lacks the scope {scope}")

    def _invalid(self, message: str) -> Told:
        return self._error(422, "validation_error", message)

    def _error(self, status: int, code: str, message: str) -> Told:
        self._errors += 1
        request = f"req_{self._errors:026d}"
        return Told(status, {"error": {"code": code, "message": message, "requestId": request}})

    def _grant(self, asked: Asked) -> Grant:
        grant = self.consent.holder(asked.bearer)
        assert grant is not None, "nobody else is admitted"  # noqa: S101 - a pretend system
        return grant

    @property
    def _let(self) -> dict[str, Document]:
        return self.books.properties

    # What it answers

    def _page(self, asked: Asked, everything: list[Document]) -> Told:
        limit = min(_number(asked.query.get("limit"), 50), self.largest)
        page = _number(asked.query.get("page"), 1)
        if limit < 1 or page < 1:
            return self._invalid("limit and page begin at 1")
        first = _number(asked.query.get("offset"), (page - 1) * limit)
        counted = {
            "page": first // limit + 1,
            "limit": limit,
            "totalItems": len(everything),
            "totalPages": max(1, -(-len(everything) // limit)),
        }
        return Told(200, {"data": everything[first : first + limit], "pagination": counted})

    def _list(self, asked: Asked) -> Told:
        query = asked.query
        start, end = day(query.get("fromDate")), day(query.get("toDate"))
        if ("fromDate" in query and not start) or ("toDate" in query and not end):
            return self._invalid("fromDate and toDate are dates")
        return self._page(
            asked,
            [
                self.books.shown(one)
                for one in self.books.bookings.values()
                if str(one["propertyId"]) in self._let
                and all(query.get(name, str(one[name])) == str(one[name]) for name in _FILTERS)
                and (start is None or one["departure"] > start.isoformat())
                and (end is None or one["arrival"] <= end.isoformat())
            ],
        )

    def _found(self, asked: Asked) -> Document | None:
        found = self.books.bookings.get(asked.named["id"])
        return found if found is not None and str(found["propertyId"]) in self._let else None

    def _show(self, asked: Asked) -> Told:
        found = self._found(asked)
        if found is None:
            return self.refuse(404)
        sensitive = "bookings.sensitive.read" in self._grant(asked).scopes
        return Told(200, {"data": self.books.shown(found, sensitive=sensitive)})

    def _patch(self, asked: Asked) -> Told:
        found, wish = self._found(asked), asked.document
        if found is None:
            return self.refuse(404)
        custom: Document = wish.get("customParameters", {})
        known = set(wish) <= {*_WRITTEN, "silent", "customParameters"}
        if not wish or not known or not isinstance(custom, dict):
            return self.refuse(400)
        fields = {name: value for name, value in wish.items() if name in _WRITTEN}
        refused = self._refused(found, fields, custom, self._grant(asked))
        if refused is not None:
            return refused
        merged = {**found["customParameters"], **custom}
        kept = {key: value for key, value in merged.items() if value is not None}
        self.books.update(found, {**fields, "customParameters": kept})
        return Told(200, {"data": self.books.shown(found)})

    def _refused(
        self, found: Document, fields: Document, custom: Document, grant: Grant
    ) -> Told | None:
        needed = [("bookings.write", fields), ("booking_parameters.write", custom)]
        for scope, written in needed:
            if written and scope not in grant.scopes:
                return self._lacks(scope)
        if not set(custom) <= set(self.books.parameters):
            return self._invalid("A custom parameter is not known")
        if fields and found["channel"] != "direct":
            return self._error(409, "read_only_booking", "The channel owns this booking")
        wrong = _wrong({**found, **fields})
        if wrong:
            return self._invalid(wrong)
        if _DATES & set(fields) and self.books.taken({**found, **fields}):
            return self._error(409, "dates_unavailable", "These dates are not available")
        return None

    def _activity(self, asked: Asked) -> Told:
        if asked.named["id"] not in self._let:
            return self.refuse(404)
        events = [
            {"category": "booking", "bookingId": one["id"], "occurredAt": one["updatedAt"]}
            for one in self.books.bookings.values()
            if str(one["propertyId"]) == asked.named["id"]
        ]
        return self._page(asked, events)

    def _parameters(self, asked: Asked) -> Told:
        shown = [{"key": key, "name": name} for key, name in self.books.parameters.items()]
        return self._page(asked, shown)

    def _add_parameter(self, asked: Asked) -> Told:
        key, name = asked.document.get("key"), asked.document.get("name")
        if not isinstance(key, str) or not isinstance(name, str):
            return self.refuse(400)
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", key):
            return self._invalid(_BAD_KEY)
        if key in self.books.parameters:
            return self._error(409, "conflict", "The parameter key already exists")
        self.books.parameters[key] = name
        return Told(201, {"data": {"key": key, "name": name}})

    def _add_mission(self, asked: Asked) -> Told:
        wish = asked.document
        if str(wish.get("propertyId")) not in self._let:
            return self.refuse(404)
        self._missions += 1
        return Told(201, {"data": {"id": self._missions, "status": "scheduled", **wish}})

    def _subscribe(self, asked: Asked) -> Told:
        names = ("propertyId", "url", "events", "description")
        wish = {name: asked.document.get(name) for name in names}
        if "bookings.read" not in self._grant(asked).scopes:
            return self._lacks("bookings.read")
        if str(wish["propertyId"]) not in self._let or not wish["url"] or not wish["events"]:
            return self.refuse(400)
        kept = self.books.webhooks
        if sum(one["propertyId"] == wish["propertyId"] for one in kept) >= _MOST_WEBHOOKS:
            return self._error(409, "conflict", "A property has three webhooks at most")
        now = self.books.now()
        made = {"id": len(kept) + 1, "status": "active", **wish, "createdAt": now, "updatedAt": now}
        kept.append(made)
        secret = "whsec_" + base64.b64encode(self.mint("webhook-secret-").encode()).decode()
        self.books.secrets[made["id"]] = secret
        return Told(201, {**made, "signingSecret": secret})


def _number(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() else default


def _wrong(booking: Document) -> str:
    """What is wrong with a booking as it would be, in the system's words; empty where nothing."""
    first, last = day(booking["arrival"]), day(booking["departure"])
    if not first or not last or first >= last:
        return "arrival must be a date before departure"
    for name in ("adults", "children"):
        if not isinstance(booking.get(name, 0), int):
            return f"{name} must be a number"
    try:
        Decimal(str(booking.get("amount", "0")))
    except InvalidOperation:
        return "amount must be a decimal number"
    return ""
