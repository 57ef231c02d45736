"""A whole house under test: config text, a real store, a feed server on loopback, a clock to turn.

Everything goes the way a user's command goes: settings from TOML, `daemon.step` and `daemon.poll`.
"""

from __future__ import annotations

import gzip
import random
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from hostile import HostileServer
from vacancy.daemon import StepReport, poll, step
from vacancy.domain.nights import Nights, night_set
from vacancy.publisher.cache import ExportCache
from vacancy.services import bookings, config, conflicts, events, exports
from vacancy.services.at import At
from vacancy.services.publishing import publisher
from vacancy.settings import load
from vacancy.store import accounts, stays, units
from vacancy.store.exports import Reading, record_readings
from vacancy.store.session import Store, migrate, open_store
from vacancy.vault import open_vault

NOW = datetime(2027, 1, 10, 9, 0, tzinfo=UTC)


def empty_database() -> str | None:
    """The address of a database for one more house; None: a file in its own folder."""
    return None


UNIT = "sea-view"


class TurnedClock:
    """A clock that stands until it is turned."""

    def __init__(self, now: datetime = NOW) -> None:
        self.at = now

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()


class HouseUnderTest:
    """One unit with feeds at paths of a loopback server; `feeds` maps their keys to settings."""

    def __init__(
        self,
        folder: Path,
        server: HostileServer,
        *,
        feeds: Mapping[str, str] | None = None,
        timezone: str = "Europe/Rome",
        now: datetime = NOW,
        database: str | None = None,
    ) -> None:
        self.folder = folder
        self.server = server
        self.clock = TurnedClock(now)
        self.chance = random.Random(7).randbytes
        self.timezone = timezone
        self.database = database or empty_database()
        self.declare(feeds or {"airbnb": ""})
        self.vault = open_vault(self.settings.server.data_dir)
        self.store: Store = open_store(self.settings.server.database_url)
        migrate(self.store)
        with self.store.write() as session:
            accounts.settle_in(session, self.clock.now(), self.chance)
        self.apply()

    def declare(self, feeds: Mapping[str, str], more: str = "") -> None:
        """Write the config: `feeds` maps a feed's key to further TOML of its table."""
        lines = "\n".join(
            f'{key} = {{ url = "{self.server.url(f"/{key}.ics")}" {extra} }}'
            for key, extra in feeds.items()
        )
        place = "" if self.database is None else f'database = "{self.database}"'
        text = f"""
[server]
{place}
[network]
allow_private = ["{self.server.origin}"]
[[units]]
slug = "{UNIT}"
timezone = "{self.timezone}"
[units.feeds]
{lines}
{more}
"""
        file = self.folder / "vacancy.toml"
        file.write_text(text)
        self.file = file
        self.settings = load(file, {})

    def at(self) -> At:
        return At(self.clock.now(), self.chance, publisher(self.chance))

    def apply(self) -> None:
        with self.store.write() as session:
            config.apply(session, self.settings, self.vault, self.at())

    def pass_time(self, **span: float) -> None:
        self.clock.at += timedelta(**span)

    def says(self, key: str, body: bytes, **answer: Any) -> None:
        """What the feed's channel answers from now on."""
        self.server.serve(f"/{key}.ics", body, **answer)

    def poll(self, name: str | None = None, **later: float) -> StepReport:
        """Turn the clock on by `later`, then poll now."""
        self.pass_time(**later)
        return poll(self.store, self.vault, self.settings, self.clock, name)

    def step(self, **later: float) -> StepReport:
        self.pass_time(**later)
        return step(self.store, self.vault, self.settings, self.clock)

    def polled(self, body: bytes, key: str = "airbnb", **later: float) -> StepReport:
        """The feed says this, and is polled after `later`."""
        self.says(key, body)
        return self.poll(f"{UNIT}/{key}", **later)

    def bookings(self, **wanted: Any) -> list[dict[str, Any]]:
        with self.store.read() as session:
            account = accounts.the_account(session)
            return bookings.find(session, account.id, bookings.Filter(**wanted))["data"]

    def held(self) -> list[tuple[str, str, str]]:
        """(kind, arrival, departure) of what closes nights now, by arrival."""
        live = ("held", "confirmed", "missing")
        return [
            (one["kind"], one["arrival"], one["departure"])
            for one in self.bookings()
            if one["status"] in live
        ]

    def taken(self) -> dict[date, str]:
        """Who holds each night."""
        with self.store.read() as session:
            account = accounts.the_account(session)
            return stays.night_map(session, units.find(session, account.id, UNIT).id)

    def conflicts(self) -> list[dict[str, Any]]:
        with self.store.read() as session:
            return conflicts.find(session, accounts.the_account(session).id, self.clock.now())

    def events(self, *types: str) -> list[dict[str, Any]]:
        with self.store.read() as session:
            account = accounts.the_account(session)
            return events.find(session, account.id, types=types, limit=1000)["data"]

    def exports(self) -> dict[str, dict[str, Any]]:
        with self.store.read() as session:
            account = accounts.the_account(session)
            base = self.settings.server.base_url
            found = exports.find(session, account.id, None, (self.vault, base), self.clock.now())
            return {one["key"]: one for one in found["data"]}

    def exported(self, key: str) -> bytes:
        """The bytes that the export serves now."""
        cache = ExportCache(self.store)
        cache.look(self.clock.now())
        token = self.exports()[key]["url"].rsplit("/", 1)[1].removesuffix(".ics")
        edition = cache.find(token)
        cache.close()
        assert edition is not None
        return gzip.decompress(cache.kept(edition) or b"")

    def read_export(self, key: str) -> bytes:
        """A channel reads its export: the bytes, with the reading noted."""
        export = self.exports()[key]
        now = self.clock.now()
        with self.store.write() as session:
            reading = Reading(export["id"], export["version"], f"{key} reader", now, now)
            record_readings(session, [reading], secrets.token_bytes)
        return self.exported(key)

    def close(self) -> None:
        self.store.close()


@contextmanager
def house(folder: Path, **wish: Any) -> Iterator[HouseUnderTest]:
    """A house with its own feed server, both closed when the block ends."""
    with HostileServer({}) as server:
        opened = HouseUnderTest(folder, server, **wish)
        try:
            yield opened
        finally:
            opened.close()


def nights_of(*ranges: tuple[str, str]) -> frozenset[date]:
    """`nights_of(("2027-02-01", "2027-02-03"))`."""
    return night_set(
        Nights(date.fromisoformat(arrival), date.fromisoformat(departure))
        for arrival, departure in ranges
    )
