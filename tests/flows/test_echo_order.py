"""What a channel could know when it began to show a night, through the whole house."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from calendars import airbnb, booking, calendar
from flows.house import HouseUnderTest, house

FEB = airbnb("FEB", "2027-02-03", "2027-02-06")
SAME = booking("2027-02-03", "2027-02-06")
NIGHT = date(2027, 2, 3)


@pytest.fixture
def both(tmp_path: Path) -> Iterator[HouseUnderTest]:
    """Airbnb sold February; Booking.com has read so, and shows nothing."""
    with house(tmp_path, feeds={"airbnb": "", "booking_com": ""}) as opened:
        opened.polled(calendar(), "booking_com")
        opened.polled(calendar(FEB), "airbnb")
        opened.pass_time(minutes=30)
        opened.read_export("booking_com")
        opened.polled(calendar(), "booking_com", minutes=30)
        yield opened


def cancel_at_airbnb(home: HouseUnderTest) -> None:
    for _ in range(4):
        home.polled(calendar(), "airbnb", hours=2)
    assert NIGHT not in home.taken()


def test_a_sale_after_reading_that_the_night_is_free_is_no_echo(both: HouseUnderTest) -> None:
    """Booking.com reads that the stay is gone, sells the night, and shows it: closed at once."""
    cancel_at_airbnb(both)
    both.polled(calendar(), "booking_com", minutes=10)
    both.pass_time(minutes=5)
    both.read_export("booking_com")
    both.polled(calendar(SAME), "booking_com", minutes=5)
    assert NIGHT in both.taken()
    assert b"20270203" in both.exported("airbnb")


def test_a_late_echo_of_an_ended_stay_closes_nothing_before_the_next_reading(
    both: HouseUnderTest,
) -> None:
    """Until Booking.com has read that the stay is gone it cannot have sold the night."""
    cancel_at_airbnb(both)
    both.polled(calendar(SAME), "booking_com", minutes=10)
    assert NIGHT not in both.taken()


def test_an_echo_of_a_living_stay_is_no_conflict(both: HouseUnderTest) -> None:
    """What it had read and shows afterwards is our stay coming back."""
    both.polled(calendar(SAME), "booking_com", minutes=10)
    assert both.conflicts() == []
    assert len(both.held()) == 1
