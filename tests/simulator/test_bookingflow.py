"""The simulated BookingFlow: what its document names, and what is assumed of it."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from vacancy.domain.nights import Nights
from vacancy.simulator.systems.bookingflow import PATH, BookingFlow
from vacancy.simulator.systems.serving import Asked, Simulated, Sold, Told

NOW = datetime(2027, 1, 10, 9, 0, 30, tzinfo=UTC)
STAY = Nights(date(2027, 2, 3), date(2027, 2, 6))
LATER = Nights(date(2027, 2, 10), date(2027, 2, 12))


class Stopped:
    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


class Desk:
    """Asks one BookingFlow with its key, in this process."""

    def __init__(self, web: Simulated, system: BookingFlow) -> None:
        self.web, self.system = web, system
        self.home = next(iter(self.system.rooms))

    def __call__(self, method: str, path: str, wish: Any = None, key: str | None = None) -> Told:
        path, _, query = path.partition("?")
        sent = {"authorization": f"Bearer {key or self.system.key}"}
        pairs = dict(pair.split("=") for pair in query.split("&") if pair)
        body = b"" if wish is None else json.dumps(wish).encode()
        return self.web.answer(Asked(method, PATH + path, pairs, sent, body))

    def wish(self, first: str, last: str, nights: Nights = STAY) -> dict[str, Any]:
        days = {first: nights.arrival.isoformat(), last: nights.departure.isoformat()}
        return {"room_id": self.home, "external_id": "stay_1", **days}


@pytest.fixture
def desk() -> Iterator[Desk]:
    system = BookingFlow(Stopped())
    with Simulated(system).running() as web:
        yield Desk(web, system)


def test_the_example_request_of_its_document_is_answered(desk: Desk) -> None:
    """`curl .../api/v1/public/me` with the key as a bearer; another key is refused."""
    assert desk("GET", "/me").status == 200
    assert desk("GET", "/me", key="other").status == 401


def test_a_listing_comes_in_pages_and_is_filtered(desk: Desk) -> None:
    """Bookings by room, day and status."""
    made = desk.system.add(Sold(desk.home, STAY))
    desk.system.cancel(desk.system.add(Sold(desk.home, LATER)))
    told = desk("GET", "/bookings?page=2&limit=1").document
    assert told["pagination"] == {"page": 2, "limit": 1, "total": 2, "total_pages": 2}
    for wish in (f"room={desk.home}&status=confirmed", "date=2027-02-04"):
        found = desk("GET", f"/bookings?{wish}").document["bookings"]
        assert [one["id"] for one in found] == [made]


def test_a_key_that_only_reads_does_not_write(desk: Desk) -> None:
    """403, with the reason."""
    desk.system.keys["reads"] = False
    assert desk("GET", "/bookings", key="reads").status == 200
    wish = desk.wish("check_in", "check_out")
    assert desk("POST", "/bookings", wish, key="reads").status == 403


def test_bookings_and_blocks_take_their_nights(desk: Desk) -> None:
    """Once; canceled or lifted they hold nothing."""
    book, close = desk.wish("check_in", "check_out"), desk.wish("start_date", "end_date")
    made = desk("POST", "/bookings", book).document["data"]["id"]
    assert desk("POST", "/schedules/block", close).status == 409
    assert desk("DELETE", f"/bookings/{made}").document["data"]["status"] == "canceled"
    block = desk("POST", "/schedules/block", close).document["data"]["id"]
    assert desk("POST", "/bookings", book).status == 409
    assert desk("DELETE", f"/schedules/{block}").status == 204
    assert desk("DELETE", f"/schedules/{block}").status == 404
    assert desk("POST", "/bookings", book).status == 201


def test_too_many_requests_are_told_when_to_come_again(desk: Desk) -> None:
    """429 with Retry-After, until the minute is over."""
    desk.system.window.most = 1
    assert desk("GET", "/me").status == 200
    told = desk("GET", "/me")
    assert (told.status, told.headers["Retry-After"]) == (429, "30")


def test_webhooks_are_signed(desk: Desk) -> None:
    """Made, moved and canceled, each with a digest of its body."""
    desk.system.listeners.append("http://127.0.0.1:9/hook")
    made = desk.system.add(Sold(desk.home, STAY))
    desk.system.change(made, LATER)
    desk.system.cancel(made)
    events = [json.loads(hook.body)["event"] for hook in desk.system.hooks]
    assert events == ["booking.created", "booking.updated", "booking.canceled"]
    hook = desk.system.hooks[0]
    digest = hmac.digest(desk.system.secret.encode(), hook.body, "sha256").hex()
    assert hook.headers == {"X-BookingFlow-Signature": f"sha256={digest}"}
