"""The stage judges by the world's own books, and the story's clock moves only when told."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from rich.console import Console

from vacancy.domain.nights import Nights
from vacancy.simulator.server import ChannelServer
from vacancy.simulator.stage import Stage, StoryClock, a_world
from vacancy.simulator.telling import NotAsTold, Teller

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)
SOLD = Nights(date(2027, 3, 10), date(2027, 3, 12))


class NoHouse:
    """A house that knows nothing."""

    def poll(self) -> dict:
        return {}

    def bookings(self, unit: str) -> list:
        return []

    def conflicts(self) -> list:
        return []

    def exports(self) -> list:
        return []


@pytest.fixture
def printed() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def stage(printed: io.StringIO) -> Iterator[Stage]:
    with ChannelServer(a_world(NOW, seed=1)).running() as server:
        teller = Teller(Console(file=printed, width=100))
        yield Stage(server.world, server, NoHouse(), StoryClock(NOW), teller)


def test_the_clock_stands_still_until_it_is_moved_or_let_go() -> None:
    """Wall and monotonic clock move together, so that no span starts anew."""
    clock = StoryClock(NOW)
    assert clock.now() == clock.now() == NOW
    clock.move(timedelta(minutes=15))
    assert clock.now() == NOW + timedelta(minutes=15)
    assert clock.monotonic() == 900
    clock.run_on()
    assert NOW + timedelta(minutes=15) <= clock.now() < NOW + timedelta(minutes=16)


def test_a_night_that_one_channel_sold_and_others_offer_is_seen(stage: Stage) -> None:
    """The truth is asked of the channels, not of the house."""
    stage.sell(("airbnb", "sea-view"), SOLD, "Ana")
    assert stage.for_sale("sea-view", SOLD) == ["booking_com", "vrbo"]
    assert len(stage.sold_and_for_sale()) == 2
    stage.world.listings["vrbo", "sea-view"].imported = [SOLD]
    stage.world.listings["booking_com", "sea-view"].imported = [SOLD]
    assert stage.sold_and_for_sale() == []
    assert stage.truly_taken("sea-view") == frozenset(SOLD)


def test_waiting_moves_the_whole_world(stage: Stage) -> None:
    """The channels' day is the story's day."""
    stage.wait(24 * 60)
    assert stage.world.now == stage.clock.now() == NOW + timedelta(days=1)


def test_what_is_told_must_be_true(stage: Stage, printed: io.StringIO) -> None:
    """A true sentence is printed with its mark; a false one ends the story and is not printed."""
    stage.teller.check("water is wet", True)
    with pytest.raises(NotAsTold, match="fire is cold"):
        stage.teller.check("fire is cold", False)
    assert "✓ water is wet" in printed.getvalue()
    assert "fire" not in printed.getvalue()
    assert stage.teller.checked == 1
