"""Nights as programs read them: free or not, why, and who comes and goes."""

from __future__ import annotations

from api.asking import ApiHouse


def stay(arrival: str, departure: str, unit: str = "sea-view") -> dict[str, str]:
    return {"unit_id": unit, "arrival": f"2027-02-{arrival}", "departure": f"2027-02-{departure}"}


def test_each_night_says_whether_it_is_free_and_why_not(api: ApiHouse) -> None:
    """A booking, a block, and nights that nobody wants."""
    api.a_unit()
    booking = api.post("/v1/bookings", stay("03", "04"))
    api.post("/v1/blocks", stay("04", "05"))
    span = {"from": "2027-02-02", "to": "2027-02-06"}
    told = api.get("/v1/units/sea-view/nights", **span)["data"]
    assert [night["free"] for night in told["nights"]] == [True, False, False, True]
    assert told["nights"][1]["booking_id"] == booking["id"]
    assert told["nights"][2]["reason"] == "owner"
    assert told["available"] is False
    for path in ("/v1/availability", "/v1/calendar"):
        assert api.get(path, **span)["data"] == [told]
        assert api.get(path, unit_id="sea-view", **span)["data"] == [told]


def test_a_night_is_explained(api: ApiHouse) -> None:
    """Who has it, and why, in facts and in words."""
    api.a_unit()
    booking = api.post("/v1/bookings", stay("03", "04"))
    told = api.get("/v1/units/sea-view/nights/2027-02-03")
    assert (told["taken"], told["holder"]) == (True, booking["id"])
    assert told["words"]
    assert api.get("/v1/units/sea-view/nights/2027-02-04")["taken"] is False


def test_free_units_are_found_for_a_party(api: ApiHouse) -> None:
    """Large enough, and free on every night."""
    api.a_unit("small", max_guests=2)
    api.a_unit("large", max_guests=6)
    api.a_unit("unsaid")
    span = {"from": "2027-02-02", "to": "2027-02-05"}
    found = [one["unit"] for one in api.get("/v1/availability", guests=2, **span)["data"]]
    assert found == ["large", "small"]
    api.post("/v1/bookings", stay("04", "06", "large"))
    assert api.get("/v1/availability", guests=4, **span)["data"] == []


def test_the_timeline_tells_who_comes_and_goes(api: ApiHouse) -> None:
    """A turnover is a departure and an arrival on one day."""
    unit = api.a_unit()
    first = api.post("/v1/bookings", stay("02", "04"))
    second = api.post("/v1/bookings", stay("04", "06"))
    days = {
        day["date"]: day
        for day in api.get("/v1/timeline", **{"from": "2027-02-02", "to": "2027-02-07"})["data"]
    }
    assert [one["booking_id"] for one in days["2027-02-02"]["arrivals"]] == [first["id"]]
    assert [one["booking_id"] for one in days["2027-02-04"]["departures"]] == [first["id"]]
    assert [one["booking_id"] for one in days["2027-02-04"]["arrivals"]] == [second["id"]]
    assert days["2027-02-04"]["turnovers"] == [unit["id"]]
    assert days["2027-02-06"]["turnovers"] == []


def test_a_span_must_go_forward_and_have_an_end(api: ApiHouse) -> None:
    """At most 366 nights, at least one."""
    api.a_unit()
    for until in ("2027-02-02", "2027-02-01", "2028-03-01"):
        response = api.ask("GET", "/v1/calendar", **{"from": "2027-02-02", "to": until})
        assert response.status_code == 422
        assert response.json()["error"]["code"] == "validation_error"


def test_the_timeline_comes_by_pages_of_days(api: ApiHouse) -> None:
    """Each day on one page, with how many there are; a turnover at the edge is told."""
    unit = api.a_unit()
    api.post("/v1/bookings", stay("02", "04"))
    api.post("/v1/bookings", stay("04", "06"))
    span = {"from": "2027-02-01", "to": "2027-02-06"}
    pages = [api.get("/v1/timeline", limit=3, page=number, **span) for number in (1, 2, 3)]
    days = [[day["date"][-2:] for day in page["data"]] for page in pages]
    assert days == [["01", "02", "03"], ["04", "05"], []]
    assert pages[1]["data"][0]["turnovers"] == [unit["id"]]
    assert pages[0]["pagination"] == {"page": 1, "limit": 3, "total_items": 5, "total_pages": 2}
