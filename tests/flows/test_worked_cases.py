"""The three cases that docs/reconciliation.md draws out, played as they stand there."""

from __future__ import annotations

from pathlib import Path

from calendars import Shown, airbnb, booking, calendar
from flows.house import HouseUnderTest, house

FEEDS = {"airbnb": "", "booking_com": ""}
SOLD = ("2027-02-03", "2027-02-06")


def both_free(home: HouseUnderTest) -> None:
    home.says("airbnb", calendar())
    home.says("booking_com", calendar())
    home.poll()
    home.read_export("booking_com")
    home.polled(calendar(airbnb("A", *SOLD)), "airbnb", minutes=15)


def test_read_before_it_closed_is_an_echo(tmp_path: Path) -> None:
    """Booking.com had read our version before its last answer without the nights."""
    with house(tmp_path, feeds=FEEDS) as home:
        both_free(home)
        home.pass_time(minutes=40)
        home.read_export("booking_com")
        home.poll("sea-view/booking_com", minutes=20)
        report = home.polled(calendar(booking(*SOLD)), "booking_com", minutes=15)
        assert [change.change.value for change in report.polls[0].changes] == ["echo"]
        assert home.conflicts() == []


def test_closed_before_it_read_is_a_double_booking(tmp_path: Path) -> None:
    """The same nights, shown before the version that held them was read."""
    with house(tmp_path, feeds=FEEDS) as home:
        both_free(home)
        home.polled(calendar(booking(*SOLD)), "booking_com", minutes=15)
        home.pass_time(minutes=25)
        home.read_export("booking_com")
        home.poll(minutes=15)
        (conflict,) = home.conflicts()
        assert conflict["kind"] == "double_booking"
        assert [side["channel"] for side in conflict["sides"]] == ["airbnb", "booking_com"]


def test_a_vanished_stay_is_kept_until_an_hour_of_answers_lacks_it(tmp_path: Path) -> None:
    """10:15 missing, 10:30 a failure, 10:45 too soon, 11:15 free."""
    other = airbnb("B", "2027-06-01", "2027-06-04")
    with house(tmp_path) as home:
        home.polled(calendar(airbnb("A", *SOLD), other))
        home.polled(calendar(other), minutes=15)
        home.says("airbnb", b"", status=503)
        home.poll(minutes=15)
        home.polled(calendar(other), minutes=15)
        assert ("reservation", *SOLD) in home.held()
        home.poll(minutes=30)
        assert ("reservation", *SOLD) not in home.held()


def test_an_emptied_calendar_frees_nothing(tmp_path: Path) -> None:
    """Five stays, then none: one alarm, nothing freed, and still so a week later."""
    sold: list[Shown] = [
        airbnb(code, f"2027-0{month}-10", f"2027-0{month}-13")
        for code, month in zip("ABCDE", range(2, 7), strict=True)
    ]
    with house(tmp_path) as home:
        home.polled(calendar(*sold))
        report = home.polled(calendar(), minutes=15)
        assert report.polls[0].finished.outcome == "suspicious"
        for _ in range(7):
            home.poll(hours=24)
        assert len(home.held()) == 5
        assert len(home.events("feed.suspicious")) == 1
