"""The whole house in a lively world: judged after every round by the world's own books."""

from __future__ import annotations

import io
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from icalendar import Calendar
from rich.console import Console

from vacancy.domain.nights import Nights, night_set
from vacancy.services import feeds as deciding
from vacancy.services.at import At
from vacancy.services.publishing import publisher
from vacancy.simulator.habits import Use
from vacancy.simulator.house import OpenHouse, opened, served, write_config
from vacancy.simulator.server import ChannelServer
from vacancy.simulator.stage import UNITS, Stage, StoryClock, a_world
from vacancy.simulator.telling import Teller
from vacancy.simulator.world import Temper
from vacancy.store import doubts, feeds

PROOF = bool(os.environ.get("VACANCY_PROOF"))
SEEDS = range(1, 9) if PROOF else range(1, 3)
HOURS = 24 * 10 if PROOF else 30
#: Hours after which nothing may wait any more: a mask's day, a release, a reading by each channel,
#: a poll.
SETTLING = 36
NOW = datetime(2027, 3, 24, 9, tzinfo=UTC)
LIVELY = Temper(books=0.12, cancels=0.03, closes=0.003, opens=0.01, ahead=40)
STILL = Temper(0, 0, 0, 0)
#: What each channel does with what it imports. None subtracts: here channels read before the house
#: polls, and a sale that its own channel hides before anybody could see it is known to nobody.
USES = {"airbnb": Use.SHOWS, "booking_com": Use.IGNORES, "vrbo": Use.IGNORES}


@contextmanager
def life(folder: Path, seed: int) -> Iterator[tuple[Stage, OpenHouse]]:
    """A lively world with an empty house in the middle, every export pasted into its channel."""
    world = a_world(NOW, seed)
    for (channel, _), listing in world.listings.items():
        listing.use = USES[channel]
    world.temper = LIVELY
    clock = StoryClock(NOW)
    listening = socket.create_server(("127.0.0.1", 0))
    with ChannelServer(world).running() as server:
        port = listening.getsockname()[1]
        settings = write_config(folder, server, f"127.0.0.1:{port}")
        with opened(settings, clock) as house, served(house, listening):
            stage = Stage(world, server, house, clock, Teller(Console(file=io.StringIO())))
            exports = {(one.feed, one.unit): one.url for one in house.exports()}
            world.exports = {place: exports[place] for place in world.listings}
            yield stage, house


def decide_doubts(house: OpenHouse) -> None:
    """The host, who knows that the channels are well, believes every answer in doubt."""
    at = At(house.clock.now(), secrets.token_bytes, publisher(secrets.token_bytes))
    with house.store.write() as session:
        for feed in feeds.of_account(session, house.account_id):
            doubt = doubts.standing(session, feed.id)
            if doubt is not None and (doubt.open or doubt.needs_person):
                deciding.decide(session, feed, at, accept=True)


def live_an_hour(stage: Stage) -> None:
    """The world lives on, channels read, and a few minutes later the house polls."""
    stage.clock.move(timedelta(minutes=53))
    with stage.server.lock:
        stage.world.pass_time(stage.clock.now(), stage.reader)
    stage.wait(7)


def exported(stage: Stage, unit: str) -> frozenset[date]:
    """What a program that reads the calendar for everyone finds closed."""
    url = next(o.url for o in stage.house.exports() if (o.unit, o.feed) == (unit, "everyone"))
    events = Calendar.from_ical(stage.reader(url, "Vacancy/test") or b"").events
    return night_set(Nights(event.start, event.end) for event in events)


def clashing(stage: Stage) -> set[tuple[str, date]]:
    """The nights in open conflicts, each with its unit."""
    return {
        (clash.unit, night)
        for clash in stage.house.conflicts()
        if clash.status == "open"
        for night in clash.nights
    }


def sold(stage: Stage, unit: str) -> frozenset[date]:
    """The nights from today on that guests of any channel have booked."""
    today = stage.clock.now().date()
    pages = [page for (_, room), page in stage.world.listings.items() if room == unit]
    nights = night_set(sale.nights for page in pages for sale in page.sales)
    return frozenset(night for night in nights if night > today)


@pytest.mark.timeout(1200 if PROOF else 120)
@pytest.mark.parametrize("seed", SEEDS)
def test_no_sold_night_is_ever_free_and_no_double_booking_unknown(
    tmp_path: Path, seed: int
) -> None:
    """After each hour's round: every sold night closed, every night sold twice in a conflict.

    When the world falls still, and the host has decided what waits for a person, nothing stays
    closed that nobody holds, but what an open conflict asks about: two channels that were told of
    each other's stay and then both leave it out may each hide a guest.
    """
    with life(tmp_path, seed) as (stage, house):
        for _ in range(HOURS):
            live_an_hour(stage)
            for unit, _, _ in UNITS:
                assert sold(stage, unit) - exported(stage, unit) == set(), stage.clock.now()
            known = clashing(stage)
            twice = set(stage.world.double_sold())
            assert {one for one in twice if one[1] > stage.clock.now().date()} <= known
        stage.world.temper = STILL
        for _ in range(SETTLING):
            decide_doubts(house)
            live_an_hour(stage)
        for unit, _, _ in UNITS:
            asked = {night for room, night in clashing(stage) if room == unit}
            ghosts = exported(stage, unit) - stage.truly_taken(unit) - asked
            assert {night for night in ghosts if night > stage.clock.now().date()} == set()
