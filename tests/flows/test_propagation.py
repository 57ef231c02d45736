"""How what is published reaches the channels: habits, exposure, silence, and asking ahead."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from calendars import airbnb, calendar
from flows.house import UNIT, HouseUnderTest, house
from vacancy.services import propagation, status
from vacancy.store import accounts

TWO = {"airbnb": "", "booking_com": ""}
HOUR = 60


def reach(home: HouseUnderTest, key: str) -> dict[str, Any]:
    """What is known of the way of one export."""
    with home.store.read() as session:
        account = accounts.the_account(session)
        found = propagation.find(session, account.id, UNIT, home.clock.now())
    return next(one for one in found["exports"] if one["key"] == key)


def sell(home: HouseUnderTest, arrival: str, departure: str) -> None:
    """Airbnb sells these nights, and we see it now."""
    home.polled(calendar(airbnb("A", arrival, departure)), "airbnb")


def read_every(home: HouseUnderTest, hours: float, times: int, key: str = "booking_com") -> None:
    for _ in range(times):
        home.pass_time(hours=hours)
        home.read_export(key)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[HouseUnderTest]:
    """A house with two feeds that show nothing, asked a moment ago."""
    with house(tmp_path, feeds=TWO) as opened:
        opened.says("airbnb", calendar())
        opened.says("booking_com", calendar())
        opened.poll()
        yield opened


def test_exposure_runs_from_publication_to_reading(home: HouseUnderTest) -> None:
    """A stay is exposed from its publication until the channel reads a version that holds it."""
    home.read_export("booking_com")
    sell(home, "2027-02-03", "2027-02-05")
    home.pass_time(minutes=42)
    (stay,) = reach(home, "booking_com")["stays"]
    assert (stay["read_at"], stay["exposure_minutes"]) == (None, 42)
    home.read_export("booking_com")
    home.pass_time(hours=5)
    (stay,) = reach(home, "booking_com")["stays"]
    assert stay["exposure_minutes"] == 42
    assert stay["read_at"] is not None
    assert reach(home, "booking_com")["unread_stays"] == 0


def test_the_habit_is_measured(home: HouseUnderTest) -> None:
    """Median and usual interval follow from the readings; one long gap changes neither much."""
    read_every(home, 2, 12)
    read_every(home, 9, 1)
    read_every(home, 2, 12)
    told = reach(home, "booking_com")
    assert 2 * HOUR * 60 <= told["median_seconds"] < 2.5 * HOUR * 60
    assert told["usual_seconds"] < 3 * HOUR * 60


def test_a_reader_that_stops_is_told_once(home: HouseUnderTest) -> None:
    """After 12 hours or 4 usual intervals, whichever is longer; once a silence, and its return."""
    read_every(home, 1, 6)
    home.step(hours=11.9)
    assert not home.events("export.unread")
    home.step(hours=0.2)
    home.step(hours=30)
    (event,) = home.events("export.unread")
    assert event["data"]["key"] == "booking_com"
    assert home.exports()["booking_com"]["unread_since"] is not None
    home.read_export("booking_com")
    home.step(minutes=1)
    home.step(hours=1)
    assert len(home.events("export.read_again")) == 1
    read_every(home, 1, 3)
    home.step(hours=30)
    assert len(home.events("export.unread")) == 2


def test_a_slow_reader_is_given_four_of_its_intervals(home: HouseUnderTest) -> None:
    """A channel that reads every 8 hours is missed after 32, not after 12."""
    read_every(home, 8, 6)
    home.step(hours=31)
    assert not home.events("export.unread")
    home.step(hours=1.5)
    assert len(home.events("export.unread")) == 1


def test_an_export_that_was_never_a_habit_is_not_missed(home: HouseUnderTest) -> None:
    """Somebody tried the address twice: that is no channel that stopped."""
    read_every(home, 0.1, 2)
    home.step(days=3)
    home.step(days=3)
    assert not home.events("export.unread")


def test_status_shows_how_each_export_is_read(home: HouseUnderTest) -> None:
    """Beside each feed: last read, usual interval, what the channel does not know."""
    read_every(home, 2, 5)
    sell(home, "2027-02-03", "2027-02-05")
    home.pass_time(minutes=10)
    with home.store.read() as session:
        account = accounts.the_account(session)
        told = status.find(session, account.id, home.clock.now())
    export = told["units"][0]["feeds"][1]["export"]
    assert (export["unread_stays"], export["exposure_minutes"]) == (1, 10)
    assert export["usual_seconds"] == 2 * HOUR * 60


def test_a_channel_that_may_subtract_is_asked_before_it_reads(home: HouseUnderTest) -> None:
    """The feed whose export closed new nights is due at once; one that fails keeps its back-off."""
    home.pass_time(minutes=5)
    assert [one.due.key for one in home.step().polls] == []
    home.polled(calendar(airbnb("A", "2027-02-03", "2027-02-05")), "airbnb")
    assert [one.due.key for one in home.step().polls] == ["booking_com"]
    home.says("booking_com", b"", status=503)
    home.poll(f"{UNIT}/booking_com", minutes=5)
    two = calendar(airbnb("A", "2027-02-03", "2027-02-05"), airbnb("B", "2027-03-03", "2027-03-05"))
    home.polled(two, "airbnb", minutes=5)
    assert [one.due.key for one in home.step().polls] == []
