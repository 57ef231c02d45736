"""What every request meets before its route: ids, bounds, limits, and one shape of error."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from api.asking import ApiHouse
from vacancy.api.app import schema
from vacancy.api.door import Bounds, Door
from vacancy.domain.scopes import Scope


def test_every_answer_carries_the_id_of_its_request(api: ApiHouse) -> None:
    """One that is given, or one that is made; the same in an error's body."""
    given = api.ask("GET", "/v1/me", headers={"X-Request-ID": "mine-1"})
    assert given.headers["X-Request-ID"] == "mine-1"
    made = api.ask("GET", "/v1/units/none")
    assert made.json()["error"]["request_id"] == made.headers["X-Request-ID"]
    assert made.headers["X-Request-ID"].startswith("req_")
    forged = api.ask("GET", "/v1/me", headers={"X-Request-ID": "a\tb"})
    assert forged.headers["X-Request-ID"].startswith("req_")


def test_a_body_over_the_bound_is_refused_unread(api: ApiHouse) -> None:
    """Told or not, more than a MiB is 413."""
    headers = {"Authorization": f"Bearer {api.key}", "Content-Type": "application/json"}
    large = b'{"name": "' + b"a" * 1024 * 1024 + b'"}'
    for content in (large, iter([large[:1000], large[1000:]])):
        response = api.client.post("/v1/properties", content=content, headers=headers)
        assert response.status_code == 413
        assert response.json()["error"]["code"] == "too_large"


def test_a_body_that_never_comes_is_given_up(api: ApiHouse) -> None:
    """Half a body holds nobody for longer than the bound."""
    door = Door(api.inner, bytes, Bounds(time=0.05))
    scope: dict[str, Any] = {
        "type": "http", "method": "POST", "path": "/v1/properties", "query_string": b"",
        "headers": [(b"content-length", b"100")], "scheme": "http",
    }  # fmt: skip
    sent: list[Any] = []
    came = iter([{"type": "http.request", "body": b"{", "more_body": True}])

    async def receive() -> Any:
        message = next(came, None)
        if message is None:
            await asyncio.sleep(60)
        return message

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(asyncio.wait_for(door(scope, receive, send), timeout=5))
    assert sent[0]["status"] == 408
    assert json.loads(sent[1]["body"])["error"]["code"] == "too_slow"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "not_found"),
        ("PUT", "/v1/units", 405, "method_not_allowed"),
        ("GET", "/v1/units?colour=red", 422, "validation_error"),
        ("GET", "/v1/units?limit=101", 422, "validation_error"),
        ("GET", "/v1/events?after=later", 422, "validation_error"),
        ("DELETE", "/v1/units/none", 404, "not_found"),
    ],
)
def test_errors_have_one_shape(
    api: ApiHouse, method: str, path: str, status: int, code: str
) -> None:
    """Code, message, request id, details; whatever went wrong."""
    response = api.ask(method, path)
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (status, code)
    assert set(error) == {"code", "message", "request_id", "details"}
    if status == 405:
        assert response.headers["Allow"] == "GET, POST"


def test_unknown_and_foreign_fields_are_refused(api: ApiHouse) -> None:
    """A field that nobody reads is a slip, or an attempt."""
    for more in ({"colour": "red"}, {"account_id": "acc_other"}, {"managed_by": "config"}):
        wish = {"name": "Casa", "timezone": "Europe/Lisbon", **more}
        response = api.ask("POST", "/v1/properties", wish)
        assert response.status_code == 422
        assert response.json()["error"]["details"][0]["field"] == f"body.{next(iter(more))}"


def test_a_fault_of_ours_tells_nothing(api: ApiHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """500 in the same shape, without a word of what broke."""

    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("vacancy.services.places.get_unit", broken)
    response = api.ask("GET", "/v1/units/any")
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "fault"
    assert "secret" not in response.text


def test_reads_and_writes_are_counted_apart(tmp_path: Path) -> None:
    """So many a minute of one key; the headers tell what is left, 429 tells how long to wait."""
    api = ApiHouse(tmp_path, reads=3, writes=1)
    answers = [api.ask("GET", "/v1/me") for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert [one.headers["X-RateLimit-Remaining"] for one in answers] == ["2", "1", "0", "0"]
    assert answers[0].headers["X-RateLimit-Limit"] == "3"
    assert answers[0].headers["X-RateLimit-Resource"] == "get_me"
    assert api.ask("GET", "/v1/units").status_code == 200  # each route has its own minute
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 60
    wish = {"name": "Casa", "timezone": "UTC"}
    again = {"Idempotency-Key": "one"}
    made = api.ask("POST", "/v1/properties", wish, headers=again)
    assert (made.status_code, made.headers["X-RateLimit-Resource"]) == (201, "create_property")
    replayed = api.ask("POST", "/v1/properties", wish, headers=again)
    assert replayed.headers["X-Idempotent-Replayed"] == "true"
    assert api.ask("POST", "/v1/properties", wish).status_code == 429
    other = api.make_key()
    assert api.ask("GET", "/v1/me", key=other).status_code == 200
    api.close()


def test_what_is_served_is_what_is_documented(api: ApiHouse) -> None:
    """Every route stands in the schema, and no other does; beside them the documentation itself,
    and where booking systems say that something changed: no program asks there.
    """
    beside = {"/docs", "/docs/oauth2-redirect", "/openapi.json", "/static-offline-docs"}
    beside |= {"/hooks/{token}"}
    served = {
        (method, route.path)
        for route in api.inner.routes
        for method in getattr(route, "methods", ())
        if getattr(route, "path", "") not in beside
    }
    told = schema()
    documented = {(method.upper(), path) for path, ways in told["paths"].items() for method in ways}
    assert served == documented
    assert told["openapi"].startswith("3.1")


def test_the_documentation_works_without_a_network(api: ApiHouse) -> None:
    """/docs and all that it loads come from here, and it knows how to authorize."""
    page = api.client.get("/docs")
    assert page.status_code == 200
    assert "cdn" not in page.text
    assert api.client.get("/openapi.json").json()["components"]["securitySchemes"]["key"] == {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key: `vac_...`, as `vacancy keys create` prints it.",
    }
    for found in page.text.split('"'):
        if found.startswith("/static-offline-docs/"):
            assert api.client.get(found).status_code == 200


def test_no_other_site_may_ask_in_a_browser(api: ApiHouse) -> None:
    """CORS is off."""
    headers = {"Origin": "https://elsewhere.example"}
    answer = api.ask("GET", "/v1/me", headers=headers)
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_scope_opens_its_own_routes_only(api: ApiHouse) -> None:
    """A key to the calendar reads the calendar, and nothing else."""
    key = api.make_key(scopes=[Scope.CALENDAR_READ])
    span = {"from": "2027-02-02", "to": "2027-02-04"}
    assert api.ask("GET", "/v1/calendar", key=key, **span).status_code == 200
    refused = api.ask("GET", "/v1/bookings", key=key)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "missing_scope")
