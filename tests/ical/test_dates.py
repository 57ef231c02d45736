"""Dates become nights of the property's zone. Source: R2-R7."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ical.bodies import calendar, dates, event, read_one, settings, stay
from vacancy.ical.read import read

#: rules 9: zones whose clocks change at midnight, or that lost a day.
ORACLES = [
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",
    "Africa/Cairo",
    "Asia/Beirut",
    "Pacific/Apia",
]


@pytest.mark.parametrize(
    ("lines", "nights"),
    [
        (("DTSTART:20270203", "DTEND:20270205"), ("2027-02-03", "2027-02-05")),
        (("DTSTART;VALUE=DATE-TIME:20270203", "DTEND:20270205"), ("2027-02-03", "2027-02-05")),
        (("DTSTART;VALUE=DATE:20270203T230000Z", "DTEND:20270205"), ("2027-02-03", "2027-02-05")),
        (
            ("DTSTART;TZID=Asia/Tokyo;VALUE=DATE:20270203", "DTEND:20270205"),
            ("2027-02-03", "2027-02-05"),
        ),
        (("DTSTART:2027-02-03", "DTEND:2027-02-05"), ("2027-02-03", "2027-02-05")),
        (("DTSTART;;VALUE=DATE:20270203", "DTEND:20270205"), ("2027-02-03", "2027-02-05")),
        (("dtstart ;value=date:20270203", "Dtend:20270205"), ("2027-02-03", "2027-02-05")),
        (("DTSTART:20270203",), ("2027-02-03", "2027-02-04")),
        (("DTSTART:20270203", "DTEND:None"), ("2027-02-03", "2027-02-04")),
        (("DTSTART:20270203", "DTEND:20270203"), ("2027-02-03", "2027-02-04")),
        (("DTSTART:20270203", "DTEND:20270230"), ("2027-02-03", "2027-02-04")),
        (("DTSTART:20270203", "DURATION:P3D"), ("2027-02-03", "2027-02-06")),
        (("DTSTART:20270203", "DURATION:P1W"), ("2027-02-03", "2027-02-10")),
        (("DTSTART:20270203", "DURATION:PT1W"), ("2027-02-03", "2027-02-10")),
        (("DTSTART:20270203", "DURATION:PT36H"), ("2027-02-03", "2027-02-05")),
        (("DTSTART:20270203", "DURATION:-P3D"), ("2027-02-03", "2027-02-04")),
        (("DTSTART:20270203", "DTEND:99991231"), ("2027-02-03", "2029-11-24")),
        (("DTSTART:20270203", "DURATION:P99999999999999W"), ("2027-02-03", "2029-11-24")),
        (("DTSTART:20270203T150000", "DTEND:20270205T100000"), ("2027-02-03", "2027-02-05")),
        (("DTSTART:20270203T150000", "DTEND:20270205"), ("2027-02-03", "2027-02-05")),
        (("DTSTART:20270203T000000", "DTEND:20270205T000000"), ("2027-02-03", "2027-02-05")),
        (("DTSTART:20270203T150000", "DTEND:20270204T240000"), ("2027-02-03", "2027-02-05")),
        (("DTSTART:20270203T150000", "DURATION:PT20H"), ("2027-02-03", "2027-02-04")),
        (("DTSTART:20270203T230000Z", "DTEND:20270205T230000Z"), ("2027-02-04", "2027-02-06")),
        (
            ("DTSTART:20270203T230000+0100", "DTEND:20270205T090000+01:00"),
            ("2027-02-03", "2027-02-05"),
        ),
        (
            (
                "DTSTART;TZID=America/New_York:20270203T150000",
                "DTEND;TZID=America/New_York:20270205T100000",
            ),
            ("2027-02-03", "2027-02-05"),
        ),
        (
            (
                "DTSTART;TZID=America/New_York:20270203T200000",
                "DTEND;TZID=America/New_York:20270205T200000",
            ),
            ("2027-02-04", "2027-02-06"),
        ),
        (
            (
                "DTSTART;TZID=Eastern Standard Time:20270203T200000",
                'DTEND;TZID="Eastern Standard Time":20270205T200000',
            ),
            ("2027-02-04", "2027-02-06"),
        ),
        (
            (
                "DTSTART;TZID=/mozilla.org/20050126_1/America/New_York:20270203T200000",
                "DTEND:20270206",
            ),
            ("2027-02-04", "2027-02-06"),
        ),
        (
            (
                'DTSTART;TZID="(UTC-05:00) Eastern Time (US & Canada)":20270203T200000',
                "DTEND:20270206",
            ),
            ("2027-02-03", "2027-02-06"),
        ),
        (
            ("DTSTART;TZID=Customized Time Zone:20270203T200000", "DTEND:20270206"),
            ("2027-02-03", "2027-02-06"),
        ),
        (
            ('DTSTART;TZID="tzone://Microsoft/Custom":20270203T200000', "DTEND:20270206"),
            ("2027-02-03", "2027-02-06"),
        ),
        (
            ('DTSTART;TZID="unclosed:20270203T200000', "DTEND:20270206"),
            ("2027-02-03", "2027-02-06"),
        ),
    ],
)
def test_every_spelling_of_a_date_is_read(lines: tuple[str, ...], nights: tuple[str, str]) -> None:
    """The property lies in Europe/Rome; today is 24 November 2026."""
    assert read_one(*lines) == [nights]


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (("DTSTART:20270601", "DTEND:20270227"), "end before start"),
        (("DTSTART:20270601T100000", "DTEND:20270227T100000"), "end before start"),
        (("DTSTART:20270601T100000", "DTEND:20270601T110000"), "timed, no night"),
        (("DTSTART:20270601T100000Z",), "timed, no end"),
        (("DTSTART:20270601T100000Z", "DTEND:None"), "timed, no end"),
        (("DTSTART:19991231", "DTEND:20270601"), "it starts before the year 2000"),
        (("DTSTART:00000101", "DTEND:20270601"), "it starts before the year 2000"),
        (("DTSTART:20270230",), "its start is missing or no date (DTSTART)"),
        (("DTEND:20270230",), "its start is missing or no date (DTSTART)"),
        (("DTSTART:99991231", "DTEND:99991231"), "its start is missing or no date (DTSTART)"),
        (("DTSTART:20300101", "DTEND:20300103"), "it lies beyond the horizon of 2029-11-24"),
    ],
)
def test_what_holds_no_night_is_left_out_with_its_reason(lines: tuple[str, ...], why: str) -> None:
    """Told, not dropped in silence."""
    reading = read(calendar(event("UID:a", *lines)), settings())
    assert reading.entries == ()
    assert [(one.uid, one.why) for one in reading.skipped] == [("a", why)]


@pytest.mark.parametrize("zone", ORACLES)
@hypothesis_settings(deadline=None, max_examples=60)
@given(
    moment=st.datetimes(datetime(2005, 1, 1), datetime(2028, 1, 1)),
    hours=st.integers(1, 24 * 20),
)
def test_an_instant_lies_on_the_propertys_day(zone: str, moment: datetime, hours: int) -> None:
    """In every zone, also where midnight does not exist or a day was skipped: the day that a
    clock on the property's wall shows.
    """
    start = moment.replace(tzinfo=UTC, microsecond=0)
    end = start + timedelta(hours=hours)
    body = calendar(
        event("UID:a", f"DTSTART:{start:%Y%m%dT%H%M%SZ}", f"DTEND:{end:%Y%m%dT%H%M%SZ}")
    )
    local = ZoneInfo(zone)
    arrival, departure = start.astimezone(local).date(), end.astimezone(local).date()
    expected = [(str(arrival), str(departure))] if arrival < departure else []
    assert dates(read(body, settings(zone))) == expected


@pytest.mark.parametrize("zone", ORACLES)
def test_whole_days_are_the_same_days_in_every_zone(zone: str) -> None:
    """Over a year, each night alone."""
    for place in range(366):
        day = date(2027, 1, 1) + timedelta(days=place)
        after = day + timedelta(days=1)
        body = calendar(stay("a", f"{day:%Y%m%d}", f"{after:%Y%m%d}"))
        assert dates(read(body, settings(zone))) == [(str(day), str(after))]


def test_the_end_may_be_the_last_night() -> None:
    """By the feed's setting (R6): whole-day ends are one day later, timed ones are not."""
    body = calendar(
        stay("a", "20270203", "20270205"),
        event("UID:b", "DTSTART:20270301", "DTEND:20270301"),
        event("UID:c", "DTSTART:20270401T150000", "DTEND:20270403T100000"),
        event("UID:d", "DTSTART:20270501"),
    )
    assert dates(read(body, settings(end_is_last_night=True))) == [
        ("2027-02-03", "2027-02-06"),
        ("2027-03-01", "2027-03-02"),
        ("2027-04-01", "2027-04-03"),
        ("2027-05-01", "2027-05-02"),
    ]


@pytest.mark.parametrize("status", ["CANCELLED", "canceled", "Cancelled", " CANCELED "])
def test_canceled_has_one_spelling(status: str) -> None:
    """R7."""
    body = calendar(stay("a", extra=[f"STATUS:{status}"]))
    assert read(body, settings()).entries[0].status == "CANCELLED"


def test_long_texts_are_bounded_and_long_uids_stay_apart() -> None:
    """A UID is a key in the store; two of a megabyte are still two."""
    body = calendar(stay("x" * 999_999 + "1", summary="s" * 99_999), stay("x" * 999_999 + "2"))
    first, second = read(body, settings()).entries
    assert first.uid != second.uid
    assert len(first.uid) <= 255
    assert len(first.summary) <= 4000
