"""The simulated Rentalot answers as its document and its published schema say."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

import httpx
import pytest
import schemathesis

from sources.curls import document
from vacancy.domain.nights import Nights
from vacancy.simulator.systems.rentalot import Rentalot
from vacancy.simulator.systems.serving import Asked, Simulated, Sold, Told

NOW = datetime(2027, 1, 10, 9, 0, 30, tzinfo=UTC)
STAY = Nights(date(2027, 2, 3), date(2027, 2, 6))
#: The schema takes `event.created` and four more in a request, and forgets them in the answer.
EVENTS = ["showing.booked", "showing.cancelled"]


Check = Callable[[Told, str, str], Told]


class Stopped:
    """A clock that a test sets."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return 0.0


class Desk:
    """Asks one Rentalot with its key, in this process."""

    def __init__(self, web: Simulated, system: Rentalot, clock: Stopped) -> None:
        self.web, self.system, self.clock = web, system, clock
        self.home = next(iter(self.system.properties))

    def __call__(
        self, method: str, path: str, wish: Any = None, key: str | None = None, **headers: str
    ) -> Told:
        path, _, query = path.partition("?")
        sent = {"authorization": f"Bearer {key or self.system.key}", **headers}
        named = {name.replace("_", "-"): value for name, value in sent.items()}
        pairs = dict(pair.split("=") for pair in query.split("&") if pair)
        body = b"" if wish is None else json.dumps(wish).encode()
        return self.web.answer(Asked(method, f"/api/v1{path}", pairs, named, body))

    def wish(self, **more: Any) -> dict[str, Any]:
        return {
            "propertyId": self.home,
            "contactId": self.system.meet("Vacancy", "host@example.org"),
            "title": "Reserved",
            "startTime": "2027-02-03T12:00:00Z",
            "endTime": "2027-02-06T12:00:00Z",
            **more,
        }


class Open(Protocol):
    def __call__(self, **more: Any) -> Desk: ...


@pytest.fixture
def opened() -> Iterator[Open]:
    """Opens accounts at Rentalot, on this plan or that."""
    with ExitStack() as stack:

        def open_one(**more: Any) -> Desk:
            clock = Stopped()
            system = Rentalot(clock, **more)
            return Desk(stack.enter_context(Simulated(system).running()), system, clock)

        yield open_one


@pytest.fixture(scope="session")
def schema() -> Any:
    """The published schema, read where it lies and never copied."""
    return schemathesis.openapi.from_dict(json.loads(document("rentalot.openapi.json")))


@pytest.fixture
def valid(schema: Any) -> Check:
    """Checks one answer against the schema of its operation, and gives it back."""

    def check(told: Told, method: str, path: str) -> Told:
        headers = {"Content-Type": "application/json", **told.headers}
        asked = httpx.Request(method, f"https://rentalot.ai/api/v1{path}")
        answered = httpx.Response(
            told.status, headers=headers if told.body else told.headers, content=told.body
        )
        answered.request, answered.elapsed = asked, timedelta(seconds=1)
        schema[f"/api/v1{path}"][method].validate_response(answered)
        return told

    return check


def test_every_answer_fits_the_published_schema(opened: Open, valid: Check) -> None:
    """Lists, single things, what was written, errors of each kind: all are shaped as published."""
    desk = opened()
    desk.system.add(Sold(desk.home, STAY))
    desk.system.block(desk.home, STAY)
    for path in ("/properties", "/events", "/showings", "/contacts", "/webhooks"):
        assert valid(desk("GET", path), "GET", path).status == 200
        assert valid(desk("GET", path, key="ra_other"), "GET", path).status == 401
    made = valid(desk("POST", "/showings", desk.wish()), "POST", "/showings")
    assert made.status == 201
    slots = "/showings/availability"
    assert valid(desk("GET", f"{slots}?preferredDate=2027-02-03"), "GET", slots).status == 200
    one = f"/showings/{made.document['data']['id']}"
    assert valid(desk("GET", one), "GET", "/showings/{id}").status == 200
    assert valid(desk("PATCH", one, {"title": "Moved"}), "PATCH", "/showings/{id}").status == 200
    assert valid(desk("DELETE", one), "DELETE", "/showings/{id}").status == 204
    assert valid(desk("GET", "/showings/none"), "GET", "/showings/{id}").status == 404
    assert valid(desk("POST", "/showings", {}), "POST", "/showings").status == 422
    whom = {"name": "Ada Ebner", "email": "ada@guests.example"}
    assert valid(desk("POST", "/contacts", whom), "POST", "/contacts").status == 201


def test_webhooks_fit_the_published_schema(opened: Open, valid: Check) -> None:
    """Made with its secret shown once, listed without it, tested, and given another secret."""
    desk = opened()
    wish = {"url": "http://127.0.0.1:9/hook", "events": EVENTS}
    made = valid(desk("POST", "/webhooks", wish), "POST", "/webhooks").document["data"]
    listed = desk("GET", "/webhooks").document["data"]
    assert "secret" in made and "secret" not in listed[0]
    tested = valid(desk("POST", f"/webhooks/{made['id']}/test"), "POST", "/webhooks/{id}/test")
    assert tested.document["data"] == {"status": "failed", "statusCode": 0}
    turned = desk("POST", f"/webhooks/{made['id']}/rotate-secret")
    valid(turned, "POST", "/webhooks/{id}/rotate-secret")
    assert turned.document["data"]["secret"] != made["secret"]


def test_pages_answer_as_the_document_prints_them(opened: Open) -> None:
    """142 properties are 8 pages of 20."""
    desk = opened()
    for number in range(140):
        desk.system.furnish(f"Rua Azul {number + 2}")
    told = desk("GET", "/properties").document
    assert told["pagination"] == {"page": 1, "limit": 20, "total": 142, "totalPages": 8}
    assert len(told["data"]) == 20
    assert len(desk("GET", "/properties?page=8").document["data"]) == 2
    assert desk("GET", "/properties?limit=none").status == 422


def test_errors_answer_as_the_document_prints_them(opened: Open) -> None:
    """One shape for every error, and the words of the example."""
    told = opened()("GET", "/properties/none")
    error = {"code": "NOT_FOUND", "message": "Property not found"}
    assert (told.status, told.document) == (404, {"error": error})


def test_limits_answer_as_the_document_prints_them(opened: Open) -> None:
    """Every answer tells of the limit of its minute; one too many is told when to come again."""
    desk = opened(plan="pro")
    desk.clock.at = datetime.fromtimestamp(1707667197, UTC)
    told = [desk("GET", "/properties") for _ in range(33)][-1]
    assert told.headers == {
        "X-RateLimit-Limit": "120",
        "X-RateLimit-Remaining": "87",
        "X-RateLimit-Reset": "1707667200",
        "X-RateLimit-Resource": "properties",
    }
    told = [desk("GET", "/properties") for _ in range(88)][-1]
    assert (told.status, told.headers["Retry-After"]) == (429, "3")
    assert told.document["error"]["code"] == "RATE_LIMITED"
    desk.clock.at += timedelta(seconds=3)
    assert desk("GET", "/properties").status == 200


@pytest.mark.parametrize(("plan", "largest"), [("starter", 50), ("pro", 100), ("scale", 200)])
def test_the_plan_bounds_a_page(opened: Open, plan: str, largest: int) -> None:
    """A larger page is not refused: it is cut to what the plan allows, and says so."""
    told = opened(plan=plan)("GET", "/properties?limit=500").document
    assert told["pagination"]["limit"] == largest


@pytest.mark.parametrize(("plan", "reads", "writes"), [("trial", 403, 403), ("starter", 200, 403)])
def test_a_plan_allows_what_it_allows(opened: Open, plan: str, reads: int, writes: int) -> None:
    """The trial has no API, and the starter's is for reading."""
    desk = opened(plan=plan)
    assert desk("GET", "/events").status == reads
    told = desk("POST", "/showings", desk.wish())
    assert (told.status, told.document["error"]["code"]) == (writes, "FORBIDDEN")


def test_what_is_posted_twice_with_one_key_happens_once(opened: Open) -> None:
    """The second is answered as the first was, and says so; after a day the key is forgotten."""
    desk = opened()
    wish = desk.wish()
    first = desk("POST", "/showings", wish, idempotency_key="stay_1")
    again = desk("POST", "/showings", wish, idempotency_key="stay_1")
    assert (again.status, again.body) == (201, first.body)
    assert again.headers["X-Idempotent-Replayed"] == "true"
    assert "X-Idempotent-Replayed" not in first.headers
    other = desk("POST", "/showings", {**wish, "title": "Other"}, idempotency_key="stay_1")
    assert (other.status, len(desk.system.events)) == (422, 1)
    desk.clock.at += timedelta(hours=25)
    desk("POST", "/showings", wish, idempotency_key="stay_1")
    assert len(desk.system.events) == 2


def test_the_calendar_is_in_order_and_is_filtered_by_when_things_begin(opened: Open) -> None:
    """Events of every kind by start time; showings are those that are showings, cancelled too."""
    desk = opened()
    late = desk.system.block(desk.home, Nights(date(2027, 5, 1), date(2027, 5, 3)))
    early = desk.system.add(Sold(desk.home, STAY))
    shown = desk("POST", "/showings", desk.wish()).document["data"]["id"]

    def ids(path: str) -> list[str]:
        return [one["id"] for one in desk("GET", path).document["data"]]

    assert ids("/events") == [shown, early, late]
    assert ids("/events?startAfter=2027-03-01T00:00:00Z") == [late]
    assert ids("/events?startBefore=2027-03-01T00:00:00Z&type=meeting") == [early]
    desk("DELETE", f"/showings/{shown}")
    assert ids("/showings?status=cancelled") == [shown]
    assert ids("/showings?status=pending") == []


def test_who_listens_is_told_with_a_signature(opened: Open) -> None:
    """Each event that was asked for goes out signed with the secret shown once."""
    desk = opened()
    wish = {"url": "http://127.0.0.1:9/hook", "events": ["event.created", "event.cancelled"]}
    made = desk("POST", "/webhooks", wish).document["data"]
    desk.system.cancel(desk.system.add(Sold(desk.home, STAY)))
    desk("POST", "/showings", desk.wish())
    assert [json.loads(hook.body)["type"] for hook in desk.system.hooks] == wish["events"]
    hook = desk.system.hooks[0]
    digest = hmac.digest(made["secret"].encode(), hook.body, "sha256").hex()
    assert hook.headers == {"X-Webhook-Signature": digest}
    refused = desk("POST", "/webhooks", {**wish, "url": "http://example.org/hook"})
    assert refused.status == 422
