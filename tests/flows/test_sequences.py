"""Real successions of fetches, polled at their own times through the whole house."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from flows.house import house, nights_of

FEEDS = Path(__file__).resolve().parents[2].parent / "shared" / "feeds"
SEQUENCES: dict[str, Any] = (
    json.loads((FEEDS / "SEQUENCES.json").read_text()) if FEEDS.exists() else {}
)
CHANNELS = {"airbnb": "airbnb", "booking.com": "booking_com", "hub": "other"}

pytestmark = pytest.mark.skipif(not SEQUENCES, reason="no shared/feeds beside the project")


def shown(fetch: dict[str, Any]) -> frozenset[date]:
    """The nights that a fetch closes, as a person reads it."""
    return nights_of(*((row["arrival"], row["departure"]) for row in fetch["reads_as"]))


@pytest.mark.parametrize("name", sorted(SEQUENCES))
def test_no_taken_night_is_freed(name: str, tmp_path: Path) -> None:
    """A night that the next fetches show again was never free in between."""
    sequence = SEQUENCES[name]
    key = CHANNELS[sequence["provider"]]
    zone = sequence["property_timezone"]
    fetches = sequence["fetches"]
    start = datetime.fromisoformat(fetches[0]["fetched_at"])
    with house(tmp_path, feeds={key: ""}, timezone=zone, now=start) as home:
        canceled: Counter[str] = Counter()
        for place, fetch in enumerate(fetches):
            home.clock.at = datetime.fromisoformat(fetch["fetched_at"])
            today = home.clock.at.astimezone(ZoneInfo(zone)).date()
            report = home.polled((FEEDS / name / fetch["file"]).read_bytes(), key)
            assert report.polls[0].finished.outcome in ("fresh", "unchanged", "suspicious")
            gone = ("canceled", "withdrawn")
            canceled.update(
                change.uid for change in report.polls[0].changes if change.change.value in gone
            )
            taken = set(home.taken())
            later = [shown(one) for one in fetches[place:]]
            still = {
                night
                for night in shown(fetches[0]).union(*map(shown, fetches[:place])) & later[-1]
                if night >= today
            }
            rules = {
                night
                for one in home.bookings()
                if (one["reason"] or "").startswith("rule_")
                for night in nights_of((one["arrival"], one["departure"]))
            }
            assert still - taken - rules == set(), f"freed at {fetch['file']}"
        assert all(count == 1 for count in canceled.values())


def test_the_vanished_night_is_held_over_its_gap(tmp_path: Path) -> None:
    """Booking.com's slower release holds 25 July over the 15 hours that its feed lacks it."""
    name = "seq_real_booking_vanish_return"
    fetches = SEQUENCES[name]["fetches"]
    start = datetime.fromisoformat(fetches[0]["fetched_at"])
    with house(tmp_path, feeds={"booking_com": ""}, now=start) as home:
        for fetch in fetches:
            home.clock.at = datetime.fromisoformat(fetch["fetched_at"])
            home.polled((FEEDS / name / fetch["file"]).read_bytes(), "booking_com")
            assert date(2026, 7, 25) in home.taken()
        assert home.events("booking.canceled") == []
