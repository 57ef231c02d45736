"""What an operator's day brings: stops under load, a stuck loop, two daemons, wrong rights."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from importlib import import_module
from pathlib import Path

import pytest

from flows.house import house
from flows.invariants import broken
from flows.serving import (
    PATIENCE,
    Daemon,
    declare,
    environment,
    free_port,
    run,
    serving,
    store_of,
    until,
    vault_of,
)
from flows.test_kill import NOW, Season, held, later, more_asked, still_whole
from hostile import HostileServer
from hostile_answers import PATHS, calendar, good
from vacancy.clock import SystemClock
from vacancy.daemon.compose import House
from vacancy.daemon.serve import Daemon as InProcess

STOPS = 15 if os.environ.get("VACANCY_PROOF") else 2
FAST = '[polling]\nevery = "15m"\nscale = 0.0033\n'
NOBODY = 65534


@pytest.mark.timeout(900 if STOPS > 2 else 240)
def test_stopped_at_any_moment_under_load(tmp_path: Path) -> None:
    """SIGTERM amid polls, one of which hangs: over within 20 s with exit 0, and nothing is lost."""
    chance, port = random.Random(4), free_port()
    with HostileServer({}) as server:
        season = Season(server, seed=13)
        server.handle("/hang.ics", PATHS["/hang"])
        units = {**season.units(), "slow": {"other": "/hang.ics"}}
        declare(tmp_path, server, port, units)
        for moment in range(STOPS):
            before = len(server.requests())
            daemon = Daemon(tmp_path, port, VACANCY_NOW=later(moment).isoformat())
            try:
                until(partial(more_asked, server, before), "feeds are asked")
                time.sleep(chance.uniform(0.0, 0.8))
                began = time.monotonic()
                assert daemon.stop() == 0, daemon.output[-2000:]
                assert time.monotonic() - began < 20
            finally:
                daemon.kill()
            assert "Traceback" not in daemon.output
            still_whole(tmp_path, later(moment))
            season.move_on()
        server.serve("/hang.ics", calendar())
        done = run(tmp_path, "poll", VACANCY_NOW=later(STOPS).isoformat())
        assert done.returncode == 0, done.stderr
        assert held(tmp_path) == season.shown()
        still_whole(tmp_path, later(STOPS))


def test_a_loop_that_is_stuck_feeds_no_watchdog(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """systemd hears nothing while the loop stands, and so starts us anew; else it hears."""
    heard: list[float] = []

    class Hearing:
        def ping(self) -> None:
            heard.append(time.monotonic())

    async def live(daemon: InProcess) -> tuple[float, float]:
        scheduler = daemon._metronome()
        scheduler.start()
        async with asyncio.timeout(PATIENCE):
            while not heard:
                await asyncio.sleep(0.05)
            stuck = time.monotonic()
            time.sleep(5)
            freed = time.monotonic()
            while heard[-1] < freed:
                await asyncio.sleep(0.05)
        scheduler.shutdown(wait=False)
        return stuck, freed

    with house(tmp_path) as home:
        found = (home.settings, home.store, home.vault, SystemClock(), home.chance)
        monkeypatch.setattr(import_module("vacancy.daemon.serve"), "Systemd", Hearing)
        daemon = InProcess(House(*found), lambda: home.settings, ())
        stuck, freed = asyncio.run(live(daemon))
    assert not [at for at in heard if stuck < at < freed]


@pytest.mark.timeout(150)
def test_two_daemons_on_one_store(tmp_path: Path) -> None:
    """They share the work: no feed is asked twice for one beat, both serve, both stop well."""
    port, other = free_port(), free_port()
    with HostileServer({}) as server:
        season = Season(server, seed=14)
        declare(tmp_path, server, port, season.units(), FAST)
        with (
            serving(tmp_path, port) as one,
            serving(tmp_path, other, VACANCY_SERVER__LISTEN=f"127.0.0.1:{other}") as two,
        ):
            for _ in range(3):
                season.move_on()
                until(lambda: held(tmp_path) == season.shown(), "the house holds what feeds say")
            assert (one.stop(), two.stop()) == (0, 0)
            for daemon in (one, two):
                assert "Traceback" not in daemon.output
                assert not daemon.logged("store.failed")
        with store_of(tmp_path) as store:
            assert broken(store, vault_of(tmp_path), SystemClock().now()) == []


@pytest.mark.timeout(150)
def test_no_wrong_config_gets_in_by_a_signal(tmp_path: Path) -> None:
    """A slip of the pen, another encoding, no file: refused by name, the old one in force."""
    port = free_port()
    with HostileServer({}) as server:
        server.serve("/a.ics", good())
        declare(tmp_path, server, port, {"sea-view": {"airbnb": "/a.ics"}}, FAST)
        file = tmp_path / "vacancy.toml"
        kept = file.read_bytes()
        with serving(tmp_path, port) as daemon:
            wrongs = (kept + b"[[units]\n", kept + b"# \xe9\n", kept + b"[[units]]\n", None)
            for count, wrong in enumerate(wrongs, start=1):
                if wrong is None:
                    file.unlink()
                else:
                    file.write_bytes(wrong)
                daemon.signal(signal.SIGHUP)
                until(lambda n=count: len(daemon.logged("config.refused")) == n, "it is refused")
                asked = len(server.requests())
                until(partial(more_asked, server, asked), "feeds go on being asked")
            file.write_bytes(kept)
            daemon.signal(signal.SIGHUP)
            daemon.has_logged("config.applied")
            assert daemon.stop() == 0
            assert "Traceback" not in daemon.output


@pytest.mark.timeout(150)
def test_killed_while_the_clock_is_set_back(tmp_path: Path) -> None:
    """Started again two hours earlier: leases and due times of the other clock hold nobody up."""
    port = free_port()
    with HostileServer({}) as server:
        season = Season(server, seed=15)
        declare(tmp_path, server, port, season.units())
        daemon = Daemon(tmp_path, port, VACANCY_NOW=later(9).isoformat())
        try:
            until(partial(more_asked, server, 3), "feeds are asked")
        finally:
            daemon.kill()
        season.move_on()
        earlier = later(9) - timedelta(hours=2)
        for minutes in (0, 16):
            at = earlier + timedelta(minutes=minutes)
            done = run(tmp_path, "step", VACANCY_NOW=at.isoformat())
            assert done.returncode == 0, done.stderr
        assert held(tmp_path) >= season.shown()
        still_whole(tmp_path, earlier + timedelta(minutes=16))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that a user without rights can enter, as the tests' own may not be."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


def as_nobody(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """One command by a user whom rights bind; the superuser is bound by none."""
    bound = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    return subprocess.run(
        [*(bound if os.geteuid() == 0 else []), sys.executable, "-m", "vacancy", *words],
        cwd=folder,
        env=environment(PYTHONPYCACHEPREFIX="", VACANCY_NOW=NOW.isoformat()),
        capture_output=True,
        text=True,
        timeout=PATIENCE * 2,
        check=False,
    )


def refused(folder: Path, *words: str) -> str:
    """The one sentence with which a command is refused: exit 2."""
    done = as_nobody(folder, *words)
    assert done.returncode == 2, done.stderr
    (sentence,) = done.stderr.strip().splitlines()
    return sentence


@pytest.mark.timeout(240)
@pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None,
    reason="the superuser is bound by no rights, and setpriv is not here to be another",
)
def test_wrong_rights_are_one_sentence_each(open_folder: Path) -> None:
    """Who may not write, read or own what he must is told which file it is, and what to do."""
    folder = open_folder
    with HostileServer({}) as server:
        declare(folder, server, free_port(), {"sea-view": {"airbnb": "/a.ics"}})
    made = as_nobody(folder, "status")
    if made.returncode != 0 and "No module named" in made.stderr:
        pytest.skip("a user without rights cannot read the project here")
    assert made.returncode == 0, made.stderr
    var = folder / "var"
    database, key = var / "vacancy.db", var / "vacancy.key"
    database.chmod(0o444)
    assert "must be writable" in refused(folder, "poll")
    looked = as_nobody(folder, "doctor")
    assert looked.returncode == 1
    assert "BAD   database: the database cannot be used" in looked.stdout
    database.chmod(0o600)
    for beside in var.glob("vacancy.db-*"):
        beside.chmod(0o600)
    key.chmod(0o644)
    assert f"chmod 600 {key}" in refused(folder, "status")
    key.chmod(0o000)
    assert f"{key} cannot be used" in refused(folder, "status")
    key.unlink()
    assert f"{key} is missing" in refused(folder, "serve")
    assert not key.exists()
    database.write_text("no database" * 100)
    assert "put its backup back" in refused(folder, "db", "check")
