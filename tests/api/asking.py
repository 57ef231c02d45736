"""The API under test, asked in this process; a clock to turn and a web that is pretended."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from vacancy.api.app import make_app
from vacancy.api.door import Bounds, Door
from vacancy.api.front import Front
from vacancy.api.limits import RateLimits
from vacancy.api.listening import Listeners, Patience
from vacancy.domain.scopes import Role, Scope
from vacancy.poller.fetch import Failed
from vacancy.services import keys
from vacancy.services.at import At
from vacancy.services.publishing import publisher
from vacancy.settings import Settings, load
from vacancy.store import accounts
from vacancy.store.session import Store, migrate, open_store
from vacancy.store.tables import Account
from vacancy.vault import Vault, open_vault

NOW = datetime(2027, 1, 10, 9, 0, tzinfo=UTC)

#: A feed's address, which no answer may show.
URL = "https://www.airbnb.com/calendar/ical/1.ics?t=SECRETabcd"

CALENDAR = b"""BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//Airbnb Inc//Hosting Calendar 1.0//EN\r
BEGIN:VEVENT\r
DTSTART;VALUE=DATE:20270203\r
DTEND;VALUE=DATE:20270205\r
UID:1418fb94e984-1@airbnb.com\r
SUMMARY:Reserved\r
END:VEVENT\r
END:VCALENDAR\r
"""


class ApiHouse:
    """One installation; `key` is its owner's, and `ask` asks with it unless another is given."""

    def __init__(
        self,
        folder: Path,
        *,
        config: str = "",
        database: str | None = None,
        reads: int = 10**6,
        writes: int = 10**6,
        patience: Patience | None = None,
    ) -> None:
        file = folder / "vacancy.toml"
        place = "" if database is None else f'[server]\ndatabase = "{database}"\n'
        file.write_text(place + config)
        self.settings: Settings = load(file, {})
        self.now = NOW
        self.chance = random.Random(11).randbytes
        self.vault: Vault = open_vault(self.settings.server.data_dir)
        self.store: Store = open_store(self.settings.server.database_url)
        migrate(self.store)
        self.downloads: bytes | Failed = CALENDAR
        # Asked in this process, a stream tells what there is and ends: nobody could leave it.
        self.listeners = Listeners(patience or Patience(longest=0), every=0.1)
        with self.store.write() as session:
            accounts.settle_in(session, self.now, self.chance)
            self.account_id = accounts.the_account(session).id
        self.front = Front(
            store=self.store,
            vault=self.vault,
            now=lambda: self.now,
            chance=self.chance,
            publish=publisher(self.chance),
            settings=lambda: self.settings,
            download=self._download,
            limits=RateLimits(reads, writes, lambda: datetime.now(UTC).timestamp()),
            listeners=self.listeners,
        )
        self.inner = make_app(self.front)
        self.app = Door(self.inner, self.chance, Bounds())
        self.client = TestClient(self.app, raise_server_exceptions=False)
        self.key = self.make_key()

    async def _download(self, address: str) -> bytes | Failed:
        return self.downloads

    def at(self) -> At:
        return At(self.now, self.chance, publisher(self.chance))

    def make_account(self, name: str = "Another") -> str:
        """A second account in the same store."""
        with self.store.write() as session:
            account_id = f"acc_{name.lower()}"
            session.add(Account(id=account_id, name=name, created_at=self.now))
        return account_id

    def make_key(
        self,
        role: Role = Role.OWNER,
        scopes: list[Scope] | None = None,
        account_id: str | None = None,
    ) -> str:
        """A new user of this role, with a key of these scopes (None: all that the role may)."""
        account_id = account_id or self.account_id
        with self.store.write() as session:
            name = f"{role.value} {self.chance(4).hex()}"
            user = keys.create_user(session, account_id, (name, None, role), self.at())
            wish = keys.Wish(user["id"], "test", scopes)
            return keys.create(session, account_id, wish, None, self.at())["key"]

    def clock(self) -> HouseClock:
        """The house's own clock, for its workers."""
        return HouseClock(self)

    def pass_time(self, **span: float) -> None:
        self.now += timedelta(**span)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        **query: Any,
    ) -> Any:
        """One request; the response of httpx."""
        return self.client.request(
            method,
            path,
            json=body,
            params=query or None,
            headers={"Authorization": f"Bearer {key or self.key}", **(headers or {})},
        )

    def get(self, path: str, **more: Any) -> Any:
        """What a GET answers with 200, read."""
        response = self.ask("GET", path, **more)
        assert response.status_code == 200, response.text
        return response.json()

    def post(self, path: str, body: Any = None, **more: Any) -> Any:
        """What a POST answers with success, read."""
        response = self.ask("POST", path, {} if body is None else body, **more)
        assert response.status_code in (200, 201, 202), response.text
        return response.json()

    def a_unit(self, slug: str = "sea-view", key: str | None = None, **more: Any) -> dict[str, Any]:
        """A property with one unit."""
        wish = {"name": f"Casa {slug}", "timezone": "Europe/Lisbon"}
        place = self.post("/v1/properties", wish, key=key)
        unit = {"property_id": place["id"], "slug": slug, "name": slug.title(), **more}
        return self.post("/v1/units", unit, key=key)

    def close(self) -> None:
        self.client.close()
        self.store.close()


class HouseClock:
    """Shows what the house's clock shows."""

    def __init__(self, api: ApiHouse) -> None:
        self._api = api

    def now(self) -> datetime:
        return self._api.now

    def monotonic(self) -> float:
        return self._api.now.timestamp()
