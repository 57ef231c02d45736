"""The real product in a folder of its own, on loopback, as the demo's story needs it."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import uvicorn

from vacancy import daemon
from vacancy.api.health import Health
from vacancy.api.listening import Listeners
from vacancy.daemon.compose import House
from vacancy.daemon.web import Beside, make_web
from vacancy.domain.nights import Nights
from vacancy.domain.scopes import Role
from vacancy.publisher.cache import ExportCache
from vacancy.publisher.readings import Readings
from vacancy.publisher.serve import ExportApp
from vacancy.services import bookings, conflicts, exports, keys, sign_in
from vacancy.services import config as declared
from vacancy.services.at import At
from vacancy.services.publishing import publisher
from vacancy.settings import EVERYONE, Settings, load
from vacancy.simulator.server import ChannelServer
from vacancy.simulator.stage import UNITS, Booked, Clash, Exported, StoryClock, Told
from vacancy.simulator.world import Place
from vacancy.store import accounts
from vacancy.store.session import Store, migrate, open_store
from vacancy.vault import Vault, open_vault


def write_config(folder: Path, server: ChannelServer, listen: str) -> Settings:
    """Writes the `vacancy.toml` that a host of this world would write, and reads it."""
    lines = [
        "[server]",
        f'listen = "{listen}"',
        'database = "sqlite:///vacancy.db"',
        'data_dir = "."',
        "[polling]",
        'every = "10m"',
        "[network]",
        f'allow_private = ["127.0.0.1:{server.port}"]',
    ]
    for slug, name, zone in UNITS:
        lines += ["[[units]]", f'slug = "{slug}"', f'name = "{name}"', f'timezone = "{zone}"']
        lines += ["max_guests = 4"]
        lines += ["[units.feeds]"]
        lines += [
            f'{channel} = "{server.feed_url((channel, room))}"'
            for channel, room in server.world.listings
            if room == slug
        ]
    file = folder / "vacancy.toml"
    file.write_text("\n".join([*lines, ""]))
    return load(file, {})


@dataclass(slots=True)
class OpenHouse:
    """The store and what serves its exports; the story asks it what a host would ask."""

    settings: Settings
    clock: StoryClock
    store: Store
    vault: Vault
    account_id: str
    cache: ExportCache
    readings: Readings = field(default_factory=lambda: Readings(secrets.token_bytes))

    def poll(self) -> dict[Place, Told]:
        """Does everything that is due, between a look at who has read and one at what is new."""
        self.readings.flush(self.store, self.clock.now(), repeats=True)
        report = daemon.step(self.store, self.vault, self.settings, self.clock)
        self.cache.look(self.clock.now())
        return {(one["feed"], one["unit"]): _told(one) for one in report.document()["polls"]}

    def bookings(self, unit: str) -> Sequence[Booked]:
        with self.store.read() as session:
            found = bookings.find(session, self.account_id, bookings.Filter(unit=unit))
        return [
            Booked(
                one["unit"], one["channel"], one["kind"], one["reason"], one["status"], _nights(one)
            )
            for one in found["data"]
        ]

    def conflicts(self) -> Sequence[Clash]:
        with self.store.read() as session:
            found = conflicts.find(session, self.account_id, self.clock.now(), resolved=True)
        return [
            Clash(
                one["unit"],
                one["kind"],
                one["status"],
                tuple(map(date.fromisoformat, one["nights"])),
            )
            for one in found
        ]

    def ways_in(self) -> tuple[str, str]:
        """For whoever watches: an owner's key to the API, and a link into the console."""
        at = At(self.clock.now(), secrets.token_bytes, publisher(secrets.token_bytes))
        with self.store.write() as session:
            owner = keys.create_user(session, self.account_id, ("Visitor", None, Role.OWNER), at)
            wish = keys.Wish(owner["id"], "demo")
            key = str(keys.create(session, self.account_id, wish, None, at)["key"])
            token = sign_in.link_for(session, self.account_id, owner["id"], at) or ""
        return key, sign_in.address(self.settings.server.base_url, token)

    def exports(self) -> Sequence[Exported]:
        addresses = (self.vault, self.settings.server.base_url)
        with self.store.read() as session:
            found = exports.find(session, self.account_id, None, addresses, self.clock.now())
        return [
            Exported(
                one["unit"],
                one["feed"] or EVERYONE,
                one["url"],
                one["version"],
                datetime.fromisoformat(one["last_read_at"]) if one["last_read_at"] else None,
            )
            for one in found["data"]
        ]


@contextmanager
def opened(settings: Settings, clock: StoryClock) -> Iterator[OpenHouse]:
    """A new store with the config applied; closed when the block ends."""
    vault = open_vault(settings.server.data_dir)
    store = open_store(settings.server.database_url)
    try:
        migrate(store)
        at = At(clock.now(), secrets.token_bytes, publisher(secrets.token_bytes))
        with store.write() as session:
            accounts.settle_in(session, at.now, at.chance)
        with store.write() as session:
            declared.apply(session, settings, vault, at)
            account = accounts.the_account(session)
        cache = ExportCache(store)
        cache.look(at.now)
        yield OpenHouse(settings, clock, store, vault, account.id, cache)
        cache.close()
    finally:
        store.close()


@contextmanager
def served(house: OpenHouse, listening: socket.socket) -> Iterator[None]:
    """The house's web on a socket that listens already."""
    whole = House(house.settings, house.store, house.vault, house.clock, secrets.token_bytes)
    listeners = Listeners()
    rest = make_web(Beside(lambda: whole, Health(), listeners))
    app = ExportApp(house.cache, house.readings, house.clock.now, rest)
    web = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None))
    thread = Thread(target=web.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield
    finally:
        listeners.close()
        web.should_exit = True
        thread.join()


def _told(poll: dict[str, Any]) -> Told:
    return Told(poll["outcome"], tuple((one["change"], _nights(one)) for one in poll["changes"]))


def _nights(document: dict[str, Any]) -> Nights:
    return Nights(
        date.fromisoformat(document["arrival"]), date.fromisoformat(document["departure"])
    )
