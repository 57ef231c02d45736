"""A whole house with many units in a folder of its own, polled the way the daemon polls."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

from feeds import NOW
from server import Channel

from vacancy.daemon.compose import House, open_rounds
from vacancy.poller.round import Rounds
from vacancy.services import config
from vacancy.services.at import At
from vacancy.services.publishing import publisher
from vacancy.settings import load
from vacancy.store import accounts
from vacancy.store.session import migrate, open_store
from vacancy.vault import open_vault

#: Longer than any feed's interval: at each pass every feed is due.
_LATER = timedelta(minutes=16)


class TurnedClock:
    """A clock that stands until it is turned."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()


def write_config(folder: Path, channel: Channel, units: int, *, port: int = 0) -> Path:
    """A config of so many units, each with one feed, its export and one for everyone."""
    lines = [
        f'[server]\nlisten = "127.0.0.1:{port}"\n[network]\nallow_private = ["{channel.origin}"]\n',
        *(
            f'[[units]]\nslug = "u-{number}"\ntimezone = "Europe/Lisbon"\n'
            f'feeds = {{ airbnb = "{channel.url(number)}" }}\n'
            for number in range(1, units + 1)
        ),
    ]
    file = folder / "vacancy.toml"
    file.write_text("".join(lines))
    return file


class Rig:
    """The house under measurement, its config applied, nothing polled yet."""

    def __init__(self, folder: Path, channel: Channel, units: int) -> None:
        self.units = units
        self.clock = TurnedClock()
        settings = load(write_config(folder, channel, units), {})
        store = open_store(settings.server.database_url)
        migrate(store)
        vault = open_vault(settings.server.data_dir)
        self.house = House(settings, store, vault, self.clock, secrets.token_bytes)
        at = At(self.clock.now(), secrets.token_bytes, publisher(secrets.token_bytes))
        with store.write() as session:
            accounts.settle_in(session, at.now, at.chance)
            config.apply(session, settings, vault, at)

    @asynccontextmanager
    async def rounds(self) -> AsyncIterator[Rounds]:
        """The poller, with its client and the connections that it keeps."""
        async with open_rounds(self.house, _nothing, _ignore) as rounds:
            yield rounds

    async def once(self, rounds: Rounds, expected: str) -> None:
        """One pass over every feed. Raises RuntimeError unless all ended as expected."""
        self.clock.at += _LATER
        polled = await rounds.once()
        outcomes = {one.finished.outcome for one in polled}
        if len(polled) != self.units or outcomes != {expected}:
            raise RuntimeError(f"{len(polled)} of {self.units} polls, {outcomes}: not {expected}")

    def close(self) -> None:
        self.house.store.close()


def _nothing() -> None:
    """No export is served here, so no reading waits to be written."""


def _ignore(_polled: object) -> None:
    """Each pass looks at how its polls ended."""
