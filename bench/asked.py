"""A house that knows a whole year, asked over its API in this process, past any socket."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import year
from year import NOW, Size, Year

from vacancy.api.app import make_app
from vacancy.api.door import App, Bounds, Door
from vacancy.api.front import Front
from vacancy.api.limits import RateLimits
from vacancy.api.listening import Listeners
from vacancy.domain.scopes import Role
from vacancy.net.client import FetchFailed
from vacancy.services import keys
from vacancy.services.at import At
from vacancy.services.publishing import publisher
from vacancy.settings import Settings
from vacancy.store.session import Store, migrate, open_store
from vacancy.vault import open_vault

#: So many requests a minute are never asked.
_UNLIMITED = 10**9


@dataclass(frozen=True, slots=True)
class Case:
    """One list as it is asked for."""

    name: str
    path: str
    query: dict[str, Any]


class House:
    """The API over a store; `keys` open the account that is asked about."""

    def __init__(self, folder: Path, store: Store, account_id: str, many: int = 1) -> None:
        self.store = store
        chance = random.Random(3).randbytes
        publish = publisher(chance)
        at = At(NOW, chance, publish)
        with store.write() as session:
            self.keys: list[str] = []
            user = keys.create_user(session, account_id, ("bench", None, Role.OWNER), at)
            for _ in range(many):
                wish = keys.Wish(user["id"], "bench", None)
                self.keys.append(keys.create(session, account_id, wish, None, at)["key"])
        self.listeners = Listeners()
        self.front = Front(
            store=store,
            vault=open_vault(folder),
            now=lambda: NOW,
            chance=chance,
            publish=publish,
            settings=Settings,
            download=_nothing,
            ask=_nobody,
            limits=RateLimits(_UNLIMITED, _UNLIMITED, NOW.timestamp),
            listeners=self.listeners,
        )
        self.app: App = Door(make_app(self.front), chance, Bounds())

    async def get(self, case: Case) -> bytes:
        """What the API answers. Raises RuntimeError unless it is 200."""
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        await self.app(self._scope(case), receive, send)
        body = b"".join(message.get("body", b"") for message in sent)
        if sent[0]["status"] != 200:
            raise RuntimeError(f"{case.path} answered {sent[0]['status']}: {body[:200]!r}")
        return body

    def _scope(self, case: Case) -> dict[str, Any]:
        return {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": case.path,
            "raw_path": case.path.encode(),
            "root_path": "",
            "query_string": urlencode(case.query).encode(),
            "headers": [
                (b"host", b"bench"),
                (b"authorization", f"Bearer {self.keys[0]}".encode()),
            ],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
        }


async def _nothing(_address: str) -> Any:
    raise FetchFailed("refused", "nothing is fetched here")


async def _nobody(_feeds: Any) -> Any:
    return ()


@contextmanager
def knowing(url: str, folder: Path, size: Size) -> Iterator[tuple[House, Year]]:
    """A house on a new store at this address that knows a year."""
    store = open_store(url)
    try:
        migrate(store)
        drawn = year.fill(store, size)
        yield House(folder, store, drawn.account_id), drawn
    finally:
        store.close()


def cases(drawn: Year) -> list[Case]:
    """Every hot list of the API, as it is asked for most, and at its worst."""
    today = NOW.date()
    month = {"from": today, "to": today + timedelta(days=31)}
    week = {"from": today, "to": today + timedelta(days=7)}
    whole = {"from": today, "to": today + timedelta(days=365), "unit_id": drawn.slug}
    deliveries = f"/v1/webhooks/{drawn.endpoint_id}/deliveries"
    lately = f"{NOW - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    half = str(drawn.events // 4)
    said = {"channel": "airbnb", "kind": "reservation", "status": "confirmed"}
    return [
        Case("bookings, all", "/v1/bookings", {}),
        Case("bookings, to come", "/v1/bookings", {"from_date": today}),
        Case("bookings, of a unit", "/v1/bookings", {"unit_id": drawn.slug}),
        Case("bookings, of a property", "/v1/bookings", {"property_id": drawn.property_id}),
        Case("bookings, by channel, kind, status", "/v1/bookings", said),
        Case("bookings, changed lately", "/v1/bookings", {"updated_since": lately}),
        Case("bookings, by part of a code", "/v1/bookings", {"q": "HMAB"}),
        Case("bookings, a last page", "/v1/bookings", {"page": drawn.stays // 130}),
        Case("blocks", "/v1/blocks", {}),
        Case("calendar, 50 units, a month", "/v1/calendar", month),
        Case("calendar, a unit, a year", "/v1/calendar", whole),
        Case("availability, 50 units, a month", "/v1/availability", month),
        Case("availability, free for 2, a week", "/v1/availability", {**week, "guests": 2}),
        Case("timeline, a week", "/v1/timeline", week),
        Case("timeline, a month", "/v1/timeline", month),
        Case("events, 100", "/v1/events", {"after": half, "limit": 100}),
        Case("events, of a rare type", "/v1/events", {"types": "feed.gone"}),
        Case("events, of a property", f"/v1/properties/{drawn.property_id}/activity", {}),
        Case("conflicts", "/v1/conflicts", {}),
        Case("conflicts, resolved", "/v1/conflicts", {"status": "resolved"}),
        Case("deliveries", deliveries, {}),
        Case("deliveries, failed", deliveries, {"state": "failed"}),
    ]
