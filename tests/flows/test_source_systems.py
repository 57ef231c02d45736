"""A whole house beside a booking system on loopback: its API, its bad days, our own deaths."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.house import NOW, TurnedClock
from vacancy import failpoints
from vacancy.cli.app import run
from vacancy.domain.nights import Nights
from vacancy.simulator.systems.serving import Simulated, Sold
from vacancy.simulator.systems.stayer import Stayer

SOLD = Nights(date(2027, 2, 3), date(2027, 2, 6))
UNIT = "casa-azul"


class House:
    """A config that reads the system, and commands that run in processes of their own."""

    def __init__(self, folder: Path, web: Simulated, books: Stayer) -> None:
        self.folder, self.web, self.books = folder, web, books
        self.home = next(iter(books.properties))
        self.minutes = 0
        (folder / "vacancy.toml").write_text(
            f"""
[network]
allow_private = ["{web.authority}"]
[[units]]
slug = "{UNIT}"
timezone = "Europe/Lisbon"
[[sources]]
kind = "stayer"
key = "{books.key}"
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
