"""Several `vacancy serve` on one PostgreSQL database, and what they did together."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date, timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from sqlalchemy import text

from flows.serving import Daemon, free_port, until
from hostile import Exchange, HostileServer
from hostile_answers import calendar, event
from vacancy.clock import SystemClock
from vacancy.domain.scopes import Role
from vacancy.services import exports, keys, webhooks
from vacancy.services.at import At
from vacancy.services.publishing import publisher
from vacancy.store import accounts
from vacancy.store.session import Store, open_store
from vacancy.vault import Vault, open_vault
from webhook_receiver import Receiver

#: Feeds of one unit, each with stays of its own.
OF_A_UNIT = 10


def feed_body(number: int, stays: int) -> bytes:
    """A calendar of so many stays of three nights, which no other feed of its unit has."""
    first = date.today() + timedelta(days=60 + 5 * (number % OF_A_UNIT))
    arrivals = [first + timedelta(days=5 * OF_A_UNIT * n) for n in range(stays)]
    return calendar(
        *(
            event(f"{number}-{n}@airbnb.com", f"{day:%Y%m%d}", f"{day + timedelta(3):%Y%m%d}")
            for n, day in enumerate(arrivals)
        )
    )


class Cluster:
    """A folder with one config, which every instance is given. Each fifth feed has a stay."""

    def __init__(self, folder: Path, url: str, feeds: int, every: int) -> None:
        self.folder, self.url, self.every = folder, url, every
        self.server = server = HostileServer({}).start()
        self.receiver = receiver = Receiver().__enter__()
        self.paths = [f"/{number}.ics" for number in range(feeds)]
        for number in range(feeds):
            server.serve(self.paths[number], feed_body(number, 0 if number % 5 else 1))
        units = "".join(map(self._unit, range(0, feeds, OF_A_UNIT)))
        (folder / "vacancy.toml").write_text(
            '[server]\nlog = "json"\n'
            f'[polling]\nevery = "{every}s"\n[api]\nreads = 100000\nwrites = 100000\n'
            f'[network]\nallow_private = ["{server.origin}", "{receiver.origin}"]\n{units}'
        )
        self.store: Store = open_store(url)

    def _unit(self, first: int) -> str:
        head = f'[[units]]\nslug = "u{first // OF_A_UNIT}"\ntimezone = "Europe/Rome"\n'
        paths = map(self.server.url, self.paths[first : first + OF_A_UNIT])
        keys = ("airbnb", *(f"airbnb_{place}" for place in range(2, OF_A_UNIT + 1)))
        feeds = "".join(
            f'{key} = {{ channel = "airbnb", url = "{url}" }}\n'
            for key, url in zip(keys, paths, strict=False)
        )
        return f'{head}exports = ["everyone"]\n[units.feeds]\n{feeds}'

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
                until(lambda d=daemon: d.logged("daemon.ready"), "it is ready", 150)
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

    def token(self, unit: str) -> str:
        """What opens the unit's export."""
        with self.store.read() as session:
            account = accounts.the_account(session).id
            found = exports.find(session, account, unit, (self.vault, ""), SystemClock().now())
        return found["data"][0]["url"].rsplit("/", 1)[1].removesuffix(".ics")

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

    def slow(self, seconds: float) -> None:
        """Every feed takes so long to answer from now on, and each fifth has one more stay."""

        def says(number: int) -> Callable[[Exchange], Awaitable[None]]:
            body = feed_body(number, 0 if number % 5 else 2)

            async def answer(exchange: Exchange) -> None:
                await asyncio.sleep(seconds)
                await exchange.answer(body)

            return answer

        for number, path in enumerate(self.paths):
            self.server.handle(path, says(number))

    def post(self, daemon: Daemon, path: str, key: str, body: Any = None) -> tuple[int, Any]:
        """A request of the API, answered; (0, None) where nobody answers."""
        connection = HTTPConnection("127.0.0.1", daemon.port, timeout=15)
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        try:
            connection.request("POST", path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            told = answer.read()
            return answer.status, json.loads(told) if told else None
        except (OSError, HTTPException):
            return 0, None
        finally:
            connection.close()

    def told_whole(self) -> None:
        """Each event has its one delivery, and each delivery arrived: one in the hand of who could
        not write down how it ended is held for a minute first.
        """
        for query in WRONG:
            until(lambda query=query: self.value(query) == 0, query, 90)
        ids = self.column("SELECT event_id FROM delivery")
        until(lambda: set(ids) <= set(self.receiver.ids()), "every delivery arrived")

    def close(self) -> None:
        self.store.close()
        self.server.stop()
        self.receiver.__exit__()


@contextmanager
def cluster(folder: Path, url: str, feeds: int, every: int) -> Iterator[Cluster]:
    """A cluster without instances, its servers gone when the block ends."""
    made = Cluster(folder, url, feeds, every)
    try:
        yield made
    finally:
        made.close()


#: What counts something only where facts and deliveries do not agree, or one thing was done twice.
WRONG = (
    "SELECT count(*) FROM event WHERE sequence > (SELECT since FROM endpoint)"
    " AND id NOT IN (SELECT event_id FROM delivery)",
    "SELECT count(*) - count(DISTINCT event_id) FROM delivery",
    "SELECT count(*) FROM delivery WHERE state <> 'delivered'",
    "SELECT count(*) - count(DISTINCT data->>'id') FROM event WHERE type = 'booking.created'",
)


def polled_by(daemon: Daemon) -> int:
    """How many polls an instance has made."""
    told = daemon.get("/metrics").body.decode()  # type: ignore[attr-defined]
    return sum(int(float(n)) for n in re.findall(r"^vacancy_polls_total\{.*\} (\S+)$", told, re.M))


def shares(before: Sequence[int], after: Sequence[int]) -> list[float]:
    """Each instance's part of the work between two counts."""
    done = [late - early for early, late in zip(before, after, strict=True)]
    return [one / max(1, sum(done)) for one in done]
