"""/v1/sources and /hooks: connecting a booking system, and its word that something changed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from api.asking import ApiHouse
from sources.imagined import KIND, Imagined, known, signed
from vacancy.domain.scopes import Role, Scope
from vacancy.sources.port import RemoteProperty, SourceFailed
from vacancy.store.sources import Account

SECRET = "hook-secret-of-the-host"


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[Imagined]:
    with known(monkeypatch) as account:
        yield account


@pytest.fixture
def unit(api: ApiHouse, system: Imagined) -> str:
    del system
    return api.a_unit("sea-view", name="Sea View")["id"]


def wish(unit: str, **said: Any) -> dict[str, Any]:
    return {
        "kind": KIND,
        "api_key": "SECRET-key-of-1234",
        "webhook_secret": SECRET,
        "units": {"101": unit},
        **said,
    }


def hooked(api: ApiHouse, source: dict[str, Any], body: bytes, secret: str = SECRET) -> Any:
    """A webhook comes in."""
    path = "/hooks/" + source["hook_url"].rsplit("/", 1)[1]
    return api.client.post(path, content=body, headers={"X-Imagined": signed(body, secret)})


def test_a_source_is_made_changed_and_taken_out(api: ApiHouse, unit: str) -> None:
    """Of its key the last letters are told; each unit of it is a feed, which has no address."""
    made = api.post("/v1/sources", wish(unit))
    assert (made["key"], made["credentials"], made["units"]) == (KIND, "…1234", {"101": "sea-view"})
    assert "SECRET" not in str(api.get("/v1/sources")) + str(made)
    (feed,) = api.get("/v1/feeds")["data"]
    assert (feed["feed"], feed["address"]) == (KIND, "imagined.example/…101")
    changed = api.ask("PATCH", f"/v1/sources/{made['id']}", {"units": {"102": unit}, "push": False})
    assert changed.json()["units"] == {"102": "sea-view"}
    assert changed.json()["push"] is False
    assert api.ask("DELETE", f"/v1/sources/{made['id']}").status_code == 204
    assert api.get("/v1/sources")["data"] == api.get("/v1/feeds")["data"] == []


def test_a_feed_of_a_source_is_changed_with_it(api: ApiHouse, unit: str) -> None:
    """It may be asked and decided about, but has no address of its own to change."""
    api.post("/v1/sources", wish(unit))
    (feed,) = api.get("/v1/feeds")["data"]
    for method, body in (("PATCH", {"every_seconds": 600}), ("DELETE", None)):
        refused = api.ask(method, f"/v1/feeds/{feed['id']}", body)
        assert refused.json()["error"]["code"] == "of_a_source"
    assert api.ask("POST", f"/v1/feeds/{feed['id']}/poll").status_code == 202
    assert api.get("/v1/bookings", channel="rentalot")["data"] == []


def test_two_properties_are_never_one_unit(api: ApiHouse, unit: str) -> None:
    """And a key is sent over https alone."""
    twice = api.ask("POST", "/v1/sources", wish(unit, units={"1": unit, "2": unit}))
    assert twice.json()["error"]["code"] == "unit_mapped_twice"
    plain = api.ask("POST", "/v1/sources", wish(unit, base_url="http://imagined.example"))
    assert plain.json()["error"]["code"] == "not_https"


def test_check_lists_what_the_system_lets_and_proposes_units(api: ApiHouse, unit: str) -> None:
    """By name, among the units that nothing is mapped to yet."""
    lisbon = api.a_unit("garden-house", name="Garden House")
    found: list[RemoteProperty] | SourceFailed = [
        RemoteProperty("101", "Sea View"),
        RemoteProperty("102", "Garden house", lisbon["timezone"], 4),
    ]

    async def properties(_account: Account) -> list[RemoteProperty] | SourceFailed:
        return found

    object.__setattr__(api.front, "properties", properties)
    source = api.post("/v1/sources", wish(unit))
    checked = api.ask("POST", f"/v1/sources/{source['id']}/check").json()
    assert [one["unit"] for one in checked["properties"]] == ["sea-view", None]
    assert [one["proposed"] for one in checked["properties"]] == [None, "garden-house"]
    found = SourceFailed("unauthorized", "It does not accept the key.")
    checked = api.ask("POST", f"/v1/sources/{source['id']}/check").json()
    assert (checked["ok"], checked["reason"]) == (False, "unauthorized")


def test_pushes_are_seen_with_every_try(api: ApiHouse, unit: str) -> None:
    """A booking of ours is wanted there as soon as it is made."""
    source = api.post("/v1/sources", wish(unit))
    nights = {"arrival": "2027-02-03", "departure": "2027-02-05"}
    booking = api.post("/v1/bookings", {"unit_id": unit, **nights})
    (push,) = api.get(f"/v1/sources/{source['id']}/pushes")["data"]
    assert (push["booking_id"], push["state"], push["attempts"]) == (booking["id"], "waiting", [])
    assert (push["arrival"], push["departure"]) == (nights["arrival"], nights["departure"])


def test_a_true_webhook_has_the_source_asked(api: ApiHouse, unit: str) -> None:
    """202, and nothing of its body is believed."""
    source = api.post("/v1/sources", wish(unit))
    _ask_later(api, source)
    body = b'{"event": "booking.canceled", "id": "7"}'
    assert hooked(api, source, body).status_code == 202
    assert _next(api, source) <= "2027-01-10T09:00:00Z"
    assert api.get("/v1/bookings")["data"] == []


def test_a_forged_webhook_and_one_to_nobody_change_nothing(api: ApiHouse, unit: str) -> None:
    """401 and 404."""
    source = api.post("/v1/sources", wish(unit))
    _ask_later(api, source)
    before = _next(api, source)
    assert hooked(api, source, b"{}", "another").status_code == 401
    assert api.client.post("/hooks/" + "0" * 48, content=b"{}").status_code == 404
    assert api.client.get("/hooks/" + "0" * 48).status_code == 405
    assert _next(api, source) == before


def test_a_source_without_a_secret_believes_nobody(api: ApiHouse, unit: str) -> None:
    """An empty secret signs nothing."""
    source = api.post("/v1/sources", wish(unit, webhook_secret=None))
    assert hooked(api, source, b"{}", "").status_code == 401


def test_webhooks_are_answered_at_once(api: ApiHouse, unit: str) -> None:
    """Within 200 ms, a replay like the first."""
    source = api.post("/v1/sources", wish(unit))
    hooked(api, source, b"{}")
    began = time.perf_counter()
    for _ in range(20):
        assert hooked(api, source, b"{}").status_code == 202
    assert (time.perf_counter() - began) / 20 < 0.2


def test_a_webhook_is_answered_while_the_store_is_held(api: ApiHouse, unit: str) -> None:
    """Somebody writes for long: the answer does not wait, and the word is kept all the same."""
    source = api.post("/v1/sources", wish(unit))
    _ask_later(api, source)
    with api.store.write():
        began = time.perf_counter()
        assert hooked(api, source, b"{}").status_code == 202
        assert time.perf_counter() - began < 0.2
    until = time.perf_counter() + 5
    while _next(api, source) > "2027-01-10T09:00:00Z" and time.perf_counter() < until:
        time.sleep(0.02)
    assert _next(api, source) <= "2027-01-10T09:00:00Z"


def test_guests_and_prices_are_for_those_who_may_see_them(
    api: ApiHouse, unit: str, system: Imagined
) -> None:
    """Of a source's booking too; without the scope both are null."""
    del system
    nights = {"arrival": "2027-02-03", "departure": "2027-02-05"}
    api.post("/v1/bookings", {"unit_id": unit, **nights, "guest": {"name": "Ada"}})
    plain = api.make_key(Role.MANAGER, [Scope.BOOKINGS_READ])
    (told,) = api.get("/v1/bookings")["data"]
    (hidden,) = api.get("/v1/bookings", key=plain)["data"]
    assert (told["guest"]["name"], told["price"]) == ("Ada", None)
    assert (hidden["guest"], hidden["price"]) == (None, None)


def _ask_later(api: ApiHouse, source: dict[str, Any]) -> None:
    from sqlalchemy import update

    from vacancy.store.tables import Source

    with api.store.write() as session:
        later = api.now.replace(hour=23)
        mine = Source.id == source["id"]
        session.execute(update(Source).where(mine).values(next_poll_at=later))  # type: ignore[arg-type]


def _next(api: ApiHouse, source: dict[str, Any]) -> str:
    return api.get(f"/v1/sources/{source['id']}")["next_poll_at"]
