"""Repetitions: one entry an occurrence, bounded, and the same days as the library's."""

from __future__ import annotations

import os
import warnings
from datetime import date, timedelta
from random import Random

import icalendar
import pytest
import recurring_ical_events

from ical.bodies import TODAY, calendar, dates, event, settings, stay
from vacancy.ical.read import NotACalendar, read

ROUNDS = 2_000 if os.environ.get("VACANCY_PROOF") else 250
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def weekly(*extra: str, uid: str = "w", rule: str = "FREQ=WEEKLY;COUNT=4") -> str:
    """Four Fridays to Sundays from 4 December 2026."""
    return event(f"UID:{uid}", "DTSTART:20261204", "DTEND:20261206", f"RRULE:{rule}", *extra)


def test_each_occurrence_is_an_entry_of_its_own() -> None:
    """The same UID, told apart by the day that the rule names."""
    entries = read(calendar(weekly()), settings()).entries
    assert [str(one.nights.arrival) for one in entries] == [
        "2026-12-04",
        "2026-12-11",
        "2026-12-18",
        "2026-12-25",
    ]
    assert {one.uid for one in entries} == {"w"}
    assert [one.instance for one in entries] == [one.nights.arrival for one in entries]
    assert all(one.recurs for one in entries)


@pytest.mark.parametrize(
    "lines",
    [
        ("EXDATE:20261211", "EXDATE;VALUE=DATE:", "EXDATE;VALUE=DATE:20261218,20270101"),
        ("EXDATE:20261211T000000Z,20261218T120000",),
    ],
)
def test_excluded_days_are_free(lines: tuple[str, ...]) -> None:
    """Also beside an EXDATE that is empty, or spelled with a time."""
    assert [one[0] for one in dates(read(calendar(weekly(*lines)), settings()))] == [
        "2026-12-04",
        "2026-12-25",
    ]


def test_an_overridden_occurrence_is_where_it_was_moved() -> None:
    """The override may stand before its master; of two the higher SEQUENCE counts."""
    override = event(
        "UID:w", "RECURRENCE-ID:20261211", "DTSTART:20261212", "DTEND:20261215", "SEQUENCE:2"
    )
    older = event("UID:w", "RECURRENCE-ID:20261211", "DTSTART:20261213", "DTEND:20261214")
    gone = event("UID:w", "RECURRENCE-ID:20261218", "DTSTART:20261218", "STATUS:CANCELLED")
    entries = read(calendar(override, weekly(), gone, older), settings()).entries
    assert [(str(one.nights.arrival), str(one.instance), one.status) for one in entries] == [
        ("2026-12-04", "2026-12-04", ""),
        ("2026-12-12", "2026-12-11", ""),
        ("2026-12-18", "2026-12-18", "CANCELLED"),
        ("2026-12-25", "2026-12-25", ""),
    ]


def test_an_override_without_its_master_stands_alone() -> None:
    """Doubt closes nights."""
    override = event("UID:w", "RECURRENCE-ID:20261211", "DTSTART:20261212", "DTEND:20261215")
    assert dates(read(calendar(override), settings())) == [("2026-12-12", "2026-12-15")]
    unread = event("UID:w", "RECURRENCE-ID:soon", "DTSTART:20261212", "DTEND:20261215")
    assert ("2026-12-12", "2026-12-15") in dates(read(calendar(unread, weekly()), settings()))


def test_an_override_that_cannot_be_read_frees_nothing() -> None:
    """The occurrence stays where it was; one that is canceled needs no dates."""
    broken = event("UID:w", "RECURRENCE-ID:20261211", "DTSTART:soon")
    gone = event("UID:w", "RECURRENCE-ID:20261218", "STATUS:CANCELLED")
    reading = read(calendar(weekly(), broken, gone), settings())
    assert [(one.nights.arrival.day, one.status) for one in reading.entries] == [
        (4, ""),
        (11, ""),
        (18, "CANCELLED"),
        (25, ""),
    ]
    assert len(reading.skipped) == 1


def test_listed_days_are_added() -> None:
    """RDATE, also as a period."""
    body = calendar(
        event("UID:w", "DTSTART:20261204", "DTEND:20261206", "RDATE:20270101,20270105,nonsense")
    )
    assert [one[0] for one in dates(read(body, settings()))] == [
        "2026-12-04",
        "2027-01-01",
        "2027-01-05",
    ]


def test_of_two_periods_that_begin_on_one_day_the_longer_stands() -> None:
    """In whatever order they are told: no night of either is lost."""
    periods = ["20270101T150000/P1D", "20270101T160000/P4D", "20270101T170000/P2D"]
    for order in (periods, periods[::-1]):
        series = ("UID:w", "DTSTART:20261204T150000", "DTEND:20261206T110000")
        told = "RDATE;VALUE=PERIOD:" + ",".join(order)
        assert [one[:2] for one in dates(read(calendar(event(*series, told)), settings()))] == [
            ("2026-12-04", "2026-12-06"),
            ("2027-01-01", "2027-01-05"),
        ]


def test_a_time_on_the_wall_stays_through_the_change_of_clocks() -> None:
    """In its own zone; a series given in UTC keeps to the calendar's X-WR-TIMEZONE."""
    lines = (
        "UID:w",
        "DTSTART:20270320T223000Z",
        "DTEND:20270321T090000Z",
        "RRULE:FREQ=WEEKLY;COUNT=3",
    )
    google = calendar(event(*lines), header=["X-WR-TIMEZONE:Europe/Rome"])
    berlin = calendar(
        event(
            "UID:w",
            "DTSTART;TZID=Europe/Berlin:20270320T233000",
            "DTEND;TZID=Europe/Berlin:20270321T100000",
            "RRULE:FREQ=WEEKLY;COUNT=3",
        )
    )
    expected = [
        ("2027-03-20", "2027-03-21"),
        ("2027-03-27", "2027-03-28"),
        ("2027-04-03", "2027-04-04"),
    ]
    assert dates(read(google, settings())) == dates(read(berlin, settings())) == expected
    assert dates(read(calendar(event(*lines)), settings())) == expected[:2]


def test_meetings_hold_no_night_however_often() -> None:
    """An owner's daily hour of yoga refuses no feed."""
    daily = event("UID:w", "DTSTART:20200101T070000", "DTEND:20200101T080000", "RRULE:FREQ=DAILY")
    reading = read(calendar(daily, stay()), settings())
    assert len(reading.entries) == 1
    assert [one.why for one in reading.skipped] == ["timed, no night"]


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=MINUTELY;COUNT=3",
        "freq=hourly",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=DAILY;BYHOUR=1,2,3",
        "FREQ=YEARLY;BYSECOND=0,1",
        "FREQ=DAILY;INTERVAL=2",
    ],
)
def test_what_repeats_too_often_refuses_the_feed_by_name(rule: str) -> None:
    """Finer than daily, no step at all, or more than 500 runs of nights to the horizon."""
    lines = ("UID:w", "DTSTART:20261204", f"RRULE:{rule}")
    with pytest.raises(NotACalendar) as refused:
        read(calendar(event(*lines), stay()), settings())
    assert refused.value.reason == "recurrence_bound"


def test_nights_back_to_back_count_as_one_run() -> None:
    """A closure of every single night until the horizon is one thing said 1,096 times."""
    body = calendar(event("UID:w", "DTSTART:20200101", "RRULE:FREQ=DAILY"))
    entries = read(body, settings()).entries
    assert entries[0].nights.departure == TODAY
    assert entries[-1].nights.departure == date(2029, 11, 24)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYYEARDAY=1;BYMONTH=12",
        "FREQ=DAILY;BYSETPOS=5",
    ],
)
def test_a_rule_that_never_occurs_keeps_its_first_day(rule: str) -> None:
    """And costs no search to the year 9999."""
    body = calendar(event("UID:w", "DTSTART:20261204", f"RRULE:{rule}"))
    assert dates(read(body, settings())) == [("2026-12-04", "2026-12-05")]


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "FREQ=BANANA",
        "COUNT=3",
        "FREQ=DAILY;COUNT=x",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=DAILY;UNTIL=soon",
    ],
)
def test_a_rule_that_cannot_be_read_keeps_its_first_day_and_is_told(rule: str) -> None:
    """One bad entry never fails a feed."""
    reading = read(calendar(event("UID:w", "DTSTART:20261204", f"RRULE:{rule}")), settings())
    assert dates(reading) == [("2026-12-04", "2026-12-05")]
    assert "repetition cannot be read" in reading.skipped[0].why


def test_of_two_versions_of_a_series_the_latest_counts() -> None:
    """By SEQUENCE (R8)."""
    newer = weekly("SEQUENCE:1", rule="FREQ=WEEKLY;COUNT=2")
    assert len(read(calendar(weekly(), newer), settings()).entries) == 2


def random_rule(chance: Random, start: date) -> str:
    """A rule of any shape that calendars make."""
    frequency = chance.choice(("DAILY", "WEEKLY", "MONTHLY", "YEARLY"))
    parts = [f"FREQ={frequency}"]
    if chance.random() < 0.5:
        parts.append(f"INTERVAL={chance.randint(1, 5)}")
    if frequency in ("DAILY", "WEEKLY") and chance.random() < 0.5:
        parts.append("BYDAY=" + ",".join(chance.sample(WEEKDAYS, chance.randint(1, 3))))
    if frequency in ("MONTHLY", "YEARLY"):
        parts.extend(chance.choice(COARSE)(chance))
    if chance.random() < 0.25:
        parts.append(f"BYMONTH={chance.randint(1, 12)},{chance.randint(1, 12)}")
    if chance.random() < 0.2:
        parts.append("WKST=SU")
    if chance.random() < 0.3:
        parts.append(f"COUNT={chance.randint(1, 60)}")
    elif chance.random() < 0.5:
        parts.append(f"UNTIL={start + timedelta(days=chance.randint(0, 1500)):%Y%m%d}")
    return ";".join(parts)


COARSE = (
    lambda chance: [f"BYDAY={chance.choice((1, 2, 3, 4, 5, -1, -2))}{chance.choice(WEEKDAYS)}"],
    lambda chance: [
        f"BYMONTHDAY={chance.choice((1, 15, 29, 31, -1))},{chance.choice((2, 28, 30, -2))}"
    ],
    lambda chance: ["BYDAY=MO,TU,WE,TH,FR", f"BYSETPOS={chance.choice((1, 2, -1))}"],
    lambda chance: [],
)


def as_the_library_reads(body: bytes) -> set[tuple[str, str]]:
    """The nights by recurring-ical-events, cut at the horizon."""
    horizon = settings().horizon
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        events = recurring_ical_events.of(icalendar.Calendar.from_ical(body)).between(
            TODAY - timedelta(days=1), horizon + timedelta(days=1)
        )
    spans = [(one["DTSTART"].dt, min(one["DTEND"].dt, horizon)) for one in events]
    return {(str(one), str(other)) for one, other in spans if other >= TODAY and one < horizon}


def test_rules_name_the_days_that_the_library_names() -> None:
    """Random rules, with EXDATE and an override; 2,000 of them in the proof tier."""
    chance = Random(7)
    compared = 0
    for _ in range(ROUNDS):
        start = date(2024, 1, 1) + timedelta(days=chance.randint(0, 1300))
        days = [start + timedelta(days=chance.randint(0, 400)) for _ in range(3)]
        rule = random_rule(chance, start)
        body = calendar(
            event(
                *("UID:x", "DTSTAMP:20260101T000000Z", f"DTSTART;VALUE=DATE:{start:%Y%m%d}"),
                f"DTEND;VALUE=DATE:{start + timedelta(days=chance.randint(1, 4)):%Y%m%d}",
                f"RRULE:{rule}",
                *(f"EXDATE;VALUE=DATE:{day:%Y%m%d}" for day in days),
            )
        )
        try:
            ours = set(dates(read(body, settings())))
        except NotACalendar:
            continue
        assert ours == as_the_library_reads(body), rule
        compared += 1
    assert compared > ROUNDS // 2
