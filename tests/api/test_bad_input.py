"""Forty inputs that make a plain application answer 500: none of them does here."""

from __future__ import annotations

from typing import Any

import pytest

from api.asking import ApiHouse

_HUGE = "9" * 5000
_DEEP = "[" * 100_000 + "]" * 100_000
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
