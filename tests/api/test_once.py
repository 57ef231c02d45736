"""A POST with an Idempotency-Key is done once; of many who want a night, one has it."""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import httpx2
import pytest

from api.asking import ApiHouse
from api.serving import served
from vacancy.store import bookings, idempotency

WISHES = 960 if os.environ.get("VACANCY_PROOF") else 96
STAY = {"arrival": "2027-02-03", "departure": "2027-02-05"}


def test_a_finished_post_is_answered_again(api: ApiHouse) -> None:
    """Same key and body: same status and body, marked; another body is refused."""
    wish = {"name": "Casa", "timezone": "Europe/Lisbon"}
    headers = {"Idempotency-Key": "one"}
    first = api.ask("POST", "/v1/properties", wish, headers=headers)
    again = api.ask("POST", "/v1/properties", wish, headers=headers)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert "X-Idempotent-Replayed" not in first.headers
    assert again.headers["X-Idempotent-Replayed"] == "true"
    other = api.ask("POST", "/v1/properties", {**wish, "name": "Villa"}, headers=headers)
    assert other.status_code == 422
    assert other.json()["error"]["code"] == "idempotency_key_reused"
    assert api.get("/v1/properties")["pagination"]["total_items"] == 1


def test_a_key_holds_for_one_caller_and_one_address(api: ApiHouse) -> None:
    """Another key of the house, or another path, is another request."""
    wish = {"name": "Casa", "timezone": "Europe/Lisbon"}
    headers = {"Idempotency-Key": "one"}
    api.ask("POST", "/v1/properties", wish, headers=headers)
    other = api.ask("POST", "/v1/properties", wish, headers=headers, key=api.make_key())
    assert other.status_code == 409  # the name is taken: it was tried, not replayed


def test_what_was_refused_may_be_tried_again(api: ApiHouse) -> None:
    """Only what was done is kept: after a 409 the same key may succeed."""
    unit = api.a_unit()
    made = api.post("/v1/bookings", {"unit_id": unit["id"], **STAY})
    headers = {"Idempotency-Key": "again"}
    wish = {"unit_id": unit["id"], **STAY}
    assert api.ask("POST", "/v1/bookings", wish, headers=headers).status_code == 409
    api.post(f"/v1/bookings/{made['id']}/cancel")
    assert api.ask("POST", "/v1/bookings", wish, headers=headers).status_code == 201


def test_old_answers_are_swept_away(api: ApiHouse) -> None:
    """What is kept for a day takes no room for longer."""
    wish = {"name": "Casa", "timezone": "Europe/Lisbon"}
    api.ask("POST", "/v1/properties", wish, headers={"Idempotency-Key": "one"})
    with api.store.write() as session:
        assert idempotency.forget(session, api.now) == 0
        assert idempotency.forget(session, api.now + idempotency.KEPT) == 1


def test_a_key_is_forgotten_after_a_day(api: ApiHouse) -> None:
    """24 hours later it is a new request."""
    headers = {"Idempotency-Key": "one"}
    wish = {"name": "Casa", "timezone": "Europe/Lisbon"}
    api.ask("POST", "/v1/properties", wish, headers=headers)
    api.pass_time(hours=24)
    later = api.ask("POST", "/v1/properties", {**wish, "name": "Villa"}, headers=headers)
    assert later.status_code == 201


@pytest.mark.parametrize("keyed", [True, False])
def test_of_a_hundred_at_once_one_is_done(api: ApiHouse, keyed: bool) -> None:
    """With one key: one effect, others replayed or told to wait. Without: one sale, others 409."""
    unit = api.a_unit()
    headers = {"Authorization": f"Bearer {api.key}"}
    if keyed:
        headers["Idempotency-Key"] = "all the same"
    with served(api) as url, httpx2.Client(base_url=url, headers=headers, timeout=60) as client:

        def ask(_: int) -> Any:
            return client.post("/v1/bookings", json={"unit_id": unit["id"], **STAY})

        with ThreadPoolExecutor(32) as pool:
            answers = list(pool.map(ask, range(100)))
    statuses = Counter(one.status_code for one in answers)
    made = {one.json()["id"] for one in answers if one.status_code == 201}
    assert set(statuses) <= {201, 409}
    assert len(made) == 1
    assert keyed or statuses[201] == 1
    assert api.get("/v1/bookings")["pagination"]["total_items"] == 1
    other = api.ask("POST", "/v1/bookings", {"unit_id": unit["slug"], **STAY}, headers=headers)
    assert other.status_code == (422 if keyed else 409)


def test_sixteen_clients_never_sell_a_night_twice(api: ApiHouse) -> None:
    """Each night has at most one holder, and every refusal names who stands in the way."""
    unit = api.a_unit()
    headers = {"Authorization": f"Bearer {api.key}"}
    wishes = [
        {
            "unit_id": unit["id"],
            "arrival": f"2027-03-{1 + number * 7 % 20:02}",
            "departure": f"2027-03-{2 + number * 7 % 20 + number % 3:02}",
        }
        for number in range(WISHES)
    ]
    with served(api) as url, httpx2.Client(base_url=url, headers=headers, timeout=60) as client:

        def book(wish: dict[str, str]) -> Any:
            return client.post("/v1/bookings", json=wish)

        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(book, wishes))
    assert {one.status_code for one in answers} == {201, 409}
    sold = {one.json()["id"]: nights(one.json()) for one in answers if one.status_code == 201}
    assert sum(map(len, sold.values())) == len(set().union(*sold.values())) > 0
    for wish, one in zip(wishes, answers, strict=True):
        if one.status_code == 409:
            details = one.json()["error"]["details"]
            named = {detail["booking_id"] for detail in details if detail.get("booking_id")}
            assert named
            assert all(sold[booking] & nights(wish) for booking in named)
    with api.store.read() as session:
        held = bookings.search(session, api.account_id, bookings.Wanted())
    assert {stay.id for stay in held} == {*sold}


def nights(stay: dict[str, str]) -> set[int]:
    arrival, departure = (date.fromisoformat(stay[one]) for one in ("arrival", "departure"))
    return set(range(arrival.toordinal(), departure.toordinal()))
