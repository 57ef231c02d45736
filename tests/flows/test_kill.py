"""kill -9 in the middle of polls: no half import, no lost stay, ready again at once."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import psutil
import pytest

from flows.invariants import broken
from flows.serving import Daemon, declare, free_port, run, serving, store_of, until, vault_of
from hostile import HostileServer
from hostile_answers import calendar, event
from vacancy import failpoints
from vacancy.domain.stays import StayStatus
from vacancy.services import bookings
from vacancy.store import accounts

MOMENTS = 20 if os.environ.get("VACANCY_PROOF") else 5
NOW = datetime(2027, 1, 10, 9, 0, tzinfo=UTC)
UNITS = 4
FEEDS = ("airbnb", "vrbo")


class Season:
    """Feeds that change between polls: stays come, move and are canceled, by a seed."""

    def __init__(self, server: HostileServer, seed: int) -> None:
        self.server = server
        self.chance = random.Random(seed)
        self.count: Counter[str] = Counter()
        self.stays: dict[str, dict[str, tuple[date, date]]] = {
            path: {} for unit in self.units().values() for path in unit.values()
        }
        self.canceled: dict[str, list[str]] = {path: [] for path in self.stays}
        for _ in range(4):
            self.move_on()

    def units(self) -> dict[str, dict[str, str]]:
        return {
            f"unit-{at}": {key: f"/{at}/{key}.ics" for key in FEEDS} for at in range(1, UNITS + 1)
        }

    def move_on(self) -> None:
        """Every feed says something else from now on."""
        for place, (path, mine) in enumerate(self.stays.items()):
            canceled = [uid for uid in mine if self.chance.random() < 0.2]
            # Listed as canceled for good: a poll between may have been killed.
            gone = self.canceled[path]
            gone += [self._entry(uid, *mine.pop(uid), "STATUS:CANCELLED") for uid in canceled]
            for _ in range(3):
                self.count[path] += 1
                # Each feed has days of its own: what clashes is another test's affair.
                day = date(2027, 2, 1) + timedelta(days=4 * (self.count[path] * 2 + place % 2))
                mine[f"{place}-{self.count[path]}@season.test"] = (day, day + timedelta(days=3))
            live = [self._entry(uid, *nights) for uid, nights in mine.items()]
            self.server.serve(path, calendar(*live, *gone))

    def _entry(self, uid: str, arrival: date, departure: date, *more: str) -> str:
        return event(uid, f"{arrival:%Y%m%d}", f"{departure:%Y%m%d}", "SUMMARY:Reserved", *more)

    def shown(self) -> set[tuple[str, str, str]]:
        """What the feeds say now, as unit, arrival and departure."""
        return {
            (slug, arrival.isoformat(), departure.isoformat())
            for slug, feeds in self.units().items()
            for path in feeds.values()
            for arrival, departure in self.stays[path].values()
        }


def held(folder: Path) -> set[tuple[str, str, str]]:
    """What the house holds now, as unit, arrival and departure."""
    live = (StayStatus.CONFIRMED.value, StayStatus.MISSING.value, StayStatus.HELD.value)
    with store_of(folder) as store, store.read() as session:
        found = bookings.find(session, accounts.the_account(session).id, bookings.Filter())
    return {
        (one["unit"], one["arrival"], one["departure"])
        for one in found["data"]
        if one["status"] in live
    }


def still_whole(folder: Path, now: datetime) -> None:
    with store_of(folder) as store:
        assert broken(store, vault_of(folder), now) == []


def later(times: int) -> datetime:
    """Leases of the killed have run out, and every feed is due."""
    return NOW + timedelta(minutes=20 * times)


@pytest.mark.timeout(240)
def test_killed_at_every_point(tmp_path: Path) -> None:
    """Wherever in an import the process ends, the store is whole and the next poll goes on."""
    with HostileServer({}) as server:
        season = Season(server, seed=11)
        declare(tmp_path, server, free_port(), season.units())
        done = run(tmp_path, "step", "--json", VACANCY_NOW=NOW.isoformat())
        assert done.returncode == 0, done.stderr
        assert held(tmp_path) == season.shown()
        for place, point in enumerate(failpoints.POINTS, start=1):
            season.move_on()
            killed = run(
                tmp_path,
                "step",
                VACANCY_NOW=later(place).isoformat(),
                VACANCY_FAILPOINT=f"{point}:kill:{place % 4 + 1}",
            )
            assert killed.returncode == -signal.SIGKILL, (point, killed.stderr)
            still_whole(tmp_path, later(place))
        done = run(tmp_path, "step", "--json", VACANCY_NOW=later(9).isoformat())
        assert done.returncode == 0, done.stderr
        assert held(tmp_path) == season.shown()
        still_whole(tmp_path, later(9))


@pytest.mark.timeout(900 if MOMENTS > 5 else 240)
def test_killed_at_any_moment(tmp_path: Path) -> None:
    """A daemon killed at seeded moments amid its polls is ready again in 5 s, with nothing lost."""
    chance = random.Random(2027)
    port = free_port()
    with HostileServer({}) as server:
        season = Season(server, seed=12)
        declare(tmp_path, server, port, season.units())
        for moment in range(MOMENTS):
            before = len(server.requests())
            daemon = Daemon(tmp_path, port, VACANCY_NOW=later(moment).isoformat())
            try:
                until(partial(more_asked, server, before), "feeds are asked")
                time.sleep(chance.uniform(0.0, 0.6))
            finally:
                daemon.kill()
            still_whole(tmp_path, later(moment))
            season.move_on()
        with serving(tmp_path, port, VACANCY_NOW=later(MOMENTS).isoformat()) as daemon:
            assert processor_seconds(daemon) < 5
            until(lambda: held(tmp_path) == season.shown(), "the house holds what the feeds say")
            still_whole(tmp_path, later(MOMENTS))
            assert daemon.stop() == 0


def more_asked(server: HostileServer, before: int) -> bool:
    return len(server.requests()) > before


def processor_seconds(daemon: Daemon) -> float:
    """What the daemon took until now: its start, whatever else the machine is busy with."""
    used = psutil.Process(daemon.process.pid).cpu_times()
    return used.user + used.system
