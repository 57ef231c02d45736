"""Units that live on pretend channels for long, judged by the channels' own books."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from vacancy.simulator.habits import Use
from vacancy.simulator.pages import Customs, Page
from vacancy.simulator.rehearsal import Rehearsal
from vacancy.simulator.report import Report, report_on

PROOF = bool(os.environ.get("VACANCY_PROOF"))
NOW = datetime(2027, 1, 10, 9, tzinfo=UTC)
UNITS, DAYS, SEEDS = (20, 365, 10) if PROOF else (2, 30, 2)
ZONES = ("Europe/Berlin", "America/New_York", "America/Santiago", "Africa/Cairo", "Asia/Beirut")
#: What is thought of each: the first shows what it imports, the second subtracts it; two of four
#: have no words.
CHANNELS = (
    ("airbnb", "airbnb", Use.SHOWS, 180),
    ("booking_com", "booking_com", Use.SUBTRACTS, None),
    ("vrbo", "vrbo", Use.IGNORES, None),
    ("agoda", "agoda", Use.IGNORES, None),
)
#: Guests who all want the same few weeks, hosts without rest, channels that often fail.
CROWDED = Customs(asks=10, ahead=35, closes=20, fails=5)


def lived(
    seed: int, *, units: int = UNITS, days: int = DAYS, customs: Customs | None = None
) -> tuple[Report, str]:
    """What the report says, and all that happened, in words."""
    pages = [
        Page(f"unit-{n}", ZONES[n % 5], key, channel, timedelta(hours=4), use, until)
        for n in range(units)
        for key, channel, use, until in CHANNELS
    ]
    rehearsal = Rehearsal(pages, NOW, seed, customs=customs)
    rehearsal.live(NOW + timedelta(days=days))
    for judge in rehearsal.judges.values():
        for told in (judge.wrongly_freed, judge.overlooked, judge.false_conflicts):
            assert told == []
    return report_on(rehearsal, days, seed), "\n".join(rehearsal.log)


def figures(name: str, report: Report) -> str:
    """One line for whoever reads the run."""
    found = report.minutes_to_find
    waited = "" if found is None else f", after {found[0]} min (median; at most {found[1]})"
    exposure = ", ".join(
        f"{channel} {span[0]}/{span[1]}" for channel, span in report.exposure.items() if span
    )
    return (
        f"{name}, {report.units} units, {report.days} days, seed {report.seed:2}:"
        f" {report.bookings} bookings, {report.found} of {report.double_bookings} double bookings"
        f" found{waited}, {report.unseeable} in no calendar, {report.alike} like an echo,"
        f" {report.missed} missed,"
        f" {report.false_alarms} false, {report.wrongly_freed} wrongly freed,"
        f" {report.ghost_nights} ghosts; minutes unknown (median/most): {exposure}"
    )


@pytest.mark.timeout(1800 if PROOF else 120)
@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
def test_a_year_frees_no_night_wrongly_and_misses_no_double_booking(
    seed: int, record_property: Callable[[str, object], None]
) -> None:
    """And raises no false alarm; every poll is four hours after the last."""
    report, _ = lived(seed)
    record_property("figures", figures("a year" if PROOF else "a month", report))
    assert not report.bad, report
    assert report.bookings > 3 * UNITS


@pytest.mark.timeout(600 if PROOF else 120)
@pytest.mark.parametrize("seed", range(1, 11 if PROOF else 2))
def test_crowded_weeks_are_no_different(
    seed: int, record_property: Callable[[str, object], None]
) -> None:
    """Double bookings every few days, outages and empty calendars in between."""
    report, _ = lived(seed, units=4 if PROOF else 2, days=120 if PROOF else 30, customs=CROWDED)
    record_property("figures", figures("crowded", report))
    assert not report.bad, report
    assert report.found


def test_the_same_seed_twice_gives_the_same_events_byte_for_byte() -> None:
    """And another seed gives others."""
    units, days = (4, 90) if PROOF else (1, 25)
    first, again = (lived(7, units=units, days=days, customs=CROWDED) for _ in range(2))
    assert first == again
    assert lived(8, units=units, days=days, customs=CROWDED)[1] != first[1]
