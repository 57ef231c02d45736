"""Who may do what, and to whose things: generated from the schema, complete by construction.

Each operation is asked for another account's thing by every role, and for its own scope. An
operation that has no case here fails the test.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from api.asking import ApiHouse
from vacancy.access.roles import ALLOWED
from vacancy.api.app import schema
from vacancy.domain.scopes import Role, Scope

SPAN = {"from": "2027-02-02", "to": "2027-02-04"}
STAY = {"arrival": "2027-02-03", "departure": "2027-02-05"}
HOOK = "https://hooks.example.com/vacancy"
URL = "https://www.airbnb.com/calendar/ical/1.ics?t=abcd"

#: What an operation is asked with, where it takes a body or must have a query; ids are put in.
BODIES: dict[str, dict[str, Any]] = {
    "create_property": {"name": "Mine", "timezone": "UTC"},
    "change_property": {"name": "Mine"},
    "create_unit": {"property_id": "{property}", "slug": "mine", "name": "Mine"},
    "change_unit": {"name": "Mine"},
    "create_feed": {"unit_id": "{unit}", "channel": "airbnb", "url": URL},
    "change_feed": {"every_seconds": 600},
    "preview_feed": {"url": URL},
    "create_source": {"kind": "rentalot", "api_key": "a-key-1234567", "units": {"1": "{unit}"}},
    "change_source": {"push": False},
    "accept_answer": {},
    "reject_answer": {},
    "create_export": {"unit_id": "{unit}", "channel": "vrbo"},
    "rotate_export": {},
    "create_key": {"name": "Mine", "scopes": ["calendar.read"]},
    "create_booking": {"unit_id": "{unit}", **STAY},
    "change_booking": {"departure": "2027-02-06"},
    "create_block": {"unit_id": "{unit}", **STAY},
    "change_block": {"departure": "2027-02-06"},
    "create_hold": {"unit_id": "{unit}", **STAY},
    "create_booking_parameter": {"key": "mine", "name": "Mine"},
    "change_booking_parameter": {"name": "Mine"},
    "snooze_conflict": {"until": "2027-01-20T09:00:00Z"},
    "resolve_conflict": {"resolution": "both_fine"},
    "create_webhook": {"url": HOOK, "property_id": "{property}"},
    "change_webhook": {"description": "Mine"},
    "redeliver_span": {"from": "2027-01-01T00:00:00Z", "to": "2027-02-01T00:00:00Z"},
}
QUERIES: dict[str, dict[str, str]] = {
    "get_availability": SPAN,
    "get_calendar": SPAN,
    "get_timeline": SPAN,
    "get_unit_nights": SPAN,
}
#: Operations that name nobody's thing: only their scope is asked about.
OF_NOBODY = {
    "list_properties", "create_property", "list_sources", "list_keys", "create_key",
    "preview_feed", "get_me", "list_events", "list_conflicts", "list_booking_parameters",
    "create_booking_parameter", "stream_events",
}  # fmt: skip
FOREIGN_FILTERS = ("unit_id", "property_id")


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    """(METHOD, path, operation) of every operation."""
    return [
        (method.upper(), path, operation)
        for path, ways in schema()["paths"].items()
        for method, operation in ways.items()
    ]


class Houses:
    """Two accounts in one store; `theirs` are the ids of the other's things."""

    def __init__(self, folder: Path, database: str | None) -> None:
        self.api = ApiHouse(folder, database=database)
        self.keys = {role: self.api.make_key(role) for role in Role}
        other = self.api.make_account()
        self.other = self.api.make_key(account_id=other)
        self.theirs = self._furnish(self.other)

    def _furnish(self, key: str) -> dict[str, str]:
        api = self.api
        unit = api.a_unit("theirs", key=key)
        wish = {"unit_id": unit["id"], "channel": "airbnb", "url": URL}
        feed = api.post("/v1/feeds", wish, key=key)
        later = {"arrival": "2027-02-10", "departure": "2027-02-12"}
        last = {"arrival": "2027-02-20", "departure": "2027-02-22"}
        hook = {"url": HOOK, "property_id": unit["property_id"]}
        webhook = api.post("/v1/webhooks", hook, key=key)["id"]
        field = {"key": "theirs", "name": "Theirs"}
        source = {"kind": "rentalot", "api_key": "a-key-1234567", "units": {"1": unit["id"]}}
        return {
            "unit": unit["id"],
            "property": unit["property_id"],
            "feed": feed["id"],
            "source": api.post("/v1/sources", source, key=key)["id"],
            "export": api.get("/v1/exports", key=key)["data"][0]["id"],
            "booking": api.post("/v1/bookings", {"unit_id": unit["id"], **STAY}, key=key)["id"],
            "block": api.post("/v1/blocks", {"unit_id": unit["id"], **later}, key=key)["id"],
            "hold": api.post("/v1/holds", {"unit_id": unit["id"], **last}, key=key)["id"],
            "parameter": api.post("/v1/booking-parameters", field, key=key)["id"],
            "key": api.get("/v1/me", key=key)["key"]["id"],
            "conflict": "conflict_of_another",
            "webhook": webhook,
            "delivery": api.post(f"/v1/webhooks/{webhook}/test", key=key)["id"],
        }

    def ask(
        self, one: tuple[str, str, dict[str, Any]], ids: dict[str, str], key: str, **more: str
    ) -> Any:
        """Ask for an operation with these ids wherever it takes one."""
        method, path, operation = one
        name = operation["operationId"]
        path = path.replace("{night}", "2027-02-03")
        path = re.sub(r"\{(\w+)_id\}", lambda found: ids[found[1]], path)
        body = BODIES.get(name)
        if body is not None:
            body = {field: _filled(value, ids) for field, value in body.items()}
        return self.api.ask(method, path, body, key=key, **QUERIES.get(name, {}), **more)


def _filled(value: Any, ids: dict[str, str]) -> Any:
    """The value with ids in the place of their names, also one within."""
    if isinstance(value, dict):
        return {name: _filled(inner, ids) for name, inner in value.items()}
    return ids[value[1:-1]] if isinstance(value, str) and value[:1] == "{" else value


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory, shared_database: str | None) -> Any:
    made = Houses(tmp_path_factory.mktemp("houses"), shared_database)
    yield made
    made.api.close()


def _names_a_thing(path: str, name: str) -> bool:
    values = BODIES.get(name, {}).values()
    in_body = any("{unit}" in str(value) or "{property}" in str(value) for value in values)
    return "{" in path or in_body


def _told(response: Any, ids: dict[str, str]) -> tuple[int, str]:
    """Status and body without what differs by nature: the request's id, the id asked for."""
    text = re.sub(r'"request_id":"[^"]*"', "", response.text)
    for noun, one in ids.items():
        text = text.replace(one, f"<{noun}>")
    return response.status_code, text


def test_every_operation_has_its_case() -> None:
    """What takes a body has one here, and what names a thing is asked for another's."""
    for _, path, operation in operations():
        name = operation["operationId"]
        takes_body = "requestBody" in operation
        assert takes_body == (name in BODIES), name
        names_thing = _names_a_thing(path, name)
        filters = {one["name"] for one in operation.get("parameters", ())} & {*FOREIGN_FILTERS}
        assert names_thing or filters or name in OF_NOBODY, name


@pytest.mark.parametrize("role", list(Role))
def test_anothers_things_are_unknown(houses: Houses, role: Role) -> None:
    """404 for another account's thing, in the words of one that never was; 403 without scope."""
    unknown = {noun: f"{noun}_that_never_was" for noun in houses.theirs}
    key = houses.keys[role]
    for one in operations():
        _, path, operation = one
        if not _names_a_thing(path, operation["operationId"]):
            continue
        scope = operation["x-scope"]
        needed = {Scope(one) for one in [scope, *operation.get("x-also-scopes", ())] if one}
        allowed = needed <= ALLOWED[role]
        foreign = _told(houses.ask(one, houses.theirs, key), houses.theirs)
        never = _told(houses.ask(one, unknown, key), unknown)
        assert foreign == never, operation["operationId"]
        assert foreign[0] == (404 if allowed else 403), (operation["operationId"], foreign)


def test_filters_tell_nothing_of_anothers_things(houses: Houses) -> None:
    """A filter by another's unit or property is a 404, like one that never was."""
    key = houses.keys[Role.OWNER]
    for one in operations():
        names = {p["name"] for p in one[2].get("parameters", ()) if p["in"] == "query"}
        for name in names & {*FOREIGN_FILTERS}:
            theirs = houses.theirs[name.removesuffix("_id")]
            foreign = houses.ask(one, houses.theirs, key, **{name: theirs})
            never = houses.ask(one, houses.theirs, key, **{name: "never_was"})
            assert _told(foreign, {"it": theirs}) == _told(never, {"it": "never_was"})
            assert foreign.status_code == 404, one[2]["operationId"]


def test_lists_hold_nothing_of_another(houses: Houses) -> None:
    """No list of ours shows any id of theirs."""
    key = houses.keys[Role.OWNER]
    for one in operations():
        if one[0] == "GET" and "{" not in one[1]:
            text = houses.ask(one, houses.theirs, key).text
            assert not [theirs for theirs in houses.theirs.values() if theirs in text]


def test_each_operation_needs_its_scope(houses: Houses) -> None:
    """With every scope but one of its own a key is refused; without a key, everyone is."""
    for one in operations():
        scopes = [one[2].get("x-scope"), *one[2].get("x-also-scopes", ())]
        anybody = houses.api.client.request(one[0], re.sub(r"\{.*?\}", "x", one[1]))
        assert anybody.status_code == 401, one[2]["operationId"]
        for scope in filter(None, scopes):
            key = houses.api.make_key(scopes=[s for s in Scope if s.value != scope])
            refused = houses.ask(one, houses.theirs, key)
            assert refused.status_code == 403, one[2]["operationId"]
            assert refused.json()["error"]["code"] == "missing_scope"


def test_nothing_of_theirs_was_touched(houses: Houses) -> None:
    """After all of it their booking, unit and key are as they were."""
    api, key = houses.api, houses.other
    assert api.get(f"/v1/bookings/{houses.theirs['booking']}", key=key)["status"] == "confirmed"
    assert api.get("/v1/units/theirs", key=key)["name"] == "Theirs"
