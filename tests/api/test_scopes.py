"""What a key may do that has a few scopes only, beyond the matrix."""

from __future__ import annotations

from typing import Any

from api.asking import ApiHouse
from vacancy.domain.scopes import Scope

HOOKS, URL = "/v1/webhooks", "https://hooks.example.com/vacancy"


def test_nobody_is_told_what_they_may_not_read(api: ApiHouse) -> None:
    """Making a webhook, or turning one elsewhere, needs the scope of the journal as well."""
    hook = api.post(HOOKS, {"url": URL})
    path = f"{HOOKS}/{hook['id']}"
    blind = api.make_key(scopes=[Scope.WEBHOOKS_READ, Scope.WEBHOOKS_WRITE])
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", HOOKS, {"url": f"{URL}/mine"}),
        ("PATCH", path, {"url": f"{URL}/mine"}),
        ("PATCH", path, {"types": []}),
        ("PATCH", path, {"enabled": True}),
    ]
    for method, where, body in asked:
        refused = api.ask(method, where, body, key=blind)
        error = refused.json()["error"]
        assert (refused.status_code, error["code"]) == (403, "missing_scope")
        assert "activity.read" in error["message"]
    assert api.ask("POST", f"{path}/test", {}, key=blind).status_code == 202
    assert api.get(path)["url"] == URL


def test_reading_the_calendar_tells_no_guest_and_no_code(api: ApiHouse) -> None:
    """Nights, and why they are taken: nothing of who comes."""
    unit = api.a_unit()
    stay = {"unit_id": unit["id"], "arrival": "2027-02-03", "departure": "2027-02-05"}
    api.post("/v1/bookings", {**stay, "guest": {"name": "Ana Silva"}})
    key = api.make_key(scopes=[Scope.CALENDAR_READ])
    span = {"from": "2027-02-01", "to": "2027-02-08"}
    for path in ("availability", "calendar", "timeline", f"units/{unit['id']}/nights"):
        assert "Ana" not in api.ask("GET", f"/v1/{path}", key=key, **span).text
    night = api.ask("GET", f"/v1/units/{unit['id']}/nights/2027-02-03", key=key)
    assert night.status_code == 200
    assert "Ana" not in night.text
