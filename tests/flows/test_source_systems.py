"""A whole house beside a booking system on loopback: its API, its bad days, our own deaths."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.house import NOW, TurnedClock
from flows.serving import free_port, serving, store_of, until, vault_of
from vacancy import failpoints
from vacancy.cli.app import run
from vacancy.clock import SystemClock
from vacancy.domain.nights import Nights
from vacancy.services import bookings, credentials
from vacancy.simulator.systems.serving import Hook, Simulated, Sold, post
from vacancy.simulator.systems.stayer import Stayer
from vacancy.store import accounts, sources

SOLD = Nights(date(2027, 2, 3), date(2027, 2, 6))
UNIT = "casa-azul"


class House:
    """A config that reads the system, and commands that run in processes of their own."""

    def __init__(self, folder: Path, web: Simulated, books: Stayer, server: str = "") -> None:
        self.folder, self.web, self.books = folder, web, books
        self.home = next(iter(books.properties))
        self.minutes = 0
        (folder / "vacancy.toml").write_text(
            f"""
{server}
[network]
allow_private = ["{web.authority}"]
[[units]]
slug = "{UNIT}"
timezone = "Europe/Lisbon"
[[sources]]
kind = "stayer"
key = "{books.key}"
webhook_secret = "{books.secret}"
base_url = "{web.url}"
units = {{ "{self.home}" = "{UNIT}" }}
"""
        )

    def run(self, *words: str, minutes: int = 1) -> tuple[int, str, str]:
        """A command, so many minutes later: its exit code, what it said and what it noticed."""
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as there, redirect_stdout(out), redirect_stderr(err):
            there.setenv("VACANCY_NOW", self._now(minutes))
            there.chdir(self.folder)
            code = run(words)
        return code, out.getvalue(), err.getvalue()

    def die(self, *words: str, at: str) -> int:
        """A command in a process of its own, which is killed at a point."""
        more = {"VACANCY_NOW": self._now(1), failpoints.VARIABLE: f"{at}:kill"}
        command = [sys.executable, "-m", "vacancy", *words]
        ran = subprocess.run(
            command, cwd=self.folder, env={**os.environ, **more}, timeout=60, check=False
        )
        return ran.returncode

    def _now(self, minutes: int) -> str:
        self.minutes += minutes
        return (NOW + timedelta(minutes=self.minutes)).isoformat()

    def told(self, *words: str, **more: Any) -> Any:
        """What a command tells as a document."""
        code, out, err = self.run(*words, "--json", **more)
        assert out, (code, err)
        return json.loads(out)

    def outcome(self, **more: Any) -> tuple[str, str | None]:
        (polled,) = self.told("poll", **more)["polls"]
        return polled["outcome"], polled["reason"]

    def live(self) -> list[tuple[str, str, str]]:
        """What closes nights."""
        return [
            (one["kind"], one["arrival"], one["departure"])
            for one in self.told("bookings", minutes=0)["data"]
            if one["status"] in ("confirmed", "missing")
        ]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    books = Stayer(TurnedClock())
    with Simulated(books).running() as web:
        yield House(tmp_path, web, books)


def test_what_it_sells_is_here_and_what_is_sold_here_is_there(home: House) -> None:
    """A guest, a block; a booking of ours goes out once, and comes back as an echo."""
    home.books.add(Sold(home.home, SOLD))
    home.books.block(home.home, Nights(date(2027, 3, 1), date(2027, 3, 4)))
    assert home.outcome() == ("fresh", None)
    home.run("book", UNIT, "2027-04-01", "2027-04-04")
    home.run("step")
    for _ in range(3):
        home.run("poll", minutes=15)
    assert home.live() == [
        ("reservation", "2027-02-03", "2027-02-06"),
        ("block", "2027-03-01", "2027-03-04"),
        ("reservation", "2027-04-01", "2027-04-04"),
    ]
    assert len(home.books.bookings) == 3
    assert home.told("conflicts", minutes=0)["data"] == []


@pytest.mark.parametrize("day", ["error", "busy", "cut"])
def test_a_bad_day_there_changes_nothing_here(home: House, day: str) -> None:
    """An error, too many requests, an answer that breaks off."""
    home.books.add(Sold(home.home, SOLD))
    home.outcome()
    home.books.bookings.clear()
    home.web.spoil(day, times=5)
    outcome, reason = home.outcome(minutes=15)
    assert (outcome, bool(reason)) == ("failed", True)
    assert home.live() == [("reservation", "2027-02-03", "2027-02-06")]


def test_a_key_that_is_refused_is_told_with_what_to_do(home: House) -> None:
    """`sources check` says it, in a sentence, without the key."""
    home.books.keys = {}
    code, out, err = home.run("sources", "check", "stayer")
    assert code == 1
    assert "connect it again" in err
    assert home.books.key not in out + err


@pytest.mark.parametrize("point", failpoints.PUSHING_POINTS)
def test_killed_while_it_tells_the_system(home: House, point: str) -> None:
    """kill -9 before, between and after: it is told once in effect, and never a second stay."""
    home.outcome()
    home.run("book", UNIT, "2027-04-01", "2027-04-04")
    assert home.die("step", at=point) == -9
    home.run("poll")
    home.run("step", minutes=10)
    home.run("poll", minutes=15)
    assert len(home.books.bookings) == 1
    assert home.live() == [("reservation", "2027-04-01", "2027-04-04")]
    assert home.told("conflicts", minutes=0)["data"] == []


def test_a_webhook_brings_a_booking_in_within_seconds(tmp_path: Path) -> None:
    """Signed by the system; a forgery is turned away, and a replay asks for nothing new."""
    books, port = Stayer(SystemClock()), free_port()
    listen = f'[server]\nlisten = "127.0.0.1:{port}"\nlog = "json"'
    with Simulated(books).running() as web:
        home = House(tmp_path, web, books, listen)
        with serving(tmp_path, port) as daemon:
            daemon.has_logged("feed.polled", feed="stayer")
            address = hook_address(tmp_path, port)
            register(web, address)
            arrival = datetime.now(UTC).date() + timedelta(days=30)
            books.add(Sold(home.home, Nights(arrival, arrival + timedelta(days=2))))
            sent = books.hooks[0]
            forged = replace(sent, headers={"X-Stayer-Signature": "t=1,v1=00"})
            assert post(forged) == 401
            assert web.deliver() == [202]
            until(lambda: count_of(tmp_path) == 1, "the booking is here")
            asked = len(web.asked)
            assert [post(sent) for _ in range(5)] == [202] * 5
            time.sleep(1.5)
            assert len(web.asked) == asked


def hook_address(folder: Path, port: int) -> str:
    with store_of(folder) as store, store.read() as session:
        (row,) = sources.of_account(session, accounts.the_account(session).id)
        return credentials.hook_url(row, vault_of(folder), f"http://127.0.0.1:{port}")


def register(web: Simulated, address: str) -> None:
    """The host gives the system the address for its webhooks."""
    body = json.dumps({"url": address, "events": ["booking.created"]}).encode()
    key = web.system.key  # type: ignore[attr-defined]
    hook = Hook(f"{web.url}/v1/webhooks", {"Authorization": f"Bearer {key}"}, body)
    assert post(hook) == 201


def count_of(folder: Path) -> int:
    with store_of(folder) as store, store.read() as session:
        account = accounts.the_account(session)
        return len(bookings.find(session, account.id, bookings.Filter())["data"])
