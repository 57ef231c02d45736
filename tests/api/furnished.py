"""A house with something of every kind, so that each operation finds what it is asked about."""

from __future__ import annotations

from datetime import date, timedelta

from api.asking import ApiHouse
from hostile import HostileServer
from hostile_answers import calendar, event
from vacancy.daemon import poll

#: The nights that a feed and a booking of ours both want.
CLASH = {"arrival": "2027-02-03", "departure": "2027-02-05"}
#: How many holds a key may have open.
_HOLDS = 5


def furnish(api: ApiHouse, server: HostileServer, spare: int) -> dict[str, list[str]]:
    """Ids by kind, as paths name them (`unit`, `feed`, ...): `spare` more than one of each.

    The first unit has an imported stay in conflict with a booking. `server` must be one that the
    house may call.
    """
    units = [api.a_unit(f"unit-{at}", max_guests=2) for at in range(spare + 1)]
    first = {"unit_id": units[0]["id"]}
    places = [
        api.post("/v1/properties", {"name": f"Spare {at}", "timezone": "UTC"})
        for at in range(spare)
    ]
    feeds = _feeds(api, server, first, spare)
    booking = api.post("/v1/bookings", {**first, **CLASH})["id"]
    things = {
        "conflict": _conflicts(api),
        "unit": [one["id"] for one in units],
        "property": [units[0]["property_id"], *(one["id"] for one in places)],
        "feed": feeds,
        "source": _sources(api, server, spare),
        "booking": [booking],
        "block": [],
        "hold": [],
        "export": [],
        "parameter": [],
        "webhook": [],
        "key": [],
    }
    for at in range(spare + 1):
        things["booking"].append(api.post("/v1/bookings", {**first, **_nights(at, 0)})["id"])
        things["block"].append(api.post("/v1/blocks", {**first, **_nights(at, 3)})["id"])
        if at < _HOLDS - 1:
            things["hold"].append(api.post("/v1/holds", {**first, **_nights(at, 6)})["id"])
        export = {**first, "channel": "vrbo", "key": f"vrbo_{at + 2}"}
        things["export"].append(api.post("/v1/exports", export)["id"])
        field = {"key": f"field_{at}", "name": f"Field {at}"}
        things["parameter"].append(api.post("/v1/booking-parameters", field)["id"])
        if at < 3:
            hook = {"url": server.url("/hook"), "property_id": units[0]["property_id"]}
            things["webhook"].append(api.post("/v1/webhooks", hook)["id"])
        wish = {"name": f"Key {at}", "scopes": ["calendar.read"]}
        things["key"].append(api.post("/v1/keys", wish)["id"])
    ping = api.post(f"/v1/webhooks/{things['webhook'][0]}/test")
    things["delivery"] = [ping["id"]]
    return things


def _nights(at: int, offset: int) -> dict[str, str]:
    arrival = date(2028, 1, 1) + timedelta(days=10 * at + offset)
    return {
        "arrival": arrival.isoformat(),
        "departure": (arrival + timedelta(days=2)).isoformat(),
    }


def _feeds(api: ApiHouse, server: HostileServer, first: dict[str, str], spare: int) -> list[str]:
    entry = event("clash@furnished.test", "20270203", "20270205", "SUMMARY:Reserved")
    server.serve("/furnished.ics", calendar(entry))
    made = []
    for at in range(spare + 1):
        wish = {**first, "channel": "other", "url": server.url("/furnished.ics"), "key": f"f_{at}"}
        made.append(api.post("/v1/feeds", wish)["id"])
    return made


def _sources(api: ApiHouse, server: HostileServer, spare: int) -> list[str]:
    """Booking systems that answer with nothing that can be read."""
    made = []
    for at in range(spare + 1):
        wish = {"kind": "rentalot", "api_key": "a-key-1234567", "units": {}, "key": f"s_{at}"}
        made.append(api.post("/v1/sources", {**wish, "base_url": server.url("/none")})["id"])
    return made


def _conflicts(api: ApiHouse) -> list[str]:
    poll(api.store, api.vault, api.settings, api.clock(), None)
    found = [one["id"] for one in api.get("/v1/conflicts")["data"]]
    assert found
    return found
