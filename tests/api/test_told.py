"""Lists that are written without being looked at again say what the documentation says they do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from api.asking import ApiHouse
from api.furnished import furnish
from hostile import HostileServer
from vacancy.api.app import ROOMS
from vacancy.api.room import Way

TOLD = {way.path: way for room in ROOMS for way in room.ways if way.told}
SPAN = {"from": "2027-01-10", "to": "2028-01-10"}
QUERIES: dict[str, dict[str, Any]] = {
    "/v1/availability": SPAN,
    "/v1/calendar": SPAN,
    "/v1/timeline": {"from": "2027-02-01", "to": "2027-03-01"},
    "/v1/units/{unit_id}/nights": SPAN,
}


def as_declared(way: Way, answer: Any) -> Any:
    """The answer as its declared shape tells it: without what it does not know."""
    adapter = TypeAdapter(way.shape)
    return json.loads(adapter.dump_json(adapter.validate_python(answer), by_alias=True))


def test_every_hot_list_is_told() -> None:
    """The lists that a year fills."""
    assert {
        *("/v1/bookings", "/v1/blocks", "/v1/events", "/v1/conflicts", *QUERIES),
        *("/v1/properties/{property_id}/activity", "/v1/webhooks/{webhook_id}/deliveries"),
    } == {*TOLD}


@pytest.fixture
def house(tmp_path: Path, store_url: str) -> Iterator[tuple[ApiHouse, dict[str, str]]]:
    """A house with something of every kind, and a booking that has all that one can have."""
    with HostileServer({}) as server:
        config = f'[network]\nallow_private = ["{server.origin}"]\n'
        opened = ApiHouse(tmp_path, config=config, database=store_url)
        things = furnish(opened, server, 1)
        guest = {"guest": {"name": "Ana Silva"}, "custom_parameters": {"field_0": "Ana"}}
        wish = {"unit_id": things["unit"][0], "arrival": "2027-03-01"}
        opened.post("/v1/bookings", {**wish, "departure": "2027-03-03", **guest})
        yield opened, {f"{kind}_id": ids[0] for kind, ids in things.items()}
        opened.close()


def test_what_is_told_is_of_its_shape(house: tuple[ApiHouse, dict[str, str]]) -> None:
    """Every field of the shape, as it would write it, and no other: on both databases."""
    api, things = house
    for path, way in TOLD.items():
        answer = api.get(path.format(**things), **QUERIES.get(path, {}))
        assert answer["data"], path
        assert as_declared(way, answer) == answer
    told = api.get("/v1/bookings", from_date="2027-03-01")["data"][0]
    assert (told["guest"]["name"], told["guest"]["notes"]) == ("Ana Silva", None)
    assert told["custom_parameters"] == {"field_0": "Ana"}
