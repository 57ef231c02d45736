"""The peers' battery, as far as it is about reading (B1 to B21)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from vacancy.channels.classify import classify, is_live
from vacancy.domain.claims import Claim, Kind, Reason
from vacancy.ical.read import ReadSettings, read

TODAY = date(2027, 3, 1)


def body(*events: Sequence[str], prodid: str = "-//Test//EN") -> bytes:
    """A calendar of events, each its lines."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{prodid}"]
    for event in events:
        lines += ["BEGIN:VEVENT", *event, "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def live(
    data: bytes, channel: str = "airbnb", zone: str = "Europe/Berlin", transparent: str = "busy"
) -> list[Claim]:
    """The live claims of a body on 1 March 2027."""
    settings = ReadSettings(ZoneInfo(zone), TODAY, date(2030, 3, 1), transparent=transparent)
    reading = read(data, settings)
    shown = classify(reading.entries, reading.skipped, channel=channel, host=None, today=TODAY)
    return [claim for claim in shown.claims if is_live(claim, TODAY)]


def nights(claims: list[Claim]) -> list[tuple[str, str]]:
    return [(str(one.nights.arrival), str(one.nights.departure)) for one in claims]


def test_b03_twenty_thousand_events_are_read() -> None:
    """B3: all of them, in a few seconds."""
    many = [
        (f"UID:{place}@airbnb.com", "DTSTART;VALUE=DATE:20270310", "DTEND;VALUE=DATE:20270312")
        for place in range(20_000)
    ]
    started = time.process_time()
    assert len(live(body(*many))) == 20_000
    assert time.process_time() - started < 5


def test_b09_a_utc_time_is_the_propertys_local_night() -> None:
    """B9: 22:00Z in March is 23:00 in Berlin, in July it is midnight of the next day."""
    winter = ("UID:a", "DTSTART:20270310T220000Z", "DTEND:20270312T090000Z", "SUMMARY:Reserved")
    summer = ("UID:b", "DTSTART:20270710T220000Z", "DTEND:20270712T090000Z", "SUMMARY:Reserved")
    assert nights(live(body(winter, summer))) == [
        ("2027-03-10", "2027-03-12"),
        ("2027-07-11", "2027-07-12"),
    ]
    assert nights(live(body(summer), zone="America/New_York")) == [("2027-07-10", "2027-07-12")]


def test_b10_a_duration_is_as_good_as_an_end() -> None:
    """B10."""
    event = ("UID:a", "DTSTART;VALUE=DATE:20270310", "DURATION:P3D", "SUMMARY:Reserved")
    assert nights(live(body(event))) == [("2027-03-10", "2027-03-13")]


def test_b12_without_an_end_it_is_one_night() -> None:
    """B12."""
    event = ("UID:a", "DTSTART;VALUE=DATE:20270310", "SUMMARY:Reserved")
    assert nights(live(body(event))) == [("2027-03-10", "2027-03-11")]


def test_b13_an_alarm_overrides_nothing() -> None:
    """B13: its UID, dates and words are its own."""
    alarm = ("BEGIN:VALARM", "UID:alarm", "DTSTART:20270401", "SUMMARY:Not available", "END:VALARM")
    dates = ("DTSTART;VALUE=DATE:20270310", "DTEND;VALUE=DATE:20270312")
    (claim,) = live(body((*alarm, "UID:a", *dates, "SUMMARY:Reserved")))
    assert (claim.uid, claim.kind) == ("a", Kind.RESERVATION)
    assert nights([claim]) == [("2027-03-10", "2027-03-12")]


def test_b14_a_rule_is_expanded() -> None:
    """B14: each occurrence closes its own nights, under a UID of its own."""
    event = ("UID:a", "DTSTART:20270305", "DTEND:20270307", "RRULE:FREQ=WEEKLY;COUNT=3")
    claims = live(body(event), channel="google")
    assert nights(claims) == [
        ("2027-03-05", "2027-03-07"),
        ("2027-03-12", "2027-03-14"),
        ("2027-03-19", "2027-03-21"),
    ]
    assert len({one.uid for one in claims}) == 3


def test_b15_transparent_closes_unless_the_feed_says_that_it_is_free() -> None:
    """B15, by the setting `transparent = "free"`; by default doubt closes nights (R7)."""
    event = ("UID:a", "DTSTART:20270310", "DTEND:20270312", "TRANSP:TRANSPARENT")
    assert len(live(body(event), channel="google")) == 1
    assert live(body(event), channel="google", transparent="free") == []


def test_b16_canceled_is_no_stay() -> None:
    """B16, in either spelling."""
    dates = ("DTSTART:20270310", "DTEND:20270312", "SUMMARY:Reserved")
    spelled = [("UID:a", *dates, "STATUS:CANCELLED"), ("UID:b", *dates, "STATUS:Canceled")]
    assert live(body(*spelled)) == []


def test_b17_one_night_beside_another_stay_is_a_stay() -> None:
    """B17: Booking.com has no preparation nights, and its one-night stays are guests."""
    closed = "SUMMARY:CLOSED - Not available"
    claims = live(
        body(
            ("UID:1@booking.com", "DTSTART:20270310", "DTEND:20270312", closed),
            ("UID:2@booking.com", "DTSTART:20270312", "DTEND:20270313", closed),
        ),
        channel="booking_com",
    )
    assert nights(claims) == [("2027-03-10", "2027-03-12"), ("2027-03-12", "2027-03-13")]
    assert {one.kind for one in claims} == {Kind.RESERVATION}


def test_b19_a_booking_windows_tail_is_a_rule_of_the_channel() -> None:
    """B19: so marked, it owns no night and is told to no other channel."""
    event = ("UID:1@airbnb.com", "DTSTART:20270828", "DTEND:20280301", "SUMMARY:Not available")
    (claim,) = live(body(event))
    assert claim.reason is Reason.RULE_WINDOW
    assert claim.is_rule_block
