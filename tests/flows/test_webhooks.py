"""Real processes that tell programs, killed and stopped: nothing is lost."""

from __future__ import annotations

import json
import os
import random
import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from standardwebhooks import Webhook

from flows.serving import Daemon, free_port, run, serving, until
from vacancy import failpoints
from vacancy.domain.events import Fact
from vacancy.domain.scopes import Role
from vacancy.services import keys, webhooks
from vacancy.services.at import At
from vacancy.services.publishing import publisher
from vacancy.store import accounts, journal
from vacancy.store.session import Store, open_store
from vacancy.vault import Vault, open_vault
from webhook_receiver import Receiver, Says

MOMENTS = 50 if os.environ.get("VACANCY_PROOF") else 2
NOW = datetime(2027, 1, 10, 9, 0, tzinfo=UTC)


class Installation:
    """A house of one folder with one endpoint, into which a test writes facts from outside."""

    def __init__(self, folder: Path, receiver: Receiver, port: int) -> None:
        (folder / "vacancy.toml").write_text(
            f'[server]\nlisten = "127.0.0.1:{port}"\nlog = "json"\n'
            f'[network]\nallow_private = ["{receiver.origin}"]\n'
            '[[units]]\nslug = "sea-view"\ntimezone = "Europe/Rome"\n'
        )
        done = run(folder, "step", VACANCY_NOW=NOW.isoformat())
        assert done.returncode == 0, done.stderr
        self.store: Store = open_store(f"sqlite:///{folder / 'var' / 'vacancy.db'}")
        self.vault: Vault = open_vault(folder / "var")
        self.written: list[str] = []
        wish = {"url": receiver.url(), "types": [], "property_id": None}
        with self.store.write() as session:
            self.account_id = accounts.the_account(session).id
            ways = (self.vault, [receiver.origin])
            self.hook = webhooks.create(session, self.account_id, wish, ways, at(NOW))

    def facts(self, count: int, now: datetime = NOW) -> None:
        with self.store.write() as session:
            facts = [Fact("booking.created", data={"id": "stay_1"})] * count
            chance = secrets.token_bytes
            first = journal.append(session, self.account_id, facts, now, chance)[0]
            rows = journal.after(session, self.account_id, first - 1, count)
            self.written += [row.id for row in rows]

    def key(self) -> str:
        with self.store.write() as session:
            wanted = ("reader", None, Role.OWNER)
            user = keys.create_user(session, self.account_id, wanted, at(NOW))
            wish = keys.Wish(user["id"], "reader")
            return keys.create(session, self.account_id, wish, None, at(NOW))["key"]

    def left(self) -> list[int]:
        """Facts without their delivery, deliveries without their fact, and those told twice over.

        A fact that waits to be fanned out is not without: its delivery comes with the next round.
        """
        with self.store.read() as session:
            return [session.execute(text(query)).scalar_one() for query in _WRONG]


_WRONG = (
    "SELECT count(*) FROM event WHERE sequence > (SELECT since FROM endpoint)"
    " AND id NOT IN (SELECT event_id FROM delivery) AND id NOT IN (SELECT event_id FROM unsent)",
    "SELECT count(*) FROM delivery WHERE event_id NOT IN (SELECT id FROM event)",
    "SELECT count(*) FROM delivery WHERE event_id IN (SELECT event_id FROM unsent)",
    "SELECT count(*) - count(DISTINCT event_id) FROM delivery",
)


def at(now: datetime) -> At:
    return At(now, secrets.token_bytes, publisher(secrets.token_bytes))


def later(times: int) -> datetime:
    """What the killed had in hand is due again."""
    return NOW + timedelta(minutes=20 * times)


@contextmanager
def installed(folder: Path, port: int) -> Iterator[tuple[Installation, Receiver]]:
    with Receiver() as receiver:
        house = Installation(folder, receiver, port)
        try:
            yield house, receiver
        finally:
            house.store.close()


def told_whole(house: Installation, receiver: Receiver) -> None:
    """Every fact arrived, each under one id with one body, signed as it must be."""
    assert set(house.written) <= set(receiver.ids())
    assert house.left() == [0, 0, 0, 0]
    assert len({(one.id, one.body) for one in receiver.sent}) == len(set(receiver.ids()))
    signs = Webhook(house.hook["secret"])
    for sent in receiver.sent:
        moment = datetime.fromtimestamp(int(sent.headers["webhook-timestamp"]), UTC)
        expected = signs.sign(sent.id, moment, sent.body.decode())
        assert sent.headers["webhook-signature"] == expected


@pytest.mark.timeout(240)
def test_killed_at_every_point_of_telling(tmp_path: Path) -> None:
    """Wherever the process ends, each fact waits or has its one delivery; in the end all arrive."""
    with installed(tmp_path, free_port()) as (house, receiver):
        for place, point in enumerate(failpoints.TELLING_POINTS, start=1):
            house.facts(3)
            killed = run(
                tmp_path,
                "step",
                VACANCY_NOW=later(place).isoformat(),
                VACANCY_FAILPOINT=f"{point}:kill",
            )
            assert killed.returncode == -signal.SIGKILL, (point, killed.stderr)
            assert house.left()[1:] == [0, 0, 0]
        done = run(tmp_path, "step", VACANCY_NOW=later(9).isoformat())
        assert done.returncode == 0, done.stderr
        told_whole(house, receiver)


@pytest.mark.timeout(1200 if MOMENTS > 2 else 240)
def test_killed_at_any_moment_of_telling(tmp_path: Path) -> None:
    """A daemon killed at seeded moments amid its deliveries loses none."""
    chance, port = random.Random(2027), free_port()
    with installed(tmp_path, port) as (house, receiver):
        receiver.says = Says(wait=0.02)
        for moment in range(MOMENTS + 1):
            before = len(receiver.sent)
            house.facts(20, later(moment))
            daemon = Daemon(tmp_path, port, VACANCY_NOW=later(moment).isoformat())
            try:
                until(lambda before=before: len(receiver.sent) > before, "programs are told")
                if moment == MOMENTS:
                    until(lambda: set(house.written) <= set(receiver.ids()), "all is told")
                    until(lambda: house.left() == [0, 0, 0, 0], "all is written down")
                    break
                house.facts(5, later(moment))
                time.sleep(chance.uniform(0.0, 0.4))
            finally:
                daemon.kill()
            assert house.left() == [0, 0, 0, 0]
        told_whole(house, receiver)


@pytest.mark.timeout(120)
def test_a_stream_survives_a_restart(tmp_path: Path) -> None:
    """It ends when the daemon is asked to stop, which delays the stop by no more than a second;
    whoever comes back by Last-Event-ID misses nothing."""
    port, seen = free_port(), list[int]()
    with installed(tmp_path, port) as (house, _):
        key = house.key()
        with serving(tmp_path, port) as daemon:
            connection, answer = listen(port, key, {})
            house.facts(3)
            seen += [event(answer)["sequence"] for _ in range(3)]
            began = time.monotonic()
            daemon.signal(signal.SIGTERM)
            assert event(answer) == {}
            connection.close()
            assert daemon.ended() == 0
            assert time.monotonic() - began < 10
        house.facts(2)
        with serving(tmp_path, port) as daemon:
            connection, answer = listen(port, key, {"Last-Event-ID": str(seen[-1])})
            house.facts(1)
            seen += [event(answer)["sequence"] for _ in range(3)]
            connection.close()
            assert daemon.stop() == 0
    assert seen == list(range(seen[0], seen[0] + 6))


def listen(port: int, key: str, more: dict[str, str]) -> tuple[HTTPConnection, HTTPResponse]:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"Authorization": f"Bearer {key}", **more}
    connection.request("GET", "/v1/events/stream", headers=headers)
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.readline() == b"retry: 2000\n"
    return connection, answer


def event(answer: HTTPResponse) -> dict[str, Any]:
    """The next event; {} when the stream has ended."""
    while line := answer.readline():
        if line.startswith(b"data: "):
            return json.loads(line.removeprefix(b"data: "))
    return {}
