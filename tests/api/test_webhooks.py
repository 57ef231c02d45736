"""Webhooks over the API: made, shown once, looked after, sent again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api.asking import NOW, ApiHouse
from asking import TRUSTING
from vacancy.domain.scopes import Role
from vacancy.net.client import Client, Limits
from vacancy.net.guard import Guard
from vacancy.notifier.deliver import Deliveries, Tools
from webhook_receiver import Receiver, Says

HOOKS = "/v1/webhooks"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def api(tmp_path: Path, receiver: Receiver, database: str | None) -> Iterator[ApiHouse]:
    """A house whose config lets it call the receiver."""
    house = ApiHouse(
        tmp_path, database=database, config=f'[network]\nallow_private = ["{receiver.origin}"]\n'
    )
    yield house
    house.close()


def deliver(api: ApiHouse) -> int:
    """Make every try that is due."""

    async def once() -> int:
        guard = Guard(api.settings.network.allow_private)
        client = Client(guard, "Vacancy/0", limits=Limits(total=2), tls=TRUSTING)
        try:
            tools = Tools(api.store, api.vault, client, api.clock(), api.chance)
            return await Deliveries(tools).once()
        finally:
            await client.aclose()

    return asyncio.run(once())


def test_the_life_of_a_webhook(api: ApiHouse, receiver: Receiver) -> None:
    """Made, read without its secret, changed, deleted."""
    wish = {"url": receiver.url(), "types": ["booking.created"], "description": "Cleaning"}
    made = api.post(HOOKS, wish)
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    path = f"{HOOKS}/{made['id']}"
    read = api.get(path)
    assert read == made
    assert (read["url"], read["enabled"], read["property_id"]) == (receiver.url(), True, None)
    assert api.get(HOOKS)["data"] == [made]
    changed = api.ask("PATCH", path, {"types": [], "url": receiver.url("/new")}).json()
    assert changed == {**made, "types": [], "url": receiver.url("/new")}
    assert secret not in api.ask("GET", HOOKS).text
    assert api.ask("DELETE", path).status_code == 204
    assert api.ask("GET", path).status_code == 404


def test_bookings_are_told(api: ApiHouse, receiver: Receiver) -> None:
    """A booking over the API is at the endpoint of its property, and at no other's."""
    unit, other = api.a_unit(), api.a_unit("attic")
    api.post(HOOKS, {"url": receiver.url("/a"), "property_id": unit["property_id"]})
    hook = api.post(HOOKS, {"url": receiver.url("/b"), "property_id": other["property_id"]})
    nights = {"unit_id": unit["id"], "arrival": "2027-02-03", "departure": "2027-02-05"}
    booking = api.post("/v1/bookings", nights)
    deliver(api)
    (sent,) = receiver.sent
    assert (sent.path, sent.event["type"]) == ("/a", "booking.created")
    assert sent.event["data"]["id"] == booking["id"]
    assert sent.event["property_id"] == unit["property_id"]
    assert api.get(f"{HOOKS}/{hook['id']}/deliveries")["data"] == []
    (event,) = api.get("/v1/events", types="booking.created")["data"]
    assert sent.event == event


def test_three_of_a_property(api: ApiHouse, receiver: Receiver) -> None:
    """A fourth is refused until one is deleted; another property has its own three."""
    place = api.a_unit()["property_id"]
    wish = {"url": receiver.url(), "property_id": place}
    made = [api.post(HOOKS, wish) for _ in range(3)]
    refused = api.ask("POST", HOOKS, wish)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "too_many_webhooks")
    api.post(HOOKS, {**wish, "property_id": api.a_unit("attic")["property_id"]})
    assert api.ask("DELETE", f"{HOOKS}/{made[0]['id']}").status_code == 204
    api.post(HOOKS, wish)
    assert api.get(HOOKS, property_id=place)["pagination"]["total_items"] == 3


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("http://127.0.0.1/hook", 409),
        ("http://169.254.169.254/latest", 409),
        ("https://hooks.example.com:8080/", 409),
        ("http://0x7f.1/", 409),
        ("ftp://hooks.example.com/", 422),
        ("https://user@hooks.example.com/", 422),
        ("", 422),
    ],
)
def test_addresses_that_are_not_called(api: ApiHouse, url: str, status: int) -> None:
    """Private networks, odd ports and what is no web address are refused, without its text."""
    refused = api.ask("POST", HOOKS, {"url": url})
    assert refused.status_code == status
    assert not url or url not in refused.text
    assert api.get(HOOKS)["data"] == []


def test_a_ping_is_sent_and_not_journalled(api: ApiHouse, receiver: Receiver) -> None:
    """Once, whatever is answered, even to a disabled webhook; its delivery tells how it went."""
    hook = api.post(HOOKS, {"url": receiver.url()})
    path = f"{HOOKS}/{hook['id']}"
    api.ask("PATCH", path, {"enabled": False})
    receiver.says = Says(500, b"broken")
    ping = api.post(f"{path}/test")
    assert (ping["type"], ping["state"], ping["attempts"]) == ("ping", "waiting", [])
    assert deliver(api) == 1
    api.pass_time(hours=1)
    assert deliver(api) == 0
    (told,) = api.get(f"{path}/deliveries")["data"]
    assert (told["id"], told["state"]) == (ping["id"], "failed")
    (attempt,) = told["attempts"]
    assert (attempt["status"], attempt["answer"]) == (500, "broken")
    assert (receiver.sent[0].id, receiver.sent[0].event["type"]) == (ping["event_id"], "ping")
    assert api.get("/v1/events")["data"][-1]["type"] != "ping"
    assert api.get(path)["failing_since"] is None


def test_the_secret_is_rotated(api: ApiHouse, receiver: Receiver) -> None:
    """A new one is shown once, and the old one is told to sign for a day more."""
    hook = api.post(HOOKS, {"url": receiver.url()})
    rotated = api.post(f"{HOOKS}/{hook['id']}/rotate-secret")
    assert rotated["secret"] != hook["secret"]
    assert rotated["old_secret_until"] == "2027-01-11T09:00:00Z"
    api.post(f"{HOOKS}/{hook['id']}/test")
    deliver(api)
    assert len(receiver.sent[0].headers["webhook-signature"].split()) == 2


def test_deliveries_are_sent_again(api: ApiHouse, receiver: Receiver) -> None:
    """One by its id, or all of a span, under the same id with the same body."""
    hook = api.post(HOOKS, {"url": receiver.url()})
    path = f"{HOOKS}/{hook['id']}"
    receiver.says = Says(500)
    api.make_key()
    api.pass_time(minutes=1)
    api.make_key()
    deliver(api)
    receiver.says = Says()
    newest, _ = api.get(f"{path}/deliveries", state="waiting")["data"]
    again = api.post(f"/v1/deliveries/{newest['id']}/redeliver")
    assert (again["state"], len(again["attempts"])) == ("waiting", 1)
    assert deliver(api) == 1
    assert api.get(f"{path}/deliveries", state="delivered")["data"][0]["id"] == newest["id"]
    span = {"from": instant(0), "to": instant(3600)}
    assert api.post(f"{path}/redeliver", span)["count"] == 3  # the owner's key, made before it
    span["undelivered_only"] = True
    assert api.post(f"{path}/redeliver", span)["count"] == 3
    assert deliver(api) == 3
    assert api.post(f"{path}/redeliver", span)["count"] == 0
    for sent in receiver.sent:
        same = {one.body for one in receiver.sent if one.id == sent.id}
        assert len(same) == 1
    backwards = api.ask("POST", f"{path}/redeliver", {"from": instant(60), "to": instant(0)})
    assert backwards.status_code == 422


def test_a_disabled_webhook_is_sent_nothing_again(api: ApiHouse, receiver: Receiver) -> None:
    """First it is enabled."""
    hook = api.post(HOOKS, {"url": receiver.url()})
    path = f"{HOOKS}/{hook['id']}"
    api.make_key()
    deliver(api)
    (told,) = api.get(f"{path}/deliveries")["data"]
    api.ask("PATCH", path, {"enabled": False})
    span = {"from": instant(0), "to": instant(60)}
    for where, body in ((f"/v1/deliveries/{told['id']}", None), (path, span)):
        refused = api.ask("POST", f"{where}/redeliver", {} if body is None else body)
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "webhook_disabled")
    api.ask("PATCH", path, {"enabled": True})
    api.post(f"/v1/deliveries/{told['id']}/redeliver")
    assert deliver(api) == 1


def test_another_accounts_webhooks_are_unknown(api: ApiHouse, receiver: Receiver) -> None:
    """Neither read, changed, told, nor made for another's property."""
    hook = api.post(HOOKS, {"url": receiver.url()})
    api.make_key()
    deliver(api)
    path = f"{HOOKS}/{hook['id']}"
    (told,) = api.get(f"{path}/deliveries")["data"]
    place = api.a_unit()["property_id"]
    stranger = api.make_key(Role.OWNER, account_id=api.make_account())
    span = {"from": instant(0), "to": instant(60)}
    asked: list[tuple[str, str, Any]] = [
        ("GET", path, None),
        ("PATCH", path, {"enabled": False}),
        ("DELETE", path, None),
        ("POST", f"{path}/test", {}),
        ("POST", f"{path}/rotate-secret", {}),
        ("GET", f"{path}/deliveries", None),
        ("POST", f"{path}/redeliver", span),
        ("POST", f"/v1/deliveries/{told['id']}/redeliver", {}),
        ("POST", HOOKS, {"url": receiver.url(), "property_id": place}),
    ]
    answers = [api.ask(*one, key=stranger).status_code for one in asked]
    assert answers == [404] * len(asked)
    assert api.get(HOOKS, key=stranger)["data"] == []
    api.post(HOOKS, {"url": receiver.url("/stranger")}, key=stranger)
    api.make_key()
    deliver(api)
    assert [one.path for one in receiver.sent] == ["/hook"] * 2


def instant(seconds: int) -> str:
    return (NOW + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
