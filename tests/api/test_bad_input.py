"""Forty inputs that make a plain application answer 500: none of them does here."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from api.asking import ApiHouse
from api.furnished import furnish
from api.test_matrix import BODIES as VALID
from api.test_matrix import QUERIES, operations
from hostile import HostileServer

_HUGE = "9" * 5000
_DEEP = "[" * 100_000 + "]" * 100_000
#: Of the ways to put a maker into an operation, one in so many is tried.
EVERY = 2 if os.environ.get("VACANCY_PROOF") else 11
_STAY = '"arrival": "2027-02-03", "departure": "2027-02-05"'

PATHS = [
    "/v1/units/99999999999999999999",
    "/v1/units/%00",
    "/v1/units/a%00b",
    "/v1/units/%ED%A0%80",
    "/v1/units/%FF%FE",
    "/v1/units/..%2f..%2fetc",
    "/v1/units/" + "a" * 5000,
    "/v1/units/'%20OR%201=1--",
    "/v1/units/sea-view/nights?from=9999-12-31&to=9999-12-31",
    "/v1/units/sea-view/nights?from=0001-01-01&to=0001-01-02",
    "/v1/units/sea-view/nights?from=2027-02-30&to=2027-03-01",
    "/v1/units/sea-view/nights?from=20270201&to=20270203",
    "/v1/units/sea-view/nights?from=2027-02-01",
    "/v1/calendar?from=2000-01-01&to=2099-12-31",
    "/v1/calendar?from=2099-12-30&to=2099-12-31",
    "/v1/bookings?page=99999999999999999999",
    "/v1/bookings?page=" + _HUGE,
    "/v1/bookings?limit=-1",
    "/v1/bookings?limit=1e3",
    "/v1/bookings?limit=NaN",
    "/v1/bookings?q=%00",
    "/v1/bookings?q=%25%5F%5C",
    "/v1/bookings?updated_since=9999-12-31T23:59:59Z",
    "/v1/bookings?updated_since=2027-01-01",
    "/v1/bookings?limit=1&limit=2",
    "/v1/events?after=99999999999999999999",
    "/v1/events?after=-1",
    "/v1/events?types=%F0%9F%98%80",
    "/v1/availability?from=2027-02-01&to=2027-02-03&guests=9223372036854775808",
]
BODIES = [
    "",
    "null",
    "[]",
    "7",
    "{",
    "\ufeff{}",
    _DEEP,
    _HUGE,
    '{"name": "\\ud800", "timezone": "UTC"}',
    '{"name": "a\\u0000b", "timezone": "UTC"}',
    '{"name": "Casa", "timezone": "Mars/Olympus"}',
    '{"name": ' + _HUGE + "}",
    '{"name": NaN, "timezone": Infinity}',
    '{"name": "Casa", "name": "Villa", "timezone": "UTC", "check_in": "25:00"}',
    '{"\\ud800": 1}',
    '{"name": {"a": ' + _DEEP + "}}",
]
BOOKINGS = [
    '{"unit_id": "sea-view", "arrival": "9999-12-31", "departure": "9999-12-31"}',
    '{"unit_id": "sea-view", "arrival": "2027-02-05", "departure": "2027-02-03"}',
    '{"unit_id": "sea-view", "arrival": "2027-02-05", "departure": "2031-02-03"}',
    '{"unit_id": "sea-view", "arrival": 1e400, "departure": true}',
    '{"unit_id": "sea-view", ' + _STAY + ', "guest": {"adults": 99999999999999999999}}',
    '{"unit_id": "sea-view", ' + _STAY + ', "guest": {"notes": "\\udfff"}}',
    '{"unit_id": "sea-view", ' + _STAY + ', "custom_parameters": {"a": ' + "9" * 30 + "}}",
    '{"unit_id": "sea-view", ' + _STAY + ', "custom_parameters": {"a": [1]}}',
    '{"unit_id": ["sea-view"], ' + _STAY + "}",
    '{"unit_id": "\\u0000", ' + _STAY + "}",
]

#: As JSON: in the place of any field of any body, and of any parameter.
MAKERS = [
    *("99999999999999999999", "-99999999999999999999", "9223372036854775808", "-1", "0", "4.5"),
    *(_HUGE, "-" + _HUGE, "1e400", "-1e400", "1e-400", "NaN", "Infinity"),
    *(
        '"9999-12-31"',
        '"0001-01-01"',
        '"2027-02-30"',
        '"10000-01-01"',
        '"2027-2-3"',
        '"2100-02-29"',
    ),
    *('"9999-12-31T23:59:59Z"', '"0001-01-01T00:00:00+14:00"', '"2027-02-03T25:61:61Z"'),
    *('"a\\u0000b"', '"\\u0000"', '"\\ud800"', '"a\\udfffb"', '"\\ud83d\\ude00"', '"\\u202e"'),
    *('""', '" "', '"' + "a" * 70_000 + '"', '"%"', '"\'; DROP TABLE stay; --"', '"../../x"'),
    *('"{{7*7}}"', '"=1+1"', '"a\\r\\nX-More: 1"', '"sea-view\\n"'),
    *("null", "true", "[]", "{}", "[null]", '{"\\ud800": 1}', "[" * 500 + "]" * 500),
    '{"a":' * 500 + "1" + "}" * 500,
]


def refused(response: Any) -> None:
    assert response.status_code < 500, response.text
    if response.status_code >= 400:
        assert set(response.json()) == {"error"}


@pytest.fixture
def house(api: ApiHouse) -> ApiHouse:
    api.a_unit()
    return api


def test_no_path_or_query_breaks_it(house: ApiHouse) -> None:
    """Huge numbers, far dates, NUL, surrogates, slips: refused in the shape of errors, or empty."""
    for path in PATHS:
        refused(house.ask("GET", path))


def test_no_body_breaks_it(house: ApiHouse) -> None:
    """Nothing, no JSON, deep JSON, endless numbers: refused, with every kind of wish."""
    headers = {"Authorization": f"Bearer {house.key}", "Content-Type": "application/json"}
    for path, bodies in (("/v1/properties", BODIES), ("/v1/bookings", [*BODIES, *BOOKINGS])):
        for body in bodies:
            content = body.encode("utf-8", "surrogatepass")
            response = house.client.post(path, content=content, headers=headers)
            refused(response)
            assert response.status_code >= 400, body[:80]


def test_no_header_breaks_it(house: ApiHouse) -> None:
    """Keys, tags and lengths that nobody would send on purpose."""
    for headers in (
        {"Idempotency-Key": ""},
        {"Idempotency-Key": "a" * 5000},
        {"Idempotency-Key": "\xff"},
        {"If-Match": '"' + "a" * 990},
        {"If-None-Match": ",,,"},
        {"X-Request-ID": "\xff" * 300},
        {"Content-Type": "application/xml"},
    ):
        encoded = {name: value.encode("latin-1") for name, value in headers.items()}
        refused(house.ask("POST", "/v1/properties", {"name": "x"}, headers=encoded))  # type: ignore[arg-type]
        refused(house.ask("GET", "/v1/units/sea-view", headers=encoded))  # type: ignore[arg-type]


def _as_text(maker: str) -> str:
    """The same in an address, whatever it is: NUL, lone surrogates and all."""
    try:
        said = json.loads(maker)
    except ValueError:  # more digits than anyone can read
        said = maker
    text = said if isinstance(said, str) else maker
    return quote(text.encode("utf-8", "surrogatepass")[:5000], safe="")


def _bodies(valid: dict[str, Any], maker: str) -> Iterator[str]:
    """The body with the maker in the place of it, of each field, and of one that is not there."""
    yield maker
    for name in (*valid, "more"):
        fields = {key: json.dumps(value) for key, value in valid.items()} | {name: maker}
        yield "{" + ", ".join(f'"{key}": {value}' for key, value in fields.items()) + "}"


def _requests(
    one: tuple[str, str, dict[str, Any]], ids: dict[str, str], maker: str
) -> Iterator[tuple[str, str, str | None]]:
    """(METHOD, address, body) of each way to put a maker into an operation."""
    method, path, operation = one
    name = operation["operationId"]
    there = path
    for place in re.findall(r"\{(\w+)\}", path):
        there = there.replace(f"{{{place}}}", ids.get(place.removesuffix("_id"), "2027-02-03"))
    valid = VALID.get(name) and {
        field: ids[value[1:-1]] if isinstance(value, str) and value[:1] == "{" else value
        for field, value in VALID[name].items()
    }
    body = None if valid is None else json.dumps(valid)
    needed = "&".join(f"{key}={value}" for key, value in QUERIES.get(name, {}).items())
    text = _as_text(maker)
    for place in re.findall(r"\{\w+\}", path):
        yield method, f"{path.replace(place, text)}?{needed}", body
    queries = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
    for query in (*queries, "more"):
        yield method, f"{there}?{needed}&{query}={text}", body
    for said in _bodies(valid or {}, maker):
        if method != "GET":
            yield method, f"{there}?{needed}", said


@pytest.mark.timeout(600)
def test_no_maker_breaks_any_operation(tmp_path: Path, database: str | None) -> None:
    """Each of them at every kind of operation: in its path, its query, its body and each field."""
    assert len(MAKERS) >= 40
    count = asked = 0
    with HostileServer({}) as server:
        config = f'[network]\nallow_private = ["{server.origin}"]\n'
        house = ApiHouse(tmp_path, config=config, database=database)
        ids = {kind: there[0] for kind, there in furnish(house, server, 0).items()}
        headers = {"Authorization": f"Bearer {house.key}", "Content-Type": "application/json"}
        for one in operations():
            if one[2]["operationId"] == "stream_events":
                continue
            for maker in MAKERS:
                for method, address, body in _requests(one, ids, maker):
                    count += 1
                    if count % EVERY:
                        continue
                    asked += 1
                    content = None if body is None else body.encode("utf-8", "surrogatepass")
                    response = house.client.request(
                        method, address, content=content, headers=headers
                    )
                    refused(response)
        assert asked > 1000
        assert house.get("/v1/me")
        house.close()
