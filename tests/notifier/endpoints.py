"""A house that tells endpoints: a store, a clock to turn, facts to write, tries to be made."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from asking import TRUSTING
from vacancy.domain.events import Fact
from vacancy.net.client import Client, Limits
from vacancy.net.guard import Guard
from vacancy.notifier.deliver import Deliveries, Tools
from vacancy.services import webhooks
from vacancy.services.at import At
from vacancy.services.publishing import publisher
from vacancy.store import accounts, journal
from vacancy.store.session import Store
from vacancy.store.tables import Property
from vacancy.vault import Vault
from webhook_receiver import Receiver

NOW = datetime(2027, 1, 10, 9, 0, tzinfo=UTC)


class TurnedClock:
    """A clock that stands until it is turned."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()


class Telling:
    """One account with endpoints at receivers; `facts` writes, `step` makes the tries due."""

    def __init__(self, store: Store, *receivers: Receiver, total: float = 15.0) -> None:
        self.store = store
        self.clock = TurnedClock()
        self.random = random.Random(5)
        self.chance = self.random.randbytes
        self.vault = Vault(b"k" * 32)
        self.allowed = [receiver.origin for receiver in receivers]
        self.limits = Limits(total=total, raw=16 * 1024, redirects=0)
        with store.write() as session:
            accounts.settle_in(session, NOW, self.chance)
            self.account_id = accounts.the_account(session).id
            for name in ("prop_a", "prop_b"):
                row = Property(id=name, name=name, timezone="UTC", account_id=self.account_id)
                row.created_at = NOW
                session.add(row)

    def at(self) -> At:
        return At(self.clock.now(), self.chance, publisher(self.chance))

    def endpoint(self, receiver: Receiver, path: str = "/hook", **wish: Any) -> dict[str, Any]:
        """A new endpoint as its maker sees it, secret included."""
        wanted = {"url": receiver.url(path), "types": [], "property_id": None, **wish}
        with self.store.write() as session:
            return webhooks.create(
                session, self.account_id, wanted, (self.vault, self.allowed), self.at()
            )

    def facts(self, count: int = 1, **more: Any) -> list[str]:
        """Write so many facts; their ids."""
        wish = {"type": "booking.created", "property_id": "prop_a", "data": {"id": "stay_1"}}
        facts = [Fact(**{**wish, **more}) for _ in range(count)]
        with self.store.write() as session:
            at = self.clock.now()
            first = journal.append(session, self.account_id, facts, at, self.chance)[0]
            rows = journal.after(session, self.account_id, first - 1, count)
            return [row.id for row in rows]

    def turn(self, **span: float) -> None:
        self.clock.at += timedelta(**span)

    def tools(self, client: Client) -> Tools:
        return Tools(self.store, self.vault, client, self.clock, self.chance)

    def step(self, **later: float) -> int:
        """Turn the clock, and make every try that is due; how many."""
        self.turn(**later)

        async def once() -> int:
            client = Client(Guard(self.allowed), "Vacancy/0", limits=self.limits, tls=TRUSTING)
            try:
                return await Deliveries(self.tools(client)).once()
            finally:
                await client.aclose()

        return asyncio.run(once())

    def webhook(self, endpoint_id: str) -> dict[str, Any]:
        with self.store.read() as session:
            return webhooks.get(session, self.account_id, endpoint_id, self.vault)

    def deliveries(self, endpoint_id: str, state: Any = None) -> list[dict[str, Any]]:
        with self.store.read() as session:
            found, _ = webhooks.deliveries(session, self.account_id, endpoint_id, state, (0, 500))
            return found

    def events(self, kind: str) -> list[dict[str, Any]]:
        with self.store.read() as session:
            rows: Iterable[Any] = journal.after(session, self.account_id, 0, 1000, [kind])
            return [journal.told(row) for row in rows]
