"""The mechanics of simulated systems: routes, bad days, limits and webhooks."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection

from vacancy.domain.nights import Nights
from vacancy.simulator.systems.serving import (
    Asked,
    Handler,
    Hook,
    Simulated,
    Sold,
    Told,
    Window,
    post,
)

NOW = datetime(2027, 1, 10, 9, 0, 30, tzinfo=UTC)


class Shop:
    """The least system: it says what it was asked for."""

    def __init__(self) -> None:
        self.hooks: deque[Hook] = deque()
        self.heard: list[Asked] = []

    @property
    def routes(self) -> Mapping[str, Handler]:
        return {"GET /things/{id}": self.thing, "POST /hook": self.hear}

    def thing(self, asked: Asked) -> Told:
        return Told(200, {"id": asked.named["id"], "page": asked.query.get("page")})

    def hear(self, asked: Asked) -> Told:
        self.heard.append(asked)
        return Told(204)

    def admit(self, asked: Asked) -> Told | None:
        return None if asked.bearer == "key" else self.refuse(401)

    def refuse(self, status: int) -> Told:
        return Told(status, {"error": status})

    def manners(self, asked: Asked, told: Told) -> Told:
        return told.saying(X_Asked=asked.route)

    def add(self, sold: Sold) -> str:
        return sold.property_id

    def change(self, remote_id: str, nights: Nights) -> None: ...
    def cancel(self, remote_id: str) -> None: ...
    def block(self, property_id: str, nights: Nights) -> str:
        return property_id


def get(shop: Simulated, path: str, key: str = "key") -> tuple[int, str | None, bytes]:
    host, _, port = shop.authority.partition(":")
    connection = HTTPConnection(host, int(port), timeout=10)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
        response = connection.getresponse()
        return response.status, response.headers.get("X-Asked"), response.read()
    finally:
        connection.close()


def test_a_system_is_asked_over_http() -> None:
    """What the route names, the query and the manners come along; who has no key is refused."""
    with Simulated(Shop()).running() as shop:
        said = (200, "GET /things/{id}", b'{"id": "a b", "page": "2"}')
        assert get(shop, "/things/a%20b?page=2") == said
        assert get(shop, "/things/a", key="other")[0] == 401
        assert get(shop, "/nothing")[0] == 404
    assert [asked.path for asked in shop.asked] == ["/things/a%20b", "/things/a", "/nothing"]


def test_bad_days_come_in_turn_and_pass() -> None:
    """Each spoils one answer of its route, and what was true before is true after."""
    with Simulated(Shop()).running() as shop:
        shop.spoil("cut", route="GET /things")
        shop.spoil("error")
        assert get(shop, "/things/1") == (200, "GET /things/{id}", b'{"id": "1", "pag')
        assert get(shop, "/things/1")[0] == 500
        assert get(shop, "/things/1")[0] == 200


def test_webhooks_are_posted_and_nobody_is_no_error() -> None:
    """A receiver's status comes back; where none listens it is 0."""
    system = Shop()
    with Simulated(system).running() as shop:
        bearer = {"Authorization": "Bearer key"}
        system.hooks.append(Hook(f"{shop.url}/hook", bearer, b'{"a": 1}'))
        assert shop.deliver() == [204]
        assert system.heard[0].document == {"a": 1}
        gone = Hook(f"{shop.url}/hook", {}, b"")
    assert post(gone) == 0


def test_a_window_counts_and_forgets() -> None:
    """So many of one name in each minute, and the end of the minute is told."""
    window = Window(2)
    end = int(NOW.timestamp()) + 30
    assert [window.count("a", NOW) for _ in range(3)] == [(1, end), (0, end), (-1, end)]
    assert window.count("b", NOW)[0] == 1
    assert window.count("a", NOW + timedelta(minutes=1))[0] == 1
