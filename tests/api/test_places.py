"""Properties and units over the API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from api.asking import ApiHouse
from vacancy.services import config


def test_a_unit_is_made_read_changed_and_taken_out(api: ApiHouse) -> None:
    """The whole life of a unit that the API manages."""
    unit = api.a_unit()
    assert unit["timezone"] == "Europe/Lisbon"
    assert api.get(f"/v1/units/{unit['id']}") == unit == api.get("/v1/units/sea-view")
    changed = api.ask("PATCH", f"/v1/units/{unit['id']}", {"max_guests": 4})
    assert changed.json() == {**unit, "max_guests": 4}
    assert api.get("/v1/units")["pagination"]["total_items"] == 1
    assert api.ask("DELETE", f"/v1/units/{unit['id']}").status_code == 204
    assert api.ask("GET", f"/v1/units/{unit['id']}").status_code == 404
    assert api.get("/v1/units")["data"] == []


def test_a_property_with_units_is_not_taken_out(api: ApiHouse) -> None:
    """First its units, then the place."""
    unit = api.a_unit()
    place = f"/v1/properties/{unit['property_id']}"
    refused = api.ask("DELETE", place)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "property_in_use")
    api.ask("DELETE", f"/v1/units/{unit['id']}")
    assert api.ask("DELETE", place).status_code == 204
    assert api.ask("GET", place).status_code == 404


def test_what_was_changed_meanwhile_is_not_overwritten(api: ApiHouse) -> None:
    """If-Match with the tag of an older state is 412; with the present one it is done."""
    unit = api.a_unit()
    path = f"/v1/units/{unit['id']}"
    tag = api.ask("GET", path).headers["ETag"]
    assert api.ask("GET", path, headers={"If-None-Match": tag}).status_code == 304
    mine = {"If-Match": tag}
    assert api.ask("PATCH", path, {"name": "First"}, headers=mine).status_code == 200
    assert api.ask("PATCH", path, {"name": "Second"}, headers=mine).status_code == 412
    assert api.ask("DELETE", path, headers=mine).status_code == 412
    assert api.get(path)["name"] == "First"


FEBRUARY = {"from": "2027-02-01", "to": "2027-02-08"}


def a_house(api: ApiHouse, rooms: int = 2, **more: Any) -> list[dict[str, Any]]:
    """A house `casa` with rooms `room-1`, `room-2`, in one property."""
    house = api.a_unit("casa", **more)
    wish = {"property_id": house["property_id"], "parent": "casa"}
    names = [f"room-{number}" for number in range(1, rooms + 1)]
    return [house, *(api.post("/v1/units", {**wish, "slug": one, "name": one}) for one in names)]


def stay(unit: str, arrival: str, departure: str) -> dict[str, str]:
    return {"unit_id": unit, "arrival": f"2027-02-{arrival}", "departure": f"2027-02-{departure}"}


def refusal(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def free(api: ApiHouse, unit: str) -> list[str]:
    """The first week's free nights, by their day."""
    nights = api.get(f"/v1/units/{unit}/nights", **FEBRUARY)["data"]["nights"]
    return [one["night"][-2:] for one in nights if one["free"]]


def test_a_room_is_closed_by_its_house_and_the_other_way_round(api: ApiHouse) -> None:
    """A house sold whole: from the moment in which the rooms are named as its own."""
    house, room, _ = a_house(api)
    assert (room["parent_id"], room["parent"], house["parent"]) == (house["id"], "casa", None)
    api.post("/v1/bookings", stay("casa", "02", "03"))
    api.post("/v1/bookings", stay("room-1", "04", "05"))
    assert free(api, "room-1") == ["01", "03", "05", "06", "07"]
    assert free(api, "casa") == ["01", "03", "05", "06", "07"]
    assert "04" in free(api, "room-2")
    refused = api.ask("POST", "/v1/bookings", stay("casa", "04", "06"))
    assert refusal(refused) == (409, "nights_taken")


def test_a_house_sells_so_many_rooms_at_once(api: ApiHouse) -> None:
    """It is full when they are taken; never more than it has, whoever leaves."""
    a_house(api)
    assert refusal(api.ask("PATCH", "/v1/units/casa", {"capacity": 3})) == (409, "too_few_rooms")
    assert api.ask("PATCH", "/v1/units/casa", {"capacity": 2}).json()["capacity"] == 2
    api.post("/v1/bookings", stay("room-1", "02", "04"))
    assert "02" in free(api, "casa")
    api.post("/v1/bookings", stay("room-2", "03", "05"))
    assert free(api, "casa") == ["01", "02", "04", "05", "06", "07"]
    for refused in (
        api.ask("DELETE", "/v1/units/room-1"),
        api.ask("PATCH", "/v1/units/room-1", {"parent": None}),
    ):
        assert refusal(refused) == (409, "too_few_rooms")
    api.ask("PATCH", "/v1/units/casa", {"capacity": 1})
    assert free(api, "casa") == ["01", "05", "06", "07"]
    assert api.ask("DELETE", "/v1/units/room-1").status_code == 204


def test_a_unit_moves_into_a_house_and_out_again(api: ApiHouse) -> None:
    """What its guests close follows it; two who cannot both stay are a conflict."""
    house, room, _ = a_house(api)
    api.ask("PATCH", "/v1/units/room-1", {"parent": None})
    api.post("/v1/bookings", stay("room-1", "02", "04"))
    api.post("/v1/bookings", stay("casa", "03", "05"))
    assert api.get("/v1/conflicts")["data"] == []
    moved = api.ask("PATCH", "/v1/units/room-1", {"parent": house["id"]}).json()
    assert moved == {**room, "parent": "casa"}
    (conflict,) = api.get("/v1/conflicts")["data"]
    assert (conflict["kind"], conflict["nights"]) == ("linked_unit", ["2027-02-03"])
    api.ask("PATCH", "/v1/units/room-1", {"parent": None})
    assert api.get("/v1/conflicts")["data"] == []
    assert "02" in free(api, "casa")


def test_what_is_no_house_is_refused(api: ApiHouse) -> None:
    """The checks of the config: one level, one property, one zone, and no part of itself."""
    house, room, _ = a_house(api)
    other = api.a_unit("far")
    place = {"property_id": house["property_id"], "slug": "more", "name": "More"}
    wrong: list[tuple[str, str, dict[str, Any]]] = [
        ("PATCH", "/v1/units/casa", {"parent": "casa"}),
        ("PATCH", "/v1/units/casa", {"parent": "far"}),
        ("PATCH", "/v1/units/far", {"parent": "casa"}),
        ("PATCH", "/v1/units/room-1", {"property_id": other["property_id"]}),
        ("PATCH", "/v1/units/casa", {"property_id": other["property_id"]}),
        ("PATCH", "/v1/units/casa", {"timezone": "Asia/Tokyo"}),
        ("PATCH", "/v1/units/room-2", {"parent": "room-1"}),
        ("POST", "/v1/units", {**place, "parent": "room-1"}),
        ("POST", "/v1/units", {**place, "parent": "casa", "timezone": "Asia/Tokyo"}),
        ("POST", "/v1/units", {**place, "parent": "far"}),
    ]
    for method, path, body in wrong:
        assert refusal(api.ask(method, path, body)) == (409, "not_a_house"), (method, path, body)
    assert refusal(api.ask("POST", "/v1/units", {**place, "parent": "none"})) == (404, "not_found")
    few = api.ask("POST", "/v1/units", {**place, "capacity": 1})
    assert refusal(few) == (409, "too_few_rooms")
    assert refusal(api.ask("DELETE", "/v1/units/casa")) == (409, "unit_in_use")
    assert [one["slug"] for one in api.get("/v1/units")["data"]] == [
        "casa", "far", "room-1", "room-2",
    ]  # fmt: skip
    assert api.get("/v1/units/room-1") == room


def test_nights_are_kept_free_around_each_guest(api: ApiHouse) -> None:
    """From when that is said, also around those who booked before; and no more when it ends."""
    api.a_unit("casa", buffer_after=1)
    api.post("/v1/bookings", stay("casa", "02", "04"))
    assert free(api, "casa") == ["01", "05", "06", "07"]
    changed = api.ask("PATCH", "/v1/units/casa", {"buffer_before": 1}).json()
    assert (changed["buffer_before"], changed["buffer_after"]) == (1, 1)
    assert free(api, "casa") == ["05", "06", "07"]
    refused = api.ask("POST", "/v1/bookings", stay("casa", "04", "05"))
    assert refusal(refused) == (409, "nights_taken")
    api.ask("PATCH", "/v1/units/casa", {"buffer_before": 0, "buffer_after": 0})
    assert free(api, "casa") == ["01", "04", "05", "06", "07"]
    for wrong in ({"buffer_before": 31}, {"buffer_after": None}, {"buffer_before": -1}):
        assert api.ask("PATCH", "/v1/units/casa", wrong).status_code == 422


def test_another_accounts_unit_is_no_house_of_ours(api: ApiHouse) -> None:
    """It is as unknown as one that never was."""
    theirs = api.a_unit("casa", key=api.make_key(account_id=api.make_account()))
    mine = api.a_unit("mine")
    for parent in (theirs["id"], "casa", "never"):
        refused = api.ask("PATCH", f"/v1/units/{mine['id']}", {"parent": parent})
        assert refusal(refused) == (404, "not_found")


def test_a_slug_is_taken_once(api: ApiHouse) -> None:
    """Whether a unit is made or renamed."""
    api.a_unit("one")
    api.a_unit("two")
    refused = api.ask("PATCH", "/v1/units/two", {"slug": "one"})
    assert refusal(refused) == (409, "slug_taken")
    assert api.ask("PATCH", "/v1/units/two", {"slug": "two"}).status_code == 200


def test_what_the_config_declares_is_read_only(tmp_path: Path) -> None:
    """Its units are changed in it, also by being made a house of another's rooms."""
    api = ApiHouse(
        tmp_path, config='[[units]]\nslug = "ours"\ntimezone = "Europe/Lisbon"\nbuffer_after = 2\n'
    )
    with api.store.write() as session:
        config.apply(session, api.settings, api.vault, api.at())
    ours = api.get("/v1/units/ours")
    assert (ours["managed_by"], ours["buffer_after"], ours["capacity"]) == ("config", 2, None)
    room = {"property_id": ours["property_id"], "slug": "room", "name": "Room", "parent": "ours"}
    for refused in (
        api.ask("PATCH", "/v1/units/ours", {"buffer_after": 0}),
        api.ask("DELETE", "/v1/units/ours"),
        api.ask("POST", "/v1/units", room),
        api.ask("PATCH", f"/v1/properties/{ours['property_id']}", {"name": "Mine"}),
    ):
        assert refusal(refused) == (409, "managed_by_config")
    api.close()
