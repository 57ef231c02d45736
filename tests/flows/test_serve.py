"""A real `vacancy serve`: its web, its signals, its word to systemd, its log, its store failing."""

from __future__ import annotations

import gzip
import json
import resource
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy.engine import make_url

from flows.invariants import broken
from flows.serving import Daemon, declare, free_port, run, serving, store_of, until, vault_of
from hostile import HostileServer
from hostile_answers import PATHS, calendar, event, good
from vacancy.clock import SystemClock

#: What no output may hold: they stand in feed addresses, or are export tokens.
CANARY = "canary7f3a9c0e2b"
EXPORTS = ["exports", "--json"]
#: Every schedule shrunk: a quarter of an hour is three seconds.
FAST = '[polling]\nevery = "15m"\nscale = 0.0033\n'


def path_of(export: dict[str, Any]) -> str:
    return urlsplit(export["url"]).path


@contextmanager
def systemd(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """A socket as systemd gives it: its address, and the words received so far."""
    address, words = str(folder / "notify"), list[str]()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as hearing:
        hearing.bind(address)
        hearing.settimeout(0.2)
        ended = threading.Event()

        def hear() -> None:
            while not ended.is_set():
                try:
                    words.extend(hearing.recv(4096).decode().split())
                except TimeoutError:
                    continue

        thread = threading.Thread(target=hear)
        thread.start()
        try:
            yield address, words
        finally:
            ended.set()
            thread.join()


@pytest.mark.timeout(150)
def test_a_day_of_the_daemon(tmp_path: Path) -> None:
    """Ready, read, reloaded and stopped; what it says of itself, and what it never says."""
    port = free_port()
    with HostileServer() as server, systemd(tmp_path) as (address, words):
        server.serve(f"/{CANARY}/a.ics", good())
        server.handle(f"/{CANARY}/b.ics", PATHS["/html"])
        server.handle(f"/{CANARY}/c.ics", PATHS["/redirect-user"])
        feeds = {key: f"/{CANARY}/{key[0]}.ics?t={CANARY}" for key in ("airbnb", "booking_com")}
        units = {"sea-view": {"airbnb": feeds["airbnb"]}, "attic": feeds}
        declare(tmp_path, server, port, units, FAST)
        more = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "2000000"}
        with serving(tmp_path, port, **more) as daemon:
            daemon.has_logged("feed.polled", unit="sea-view")
            daemon.has_logged("feed.polled", unit="attic", outcome="failed")
            found = exports_by_unit(tmp_path)
            tokens = [path_of(one).split("/")[2].removesuffix(".ics") for one in found.values()]
            answers_health(daemon)
            answers_exports(daemon, tmp_path, found)
            reloads(daemon, server, tmp_path, port, units)
            until(lambda: "WATCHDOG=1" in words, "the watchdog is fed")
            told = daemon.get("/metrics").body.decode()  # type: ignore[attr-defined]
            assert daemon.stop() == 0
            until(lambda: "STOPPING=1" in words, "systemd is told")
            said = daemon.output + told
        assert [word for word in words if word != "WATCHDOG=1"] == ["READY=1", "STOPPING=1"]
        assert CANARY not in said
        assert [token for token in tokens if token in said] == []
        assert "Traceback" not in said


def exports_by_unit(folder: Path) -> dict[tuple[str, str], dict[str, Any]]:
    done = run(folder, *EXPORTS)
    assert done.returncode == 0, done.stderr
    return {(one["unit"], one["key"]): one for one in json.loads(done.stdout)["data"]}


def answers_health(daemon: Daemon) -> None:
    assert daemon.get("/livez").status == 200
    assert daemon.get("/readyz").status == 200
    told = daemon.get("/metrics")
    assert told.status == 200
    assert b'vacancy_polls_total{outcome="fresh"}' in told.body  # type: ignore[attr-defined]


def answers_exports(daemon: Daemon, folder: Path, found: dict[Any, dict[str, Any]]) -> None:
    """GET, HEAD, 304, gzip and 404; closed while a feed never answered; readings are noted."""
    path = path_of(found["sea-view", "everyone"])
    whole = until(lambda: (a := daemon.get(path)).status == 200 and a, "the export opens")
    assert whole.body.count(b"BEGIN:VEVENT") == 5
    etag = whole.headers["ETag"]
    assert daemon.get(path, headers={"If-None-Match": etag}).status == 304
    head = daemon.get(path, "HEAD")
    assert (head.status, head.body) == (200, b"")  # type: ignore[attr-defined]
    assert head.headers["ETag"] == etag
    zipped = daemon.get(path, headers={"Accept-Encoding": "gzip", "User-Agent": "Channel/2"})
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.body) == whole.body  # type: ignore[attr-defined]
    unknown = daemon.get(path.replace(".ics", "x.ics"))
    assert unknown.status == 404
    shut = daemon.get(path_of(found["attic", "everyone"]))
    assert shut.status == 503
    assert shut.headers["Retry-After"]

    def read() -> bool:
        now = exports_by_unit(folder)
        return now["sea-view", "everyone"]["last_read_at"] is not None

    until(read, "the reading is noted")
    assert exports_by_unit(folder)["attic", "everyone"]["last_read_at"] is None


def reloads(
    daemon: Daemon,
    server: HostileServer,
    folder: Path,
    port: int,
    units: dict[str, dict[str, str]],
) -> None:
    """A config that cannot be meant is refused by its key and leaves the old one in force; an
    edited one is applied whole, whom it may call included."""
    file = folder / "vacancy.toml"
    kept = file.read_text()
    file.write_text(kept.replace('timezone = "Europe/Rome"', 'timezone = "Europe/Roma"'))
    asked = len(server.requests())
    daemon.signal(signal.SIGHUP)
    refused = daemon.has_logged("config.refused")
    assert "timezone" in str(refused[0]["problems"])
    until(lambda: len(server.requests()) > asked, "feeds are asked by the old config")
    with HostileServer({}) as other:
        other.serve(f"/{CANARY}/new.ics", good())
        text = kept.replace(server.origin + '"]', f'{server.origin}", "{other.origin}"]')
        text += f'vrbo = "{other.url(f"/{CANARY}/new.ics")}"\n'
        file.write_text(text)
        daemon.signal(signal.SIGHUP)
        daemon.has_logged("config.applied")
        daemon.has_logged("feed.polled", feed="vrbo", outcome="fresh")
    assert len(daemon.logged("config.applied")) == 1


@pytest.mark.timeout(100)
def test_stops_while_a_feed_hangs(tmp_path: Path) -> None:
    """SIGTERM: exit 0 within 20 s; a second SIGTERM ends it at once."""
    port = free_port()
    with HostileServer() as server:
        server.handle("/a.ics", PATHS["/hang"])
        declare(tmp_path, server, port, {"sea-view": {"airbnb": "/a.ics"}})
        for signals, within, code in ((1, 20.0, 0), (2, 10.0, 130)):
            asked = len(server.requests())
            now = {"VACANCY_NOW": f"2027-01-10T0{signals}:00:00Z"}
            with serving(tmp_path, port, **now) as daemon:
                until(lambda asked=asked: len(server.requests()) > asked, "the feed is asked")
                began = time.monotonic()
                for _ in range(signals):
                    daemon.signal(signal.SIGTERM)
                    time.sleep(0.3)
                assert daemon.ended() == code
                assert time.monotonic() - began < within


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    """Exit 2, one sentence that names the key and says what to do, nothing begun."""
    with HostileServer() as server:
        declare(tmp_path, server, server.port, {})
        done = run(tmp_path, "serve")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    sentence = done.stderr.strip().splitlines()[-1]
    assert "server.listen" in sentence
    assert str(server.port) in sentence
    assert "choose another" in sentence


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    """A data directory that cannot be made is told by its path."""
    with HostileServer() as server:
        declare(tmp_path, server, free_port(), {})
        file = tmp_path / "vacancy.toml"
        # No user at all, root included, makes a directory there.
        file.write_text(file.read_text().replace("[server]", '[server]\ndata_dir = "/proc/var"'))
        done = run(tmp_path, "serve")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    sentence = done.stderr.strip().splitlines()[-1]
    assert "/proc/var" in sentence


def sixty(shift: int) -> bytes:
    """Sixty stays; each shift has a further day of its own."""
    rows = [(f"202703{n:02}", f"202703{n + 1:02}") for n in range(1, 30)]
    rows += [(f"2027{5 + shift:02}{n:02}", f"2027{5 + shift:02}{n + 1:02}") for n in range(1, 28)]
    return calendar(*(event(f"s-{a}@disk.test", a, d) for a, d in rows))


@pytest.mark.timeout(150)
def test_a_full_disk(tmp_path: Path) -> None:
    """Nothing half written, exports go on being served, and it recovers without a hand.

    A fault of ours at the first import besides: neither tells an address in its traceback.
    """
    port = free_port()
    with HostileServer({}) as server:
        units = {f"u{n}": {"airbnb": f"/{CANARY}/{n}.ics"} for n in range(6)}
        declare(tmp_path, server, port, units, FAST)
        for n in range(6):
            server.serve(f"/{CANARY}/{n}.ics", sixty(0))
        more = {"VACANCY_FAILPOINT": "after_claims:raise"}
        with serving(tmp_path, port, **more) as daemon, store_of(tmp_path) as store:
            daemon.has_logged("poll.broke")
            daemon.has_logged("feed.polled", outcome="failed", reason="fault")
            for slug in units:
                daemon.has_logged("feed.polled", unit=slug, outcome="fresh")
            path = path_of(exports_by_unit(tmp_path)["u0", "everyone"])
            before = until(lambda: (a := daemon.get(path)).status == 200 and a, "it opens").body
            pid = daemon.process.pid
            _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (32 * 1024, hard))
            for n in range(6):
                server.serve(f"/{CANARY}/{n}.ics", sixty(1))
            daemon.has_logged("store.failed")
            time.sleep(2)
            assert daemon.get(path).body == before  # type: ignore[attr-defined]
            assert daemon.get("/livez").status == 200
            assert broken(store, vault_of(tmp_path), SystemClock().now()) == []
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
            until(
                lambda: daemon.get(path).body != before,  # type: ignore[attr-defined]
                "the new stays are exported",
                patience=60,
            )
            until(lambda: daemon.get("/readyz").status == 200, "it is ready")
            assert daemon.stop() == 0
            assert CANARY not in daemon.output
            assert broken(store, vault_of(tmp_path), SystemClock().now()) == []


class Pipe:
    """Passes connections on to a PostgreSQL server, until it is cut."""

    def __init__(self, url: str) -> None:
        self.target = make_url(url)
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.open = True
        self.ends: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        user, name = self.target.username, self.target.database
        return f"postgresql://{user}@127.0.0.1:{self.port}/{name}"

    def cut(self) -> None:
        self.open = False
        for end in self.ends:
            end.close()
        self.ends.clear()

    def _accept(self) -> None:
        while True:
            near, _ = self.listening.accept()
            if not self.open:
                near.close()
                continue
            far = self._far()
            self.ends += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _far(self) -> socket.socket:
        folder = self.target.query.get("host")
        if folder:
            far = socket.socket(socket.AF_UNIX)
            far.connect(f"{folder}/.s.PGSQL.{self.target.port or 5432}")
            return far
        return socket.create_connection((self.target.host or "", self.target.port or 5432))

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(65536):
                other.sendall(data)
        except OSError:
            pass
        finally:
            for end in (one, other):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue


@pytest.mark.postgres
@pytest.mark.timeout(150)
def test_the_database_away_and_back(tmp_path: Path, postgres_url: str) -> None:
    """Not ready while it is away, exports served all the same, ready within 10 s of its return."""
    port, pipe = free_port(), Pipe(postgres_url)
    with HostileServer({}) as server:
        server.serve("/a.ics", good())
        declare(tmp_path, server, port, {"sea-view": {"airbnb": "/a.ics"}}, FAST)
        more = {"VACANCY_SERVER__DATABASE": pipe.url}
        with serving(tmp_path, port, **more) as daemon:
            daemon.has_logged("feed.polled")
            done = run(tmp_path, *EXPORTS, **more)
            told = {one["key"]: one for one in json.loads(done.stdout)["data"]}
            path = path_of(told["everyone"])
            until(lambda: daemon.get(path).status == 200, "the export opens")
            pipe.cut()
            shut = until(lambda: (a := daemon.get("/readyz")).status == 503 and a, "not ready")
            assert json.loads(shut.body) == {"ready": False, "reason": "database"}
            assert daemon.get(path).status == 200
            assert daemon.get("/livez").status == 200
            pipe.open = True
            began = time.monotonic()
            until(lambda: daemon.get("/readyz").status == 200, "ready again")
            assert time.monotonic() - began < 10
            asked = len(server.requests())
            until(lambda: len(server.requests()) > asked, "feeds are asked again")
            assert daemon.stop() == 0


@pytest.mark.timeout(150)
def test_a_database_that_was_moved_away(tmp_path: Path) -> None:
    """A file taken from under the daemon makes it not ready: what it writes there is lost."""
    port = free_port()
    with HostileServer({}) as server:
        server.serve("/a.ics", good())
        declare(tmp_path, server, port, {"sea-view": {"airbnb": "/a.ics"}})
        with serving(tmp_path, port) as daemon:
            file = tmp_path / "var" / "vacancy.db"
            file.rename(tmp_path / "away.db")
            shut = until(lambda: (a := daemon.get("/readyz")).status == 503 and a, "not ready")
            assert json.loads(shut.body)["reason"] == "database_moved"
            (tmp_path / "away.db").rename(file)
            until(lambda: daemon.get("/readyz").status == 200, "ready again")


@pytest.mark.timeout(150)
def test_two_processes_on_one_store(tmp_path: Path) -> None:
    """`serve` and `vacancy poll` side by side double nothing and lose nothing."""
    port = free_port()
    with HostileServer({}) as server:
        units = {f"u{n}": {"airbnb": f"/{n}.ics"} for n in range(4)}
        declare(tmp_path, server, port, units, FAST)
        for n in range(4):
            server.serve(f"/{n}.ics", sixty(0))
        with serving(tmp_path, port) as daemon, store_of(tmp_path) as store:
            for shift in (1, 2, 3):
                for n in range(4):
                    server.serve(f"/{n}.ics", sixty(shift))
                done = run(tmp_path, "poll", "--json")
                assert done.returncode == 0, done.stderr
                assert broken(store, vault_of(tmp_path), SystemClock().now()) == []
            assert daemon.stop() == 0
            assert "store.failed" not in daemon.output
            assert "Traceback" not in daemon.output
            assert broken(store, vault_of(tmp_path), SystemClock().now()) == []
