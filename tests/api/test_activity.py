"""What happened at a property, and who did it."""

from __future__ import annotations

from api.asking import ApiHouse


def test_a_property_tells_what_happened_there(api: ApiHouse) -> None:
    """Its own events alone, oldest first, each with who did it; what is nobody's is left out."""
    unit, other = api.a_unit(), api.a_unit("attic")
    key_id = api.get("/v1/me")["key"]["id"]
    stay = {"arrival": "2027-02-03", "departure": "2027-02-05"}
    made = api.post("/v1/bookings", {"unit_id": unit["id"], **stay})
    api.post("/v1/bookings", {"unit_id": other["id"], **stay})
    held = api.post(
        "/v1/holds", {"unit_id": unit["id"], "arrival": "2027-02-10", "departure": "2027-02-12"}
    )
    api.pass_time(hours=1)
    api.ask("DELETE", f"/v1/bookings/{made['id']}")
    api.make_key()
    path = f"/v1/properties/{unit['property_id']}/activity"
    told = api.get(path)["data"]
    assert [(one["type"], one["data"]["id"], one["actor"]) for one in told] == [
        ("booking.created", made["id"], key_id),
        ("booking.created", held["id"], key_id),
        ("hold.expired", held["id"], "vacancy"),
        ("booking.canceled", made["id"], key_id),
    ]
    assert {one["property_id"] for one in told} == {unit["property_id"]}
    journal = {one["id"]: one for one in api.get("/v1/events")["data"]}
    assert all({**journal[one["id"]], "actor": one["actor"]} == one for one in told)


def test_it_is_read_from_a_cursor_on(api: ApiHouse) -> None:
    """Each event once, whatever the size of the bites; the cursor stands where nothing is new."""
    unit = api.a_unit()
    for day in range(1, 8):
        stay = {"arrival": f"2027-02-0{day}", "departure": f"2027-02-0{day + 1}"}
        api.post("/v1/blocks", {"unit_id": unit["id"], **stay})
    path = f"/v1/properties/{unit['property_id']}/activity"
    seen, cursor = [], ""
    while (page := api.get(path, after=cursor, limit=3))["data"]:
        seen += [one["sequence"] for one in page["data"]]
        cursor = page["next_cursor"]
    assert seen == sorted(seen)
    assert len(seen) == 7
    assert api.get(path, after=cursor)["next_cursor"] == cursor
    assert api.get(path, types="booking.created")["data"] == []
    assert len(api.get(path, types="block.created,block.removed")["data"]) == 7
    assert api.ask("GET", path, after="later").status_code == 422
    assert api.ask("GET", "/v1/properties/prop_none/activity").status_code == 404
