"""The simulated Stayer: what its document names, and what is assumed of it."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from vacancy.domain.nights import Nights
from vacancy.simulator.systems.serving import Asked, Simulated, Sold, Told
from vacancy.simulator.systems.stayer import Stayer

NOW = datetime(2027, 1, 10, 9, 0, 30, tzinfo=UTC)
STAY = Nights(date(2027, 2, 3), date(2027, 2, 6))
LATER = Nights(date(2027, 2, 10), date(2027, 2, 12))


class Stopped:
    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


class Desk:
    """Asks one Stayer with its key, in this process."""

    def __init__(self, web: Simulated, system: Stayer) -> None:
        self.web, self.system = web, system
        self.home = next(iter(self.system.properties))

    def __call__(self, method: str, path: str, wish: Any = None, key: str | None = None) -> Told:
        path, _, query = path.partition("?")
        sent = {"authorization": f"Bearer {key or self.system.key}"}
        pairs = dict(pair.split("=") for pair in query.split("&") if pair)
        body = b"" if wish is None else json.dumps(wish).encode()
        return self.web.answer(Asked(method, path, pairs, sent, body))

    def wish(self, nights: Nights = STAY) -> dict[str, Any]:
        first, last = nights.arrival.isoformat(), nights.departure.isoformat()
        return {"propertyId": self.home, "checkIn": first, "checkOut": last, "externalId": "stay_1"}


@pytest.fixture
def desk() -> Iterator[Desk]:
    system = Stayer(Stopped())
    with Simulated(system).running() as web:
        yield Desk(web, system)


def test_a_listing_holds_every_kind_that_the_document_names(desk: Desk) -> None:
    """Bookings, imported stays, direct bookings, blocked dates and checkout events."""
    own = desk.system.add(Sold(desk.home, STAY))
    desk.system.add(Sold(desk.home, LATER, channel="airbnb", code="HMABCDEF12"))
    desk.system.block(desk.home, Nights(date(2027, 3, 1), date(2027, 3, 4)))
    desk.system.check_out(own)
    desk("POST", "/v1/bookings", desk.wish(Nights(date(2027, 4, 1), date(2027, 4, 4))))
    kinds = [one["type"] for one in desk("GET", "/v1/bookings").document["data"]]
    assert kinds == ["booking", "imported_stay", "blocked_dates", "checkout", "direct_booking"]


def test_a_listing_comes_in_pages(desk: Desk) -> None:
    """What is asked for at most, and how many there are in all."""
    told = desk("GET", "/v1/properties?page=2&limit=1").document
    assert told["pagination"] == {"page": 2, "limit": 1, "total": 2, "totalPages": 2}
    assert [one["name"] for one in told["data"]] == ["Loft Mitte"]


def test_a_key_does_what_its_scopes_say(desk: Desk) -> None:
    """Without a key 401; a key for reading does not write."""
    desk.system.keys["for_reading"] = {"read"}
    assert desk("GET", "/v1/bookings", key="other").status == 401
    assert desk("GET", "/v1/bookings", key="for_reading").status == 200
    assert desk("POST", "/v1/bookings", desk.wish(), key="for_reading").status == 403


def test_a_direct_booking_takes_its_nights(desk: Desk) -> None:
    """Once; moved onto another it is refused; canceled it holds nothing."""
    other = desk.system.block(desk.home, LATER)
    made = desk("POST", "/v1/bookings", desk.wish()).document["data"]
    assert desk("POST", "/v1/bookings", desk.wish()).status == 409
    one = f"/v1/bookings/{made['id']}"
    assert desk("PATCH", one, desk.wish(LATER)).status == 409
    assert desk("PATCH", one, {"status": "canceled"}).document["data"]["status"] == "canceled"
    assert desk("POST", "/v1/bookings", desk.wish()).status == 201
    assert desk("PATCH", f"/v1/bookings/{other}", {"status": "canceled"}).status == 400
    assert desk("GET", "/v1/bookings/none").status == 404


def test_too_many_requests_are_told_when_to_come_again(desk: Desk) -> None:
    """429 with Retry-After, until the minute is over."""
    desk.system.window.most = 2
    statuses = [desk("GET", "/v1/bookings").status for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert desk("GET", "/v1/bookings").headers["Retry-After"] == "30"


def test_webhooks_are_signed(desk: Desk) -> None:
    """Who listens for bookings hears of each, with the time and a digest over both."""
    wish = {"url": "http://127.0.0.1:9/hook", "events": ["booking.created", "booking.updated"]}
    secret = desk("POST", "/v1/webhooks", wish).document["data"]["secret"]
    made = desk.system.add(Sold(desk.home, STAY))
    desk.system.change(made, LATER)
    assert [json.loads(hook.body)["type"] for hook in desk.system.hooks] == wish["events"]
    hook = desk.system.hooks[0]
    stamp = str(int(NOW.timestamp()))
    digest = hmac.digest(secret.encode(), f"{stamp}.".encode() + hook.body, "sha256").hex()
    assert hook.headers == {"X-Stayer-Signature": f"t={stamp},v1={digest}"}
