"""Units that live on pretend channels for long, judged by the channels' own books."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta

import pytest

from vacancy.simulator.habits import Use
from vacancy.simulator.pages import Customs, Page
from vacancy.simulator.rehearsal import Rehearsal
from vacancy.simulator.report import Report, report_on

PROOF = bool(os.environ.get("VACANCY_PROOF"))
NOW = datetime(2027, 1, 10, 9, tzinfo=UTC)
#: Units do not know of one another, so fewer of them cost no kind of case. VACANCY_UNITS=20 takes
#: six minutes of one core a seed.
UNITS, DAYS, SEEDS = (int(os.environ.get("VACANCY_UNITS", "4")), 365, 10) if PROOF else (2, 30, 2)
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


@pytest.mark.timeout(1800 if PROOF else 120)
@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
def test_a_year_frees_no_night_wrongly_and_misses_no_double_booking(
    seed: int, record_property: pytest.RecordProperty
) -> None:
    """And raises no false alarm; every poll is four hours after the last."""
    report, _ = lived(seed)
    assert not report.bad, report
    assert report.bookings > 3 * UNITS
    for name, value in report.document().items():
        record_property(name, json.dumps(value))


@pytest.mark.timeout(600 if PROOF else 120)
@pytest.mark.parametrize("seed", range(1, 7 if PROOF else 2))
def test_crowded_weeks_are_no_different(seed: int) -> None:
    """Double bookings every few days, outages and empty calendars in between."""
    report, _ = lived(seed, units=4 if PROOF else 2, days=120 if PROOF else 30, customs=CROWDED)
    assert not report.bad, report
    assert report.found


def test_the_same_seed_twice_gives_the_same_events_byte_for_byte() -> None:
    """And another seed gives others."""
    first, again = (lived(7, units=1, days=25, customs=CROWDED) for _ in range(2))
    assert first == again
    assert lived(8, units=1, days=25, customs=CROWDED)[1] != first[1]
