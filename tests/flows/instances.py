"""Several `vacancy serve` on one PostgreSQL database, and what they did together."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from flows.serving import Daemon, free_port, until
from hostile import HostileServer
from hostile_answers import calendar, event
from vacancy.clock import SystemClock
from vacancy.domain.scopes import Role
from vacancy.services import keys, webhooks
from vacancy.services.at import At
from vacancy.services.publishing import publisher
from vacancy.store import accounts
from vacancy.store.session import Store, open_store
from vacancy.vault import Vault, open_vault
from webhook_receiver import Receiver


def feed_body(number: int, stays: int) -> bytes:
    """A calendar of so many stays of three nights, from two months on."""
    first = date.today() + timedelta(days=60)
    nights = [
        (first + timedelta(days=5 * n), first + timedelta(days=5 * n + 3)) for n in range(stays)
    ]
    return calendar(
        *(
            event(f"{number}-{n}@airbnb.com", f"{arrival:%Y%m%d}", f"{departure:%Y%m%d}")
            for n, (arrival, departure) in enumerate(nights)
        )
    )


class Cluster:
    """A folder with one config of `feeds` units of one feed each, which every instance is given."""

    def __init__(
        self,
        folder: Path,
        url: str,
        server: HostileServer,
        receiver: Receiver,
        feeds: int,
        every: int,
    ) -> None:
        self.folder, self.url, self.server, self.receiver = folder, url, server, receiver
        self.every = every
        self.paths = [f"/{number}.ics" for number in range(feeds)]
        for number in range(feeds):
            server.serve(self.paths[number], feed_body(number, 2))
        units = "".join(
            f'[[units]]\nslug = "u{number}"\ntimezone = "Europe/Rome"\nexports = ["everyone"]\n'
            f'[units.feeds]\nairbnb = "{server.url(path)}"\n'
            for number, path in enumerate(self.paths)
        )
        (folder / "vacancy.toml").write_text(
            '[server]\nlog = "json"\n'
            f'[polling]\nevery = "{every}s"\n[api]\nreads = 100000\nwrites = 100000\n'
            f'[network]\nallow_private = ["{server.origin}", "{receiver.origin}"]\n{units}'
        )
        self.store: Store = open_store(url)

    @property
    def vault(self) -> Vault:
        return open_vault(self.folder / "var")

    def start(self, *roles: str) -> Daemon:
        """One more instance, in these roles or in all of them."""
        port = free_port()
        more = {"VACANCY_SERVER__DATABASE": self.url, "VACANCY_SERVER__LISTEN": f"127.0.0.1:{port}"}
        words = ["--roles", ",".join(roles)] if roles else []
        return Daemon(self.folder, port, *words, **more)

    @contextmanager
    def instances(self, count: int) -> Iterator[list[Daemon]]:
        """So many instances that were started at once, gone when the block ends."""
        with ExitStack() as ending:
            daemons = [self.start() for _ in range(count)]
            for daemon in daemons:
                ending.callback(daemon.kill)
            for daemon in daemons:
                daemon.ready()
            yield daemons

    def at(self) -> At:
        chance = secrets.token_bytes
        return At(SystemClock().now(), chance, publisher(chance))

    def key(self) -> str:
        with self.store.write() as session:
            account = accounts.the_account(session).id
            user = keys.create_user(session, account, ("writer", None, Role.OWNER), self.at())
            wish = keys.Wish(user["id"], "writer")
            return keys.create(session, account, wish, None, self.at())["key"]

    def hook(self) -> str:
        wish = {"url": self.receiver.url(), "types": [], "property_id": None}
        with self.store.write() as session:
            account = accounts.the_account(session).id
            ways = (self.vault, [self.receiver.origin])
            return webhooks.create(session, account, wish, ways, self.at())["id"]

    def value(self, query: str, **named: Any) -> Any:
        with self.store.read() as session:
            return session.execute(text(query), named).scalar_one()

    def column(self, query: str, **named: Any) -> list[Any]:
        with self.store.read() as session:
            return list(session.execute(text(query), named).scalars())

    def all_read(self, patience: float) -> None:
        """Wait until every feed gave a good answer, and what was queued is done."""
        unread = "SELECT count(*) FROM feed WHERE last_good_at IS NULL"
        until(lambda: self.value(unread) == 0, "every feed is read", patience)

    def asked(self, since: float, until_: float) -> dict[str, list[float]]:
        """When each feed was asked, in this time of the steady clock."""
        return {
            path: [one.at for one in self.server.requests(path) if since <= one.at < until_]
            for path in self.paths
        }

    def close(self) -> None:
        self.store.close()


def polled_by(daemon: Daemon) -> int:
    """How many polls an instance has made."""
    told = daemon.get("/metrics").body.decode()  # type: ignore[attr-defined]
    return sum(int(float(n)) for n in re.findall(r"^vacancy_polls_total\{.*\} (\S+)$", told, re.M))


def shares(before: Sequence[int], after: Sequence[int]) -> list[float]:
    """Each instance's part of the work between two counts."""
    done = [late - early for early, late in zip(before, after, strict=True)]
    return [one / max(1, sum(done)) for one in done]


def rest(seconds: float) -> None:
    time.sleep(max(0.0, seconds))
