"""`vacancy demo`: the pretend world, told as it happens, with the real product in the middle."""

from __future__ import annotations

import socket
import tempfile
import time
from contextlib import suppress
from datetime import UTC
from pathlib import Path
from threading import Event, Thread

from rich.console import Console

from vacancy import daemon, log
from vacancy.clock import Clock, SystemClock
from vacancy.settings import EVERYONE, Settings
from vacancy.simulator import story
from vacancy.simulator.house import OpenHouse, opened, served, write_config
from vacancy.simulator.server import ChannelServer
from vacancy.simulator.stage import NAMES, Stage, StoryClock, a_world
from vacancy.simulator.telling import NotAsTold, Teller

#: Where `serve` listens by default, and so does the demo if it may.
_PORT = 8460
_SEED = 20
_MORNING = 9


def run(*, once: bool, clock: Clock | None = None, console: Console | None = None) -> int:
    """Tells the story; then, unless `once`, goes on serving until Ctrl-C.

    0 if it went as told, else 1. The story begins at nine (UTC) on the clock's day.
    """
    log.configure("console", "error")
    teller = Teller(console or Console(highlight=False))
    today = (clock or SystemClock()).now().astimezone(UTC)
    start = today.replace(hour=_MORNING, minute=0, second=0, microsecond=0)
    with tempfile.TemporaryDirectory(prefix="vacancy-demo-") as folder:
        try:
            _play(Path(folder), StoryClock(start), teller, once=once)
        except NotAsTold as fault:
            teller.fail(str(fault))
            return 1
    return 0


def _play(folder: Path, clock: StoryClock, teller: Teller, *, once: bool) -> None:
    began = time.monotonic()
    teller.say(
        f"A pretend day, {clock.now():%A %-d %B %Y}. Channels, guests and hosts are made up, and "
        "the clock is moved by the story; Vacancy itself is real. Nothing leaves this machine."
    )
    with ChannelServer(a_world(clock.now(), _SEED)).running() as server, _a_port(once) as listening:
        port = listening.getsockname()[1]
        settings = write_config(folder, server, f"127.0.0.1:{port}")
        with opened(settings, clock) as house:
            with served(house, listening):
                stage = Stage(server.world, server, house, clock, teller)
                _connect(stage, house)
                story.tell(stage)
                ways_in = ("", "") if once else house.ways_in()
            teller.end(time.monotonic() - began)
        if not once:
            _go_on(settings, stage, ways_in)


def _connect(stage: Stage, house: OpenHouse) -> None:
    """The host pastes each channel's export address into that channel."""
    for one in house.exports():
        place = (one.feed, one.unit)
        if place in stage.world.listings:
            stage.world.exports[place] = one.url


def _a_port(once: bool) -> socket.socket:
    """The usual port for people who want to look, where it is free; any for a quick run."""
    if not once:
        with suppress(OSError):
            return socket.create_server(("127.0.0.1", _PORT))
    return socket.create_server(("127.0.0.1", 0))


def _go_on(settings: Settings, stage: Stage, ways_in: tuple[str, str]) -> None:
    """The real daemon takes over; guests go on booking, and channels reading, as time passes."""
    stage.teller.say(
        f"Vacancy goes on at {settings.server.base_url}, and guests go on booking, until you press "
        "Ctrl-C. Each place's whole calendar, for any calendar program:"
    )
    for one in stage.house.exports():
        if one.feed == EVERYONE:
            stage.teller.address(NAMES[one.unit], one.url)
    key, link = ways_in
    stage.teller.say("The console, where you choose a password first:")
    stage.teller.address("LINK", link)
    stage.teller.say(
        f"The API is at {settings.server.base_url}/docs. An owner's key, good for this world only:"
    )
    stage.teller.address("KEY", key)
    stage.clock.run_on()
    over = Event()
    life = Thread(target=_live, args=(stage, over))
    life.start()
    try:
        daemon.serve(settings, stage.clock, lambda: settings, frozenset({"api", "poller"}))
    finally:
        over.set()
        life.join()


def _live(stage: Stage, over: Event) -> None:
    while not over.wait(1):
        with stage.server.lock:
            stage.world.pass_time(stage.clock.now(), stage.reader)
