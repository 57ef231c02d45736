"""`vacancy rehearse`: the configured house in a pretend world."""

from __future__ import annotations

from cli.conftest import Host

FEEDS = """\
[[units]]
slug = "sea-view"
timezone = "Europe/Lisbon"
[units.feeds]
airbnb = { url = "https://www.airbnb.com/calendar/ical/1.ics?t=SECRETa", every = "2h" }
booking_com = { url = "https://ical.booking.com/v1/export?t=SECRETb", every = "2h" }
agoda = { url = "https://agoda.example/SECRETc.ics", every = "2h" }
"""


def test_it_plays_the_configured_units_and_reports(host: Host) -> None:
    """The same seed gives the same report; nothing is kept, and no address is asked or shown."""
    host.config(FEEDS)
    ran = host.run("rehearse", "--days", "20", "--seed", "3", "--json")
    assert ran.code == 0, ran
    report = ran.document
    assert (report["units"], report["feeds"], report["good"]) == (1, 3, True)
    assert report["polls"] > 500 and report["bookings"] > 0
    assert report["double_bookings"] == report["found"] == 2
    assert set(report["exposure"]) == {"airbnb", "booking_com", "agoda"}
    assert host.run("rehearse", "--days", "20", "--seed", "3", "--json").document == report
    assert [file.name for file in host.folder.iterdir()] == ["vacancy.toml"]


def test_it_says_in_words_what_was_sold_twice(host: Host) -> None:
    """How many were found and how fast, or that there was nothing to find."""
    host.config(FEEDS)
    out = host.run("rehearse", "--days", "20", "--seed", "3").out
    assert "2 of 2 double bookings found, after 1 h 32 min (at most 1 h 32 min)." in out
    assert "0 false alarms." in out and "0 nights wrongly freed." in out
    assert "No night was sold twice." in host.run("rehearse", "--days", "2").out


def test_a_house_without_feeds_cannot_be_rehearsed(host: Host) -> None:
    """It says what to add."""
    host.config('[[units]]\nslug = "sea-view"\ntimezone = "Europe/Lisbon"\n')
    ran = host.run("rehearse")
    assert ran.code == 2 and "units.feeds" in ran.err
