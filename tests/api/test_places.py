"""Properties and units over the API."""

from __future__ import annotations

from api.asking import ApiHouse


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
