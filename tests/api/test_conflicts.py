"""Conflicts over the API: listed by pages, told with their evidence, decided."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.feeding import FedHouse, fed
from calendars import airbnb, vrbo

CONFLICTS = "/v1/conflicts"


@pytest.fixture
def api(tmp_path: Path, database: str | None) -> Iterator[FedHouse]:
    """A unit sold at Airbnb and Vrbo, which both sold it in March, April and May."""
    with fed(tmp_path, database) as house:
        unit = house.a_unit()
        for channel in ("airbnb", "vrbo"):
            house.a_feed(unit, channel)
        house.poll()
        sold = [(f"2027-0{month}-03", f"2027-0{month}-05") for month in (5, 3, 4)]
        house.says("airbnb", *(airbnb(f"N{one[0][6]}", *one) for one in sold))
        house.says("vrbo", *(vrbo(f"n{one[0][6]}", *one) for one in sold))
        house.poll(minutes=5)
        yield house


def first_nights(page: dict[str, Any]) -> list[str]:
    return [one["nights"][0] for one in page["data"]]


def code(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def test_conflicts_come_by_pages_in_the_order_of_their_nights(api: FedHouse) -> None:
    """The nearest first, each on one page, with how many there are."""
    nights = ["2027-03-03", "2027-04-03", "2027-05-03"]
    assert first_nights(api.get(CONFLICTS)) == nights
    pages = [api.get(CONFLICTS, limit=2, page=number) for number in (1, 2, 3)]
    assert [first_nights(page) for page in pages] == [nights[:2], nights[2:], []]
    assert pages[1]["pagination"] == {"page": 2, "limit": 2, "total_items": 3, "total_pages": 2}


def test_conflicts_are_found_by_status_and_place(api: FedHouse) -> None:
    """Unless asked for, those that are over are left out."""
    unit, other = api.get("/v1/units/sea-view"), api.a_unit("attic")
    seen, fine, _ = api.get(CONFLICTS)["data"]
    api.post(f"{CONFLICTS}/{seen['id']}/acknowledge")
    api.post(f"{CONFLICTS}/{fine['id']}/resolve", {"resolution": "both_fine"})
    wanted = {
        "open": ["2027-05-03"],
        "acknowledged": ["2027-03-03"],
        "snoozed": [],
        "resolved": ["2027-04-03"],
    }
    for status, nights in wanted.items():
        assert first_nights(api.get(CONFLICTS, status=status)) == nights
    for query in ({"unit_id": "sea-view"}, {"property_id": unit["property_id"]}):
        assert first_nights(api.get(CONFLICTS, **query)) == ["2027-03-03", "2027-05-03"]
    for query in ({"unit_id": "attic"}, {"property_id": other["property_id"]}):
        assert api.get(CONFLICTS, **query)["data"] == []
    assert api.ask("GET", CONFLICTS, unit_id="none").status_code == 404


def test_a_conflict_is_told_with_the_evidence_of_both_sides(api: FedHouse) -> None:
    """Which feed said so, by which rule, since when; with a tag of its state."""
    (first, *_) = api.get(CONFLICTS)["data"]
    answer = api.ask("GET", f"{CONFLICTS}/{first['id']}")
    told = answer.json()
    assert (told["kind"], told["severity"], told["status"]) == ("double_booking", "low", "open")
    assert {side["evidence"][0]["feed"] for side in told["sides"]} == {"airbnb", "vrbo"}
    tag = {"If-None-Match": answer.headers["ETag"]}
    assert api.ask("GET", f"{CONFLICTS}/{first['id']}", headers=tag).status_code == 304


def test_a_snoozed_conflict_comes_back(api: FedHouse) -> None:
    """At its time, by itself; never later than 90 days from now."""
    (first, *_) = api.get(CONFLICTS)["data"]
    path = f"{CONFLICTS}/{first['id']}"
    told = api.post(f"{path}/snooze", {"until": "2027-01-12T09:00:00Z"})
    assert (told["status"], told["snoozed_until"]) == ("snoozed", "2027-01-12T09:00:00Z")
    for until in ("2027-01-10T09:00:00Z", "2027-06-01T09:00:00Z"):
        assert api.ask("POST", f"{path}/snooze", {"until": until}).status_code == 422
    api.poll(days=2)
    assert api.get(path)["status"] == "open"


def test_a_decided_conflict_waits_until_its_side_is_gone(api: FedHouse) -> None:
    """An imported booking is canceled at its channel; till then `to_cancel` names it."""
    (first, *_) = api.get(CONFLICTS)["data"]
    path = f"{CONFLICTS}/{first['id']}"
    told = api.post(f"{path}/resolve", {"resolution": "keep_first"})
    assert told["to_cancel"] == told["sides"][1]["id"]
    assert told["status"] != "resolved"
    api.post(f"/v1/bookings/{told['to_cancel']}/release")
    assert (api.get(path)["status"], api.get(path)["to_cancel"]) == ("resolved", None)
    assert code(api.ask("POST", f"{path}/acknowledge", {})) == (409, "conflict_resolved")


def test_our_own_side_is_canceled_at_once(api: FedHouse) -> None:
    """What we sold ourselves needs no channel."""
    stay = {"unit_id": "sea-view", "arrival": "2027-06-01", "departure": "2027-06-03"}
    mine = api.post("/v1/bookings", stay)
    known = [vrbo(f"n{month}", f"2027-0{month}-03", f"2027-0{month}-05") for month in (3, 4, 5)]
    api.says("vrbo", *known, vrbo("n6", "2027-06-02", "2027-06-04"))
    api.poll(minutes=5)
    (*_, last) = api.get(CONFLICTS)["data"]
    assert last["sides"][0]["id"] == mine["id"]
    told = api.post(f"{CONFLICTS}/{last['id']}/resolve", {"resolution": "keep_second"})
    assert told["status"] == "resolved"
    assert api.get(f"/v1/bookings/{mine['id']}")["status"] == "canceled"
