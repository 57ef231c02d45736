"""A guest who leaves today is here until tomorrow, also at the first reading of a feed."""

from __future__ import annotations

from pathlib import Path

from calendars import airbnb, calendar, vrbo
from flows.house import house

LEAVES_TODAY = airbnb("A1", "2027-01-07", "2027-01-10")


def test_a_stay_that_ends_today_is_imported(tmp_path: Path) -> None:
    """It is a booking like any other, closes no night to come, and is completed tomorrow."""
    with house(tmp_path) as home:
        home.polled(calendar(LEAVES_TODAY))
        assert [one["status"] for one in home.bookings()] == ["confirmed"]
        assert not [night for night in home.taken() if night >= home.clock.now().date()]
        report = home.poll(days=1)
        assert [change.change.value for change in report.polls[0].changes] == ["aged_out"]
        assert [one["status"] for one in home.bookings()] == ["completed"]


def test_nights_already_slept_are_no_double_booking(tmp_path: Path) -> None:
    """Two first readings that clash in the past only open nothing."""
    with house(tmp_path, feeds={"airbnb": "", "vrbo": ""}) as home:
        home.polled(calendar(LEAVES_TODAY))
        home.polled(calendar(vrbo("Ann", "2027-01-09", "2027-01-12")), "vrbo")
        assert home.conflicts() == []
