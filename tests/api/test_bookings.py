"""Bookings, blocks and holds over the API."""

from __future__ import annotations

from typing import Any

from api.asking import ApiHouse
from vacancy.domain.scopes import Scope

STAY = {"arrival": "2027-02-03", "departure": "2027-02-05"}
GUEST = {"name": "Ana Silva", "email": "ana@example.com", "phone": "+351 21 000"}


def a_booking(api: ApiHouse, **more: Any) -> dict[str, Any]:
    return api.post("/v1/bookings", {"unit_id": api.a_unit()["id"], **STAY, **more})


def code(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def test_a_direct_booking_is_made_moved_and_canceled(api: ApiHouse) -> None:
    """Its whole life; the nights that it leaves are free at once."""
    made = a_booking(api)
    assert (made["channel"], made["status"], made["unit"]) == ("direct", "confirmed", "sea-view")
    path = f"/v1/bookings/{made['id']}"
    moved = api.ask("PATCH", path, {"departure": "2027-02-07"}).json()
    assert (moved["arrival"], moved["departure"]) == ("2027-02-03", "2027-02-07")
    canceled = api.post(f"{path}/cancel")
    assert canceled["status"] == "canceled" == api.get(path)["status"]
    assert code(api.ask("POST", f"{path}/cancel")) == (409, "not_live")
    api.post("/v1/bookings", {"unit_id": "sea-view", **STAY})


def test_taken_nights_are_refused_with_what_stands_in_the_way(api: ApiHouse) -> None:
    """409 names the nights and the booking."""
    made = a_booking(api)
    wish = {"unit_id": "sea-view", "arrival": "2027-02-04", "departure": "2027-02-06"}
    refused = api.ask("POST", "/v1/bookings", wish)
    assert code(refused) == (409, "nights_taken")
    details = refused.json()["error"]["details"]
    assert [one.get("night") or one["booking_id"] for one in details] == ["2027-02-04", made["id"]]


def test_a_booking_may_move_over_its_own_nights_only(api: ApiHouse) -> None:
    """Its own nights are no obstacle, another's are."""
    made = a_booking(api)
    other = {"unit_id": "sea-view", "arrival": "2027-02-06", "departure": "2027-02-08"}
    api.post("/v1/bookings", other)
    path = f"/v1/bookings/{made['id']}"
    assert api.ask("PATCH", path, {"departure": "2027-02-06"}).status_code == 200
    assert code(api.ask("PATCH", path, {"departure": "2027-02-07"})) == (409, "nights_taken")


def test_guests_are_told_only_to_those_who_may_know(api: ApiHouse) -> None:
    """Without bookings.sensitive.read a guest is null on every way out; the events tell nothing."""
    made = a_booking(api, guest=GUEST)
    assert made["guest"]["name"] == "Ana Silva"
    plain = api.make_key(scopes=[s for s in Scope if s is not Scope.BOOKINGS_SENSITIVE_READ])
    path = f"/v1/bookings/{made['id']}"
    for told in (api.get(path, key=plain), *api.get("/v1/bookings", key=plain)["data"]):
        assert told["guest"] is None
    moved = api.ask("PATCH", path, {"guest": {"notes": "Late"}}, key=plain).json()
    assert moved["guest"] is None
    assert api.get(path)["guest"] == {**made["guest"], "notes": "Late"}
    for way in ("/v1/events", "/v1/bookings?q=Ana", "/v1/exports"):
        assert "Ana" not in api.ask("GET", way, key=plain).text.replace("q=Ana", "")
    assert api.ask("PATCH", path, {"guest": None}).json()["guest"] is None


def test_guests_lie_sealed_in_the_store(api: ApiHouse) -> None:
    """Nothing that was entered of a guest is found in any file, replays of requests included."""
    wish = {"unit_id": api.a_unit()["id"], **STAY, "guest": GUEST}
    api.post("/v1/bookings", wish, headers={"Idempotency-Key": "once"})
    files = api.settings.server.data_dir.rglob("*")
    kept = b"".join(file.read_bytes() for file in files if file.is_file())
    for text in GUEST.values():
        assert text.encode() not in kept


def test_bookings_are_found_by_what_is_known_of_them(api: ApiHouse) -> None:
    """Each filter alone, and what it leaves out."""
    made = a_booking(api)
    other = api.a_unit("hill-view")
    api.post("/v1/bookings", {"unit_id": other["id"], **STAY})
    wanted = [
        {"unit_id": "sea-view"},
        {"property_id": made["property_id"]},
        {"q": "SEA"},
        {"unit_id": made["unit_id"], "channel": "direct", "kind": "reservation"},
        {"unit_id": "sea-view", "from_date": "2027-02-04", "to_date": "2027-02-05"},
        {"unit_id": "sea-view", "updated_since": "2027-01-10T09:00:00Z"},
    ]
    for query in wanted:
        assert [one["id"] for one in api.get("/v1/bookings", **query)["data"]] == [made["id"]]
    for query in (
        {"status": "canceled"},
        {"kind": "block"},
        {"from_date": "2027-02-05"},
        {"to_date": "2027-02-03"},
        {"updated_since": "2027-01-10T09:00:01Z"},
        {"q": "100%"},
    ):
        assert api.get("/v1/bookings", **query)["data"] == []
    assert api.get("/v1/bookings", limit=1)["pagination"] == {
        "page": 1, "limit": 1, "total_items": 2, "total_pages": 2,
    }  # fmt: skip


def test_own_fields_are_set_changed_and_cleared(api: ApiHouse) -> None:
    """Only fields that were declared, of their kind; null clears one."""
    parameter = api.post("/v1/booking-parameters", {"key": "cleaner", "name": "Who cleans"})
    made = a_booking(api, custom_parameters={"cleaner": "Ana"})
    path = f"/v1/bookings/{made['id']}"
    assert made["custom_parameters"] == {"cleaner": "Ana"}
    for wrong in ({"cleaner": 7}, {"driver": "Rui"}):
        assert code(api.ask("PATCH", path, {"custom_parameters": wrong}))[0] == 422
    cleared = api.ask("PATCH", path, {"custom_parameters": {"cleaner": None}}).json()
    assert cleared["custom_parameters"] == {}
    assert api.ask("DELETE", f"/v1/booking-parameters/{parameter['id']}").status_code == 204


def test_a_silent_change_is_marked_as_such(api: ApiHouse) -> None:
    """The journal holds it, with the word that nobody is to be notified."""
    made = a_booking(api)
    api.ask("PATCH", f"/v1/bookings/{made['id']}", {"departure": "2027-02-06", "silent": True})
    events = [one for one in api.get("/v1/events")["data"] if one["type"].startswith("booking.")]
    assert [(one["type"], one["silent"]) for one in events] == [
        ("booking.created", False),
        ("booking.updated", True),
    ]


def test_a_block_is_made_moved_and_taken_away(api: ApiHouse) -> None:
    """It closes its nights while it stands, and is unknown afterwards."""
    block = api.post("/v1/blocks", {"unit_id": api.a_unit()["id"], **STAY})
    path = f"/v1/blocks/{block['id']}"
    assert (block["kind"], block["reason"]) == ("block", "owner")
    assert api.ask("PATCH", path, {"arrival": "2027-02-02"}).json()["arrival"] == "2027-02-02"
    assert [one["id"] for one in api.get("/v1/blocks")["data"]] == [block["id"]]
    assert api.ask("DELETE", path).status_code == 204
    assert api.ask("GET", path).status_code == 404
    assert api.get("/v1/blocks")["data"] == []


def test_who_is_there_tonight(api: ApiHouse) -> None:
    """The booking that holds the night of today at the property; null where it is free."""
    path = "/v1/units/sea-view/current-booking"
    api.a_unit()
    assert api.get(path) == {"data": None}
    wish = {"unit_id": "sea-view", "arrival": "2027-01-09", "departure": "2027-01-11"}
    made = api.post("/v1/bookings", wish)
    assert api.get(path)["data"]["id"] == made["id"]
    api.pass_time(days=1)
    assert api.get(path) == {"data": None}


def test_a_hold_is_confirmed_released_or_runs_out(api: ApiHouse) -> None:
    """Three holds, three ends."""
    wish = {"unit_id": api.a_unit()["id"], **STAY}
    first = api.post("/v1/holds", wish)
    assert (first["status"], first["expires_at"]) == ("held", "2027-01-10T09:15:00Z")
    assert api.post(f"/v1/holds/{first['id']}/confirm")["status"] == "confirmed"
    second = api.post("/v1/holds", {**wish, "arrival": "2027-02-10", "departure": "2027-02-12"})
    assert api.ask("DELETE", f"/v1/holds/{second['id']}").status_code == 204
    third = api.post("/v1/holds", {**wish, "arrival": "2027-02-10", "departure": "2027-02-12"})
    api.pass_time(minutes=15)
    late = api.ask("POST", f"/v1/holds/{third['id']}/confirm")
    assert code(late) == (409, "hold_expired")


def test_blocks_are_found_by_place_and_nights(api: ApiHouse) -> None:
    """Each filter alone, and what it leaves out."""
    unit, other = api.a_unit(), api.a_unit("attic")
    block = api.post("/v1/blocks", {"unit_id": unit["id"], **STAY})
    for query in (
        {},
        {"unit_id": "sea-view"},
        {"property_id": unit["property_id"]},
        {"from_date": "2027-02-04"},
        {"to_date": "2027-02-04"},
    ):
        assert [one["id"] for one in api.get("/v1/blocks", **query)["data"]] == [block["id"]]
    for query in (
        {"property_id": other["property_id"]},
        {"from_date": "2027-02-05"},
        {"to_date": "2027-02-03"},
    ):
        assert api.get("/v1/blocks", **query)["data"] == []
