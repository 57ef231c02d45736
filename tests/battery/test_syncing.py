"""The battery's checks of syncing: what other calendar syncs get wrong, through the whole house."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from calendars import airbnb, airbnb_block, booking, calendar
from flows.house import HouseUnderTest, house

FEB = airbnb("FEB", "2027-02-03", "2027-02-06")
MARCH = airbnb("MAR", "2027-03-10", "2027-03-12")
APRIL = airbnb("APR", "2027-04-20", "2027-04-27")
MAY = airbnb("MAY", "2027-05-01", "2027-05-04")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[HouseUnderTest]:
    with house(tmp_path) as opened:
        yield opened


@pytest.fixture
def both(tmp_path: Path) -> Iterator[HouseUnderTest]:
    """A house on Airbnb and Booking.com, read once and empty."""
    with house(tmp_path, feeds={"airbnb": "", "booking_com": ""}) as opened:
        opened.polled(calendar(), "airbnb")
        opened.polled(calendar(), "booking_com")
        yield opened


def test_b01_reading_the_same_again_changes_nothing(home: HouseUnderTest) -> None:
    """The same stays, another DTSTAMP: no new stay, no event, the same bytes exported."""
    home.polled(calendar(FEB, MARCH))
    before = (home.bookings(), home.events(), home.exported("everyone"))
    stamped = calendar(FEB, MARCH, stamp=home.clock.now().replace(tzinfo=None) + timedelta(hours=1))
    report = home.polled(stamped, minutes=60)
    assert report.polls[0].finished.outcome == "unchanged"
    assert (home.bookings(), home.events(), home.exported("everyone")) == before


@pytest.mark.parametrize("status", [400, 403, 404, 410, 429, 500, 503])
def test_b02_an_error_keeps_the_last_good_data(home: HouseUnderTest, status: int) -> None:
    """Whatever the channel's server answers, the stays stand."""
    home.polled(calendar(FEB, MARCH))
    home.says("airbnb", b"<html>sorry</html>", status=status)
    for _ in range(5):
        report = home.poll(hours=8)
        assert report.failed
    assert home.held() == [
        ("reservation", "2027-02-03", "2027-02-06"),
        ("reservation", "2027-03-10", "2027-03-12"),
    ]


def test_b05_validators_are_sent_and_304_is_a_good_answer(home: HouseUnderTest) -> None:
    """The second poll is conditional, its 304 keeps everything and counts as a good answer."""
    home.says("airbnb", calendar(FEB), headers={"ETag": '"one"'})
    home.poll()
    report = home.poll(minutes=20)
    assert home.server.requests("/airbnb.ics")[-1].headers["if-none-match"] == '"one"'
    assert report.polls[0].finished.outcome == "unchanged"
    assert len(home.held()) == 1


def test_b06_moved_dates_under_one_uid_are_one_move(home: HouseUnderTest) -> None:
    """The guest moves by a day: the same stay, its new nights taken and its old ones free."""
    home.polled(calendar(FEB, MARCH))
    stay = home.bookings()[0]["id"]
    home.polled(calendar(airbnb("FEB", "2027-02-04", "2027-02-07"), MARCH), minutes=20)
    moved = home.bookings()[0]
    assert (moved["id"], moved["arrival"], moved["departure"]) == (stay, "2027-02-04", "2027-02-07")
    assert date(2027, 2, 3) not in home.taken()
    assert date(2027, 2, 6) in home.taken()
    assert [one["type"] for one in home.events("booking.created", "booking.canceled")] == [
        "booking.created",
        "booking.created",
    ]


def test_b07_an_empty_answer_releases_nothing(home: HouseUnderTest) -> None:
    """A well-formed empty calendar where stays were known is not believed; one alarm."""
    home.polled(calendar(FEB, MARCH, APRIL, MAY))
    for _ in range(6):
        report = home.polled(calendar(), minutes=30)
        assert report.polls[0].finished.outcome == "suspicious"
    assert len(home.held()) == 4
    assert len(home.events("feed.suspicious")) == 1


def test_b08_a_cut_answer_releases_nothing(home: HouseUnderTest) -> None:
    """A body that ends in the middle is a failure, not fewer stays."""
    whole = calendar(FEB, MARCH, APRIL)
    home.polled(whole)
    for length in (len(whole) // 3, len(whole) // 2, len(whole) - 20):
        report = home.polled(whole[:length], minutes=60)
        assert report.polls[0].finished.reason == "cut"
    assert len(home.held()) == 3


def test_b11_a_stay_canceled_at_its_origin_frees_its_nights_whatever_echoes(
    both: HouseUnderTest,
) -> None:
    """Airbnb's stay is echoed by Booking.com; canceled at Airbnb, the nights are free again after
    one reading and the release time.
    """
    both.polled(calendar(FEB), "airbnb", minutes=20)
    both.pass_time(minutes=30)
    both.read_export("booking_com")
    echo = calendar(booking("2027-02-03", "2027-02-06"))
    both.polled(echo, "booking_com", minutes=60)
    assert both.conflicts() == []
    both.polled(calendar(), "airbnb", hours=1)
    for _ in range(3):
        both.poll(f"{'sea-view'}/airbnb", hours=4)
    assert both.held() == []
    both.read_export("booking_com")
    both.polled(calendar(), "booking_com", hours=1)
    assert both.taken() == {}
    assert both.conflicts() == []


def test_b18_an_echo_goes_back_to_no_one(both: HouseUnderTest) -> None:
    """What Booking.com shows of our own export is neither its stay nor sent on; Airbnb never gets
    its own stay back.
    """
    both.polled(calendar(FEB), "airbnb", minutes=20)
    both.pass_time(minutes=30)
    both.read_export("booking_com")
    both.polled(calendar(booking("2027-02-03", "2027-02-06")), "booking_com", minutes=60)
    assert len(both.held()) == 1
    assert b"VEVENT" not in both.exported("airbnb")
    assert both.exported("booking_com").count(b"BEGIN:VEVENT") == 1


def test_a_double_booking_is_found_at_the_poll_that_shows_it(both: HouseUnderTest) -> None:
    """Booking.com sold a night before it could know of Airbnb's stay: a conflict, not an echo."""
    both.polled(calendar(FEB), "airbnb", minutes=20)
    report = both.polled(calendar(booking("2027-02-03", "2027-02-06")), "booking_com", minutes=5)
    (conflict,) = report.conflicts
    assert conflict["kind"] == "double_booking"
    assert conflict["nights"] == ["2027-02-03", "2027-02-04", "2027-02-05"]
    assert len(both.held()) == 2


def test_an_owner_block_is_exported_to_the_other_channel(both: HouseUnderTest) -> None:
    """Nights that the owner closed at Airbnb are closed at Booking.com too."""
    both.polled(calendar(airbnb_block("2027-02-03", "2027-02-06")), "airbnb", minutes=20)
    assert b"DTSTART;VALUE=DATE:20270203" in both.exported("booking_com")
    assert b"VEVENT" not in both.exported("airbnb")
