"""A house behind its API whose feeds are real addresses on loopback, polled when a test says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from api.asking import ApiHouse
from calendars import Shown, airbnb, calendar, vrbo
from hostile import HostileServer
from vacancy import daemon
from vacancy.api.app import make_app
from vacancy.api.door import Bounds, Door
from vacancy.daemon.compose import House, open_rounds
from vacancy.poller.tools import Polled

#: Long before the nights of any test, so that no answer is empty.
OLD = {
    "airbnb": airbnb("OLD", "2027-01-02", "2027-01-04"),
    "vrbo": vrbo("old", "2027-01-02", "2027-01-04"),
}


class FedHouse(ApiHouse):
    """`says` sets what a feed answers; a request that asks feeds waits for `patience` seconds."""

    def __init__(
        self, folder: Path, server: HostileServer, database: str | None, patience: float = 30
    ) -> None:
        config = f'[network]\nallow_private = ["{server.origin}"]\n'
        super().__init__(folder, config=config, database=database)
        self.server = server
        self.patience = patience
        self.client.close()
        self.front = replace(self.front, ask=self._ask)
        self.inner = make_app(self.front)
        self.app = Door(self.inner, self.chance, Bounds())
        self.client = TestClient(self.app, raise_server_exceptions=False)

    def says(self, channel: str, *entries: Shown, **answer: Any) -> None:
        """What the feed of this channel shows from now on."""
        self.server.serve(f"/{channel}.ics", calendar(OLD[channel], *entries), **answer)

    def a_feed(self, unit: dict[str, Any], channel: str) -> dict[str, Any]:
        """A feed of a unit; it shows nothing of what is to come."""
        self.says(channel)
        url = self.server.url(f"/{channel}.ics")
        return self.post("/v1/feeds", {"unit_id": unit["id"], "channel": channel, "url": url})

    def poll(self, **later: float) -> None:
        """Ask every feed, after some time."""
        self.pass_time(**later)
        daemon.poll(self.store, self.vault, self.settings, self.clock(), None)

    def composed(self) -> House:
        """What its workers are composed of."""
        return House(self.settings, self.store, self.vault, self.clock(), self.chance)

    async def _ask(self, feed_ids: Sequence[str]) -> list[Polled]:
        async with open_rounds(self.composed(), lambda: None, lambda _: None) as rounds:
            return await rounds.ask(feed_ids, self.patience)


@contextmanager
def fed(folder: Path, database: str | None, **more: Any) -> Iterator[FedHouse]:
    """A house with its own feed server."""
    with HostileServer({}) as server:
        house = FedHouse(folder, server, database, **more)
        try:
            yield house
        finally:
            house.close()
